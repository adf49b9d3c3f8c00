"""Clocks: when each scan began, on a clock that runs evenly.

A header holds wall-clock times of the scanner: dates and times apart, midnights and changes of
daylight saving time in between, and some scanners' clocks are wrong. What can be settled for sure
is settled here; what cannot is flagged (vocabulary ``clock_flag``). Times of day never leave the
restricted zone: what is made of them are durations.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import median
from typing import Final

from protocol_assets.modalities.shared.daylight import Change, change_near, evened, offset_at
from protocol_assets.modalities.shared.limits import duration, limit
from protocol_assets.modalities.shared.midnight import Timed, placeholders
from protocol_assets.modalities.shared.row import Row, text
from protocol_assets.modalities.shared.starts import Registration, Start, read_filed, read_start

__all__ = ["EARLIEST", "Clocked", "clocked", "later", "settle"]

EARLIEST: Final = datetime.fromisoformat("0001-01-01")
"""Sorts what has no start before all else."""


@dataclass(frozen=True, slots=True)
class Clocked:
    """One series as the clocks see it.

    Attributes:
        patient: The study's patient, None where unknown.
        device: Manufacturer and serial number, None where unknown.
        study: Study Instance UID.
        number: Series Number: the order in which a scanner's operator sees them.
        start: As ``read_start`` read it.
        study_day: The study's date.
        registered: The study's date and time: when it was registered.
        created: Series Date and Time: when the scanner filed the series.
        utc_offset: Offset from UTC of the clock that the start was read on, where it is known.
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


def clocked(
    row: Row,
    study: Registration,
    zone: tzinfo | None = None,
    *,
    patient: str | None,
    device: str | None,
    number: float | None,
    scan_time_s: float | None,
    is_scan: bool,
) -> Clocked:
    """One row of ``series`` with what is known of it already, and of its study and its zone."""
    reading = read_start(row, study, zone)
    return Clocked(
        patient=patient,
        device=device,
        study=text(row, "StudyInstanceUID"),
        number=number,
        start=reading.start,
        study_day=study.day,
        registered=study.moment,
        created=read_filed(row),
        utc_offset=reading.utc_offset,
        scan_time_s=scan_time_s,
        is_scan=is_scan,
    )


def later(moment: datetime, seconds: float) -> datetime:
    """The moment some seconds later; the moment itself where the calendar ends."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return moment


def settle(partition: Sequence[Clocked], zone: tzinfo | None) -> list[Start]:
    """The starts of one partition's series, in order, on a clock that runs evenly within an exam.

    - ``no_clock``: no start, or midnight to the second far from all else of its study.
    - ``out_of_exam``: a start on another day than the rest of its study; it is dropped.
    - ``daylight_saving``: a scan near a change of the offset from UTC on which its patient was
      scanned before and after; the change is taken out where the header states the offsets, or
      where the starts show that the scanner's clock changed.
    - ``utc_offset``: a scan whose patient was scanned with different stated offsets by day; all are
      brought to the most frequent one where the starts are in better order for it. Where they are
      not, the stated offsets are wrong, and the clocks stay as they are written.
    - ``offset_unknown``: some scans of a patient state an offset, the offset of the others is
      nowhere, and the starts do not fit together as written; the smaller part is dropped.
    - ``skewed``: the scanner's clock runs apart from the registration of the studies, or its series
      were filed before they were scanned, by the same amount in all studies of the day. All starts
      are wrong alike, so that durations hold, and nothing is corrected.

    Args:
        partition: The series of one study day and PACS.
        zone: Time zone of the scanners; None where unknown.
    """
    partition = _without_placeholders(partition)
    starts = [series.start for series in partition]
    outside = _out_of_exam(partition)
    for i in outside:
        starts[i] = Start(None, "out_of_exam")
    for i, start in _even(partition, starts, zone).items():
        starts[i] = start
    for i in _skewed(partition, starts):
        starts[i] = replace(starts[i], flag=starts[i].flag or "skewed")
    return starts


def _without_placeholders(partition: Sequence[Clocked]) -> list[Clocked]:
    dropped = placeholders([_timed(series) for series in partition])
    return [
        replace(series, start=Start(None, "no_clock")) if i in dropped else series
        for i, series in enumerate(partition)
    ]


def _timed(series: Clocked) -> Timed:
    start = series.start.moment
    end = None if start is None else later(start, series.scan_time_s or 0.0)
    return Timed(series.study, start, end, series.registered)


def _out_of_exam(partition: Sequence[Clocked]) -> set[int]:
    """Series whose start is far from their study's date, or from the most of its scans."""
    far = {i for i, series in enumerate(partition) if _is_far(series)}
    near: dict[str | None, list[int]] = defaultdict(list)
    for i, series in enumerate(partition):
        if i not in far and series.is_scan and series.start.moment is not None:
            near[series.study].append(i)
    days = {study: _main_days(partition, members) for study, members in near.items() if study}
    outside = {i for i in far if partition[i].study in near}
    for i, series in enumerate(partition):
        moment = series.start.moment
        if moment is not None and series.study in days:
            first, last = days[series.study]
            if not first <= moment.date() <= last:
                outside.add(i)
    return outside


