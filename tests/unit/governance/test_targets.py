"""targets.csv: signed targets with dates and a scope; wrong lines are named with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol_assets.analysis.target_scope import TARGET_SCOPE
from protocol_assets.faults import Fault
from protocol_assets.governance.targets import (
    TARGETS_SCHEMA,
    read_targets,
    targets_file,
    targets_table,
)
from protocol_assets.lake.zones import Lake

GOOD = {
    "target": "lumbar sag T2",
    "version": "1",
    "site": "",
    "model": "",
    "vendor": "siemens",
    "field_strength_class_t": "1.5",
    "anatomy": "lumbar_spine",
    "role": "sag_t2",
    "contrast_phase": "none",
    "fat_suppression": "",
    "dimension": "2d",
    "reconstruction": "standard",
    "parameter": "effective_averages",
    "value": "1.5",
    "valid_from": "2024-01-01",
    "valid_to": "2024-06-30",
    "approved_by": "Dr A",
    "approved_on": "2023-12-15",
    "reason": "reader study of December",
}


def lake_with(tmp_path: Path, *rows: dict[str, str]) -> Lake:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    (lake.governance / "scanners.csv").write_text(
        f"device_key,scanner_label,site\n{'A' * 26},MR 1,North\n"
    )
    lines = [",".join(GOOD), *(",".join((GOOD | row).values()) for row in rows)]
    targets_file(lake).write_text("\n".join(lines) + "\n")
    return lake


def test_no_file_is_no_target(tmp_path: Path) -> None:
    assert read_targets(Lake(tmp_path)) == []


def test_a_target_and_its_next_version(tmp_path: Path) -> None:
    later = {"version": "2", "value": "1", "valid_from": "2024-07-01", "valid_to": ""}
    elsewhere = {"target": "north", "site": "North", "valid_from": "2024-02-01"}
    first, second, third = read_targets(lake_with(tmp_path, {}, later, elsewhere))
    assert (first.value, second.value, second.valid_to, third.site) == (1.5, 1.0, None, "North")
    table = targets_table([first, second, third])
    assert table.schema == TARGETS_SCHEMA
    assert table["model"].to_pylist() == [None, None, None]
    assert tuple(table.column_names[2:12]) == TARGET_SCOPE


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"vendor": "acme"}, "vendor has no term 'acme'"),
        ({"role": "sag_t9"}, "role has no term"),
        ({"anatomy": ""}, "anatomy must not be empty"),
        ({"reconstruction": ""}, "reconstruction must not be empty"),
        ({"model": "MAGNETOM Imaginary"}, "model has no term"),
        ({"site": "South"}, "no scanner in scanners.csv has this site"),
        ({"field_strength_class_t": "2"}, "field_strength_class_t must be"),
        ({"approved_by": " "}, "approved_by must not be empty"),
        ({"reason": ""}, "reason must not be empty"),
        ({"approved_on": ""}, "valid_from and approved_on must not be empty"),
        ({"approved_on": "2024-02-01"}, "signed before it is valid"),
        ({"parameter": "tr"}, "parameter must be one of"),
        ({"parameter": "coil_code"}, "parameter must be one of"),
        ({"value": "0"}, "value of effective_averages must be from 0.05 to 64"),
        ({"value": "-1"}, "value of effective_averages must be from"),
        ({"value": "nan"}, "value must be a number"),
        ({"value": "two"}, "value must be a number"),
        ({"parameter": "nex", "value": "100"}, "value of nex must be from 0.25 to 32"),
        ({"version": "0"}, "version must be a whole number"),
        ({"version": "1.5"}, "version must be a whole number"),
        ({"valid_from": "01.07.2024"}, "valid_from must be a day such as 2024-05-31"),
        ({"valid_to": "2023-12-31"}, "valid_to lies before valid_from"),
        ({}, "this target and version stand on an earlier line"),
        ({"target": "other", "valid_from": "2024-06-30"}, "in force at the same time"),
        ({"version": "2", "valid_to": ""}, "in force at the same time"),
    ],
)
def test_a_wrong_line_is_refused_with_line_and_reason(
    tmp_path: Path, row: dict[str, str], reason: str
) -> None:
    lake = lake_with(tmp_path, {}, row)
    with pytest.raises(Fault) as refused:
        read_targets(lake)
    assert str(refused.value).startswith("targets.csv, line 3: ")
    assert reason in str(refused.value)


def test_wrong_columns_and_a_short_line_are_refused(tmp_path: Path) -> None:
    lake = lake_with(tmp_path)
    targets_file(lake).write_text("target,value\nx,1\n")
    with pytest.raises(Fault, match=r"line 1: the columns must be target,version"):
        read_targets(lake)
    targets_file(lake).write_text(",".join(GOOD) + "\nx,1\n")
    with pytest.raises(Fault, match=r"line 2: the line must have 19 values"):
        read_targets(lake)
