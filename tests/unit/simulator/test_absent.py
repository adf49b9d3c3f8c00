"""An installation without the simulator."""

import subprocess
import sys

ABSENT = """
import sys
sys.modules["protocol_assets_simulator"] = None
from protocol_assets.cli import main
main()
"""


def test_the_commands_that_need_it_say_what_to_install() -> None:
    for verb in ("demo", "simulate"):
        done = subprocess.run(
            [sys.executable, "-c", ABSENT, verb], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        line = " ".join(done.stderr.split())  # a terminal wraps it
        assert line.startswith("The simulator is not installed.")
        assert line.endswith("pip install 'protocol-assets[demo]'")