def _is_far(series: Clocked) -> bool:
    moment, day = series.start.moment, series.study_day
    return (
        moment is not None
        and day is not None
        and abs(moment.date() - day) > duration("off_study_date")
    )


def _main_days(partition: Sequence[Clocked], members: Sequence[int]) -> tuple[date, date]:
    """First and last day of the most scans of a study that no half day parts; earliest of equals.

    An exam may go on after midnight; what is dated a day later was made a day later.
    """
    moments = sorted(moment for i in members if (moment := partition[i].start.moment) is not None)
    runs = [[moments[0]]]
    for before, moment in pairwise(moments):
        if moment - before > duration("before_study"):
            runs.append([])
        runs[-1].append(moment)
    main = max(runs, key=len)
    return main[0].date(), main[-1].date()


def _even(
    partition: Sequence[Clocked], starts: Sequence[Start], zone: tzinfo | None
) -> dict[int, Start]:
    """The series of patients whose scans are on several clocks, with their even starts."""
    settled: dict[int, Start] = {}
    for members in _patients(partition, starts):
        scans = [i for i in members if partition[i].is_scan]
        change = _change(starts, scans, zone)
        if change is not None and any(partition[i].utc_offset is None for i in scans):
            settled |= _daylight(partition, starts, members, change)
        elif any(partition[i].utc_offset is not None for i in scans):
            settled |= _by_offsets(partition, starts, members, zone)
    return settled


def _daylight(
    partition: Sequence[Clocked], starts: Sequence[Start], members: Sequence[int], change: Change
) -> dict[int, Start]:
    """Without the change of a clock that no header states."""
    scans = [i for i in members if partition[i].is_scan and change.is_near(_moment(starts, i))]
    if not change.is_within(_moment(starts, i) for i in scans):
        return {}
    corrections = evened(
        change,
        [_moment(starts, i) for i in scans],
        order=[_order(partition[i]) for i in scans],
        scan_times_s=[partition[i].scan_time_s for i in scans],
    )
    by_scan = dict(zip(scans, corrections, strict=True))
    return _corrected(starts, members, by_scan, "daylight_saving")


def _by_offsets(
    partition: Sequence[Clocked],
    starts: Sequence[Start],
    members: Sequence[int],
    zone: tzinfo | None,
) -> dict[int, Start]:
    """Brought to one offset from UTC, where that is believable."""
    scans = [i for i in members if partition[i].is_scan]
    offsets = {i: partition[i].utc_offset for i in scans}
    if zone is not None:
        walls = ((i, _moment(starts, i)) for i in scans if offsets[i] is None)
        offsets |= {i: offset_at(zone, wall) for i, wall in walls}
    known = {i: offset for i, offset in offsets.items() if offset is not None}
    if len(known) < len(scans):
        lost = _incomparable(partition, starts, scans, known)
        return dict.fromkeys(lost, Start(None, "offset_unknown"))
    counts = Counter(known.values())
    if len(counts) < 2:
        return {}
    first = min(scans, key=lambda i: (_moment(starts, i) - known[i], known[i]))
    main = min(counts, key=lambda one: (-counts[one], one != known[first], one))
    corrections = {
        i: main - offset for i in members if (offset := partition[i].utc_offset) is not None
    }
    corrections |= {i: main - known[i] for i in scans}
    written = {i: _moment(starts, i) for i in scans}
    applied = {i: wall + corrections[i] for i, wall in written.items()}
    by_night = all(_is_night(wall) for wall in written.values())
    if not _is_better(partition, written, applied, by_night=by_night):
        return {}
    flag = "daylight_saving" if by_night else "utc_offset"
    return _corrected(starts, members, corrections, flag)


