"""The hours in which a PACS may receive requests, and its maintenance windows. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

__all__ = ["Hours", "next_opening"]

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS: Final = re.compile(
    r"(?:(?P<day>Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?"
    r"(?P<first>(?:[01]\d|2[0-3]):[0-5]\d)-(?P<last>(?:[01]\d|2[0-3]):[0-5]\d|24:00)",
    re.ASCII,
)
_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the local day, on every day or on one day of the week; it may pass midnight.

    Attributes:
        first: Minute of the day at which it begins.
        last: Minute of the day before which it ends.
        weekday: The day on which it begins, 0 for Monday; None for every day.
    """

    first: int
    last: int
    weekday: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``20:00-06:00`` or ``Sun 02:00-04:00``.

        Raises:
            ValueError: The text has another form, or the span is empty.
        """
        match = _HOURS.fullmatch(text)
        if match is None or match["first"] == match["last"]:
            raise ValueError('write hours as "20:00-06:00" or "Sun 02:00-04:00"')
        day = None if match["day"] is None else _DAYS.index(match["day"])
        return cls(_minute(match["first"]), _minute(match["last"]), day)

    def hold(self, moment: dt.datetime) -> bool:
        """Return whether a local time is within the span."""
        minute = moment.hour * 60 + moment.minute
        passes_midnight = self.last <= self.first
        if minute >= self.first and (passes_midnight or minute < self.last):
            return self._is_on(moment.weekday())
        if passes_midnight and minute < self.last:
            return self._is_on((moment.weekday() - 1) % 7)
        return False

    def _is_on(self, weekday: int) -> bool:
        return self.weekday is None or self.weekday == weekday

    def __str__(self) -> str:
        day = "" if self.weekday is None else f"{_DAYS[self.weekday]} "
        return f"{day}{_clock(self.first)}-{_clock(self.last)}"


def next_opening(
    moment: dt.datetime, allowed: Sequence[Hours], closed: Sequence[Hours]
) -> dt.datetime | None:
    """Return the local time from which requests are allowed; ``moment`` if they are allowed now.

    Args:
        moment: The current time in the time zone of the PACS.
        allowed: Hours in which requests are allowed; none means always.
        closed: Hours in which requests are not allowed, even within ``allowed``.

    Returns:
        None if requests are not allowed at any time within a week.
    """

    def is_open(at: dt.datetime) -> bool:
        return (not allowed or any(one.hold(at) for one in allowed)) and not any(
            one.hold(at) for one in closed
        )

    if is_open(moment):
        return moment
    start = moment.replace(second=0, microsecond=0)
    later = (start + dt.timedelta(minutes=n) for n in range(1, 7 * _MINUTES + 1))
    return next((at for at in later if is_open(at)), None)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
