"""Midnight to the second, which is what a header without a clock holds.

Scanners write 000000 for a time that they do not know, and so do de-identification and conversion.
A scan may begin at midnight all the same: then it is part of an exam that runs at midnight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from protocol_assets.modalities.shared.limits import duration

__all__ = ["Timed", "is_midnight", "placeholders"]

_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Timed:
    """One series as its start is compared with the others of its study.

    Attributes:
        study: Study Instance UID.
        start: Its start.
        end: Start and scan time; the start where the scan time is unknown.
        registered: When its study was registered.
    """

    study: str | None
    start: datetime | None
    end: datetime | None
    registered: datetime | None


def is_midnight(clock: time | None) -> bool:
    """Whether a clock shows midnight to the second, in whatever zone."""
    return clock is not None and clock.replace(microsecond=0, tzinfo=None) == _MIDNIGHT


def placeholders(partition: Sequence[Timed]) -> set[int]:
    """The series whose start is midnight and nothing of their study is near it.

    Near is what a pause within an exam may last: another start of the study, or its registration.
    Where a study tells neither, its start is left as it is written.
    """
    others: dict[str | None, list[Timed]] = defaultdict(list)
    for one in partition:
        if one.start is not None and not is_midnight(one.start.time()):
            others[one.study].append(one)
    return {
        i
        for i, one in enumerate(partition)
        if one.start is not None
        and one.study is not None
        and is_midnight(one.start.time())
        and not _is_near(one, others[one.study])
    }


def _is_near(one: Timed, others: Sequence[Timed]) -> bool:
    if one.registered is None and not others:
        return True
    if any(_pause(one, other) <= duration("longest_gap") for other in others):
        return True
    if one.registered is None or one.start is None or is_midnight(one.registered.time()):
        return False
    return abs(one.start - one.registered) <= duration("longest_gap")


def _pause(one: Timed, other: Timed) -> timedelta:
    """From the end of the earlier to the start of the later."""
    if one.start is None or other.start is None:
        return timedelta.max
    earlier, later = (one, other) if one.start <= other.start else (other, one)
    begun = later.start or other.start
    return begun - (earlier.end or begun)
