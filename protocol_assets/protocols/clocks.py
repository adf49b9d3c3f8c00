"""Clocks: when each scan began, on a clock that runs evenly.

A header holds wall-clock times of the scanner: dates and times apart, midnights and changes of
daylight saving time in between, and some scanners' clocks are wrong. What can be settled for sure
is settled here; what cannot is flagged (vocabulary ``clock_flag``). Times of day never leave the
restricted zone: what is made of them are durations.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from statistics import median
from typing import Final

from protocol_assets.protocols.daylight import Change, change_near, evened
from protocol_assets.protocols.limits import duration, limit
from protocol_assets.vendors.row import Row, text

__all__ = ["EARLIEST", "Clocked", "Start", "clocked", "later", "read_start", "settle"]

EARLIEST: Final = datetime.fromisoformat("0001-01-01")
"""Sorts what has no start before all else."""

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Start:
    """When a series began.

    Attributes:
        moment: Wall clock of the scanner, None where the header does not tell.
        flag: Term of ``clock_flag``, None where the clock is plain.
    """

    moment: datetime | None = None
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class Clocked:
    """One series as the clocks see it.

    Attributes:
        patient: Issuer and patient ID, None where unknown.
        device: Manufacturer and serial number, None where unknown.
        study: Study Instance UID.
        number: Series Number: the order in which a scanner's operator sees them.
        start: As ``read_start`` read it.
        study_day: Study Date (0008,0020).
        registered: Study Date and Time: when the study was registered.
        created: Series Date and Time: when the scanner filed the series.
        utc_offset: Timezone Offset From UTC (0008,0201).
        scan_time_s: Scan time in seconds.
        is_scan: Whether it is an original acquisition, localizers included.
    """

    patient: str | None
    device: str | None
    study: str | None
    number: float | None
    start: Start
    study_day: date | None
    registered: datetime | None
    created: datetime | None
    utc_offset: timedelta | None
    scan_time_s: float | None
    is_scan: bool


def read_start(row: Row) -> Start:
    """Start of the scan as one series tells it.

    Acquisition DateTime (0008,002A; the smallest of the frames' in enhanced objects), else
    Acquisition Time (0008,0032) joined with Acquisition Date (0008,0022), or with the study's date
    where that is absent. Series Time is no start: Siemens writes it up to hours late. Date and time
    are each the smallest of the series, so that a scan across midnight reads as the morning of its
    first day; a start half a day before the study began is moved to the next day.
    """
    stated = row.get("AcquisitionDateTime")
    if isinstance(stated, datetime):
        return Start(stated.replace(tzinfo=None))
    clock = row.get("AcquisitionTime")
    study_day = _day(row.get("StudyDate"))
    day = _day(row.get("AcquisitionDate")) or study_day
    if not isinstance(clock, time) or day is None:
        return Start(None, "no_clock")
    start = datetime.combine(day, clock.replace(tzinfo=None))
    began = _joined(row, "Study") or _joined(row, "Series")
    is_study_day = day == study_day and day < date.max
    if began is not None and is_study_day and began - start > duration("before_study"):
        return Start(start + _DAY, "midnight")
    return Start(start)


def clocked(
    row: Row,
    *,
    patient: str | None,
    device: str | None,
    number: float | None,
    scan_time_s: float | None,
    is_scan: bool,
) -> Clocked:
    """One row of ``series`` with what is known of it already."""
    return Clocked(
        patient=patient,
        device=device,
        study=text(row, "StudyInstanceUID"),
        number=number,
        start=read_start(row),
        study_day=_day(row.get("StudyDate")),
        registered=_joined(row, "Study"),
        created=_joined(row, "Series"),
        utc_offset=_utc_offset(row),
        scan_time_s=scan_time_s,
        is_scan=is_scan,
    )


def later(moment: datetime, seconds: float) -> datetime:
    """The moment some seconds later; the moment itself where the calendar ends."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return moment


def settle(cell: Sequence[Clocked], zone: tzinfo | None) -> list[Start]:
    """The starts of one cell's series, in order, on a clock that runs evenly within an exam.

    - ``out_of_exam``: a start on another day than the rest of its study; it is dropped.
    - ``daylight_saving``: a scan near a change of the offset from UTC on which its patient was
      scanned before and after; the change is taken out where the header states the offsets, or
      where the starts show that the scanner's clock changed.
    - ``skewed``: the scanner's clock runs apart from the registration of the studies, or its series
      were filed before they were scanned, by the same amount in all studies of the day. All starts
      are wrong alike, so that durations hold, and nothing is corrected.

    Args:
        cell: The series of one study day and PACS.
        zone: Time zone of the scanners; None where unknown.
    """
    starts = [series.start for series in cell]
    outside = _out_of_exam(cell)
    for i in outside:
        starts[i] = Start(None, "out_of_exam")
    for i, start in _daylight(cell, starts, zone).items():
        starts[i] = start
    for i in _skewed(cell, starts):
        starts[i] = replace(starts[i], flag=starts[i].flag or "skewed")
    return starts


def _out_of_exam(cell: Sequence[Clocked]) -> set[int]:
    """Series whose start is far from their study's date while other scans of it are near."""
    far = {i for i, series in enumerate(cell) if _is_far(series)}
    if not far:
        return far
    near = {
        series.study
        for i, series in enumerate(cell)
        if i not in far and series.is_scan and series.start.moment is not None
    }
    return {i for i in far if cell[i].study in near}


def _is_far(series: Clocked) -> bool:
    moment, day = series.start.moment, series.study_day
    return (
        moment is not None
        and day is not None
        and abs(moment.date() - day) > duration("off_study_date")
    )


def _daylight(
    cell: Sequence[Clocked], starts: Sequence[Start], zone: tzinfo | None
) -> dict[int, Start]:
    """The series near a change of the offset from UTC, with their even starts."""
    settled: dict[int, Start] = {}
    for members in _patients(cell, starts):
        scans = [i for i in members if cell[i].is_scan]
        offsets = [cell[i].utc_offset for i in scans]
        if scans and None not in offsets:
            corrections = _by_stated_offsets(cell, starts, scans)
        else:
            change = _change(starts, scans, zone)
            if change is None:
                continue
            scans = [i for i in scans if change.is_near(_moment(starts, i))]
            if not change.is_within(_moment(starts, i) for i in scans):
                continue
            corrections = evened(
                change,
                [_moment(starts, i) for i in scans],
                order=[(cell[i].registered or EARLIEST, cell[i].number or 0.0) for i in scans],
                scan_times_s=[cell[i].scan_time_s for i in scans],
            )
        if corrections is None:
            continue
        settled |= _corrected(starts, members, dict(zip(scans, corrections, strict=True)))
    return settled


def _by_stated_offsets(
    cell: Sequence[Clocked], starts: Sequence[Start], scans: Sequence[int]
) -> list[timedelta] | None:
    """What brings all starts to the offset of the first; None where the offset does not change."""
    stated = {i: offset for i in scans if (offset := cell[i].utc_offset) is not None}
    if len(set(stated.values())) < 2:
        return None
    first = min(scans, key=lambda i: (_moment(starts, i) - stated[i], stated[i]))
    return [stated[first] - stated[i] for i in scans]


def _change(starts: Sequence[Start], scans: Sequence[int], zone: tzinfo | None) -> Change | None:
    if zone is None or not scans:
        return None
    return change_near(zone, min(_moment(starts, i) for i in scans).date())


def _corrected(
    starts: Sequence[Start], members: Sequence[int], corrections: dict[int, timedelta]
) -> dict[int, Start]:
    """Scans by their own correction, what was made of them by that of the scan nearest in time."""
    walls = {i: _moment(starts, i) for i in corrections}
    settled = {}
    for i in members:
        wall = _moment(starts, i)
        nearest = min(walls, key=lambda j: (abs(walls[j] - wall), walls[j], corrections[j]))
        if i in corrections or abs(walls[nearest] - wall) <= duration("longest_exam"):
            moment = wall + corrections.get(i, corrections[nearest])
            settled[i] = Start(moment, "daylight_saving")
    return settled


def _patients(cell: Sequence[Clocked], starts: Sequence[Start]) -> Iterable[list[int]]:
    """Series with a start, of one patient on one device, else of one study."""
    found: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for i, (series, start) in enumerate(zip(cell, starts, strict=True)):
        if start.moment is None:
            continue
        if series.patient is not None and series.device is not None:
            found[series.patient, series.device].append(i)
        elif series.study is not None:
            found[(series.study,)].append(i)
    return found.values()


def _skewed(cell: Sequence[Clocked], starts: Sequence[Start]) -> list[int]:
    first: dict[tuple[str, str], datetime] = {}
    filed: dict[tuple[str, str], list[float]] = defaultdict(list)
    registered: dict[tuple[str, str], datetime] = {}
    for series, start in zip(cell, starts, strict=True):
        if not series.is_scan or series.device is None or series.study is None:
            continue
        if start.moment is None:
            continue
        key = (series.device, series.study)
        first[key] = min(first.get(key, start.moment), start.moment)
        if series.registered is not None:
            registered[key] = series.registered
        if series.created is not None:
            filed[key].append((start.moment - series.created).total_seconds())
    after_registration: dict[str, list[float]] = defaultdict(list)
    after_filing: dict[str, list[float]] = defaultdict(list)
    for key, moment in first.items():
        if key in registered:
            after_registration[key[0]].append((moment - registered[key]).total_seconds())
        if key in filed:
            after_filing[key[0]].append(median(filed[key]))
    apart = duration("skew_apart").total_seconds()
    skewed = {
        device
        for leads, size in ((after_registration, abs), (after_filing, float))
        for device, seconds in leads.items()
        # Late filing is usual; what is filed before it is scanned has another clock.
        if _is_consistent(seconds) and size(median(seconds)) >= apart
    }
    return [
        i
        for i, (series, start) in enumerate(zip(cell, starts, strict=True))
        if series.device in skewed and start.moment is not None
    ]


def _is_consistent(seconds: list[float]) -> bool:
    """Whether the middle four fifths of several studies agree."""
    if len(seconds) < limit("skew_studies"):
        return False
    cut = len(seconds) // 10
    middle = sorted(seconds)[cut : len(seconds) - cut]
    return middle[-1] - middle[0] <= duration("skew_spread").total_seconds()


def _moment(starts: Sequence[Start], index: int) -> datetime:
    moment = starts[index].moment
    if moment is None:
        raise ValueError("only series with a start have a place in time; filter them first")
    return moment


def _joined(row: Row, of: str) -> datetime | None:
    """Date and time of the study or series in one, None where one is absent."""
    day, clock = _day(row.get(f"{of}Date")), row.get(f"{of}Time")
    if day is None or not isinstance(clock, time):
        return None
    return datetime.combine(day, clock.replace(tzinfo=None))


def _utc_offset(row: Row) -> timedelta | None:
    """Timezone Offset From UTC (0008,0201), ``+0200``."""
    stated = text(row, "TimezoneOffsetFromUTC")
    return None if stated is None else _parsed_offset(stated)


@lru_cache(maxsize=256)
def _parsed_offset(stated: str) -> timedelta | None:
    match = _OFFSET.fullmatch(stated)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -size if match[1] == "-" else size


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