def _is_better(
    partition: Sequence[Clocked],
    written: dict[int, datetime],
    applied: dict[int, datetime],
    *,
    by_night: bool,
) -> bool:
    """Whether stated offsets are to be believed: the series are in order and close together.

    At night, when clocks are changed, they are believed unless the order speaks against them.
    """
    before, after = _disorder(partition, written), _disorder(partition, applied)
    if before != after:
        return after < before
    return by_night or _extent(applied) < _extent(written)


def _incomparable(
    partition: Sequence[Clocked],
    starts: Sequence[Start],
    scans: Sequence[int],
    known: dict[int, timedelta],
) -> list[int]:
    """Scans that are on another clock than the most, where the clocks do not fit as written."""
    written = {i: _moment(starts, i) for i in scans}
    registered = [moment for i in scans if (moment := partition[i].registered) is not None]
    is_early = bool(registered) and (
        min(registered) - min(written.values()) > duration("skew_apart")
    )
    is_fit = _disorder(partition, written) == 0 and _extent(written) <= duration("longest_exam")
    if is_fit and not is_early:
        return []
    unknown = [i for i in scans if i not in known]
    return list(known) if len(known) <= len(unknown) else unknown


def _disorder(partition: Sequence[Clocked], walls: dict[int, datetime]) -> int:
    """How often a scan of a higher series number began before one of a lower number."""
    if any(partition[i].number is None for i in walls):
        return 0
    ordered = [walls[i] for i in sorted(walls, key=lambda i: (_order(partition[i]), walls[i]))]
    return sum(after < before for before, after in pairwise(ordered))


def _extent(walls: dict[int, datetime]) -> timedelta:
    return max(walls.values()) - min(walls.values())


def _order(series: Clocked) -> tuple[datetime, float]:
    """What sorts scans as they were made, where the clock does not."""
    return (series.registered or EARLIEST, series.number or 0.0)


def _is_night(wall: datetime) -> bool:
    return wall.hour >= limit("night_begin") or wall.hour < limit("night_end")


def _change(starts: Sequence[Start], scans: Sequence[int], zone: tzinfo | None) -> Change | None:
    if zone is None or not scans:
        return None
    return change_near(zone, min(_moment(starts, i) for i in scans).date())


def _corrected(
    starts: Sequence[Start],
    members: Sequence[int],
    corrections: dict[int, timedelta],
    flag: str,
) -> dict[int, Start]:
    """Scans by their own correction, what was made of them by that of the scan nearest in time."""
    walls = {i: _moment(starts, i) for i in corrections}
    settled = {}
    for i in members:
        wall = _moment(starts, i)
        nearest = min(walls, key=lambda j: (abs(walls[j] - wall), walls[j], corrections[j]))
        if i in corrections or abs(walls[nearest] - wall) <= duration("longest_exam"):
            moment = wall + corrections.get(i, corrections[nearest])
            settled[i] = Start(moment, flag)
    return settled


def _patients(partition: Sequence[Clocked], starts: Sequence[Start]) -> Iterable[list[int]]:
    """Series with a start, of one patient on one device, else of one study."""
    found: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for i, (series, start) in enumerate(zip(partition, starts, strict=True)):
        if start.moment is None:
            continue
        if series.patient is not None and series.device is not None:
            found[series.patient, series.device].append(i)
        elif series.study is not None:
            found[(series.study,)].append(i)
    return found.values()


def _skewed(partition: Sequence[Clocked], starts: Sequence[Start]) -> list[int]:
    first: dict[tuple[str, str], datetime] = {}
    filed: dict[tuple[str, str], list[float]] = defaultdict(list)
    registered: dict[tuple[str, str], datetime] = {}
    for series, start in zip(partition, starts, strict=True):
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
        for i, (series, start) in enumerate(zip(partition, starts, strict=True))
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
