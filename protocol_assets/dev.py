"""``make dev``: the Dagster UI, daemon and code server on what the demo made, with the demo's PACS.

Stops them all, however it is stopped: ``dg dev`` leaves its children behind when it is killed, so
that it runs in a session of its own, and the whole session is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from protocol_assets.demo import DEMO_FLEET
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from protocol_assets.simulator import SimulatedPacs

__all__ = ["main"]

_GRACE_S: Final = 15


def main() -> int:
    """Serve until interrupted.

    Returns:
        The exit code: 2 where the demo has not run yet.
    """
    config = Path("demo") / "protocol_assets.toml"
    if not config.exists():
        print("there is no demo yet; run 'make demo' first", file=sys.stderr)
        return 2
    os.environ[CONFIG_VARIABLE] = str(config.resolve())
    os.environ.pop(HOME_VARIABLE, None)
    settings = Settings.load()
    os.environ["DAGSTER_HOME"] = str(settings.lake.dagster_home)
    port = urlsplit(settings.pacs[0].url).port or 0
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    command = [str(Path(sys.executable).with_name("dg")), "dev", "--port", "3000"]
    with SimulatedPacs(DEMO_FLEET, port=port):
        child = subprocess.Popen([*command, *sys.argv[1:]], start_new_session=True)  # noqa: S603
        try:
            return child.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(child)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the session to stop, then make it."""
    for signum in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_S)
            break
    with contextlib.suppress(ProcessLookupError):  # what outlived its parent
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
