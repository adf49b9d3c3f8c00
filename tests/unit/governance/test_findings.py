"""findings.csv: only one finding of each identity is active at a time."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from protocol_assets.faults import Fault
from protocol_assets.governance.findings import (
    FINDINGS_SCHEMA,
    Finding,
    findings_file,
    findings_table,
    put_finding,
    read_findings,
)
from protocol_assets.lake.zones import Lake

OPEN = Finding("opportunity", "A" * 26, "lumbar.sag_t2", "nex", date(2024, 1, 8), "open")
ACCEPTED = dataclasses.replace(
    OPEN,
    state="accepted",
    owner="MR lead",
    accepted_on=date(2024, 1, 20),
    volume_per_month=21.5,
    promised_minutes_per_month=24.4,
)
CHANGED = dataclasses.replace(ACCEPTED, state="changed", changed_on=date(2024, 2, 1))
VERIFIED = dataclasses.replace(
    CHANGED,
    state="verified",
    verified_on=date(2024, 5, 1),
    quality_signed_by="Dr A",
    quality_signed_on=date(2024, 4, 1),
)
WAIVED = dataclasses.replace(
    OPEN, state="waived", owner="MR lead", waived_until=date(2024, 6, 30), reason="old coil"
)


def test_no_file_is_no_finding(tmp_path: Path) -> None:
    assert read_findings(Lake(tmp_path)) == []


def test_a_life_from_open_to_verified_is_one_line(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    for stage in (OPEN, ACCEPTED, CHANGED, VERIFIED):
        put_finding(lake, stage)
        assert read_findings(lake) == [stage]
    table = findings_table([VERIFIED, WAIVED])
    assert table.schema == FINDINGS_SCHEMA
    assert table["waived_until"].to_pylist() == [None, date(2024, 6, 30)]


@pytest.mark.parametrize(
    ("ended", "again"), [(VERIFIED, date(2024, 5, 2)), (WAIVED, date(2024, 7, 1))]
)
def test_it_may_come_again_after_its_end(tmp_path: Path, ended: Finding, again: date) -> None:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    put_finding(lake, ended)
    put_finding(lake, dataclasses.replace(OPEN, opened_on=again))
    assert len(read_findings(lake)) == 2


@pytest.mark.parametrize("living", [OPEN, ACCEPTED, CHANGED, VERIFIED, WAIVED])
def test_it_never_stands_twice(tmp_path: Path, living: Finding) -> None:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    put_finding(lake, living)
    with pytest.raises(Fault, match="another line has the same finding"):
        put_finding(lake, dataclasses.replace(OPEN, opened_on=date(2024, 4, 1)))
    assert read_findings(lake) == [living]


def write(lake: Lake, **changed: str) -> None:
    line = {
        field.name: "" if (value := getattr(VERIFIED, field.name)) is None else str(value)
        for field in dataclasses.fields(Finding)
    } | changed
    lake.governance.mkdir(parents=True, exist_ok=True)
    findings_file(lake).write_text(f"{','.join(line)}\n{','.join(line.values())}\n")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "wish"}, "kind must be one of opportunity"),
        ({"state": "done"}, "state must be one of open"),
        ({"device_key": "A1"}, "device_key must be the 26-character key"),
        ({"protocol_key": ""}, "needs a value for protocol_key"),
        ({"opened_on": ""}, "needs a value for opened_on"),
        ({"owner": ""}, "a finding in the state verified needs a value for owner"),
        ({"changed_on": ""}, "needs a value for changed_on"),
        ({"quality_signed_by": ""}, "needs a value for quality_signed_by"),
        ({"promised_minutes_per_month": ""}, "needs a value for promised_minutes_per_month"),
        ({"volume_per_month": "-1"}, "volume_per_month must be a number that is not negative"),
        ({"volume_per_month": "many"}, "volume_per_month must be a number that is not negative"),
        ({"accepted_on": "20.1.2024"}, "accepted_on must be a day such as"),
        ({"accepted_on": "2024-01-01"}, "accepted_on is before opened_on"),
        ({"quality_signed_on": "2024-01-25"}, "quality_signed_on is before changed_on"),
        (
            {"state": "waived"},
            "needs a value for waived_until, reason",
        ),
    ],
)
def test_a_wrong_line_is_refused_with_line_and_reason(
    tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    lake = Lake(tmp_path)
    write(lake, **changed)
    with pytest.raises(Fault) as refused:
        read_findings(lake)
    assert str(refused.value).startswith("findings.csv, line 2: ")
    assert reason in str(refused.value)


def test_a_wrong_finding_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    put_finding(lake, OPEN)
    with pytest.raises(Fault, match="needs a value for owner"):
        put_finding(lake, dataclasses.replace(ACCEPTED, owner=None))
    assert read_findings(lake) == [OPEN]
