"""Governance files: invisible characters and formulas are refused, and the line is named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_assets.faults import Fault
from protocol_assets.governance.do_not_process import do_not_process, excludes
from protocol_assets.governance.lines import read_lines, write_lines
from protocol_assets.governance.scanners import ScannerName, name_scanner, read_scanner_names
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.locks import editing

KEY = "A" * 26

REFUSED = [
    ("MR\x1b[31m1", "scanner_label contains the control or invisible character U+001B; delete it"),
    ("MR\u202e1", "scanner_label contains the control or invisible character U+202E"),
    ("MR\u200b1", "scanner_label contains the control or invisible character U+200B"),
    ("MR\x851", "scanner_label contains the control or invisible character U+0085"),
    ("MR\n1", "scanner_label contains the control or invisible character U+000A"),
    ("=1+1", "scanner_label begins like a formula"),
    ("＝1+1", "scanner_label begins like a formula"),
    ("@SUM(A1)", "scanner_label begins like a formula"),
]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path)
    made.governance.mkdir(parents=True)
    made.restricted.mkdir()
    return made


@pytest.mark.parametrize(("label", "reason"), REFUSED)
def test_a_hostile_name_is_refused_where_it_is_given(lake: Lake, label: str, reason: str) -> None:
    with pytest.raises(Fault) as refused:
        name_scanner(lake, ScannerName(KEY, label, "North"))
    assert reason in str(refused.value)
    assert str(refused.value).isprintable()
    assert read_scanner_names(lake) == []


@pytest.mark.parametrize(("label", "reason"), REFUSED)
def test_a_hostile_name_is_refused_where_it_is_read(lake: Lake, label: str, reason: str) -> None:
    path = lake.governance / "scanners.csv"
    path.write_text(f'device_key,scanner_label,site\n{KEY},"{label}",North\n', encoding="utf-8")
    with pytest.raises(Fault) as refused:
        read_scanner_names(lake)
    assert reason in str(refused.value)
    assert str(refused.value).startswith("scanners.csv, line ")
    assert str(refused.value).isprintable()


def test_names_of_the_trade_pass(lake: Lake) -> None:
    for place, label in enumerate(("MR[/1]", "MR-2 <old>", "磁共振 3", "- spare", "-5")):
        key = "ABCDE"[place] * 26
        if label == "- spare":
            with pytest.raises(Fault, match="begins like a formula"):
                name_scanner(lake, ScannerName(key, label, "North"))
        else:
            name_scanner(lake, ScannerName(key, label, "North"))
    assert len(read_scanner_names(lake)) == 4


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=3))
@settings(max_examples=50)
def test_a_patient_of_any_id_can_object(ids: list[str]) -> None:
    """A patient ID is written as the PACS writes it: quotes, line breaks, formulas."""
    import tempfile

    wanted = {one.strip() for one in ids} - {""}
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        lake.prepare()
        for one in wanted:
            do_not_process(lake, one, None, dt.date(2026, 2, 1))
        is_excluded = excludes(lake)
        assert all(is_excluded(one, None) for one in wanted)
        assert not is_excluded("x" * 70, None)


def test_written_values_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [("a,b", 'say "x"'), ("ä", "")]
    with editing(path):
        write_lines(path, ("one", "two"), rows)
    assert read_lines(path, ("one", "two"), lambda line, _: tuple(line.values())) == rows


def test_another_encoding_is_named(lake: Lake) -> None:
    path = lake.governance / "scanners.csv"
    path.write_bytes(f"device_key,scanner_label,site\n{KEY},Süd,North\n".encode("latin-1"))
    with pytest.raises(Fault, match=r"scanners.csv is not UTF-8; save it as CSV in UTF-8"):
        read_scanner_names(lake)
