"""A scanner's clock that is set back while a patient is scanned: by hand, by NTP, in autumn.

The starts after the jump are earlier than they were, by the same amount, and nobody knows by how
much. The numbers of the series alone do not prove a jump: technologists scan in another order than
they prescribed, series are copied, reconstructed once more and numbered anew. So a jump is reported
only where one scanner cannot have scanned at the times that are written:

- in the order of series numbers the starts run forwards, step back once, by more than
  ``clock_step``, and run forwards again, with several scans on either side;
- and several of the scans after that step overlap scans before it by more than ``jump_overlap``, or
  began before the localizer that the exam begins with.

A scan that starts when another one does is a copy of it or made from its raw data, and proves
nothing. A clock that is set forward leaves a longer pause and nothing else; it cannot be told from
one and is not looked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from protocol_assets.modalities.shared.limits import duration, limit

__all__ = ["Jumps", "Numbered", "clock_jumps"]


@dataclass(frozen=True, slots=True)
class Numbered:
    """One series of a scan, by its number and its start.

    Attributes:
        study: Study Instance UID.
        acquisition: Its acquisition.
        number: Series Number.
        start: Its start.
        end: Start and scan time; the start where the header states no scan time.
        is_localizer: Whether it is a localizer.
        is_scan: Whether it is a scan that counts, or a localizer.
    """

    study: str | None
    acquisition: str | None
    number: float | None
    start: datetime | None
    end: datetime | None
    is_localizer: bool
    is_scan: bool


@dataclass(frozen=True, slots=True)
class Jumps:
    """The series of the exams in which a clock jumped, by their place in the partition.

    Attributes:
        before: Those before the jump, or of unknown order.
        after: Those after it: their starts are on another clock.
    """

    before: frozenset[int]
    after: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Scan:
    """One acquisition of a study."""

    acquisition: str
    number: float
    start: datetime
    end: datetime
    is_localizer: bool


def clock_jumps(partition: Sequence[Numbered]) -> Jumps:
    """Find the exams in which the scanner's clock was set back.

    Args:
        partition: The series of one study day and PACS.
    """
    studies: dict[str, list[int]] = defaultdict(list)
    for place, series in enumerate(partition):
        if series.study is not None:
            studies[series.study].append(place)
    before: set[int] = set()
    after: set[int] = set()
    for places in studies.values():
        later = _after_jump(_scans([partition[place] for place in places]))
        if later:
            moved = {place for place in places if partition[place].acquisition in later}
            after |= moved
            before |= set(places) - moved
    return Jumps(frozenset(before - after), frozenset(after))


def _scans(series: Sequence[Numbered]) -> list[_Scan]:
    """The acquisitions in the order of their numbers."""
    scans: dict[str, _Scan] = {}
    for one in series:
        if not one.is_scan or one.acquisition is None or one.number is None or one.start is None:
            continue
        known = scans.get(one.acquisition)
        scan = _Scan(one.acquisition, one.number, one.start, one.end or one.start, one.is_localizer)
        if known is not None:
            scan = _Scan(
                one.acquisition,
                min(known.number, scan.number),
                min(known.start, scan.start),
                max(known.end, scan.end),
                known.is_localizer or scan.is_localizer,
            )
        scans[one.acquisition] = scan
    return sorted(scans.values(), key=lambda scan: (scan.number, scan.start))


def _after_jump(scans: Sequence[_Scan]) -> set[str]:
    """The acquisitions of one study after the jump; none where there is no jump."""
    steps = [late.start - early.start for early, late in pairwise(scans)]
    back = [place for place, step in enumerate(steps, 1) if step < timedelta(0)]
    if len(back) != 1 or steps[back[0] - 1] > -duration("clock_step"):
        return set()
    before, after = scans[: back[0]], scans[back[0] :]
    least = limit("jump_scans")
    if min(len(before), len(after)) < least:
        return set()
    impossible = sum(_is_impossible(scan, before, after) for scan in after)
    return {scan.acquisition for scan in after} if impossible >= least else set()


def _is_impossible(scan: _Scan, before: Sequence[_Scan], after: Sequence[_Scan]) -> bool:
    """Whether one scanner cannot have made a scan at its written start."""
    if any(abs(scan.start - other.start) <= duration("start_lag") for other in before):
        return False
    if any(_overlap(scan, other) > duration("jump_overlap") for other in before):
        return True
    is_localized = any(one.is_localizer and one.start <= scan.start for one in after)
    return before[0].is_localizer and scan.start < before[0].start and not is_localized


def _overlap(one: _Scan, other: _Scan) -> timedelta:
    return min(one.end, other.end) - max(one.start, other.start)
