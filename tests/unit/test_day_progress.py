"""The progress of a range of days without a terminal."""

import datetime as dt

import pytest

from protocol_assets.cli.day_progress import day_progress
from protocol_assets.lake.zones import Partition

FIRST = dt.date(2026, 1, 30)


def land(days: int) -> None:
    with day_progress(FIRST, FIRST + dt.timedelta(days=days - 1)) as tell:
        for number in range(days):
            for done in range(3):
                tell(Partition(FIRST + dt.timedelta(days=number), "north"), done, 2)


def test_each_day_of_a_few_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    land(2)
    told = capsys.readouterr().err.splitlines()
    assert told == ["2026-01-30 north: 2 studies", "2026-01-31 north: 2 studies"]


def test_each_month_of_many_days_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    land(70)
    told = capsys.readouterr().err.splitlines()
    assert told == [f"2026-0{month} north: landed" for month in (1, 2, 3)]
