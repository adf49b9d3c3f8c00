"""scanners.csv: names of devices; wrong lines are refused with line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol_assets.faults import Fault
from protocol_assets.governance.scanners import ScannerName, name_scanner, read_scanner_names
from protocol_assets.lake.zones import Lake

FIRST = ScannerName("A" * 26, "MR 1", "North")


def test_a_name_is_added_changed_and_kept_in_order(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    name_scanner(lake, FIRST)
    name_scanner(lake, ScannerName("B" * 26, "MR 0", "North"))
    name_scanner(lake, ScannerName("A" * 26, "MR 9", "North"))
    assert [one.scanner_label for one in read_scanner_names(lake)] == ["MR 0", "MR 9"]
    with pytest.raises(Fault, match="another scanner already has the name"):
        name_scanner(lake, ScannerName("C" * 26, "MR 9", "North"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A1,MR 2,North", "device_key must have the 26 characters"),
        (f"{'A' * 26},MR 2,North", "an earlier line has the same device_key"),
        (f"{'B' * 26},MR 1,North", "another scanner already has the name 'MR 1'"),
        (f"{'B' * 26},MR 2,", "must not be empty"),
        (f"{'B' * 26},MR 2", "the line must have 3 values"),
    ],
)
def test_a_wrong_line_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    (lake.governance / "scanners.csv").write_text(
        f"device_key,scanner_label,site\n{'A' * 26},MR 1,North\n{line}\n"
    )
    with pytest.raises(Fault) as refused:
        read_scanner_names(lake)
    assert str(refused.value).startswith("scanners.csv, line 3: ")
    assert reason in str(refused.value)
