from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from protocol_assets.faults import Fault
from protocol_assets.governance.do_not_process import do_not_process, excludes
from protocol_assets.governance.labels import decide, read_decisions
from protocol_assets.lake.zones import Lake

CODE, OTHER = "A" * 26, "B" * 26


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    return lake


def test_a_decision_is_kept_and_changed(lake: Lake) -> None:
    assert read_decisions(lake) == {}
    decide(lake, CODE, "approve")
    decide(lake, OTHER, "deny")
    decide(lake, CODE, "deny")
    assert read_decisions(lake) == {CODE: "deny", OTHER: "deny"}
    assert (lake.governance / "labels.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SAG T2,approve", "line 2: label_code must have the 26 characters"),
        (f"{CODE},perhaps", "line 2: decision must be one of approve, deny"),
        (f"{CODE},deny\n{CODE},approve", "line 3: an earlier line has the same label_code"),
        (f"{CODE}", "line 2: the line must have 2 values"),
    ],
)
def test_a_wrong_line_is_named(lake: Lake, line: str, said: str) -> None:
    (lake.governance / "labels.csv").write_text(f"label_code,decision\n{line}\n")
    with pytest.raises(Fault, match=said):
        read_decisions(lake)


def test_a_text_is_no_code(lake: Lake) -> None:
    with pytest.raises(Fault, match="26 characters"):
        decide(lake, "SAG T2", "approve")
    assert not (lake.governance / "labels.csv").exists()


def test_who_is_on_the_list_is_excluded(lake: Lake) -> None:
    do_not_process(lake, "PAT1", None, dt.date(2026, 2, 2))
    do_not_process(lake, "PAT2", "CITY", dt.date(2026, 2, 3))
    do_not_process(lake, "PAT1", None, dt.date(2026, 2, 4))
    is_excluded = excludes(lake)
    assert is_excluded("PAT1", None)
    assert is_excluded("PAT1 ", "ANY")
    assert is_excluded("PAT2", "CITY")
    assert not is_excluded("PAT2", "TOWN")
    assert not is_excluded(None, None)
    path = lake.restricted / "do_not_process.csv"
    assert path.read_text().splitlines()[1:] == ["PAT1,,2026-02-02", "PAT2,CITY,2026-02-03"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_list_that_cannot_be_read_lets_nobody_through(lake: Lake) -> None:
    (lake.restricted / "do_not_process.csv").write_text("patient_id,issuer,since\n,,\n")
    with pytest.raises(Fault, match="patient_id must not be empty"):
        excludes(lake)
