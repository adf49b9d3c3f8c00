"""The hours in which a PACS may receive requests."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.settings.hours import Hours, next_opening

BERLIN = ZoneInfo("Europe/Berlin")
MINUTES = st.integers(0, 24 * 60 - 1)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "moment", "inside"),
    [
        ("20:00-06:00", "2026-03-02T20:00", True),  # a Monday
        ("20:00-06:00", "2026-03-02T05:59", True),
        ("20:00-06:00", "2026-03-02T06:00", False),
        ("08:00-24:00", "2026-03-02T23:59", True),
        ("Sun 22:00-02:00", "2026-03-01T23:00", True),
        ("Sun 22:00-02:00", "2026-03-02T01:00", True),
        ("Sun 22:00-02:00", "2026-03-02T23:00", False),
        ("Mon 02:00-04:00", "2026-03-02T03:00", True),
        ("Mon 02:00-04:00", "2026-03-03T03:00", False),
    ],
)
def test_hours(hours: str, moment: str, inside: bool) -> None:
    assert Hours.parse(hours).hold(at(moment)) is inside


@pytest.mark.parametrize("text", ["", "20-06", "25:00-06:00", "20:00-20:00", "sun 02:00-04:00"])
def test_what_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="write hours as"):
        Hours.parse(text)


@given(MINUTES, MINUTES, st.none() | st.integers(0, 6))
def test_written_and_read_again(first: int, last: int, weekday: int | None) -> None:
    if first != last:
        hours = Hours(first, last, weekday)
        assert Hours.parse(str(hours)) == hours


def test_the_next_opening() -> None:
    night, service = Hours.parse("20:00-06:00"), Hours.parse("Mon 20:00-21:30")
    assert next_opening(at("2026-03-02T12:00"), [night], []) == at("2026-03-02T20:00")
    assert next_opening(at("2026-03-02T12:00"), [night], [service]) == at("2026-03-02T21:30")
    assert next_opening(at("2026-03-02T12:00"), [], [service]) == at("2026-03-02T12:00")
    assert next_opening(at("2026-03-02T12:00"), [service], [service]) is None
