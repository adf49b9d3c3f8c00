"""What a process does not import that only ingests, and finds nothing critical."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CLEAN_INGEST = """
import sys
from pathlib import Path
from protocol_assets.lake.zones import Lake
from tests.unit.ingest.hospital import OLD, Hospital, pass_stages, stages_of

lake = Lake(Path(sys.argv[1]))
lake.prepare()
stages = stages_of(lake, Hospital())
pass_stages(stages)
assert stages.flatten([OLD]).suite.failed("warning"), "a warning does not need it either"
print("great_expectations" in sys.modules)
"""


def test_a_clean_ingest_does_not_import_great_expectations(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CLEAN_INGEST, str(tmp_path / "home")],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert (run.stdout, run.stderr) == ("False\n", "")
