"""The progress of a range of days without a terminal."""

import datetime as dt

import pytest
from rich.progress import Progress

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


def test_a_terminal_shows_a_bar_for_each_pacs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In days, so that the remaining time is that of the range."""
    bars = Progress(disable=True)
    monkeypatch.setattr("protocol_assets.cli.day_progress.is_interactive", lambda: True)
    monkeypatch.setattr("protocol_assets.cli.day_progress.progress_bar", lambda: bars)
    with day_progress(FIRST, FIRST + dt.timedelta(days=9)) as tell:
        tell(Partition(FIRST, "north"), 1, 2)
        tell(Partition(FIRST + dt.timedelta(days=4), "north"), 2, 2)
        tell(Partition(FIRST + dt.timedelta(days=2), "south"), 0, 0)
    assert [(one.description, one.completed, one.total) for one in bars.tasks] == [
        ("2026-02-03 north", 5, 10),
        ("2026-02-01 south", 3, 10),
    ]
