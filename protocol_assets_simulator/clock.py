"""Wall clocks: midnight, daylight saving time and scanners whose clock is an hour off."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Europe/Berlin")
"""Where all sites stand."""


def wall(day: date, start_s: float, seconds: float, offset_s: int, crosses_dst: bool) -> datetime:
    """What a scanner's clock shows, without a zone.

    Args:
        day: The day that the exam began on.
        start_s: The exam's start by the wall clock, in s after that day's midnight.
        seconds: The moment asked for, in s after midnight had the clock not been changed.
        offset_s: How far the scanner's clock runs ahead.
        crosses_dst: Whether the clock may be changed during the exam.
    """
    moment = datetime.combine(day, time()) + timedelta(seconds=seconds + offset_s)
    if not crosses_dst:
        return moment
    start = (datetime.combine(day, time()) + timedelta(seconds=start_s)).replace(tzinfo=ZONE)
    elapsed = timedelta(seconds=seconds - start_s)
    local = (start.astimezone(UTC) + elapsed).astimezone(ZONE)
    return local.replace(tzinfo=None) + timedelta(seconds=offset_s)


def transitions(first: date, last: date) -> list[tuple[date, int]]:
    """The days of a period on which the clock changes, and the wall time in s at which it does."""
    found = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        midnight = datetime.combine(day, time(), ZONE)
        before, after = midnight.utcoffset(), datetime.combine(day, time(12), ZONE).utcoffset()
        if before != after:
            change = datetime.combine(day, time(1), UTC).replace(tzinfo=None)
            at = change + (before or timedelta())
            found.append((day, int((at - datetime.combine(day, time())).total_seconds())))
    return found
