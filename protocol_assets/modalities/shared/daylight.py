"""Changes of daylight saving time, and what they do to the starts of an exam.

Whether a scanner's clock follows the change, and when, is nowhere in the header. So a change is
taken out only where the starts show it: an hour that is jumped over and cannot have been scanned
in, or a clock that runs backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from protocol_assets.modalities.shared.limits import duration

__all__ = ["Change", "change_near", "evened", "offset_at"]

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the offset from UTC.

    Attributes:
        old: Wall clock at which the clock is changed.
        new: What it then shows.
    """

    old: datetime
    new: datetime

    @property
    def jump(self) -> timedelta:
        """How far the clock jumps: an hour in spring, minus an hour in autumn."""
        return self.new - self.old

    def is_near(self, wall: datetime) -> bool:
        """Whether an exam with this start may span the change."""
        reach = duration("longest_exam")
        return min(self.old, self.new) - reach <= wall <= max(self.old, self.new) + reach

    def is_within(self, walls: Iterable[datetime]) -> bool:
        """Whether the change may lie between these starts."""
        walls = tuple(walls)
        first, last = min(self.old, self.new), max(self.old, self.new)
        return len(walls) > 1 and min(walls) < last and max(walls) >= first


@lru_cache(maxsize=4096)
def change_near(zone: tzinfo, day: date) -> Change | None:
    """The change on a day or on the day after, None where there is none."""
    if not date.min < day < date.max - timedelta(days=2):
        return None
    start = datetime.combine(day, time()).replace(tzinfo=zone).astimezone(UTC)
    end = start + timedelta(hours=49)
    before = _offset(zone, start)
    if before == _offset(zone, end):
        return None
    while end - start > _SECOND:
        middle = start + (end - start) / 2
        if _offset(zone, middle) == before:
            start = middle
        else:
            end = middle
    instant = end.replace(microsecond=0, tzinfo=None)
    return Change(instant + before, instant + _offset(zone, end))


def evened(
    change: Change,
    walls: Sequence[datetime],
    *,
    order: Sequence[tuple[datetime, float]],
    scan_times_s: Sequence[float | None],
) -> list[timedelta]:
    """What to add to each start so that time runs evenly from the first.

    Args:
        change: The change.
        walls: Starts of one patient's scans near it, as written.
        order: What sorts them as they were scanned, where the clock does not.
        scan_times_s: Their scan times.
    """
    if change.jump > timedelta(0):
        return _spring(change, walls, scan_times_s)
    return _autumn(change, walls, order)


def _spring(
    change: Change, walls: Sequence[datetime], scan_times_s: Sequence[float | None]
) -> list[timedelta]:
    unchanged = [timedelta(0)] * len(walls)
    ends = [
        wall + timedelta(seconds=min(seconds or 0.0, 86_400.0))
        for wall, seconds in zip(walls, scan_times_s, strict=True)
        if wall < change.old
    ]
    after = [wall for wall in walls if wall >= change.new]
    # A start in the hour that was not, or a scan still running: the clock went on as it was.
    kept_on = len(ends) + len(after) < len(walls)
    if not ends or not after or kept_on or max(ends) > min(after) - change.jump:
        return unchanged
    return [timedelta(0) if wall < change.old else -change.jump for wall in walls]


def _autumn(
    change: Change, walls: Sequence[datetime], order: Sequence[tuple[datetime, float]]
) -> list[timedelta]:
    corrections = [timedelta(0)] * len(walls)
    latest = change.new - _DAY
    is_back = False
    for i in sorted(range(len(walls)), key=lambda i: (order[i], walls[i])):
        wall = walls[i]
        is_back = is_back or (
            change.new <= wall < change.old
            and latest < change.old
            and latest - wall > duration("clock_step")
        )
        if is_back:
            corrections[i] = -change.jump
        latest = max(latest, wall)
    return corrections


def offset_at(zone: tzinfo, wall: datetime) -> timedelta | None:
    """The zone's offset from UTC at a wall-clock time; of a repeated hour, the first."""
    return wall.replace(tzinfo=zone, fold=0).utcoffset()


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
