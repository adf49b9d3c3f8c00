"""The do-not-process list: an issuer narrows an entry, but studies without an issuer match too."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from protocol_assets.governance.do_not_process import do_not_process, excludes
from protocol_assets.lake.zones import Lake

DAY = dt.date(2026, 3, 2)


@pytest.mark.parametrize(
    ("listed", "found", "expected"),
    [
        (None, None, True),
        (None, "HOSP", True),
        ("HOSP", "HOSP", True),
        ("HOSP", " HOSP ", True),
        ("HOSP", None, True),
        ("HOSP", "", True),
        ("HOSP", "OTHER", False),
    ],
)
def test_an_issuer_narrows_an_entry(
    tmp_path: Path, listed: str | None, found: str | None, expected: bool
) -> None:
    lake = Lake(tmp_path)
    lake.restricted.mkdir(parents=True)
    do_not_process(lake, "P1", listed, DAY)
    is_excluded = excludes(lake)
    assert is_excluded("P1", found) is expected
    assert not is_excluded("P2", found)
    assert not is_excluded(None, found)


def test_without_a_list_everybody_is_processed(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.restricted.mkdir(parents=True)
    assert not excludes(lake)("P1", None)
