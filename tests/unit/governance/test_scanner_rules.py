"""scanner_rules.csv: joins and exclusions, and the candidates for a join."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol_assets.faults import Fault
from protocol_assets.governance.scanner_rules import (
    ScannerRule,
    add_scanner_rule,
    join_candidates,
    read_scanner_rules,
    remove_scanner_rule,
    scanner_rules_table,
)
from protocol_assets.governance.scanners import SeenScanner
from protocol_assets.lake.zones import Lake

A, B, C, D = (letter * 26 for letter in "ABCD")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.governance.mkdir(parents=True)
    return lake


def join(device: str, other: str) -> ScannerRule:
    return ScannerRule(device, "join", other, "a spelling")


def test_rules_are_added_changed_and_removed(lake: Lake) -> None:
    add_scanner_rule(lake, join(A, B))
    add_scanner_rule(lake, ScannerRule(C, "exclude", "", "phantom"))
    add_scanner_rule(lake, join(A, D))
    assert {one.device_key: one.same_as for one in read_scanner_rules(lake)} == {A: D, C: ""}
    remove_scanner_rule(lake, A)
    assert [one.device_key for one in read_scanner_rules(lake)] == [C]
    with pytest.raises(Fault, match="neither joined nor excluded"):
        remove_scanner_rule(lake, A)


def test_a_chain_of_joins_ends_at_one_scanner() -> None:
    rules = [join(A, B), join(B, C), ScannerRule(C, "exclude", "", "")]
    rows = {row["device_key"]: row for row in scanner_rules_table(rules).to_pylist()}
    assert {key: row["joined_device_key"] for key, row in rows.items()} == {A: C, B: C, C: None}
    assert all(row["is_excluded"] for row in rows.values())


def test_a_circle_of_joins_is_refused(lake: Lake) -> None:
    add_scanner_rule(lake, join(A, B))
    add_scanner_rule(lake, join(B, C))
    with pytest.raises(Fault, match="form a circle"):
        add_scanner_rule(lake, join(C, A))
    assert len(read_scanner_rules(lake)) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{B},join,A1,", "26 characters"),
        (f"{B},merge,{A},", "rule must be join or exclude"),
        (f"{B},exclude,{A},", "same_as must be empty"),
        (f"{B},join,{B},", "joined to itself"),
        (f"{A},exclude,,", "an earlier line has a rule"),
    ],
)
def test_a_wrong_line_is_refused(lake: Lake, line: str, reason: str) -> None:
    (lake.governance / "scanner_rules.csv").write_text(
        f"device_key,rule,same_as,reason\n{A},join,{C},\n{line}\n"
    )
    with pytest.raises(Fault) as refused:
        read_scanner_rules(lake)
    assert str(refused.value).startswith("scanner_rules.csv, line 3: ")
    assert reason in str(refused.value)


def seen(
    key: str, serial: str, *, model: str = "Aera", vendor: str = "siemens", series: int = 1
) -> SeenScanner:
    return SeenScanner(key, vendor, vendor.upper(), frozenset([model]), "MR1", serial, series)


@pytest.mark.parametrize("spelling", ["041001", "MR41001", "41001.0", " 0041001", "SN-41001"])
def test_spellings_of_one_number_are_candidates(spelling: str) -> None:
    devices = [seen(A, "41001", series=9), seen(B, spelling)]
    assert join_candidates(devices, []) == {A: [B], B: [A]}
    assert join_candidates(devices, [join(B, A)]) == {}


@pytest.mark.parametrize(
    "other",
    [
        seen(B, "41002"),
        seen(B, "41001", vendor="ge"),
        seen(B, "041001", model="Skyra"),
        seen(B, "41001-2"),
        seen(B, "MR"),
    ],
)
def test_another_number_maker_or_model_is_no_candidate(other: SeenScanner) -> None:
    assert join_candidates([seen(A, "41001"), other], []) == {}


def test_short_numbers_are_alike_by_chance() -> None:
    assert join_candidates([seen(A, "7"), seen(B, "MR07")], []) == {}
