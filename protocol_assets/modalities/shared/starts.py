"""The start of a scan as one header states it, before it is compared with the others of its exam.

A header may state the start twice, in part, with or without an offset from UTC, or as a dummy.
What is read here is the wall clock of the scanner, with its offset from UTC where one is stated.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache

from protocol_assets.dicom.dates import is_sentinel
from protocol_assets.modalities.shared.limits import duration, repetition
from protocol_assets.modalities.shared.midnight import is_midnight
from protocol_assets.modalities.shared.row import Row, text

__all__ = [
    "Reading",
    "Registration",
    "Shared",
    "Start",
    "read_filed",
    "read_registration",
    "read_registrations",
    "read_start",
    "shared_starts",
]

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
class Reading:
    """A start, and the offset from UTC of the clock that it was read on.

    Attributes:
        start: When the series began.
        utc_offset: As stated, or as the time zone of the scanners has it; None where unknown.
    """

    start: Start
    utc_offset: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """When a study was registered.

    Attributes:
        day: Study Date (0008,0020), None where it is absent or a sentinel.
        clock: Study Time (0008,0030), None where it is absent.
    """

    day: date | None = None
    clock: time | None = None

    @property
    def moment(self) -> datetime | None:
        """Date and time in one, None where one is absent."""
        return None if self.day is None or self.clock is None else _joined(self.day, self.clock)


@dataclass(frozen=True, slots=True)
class Shared:
    """One series as its start is compared with those of other acquisitions.

    Attributes:
        study: Study Instance UID.
        acquisition: Its acquisition.
        moment: Its start.
        is_scan: Whether it is a scan that counts, or a localizer.
        tr_ms: Repetition time.
    """

    study: str | None
    acquisition: str | None
    moment: datetime | None
    is_scan: bool
    tr_ms: float | None = None


def shared_starts(partition: Sequence[Shared]) -> set[int]:
    """The series whose start another acquisition leaves no room for, and so no start.

    No scanner begins two scans of one study at once, or the second within a second or a repetition
    time of the first: what says so is a dummy, counted up or not, or the start of the study written
    into each of its series.
    """
    told: dict[str, dict[datetime, list[Shared]]] = defaultdict(lambda: defaultdict(list))
    for one in partition:
        if one.is_scan and one.study is not None and one.moment is not None:
            told[one.study][one.moment].append(one)
    dropped = {(study, moment) for study in told for moment in _crowded(told[study])}
    return {i for i, one in enumerate(partition) if (one.study, one.moment) in dropped}


def _crowded(told: Mapping[datetime, Sequence[Shared]]) -> set[datetime]:
    """The starts of one study that several acquisitions share or nearly share."""
    acquisitions = {moment: {one.acquisition for one in told[moment]} for moment in told}
    crowded = {moment for moment, found in acquisitions.items() if len(found) > 1}
    moments = sorted(told)
    for i, moment in enumerate(moments):
        within = repetition(max(one.tr_ms or 0.0 for one in told[moment]))
        for following in moments[i + 1 :]:
            apart = following - moment
            if apart > duration("same_start") and apart >= within:
                break
            if acquisitions[following] != acquisitions[moment]:
                crowded |= {moment, following}
    return crowded


def read_registration(row: Row) -> Registration:
    """Study date and time of one series."""
    clock = row.get("StudyTime")
    return Registration(_day(row.get("StudyDate")), clock if isinstance(clock, time) else None)


def read_registrations(rows: Iterable[Row]) -> dict[str, Registration]:
    """Date and time of each study: the most frequent of its series, the earliest of equals.

    A series that was reconstructed later may bear another date than its study.
    """
    found: dict[str, list[Registration]] = defaultdict(list)
    for row in rows:
        study = text(row, "StudyInstanceUID")
        if study is not None:
            found[study].append(read_registration(row))
    return {study: _most_frequent(of_series) for study, of_series in found.items()}


def read_filed(row: Row) -> datetime | None:
    """When the scanner filed the series: Series Date and Time, None where one is absent."""
    day, clock = _day(row.get("SeriesDate")), row.get("SeriesTime")
    return _joined(day, clock) if day is not None and isinstance(clock, time) else None


def read_start(row: Row, study: Registration, zone: tzinfo | None = None) -> Reading:
    """Start of the scan as one series states it.

    Acquisition DateTime (0008,002A; the smallest of the frames' in enhanced objects) where it
    agrees with Acquisition Time (0008,0032) or the latter is absent or midnight to the second, the
    usual dummy; else Acquisition Time joined
    with Acquisition Date (0008,0022), or with the study's date where that is absent. Series Time is
    no start: Siemens writes it up to hours late.

    An Acquisition DateTime with an offset from UTC is read on the clock of its object (Timezone
    Offset From UTC, 0008,0201), else of the scanners' time zone, else as it is written.

    Args:
        row: A row of ``series``.
        study: When its study was registered.
        zone: Time zone of the scanners, None where unknown.
    """
    stated = _stated(row, zone)
    timed = _timed(row, study)
    if timed.moment is None:
        return stated or Reading(timed, _row_offset(row))
    if stated is not None and is_midnight(timed.moment.time()):
        return stated
    if stated is not None and _is_believed(stated, timed.moment, row, study):
        return stated
    return Reading(timed, _row_offset(row))


def _stated(row: Row, zone: tzinfo | None) -> Reading | None:
    """Acquisition DateTime on the clock of its object; None where it is absent."""
    wall = row.get("AcquisitionDateTime")
    if not isinstance(wall, datetime) or is_sentinel(wall):
        return None
    wall = wall.replace(tzinfo=None)
    of_object, suffix = _row_offset(row), _parsed(text(row, "AcquisitionDateTimeOffset"))
    if suffix is None:
        return Reading(Start(wall), of_object)
    if of_object is not None:
        return Reading(Start(wall - suffix + of_object), of_object)
    if zone is None:
        return Reading(Start(wall), suffix)
    local = wall.replace(tzinfo=timezone(suffix)).astimezone(zone)
    return Reading(Start(local.replace(tzinfo=None, fold=0)), local.utcoffset())


def _timed(row: Row, study: Registration) -> Start:
    """Acquisition Time with its date.

    Date and time are each the smallest of the series, so that a scan across midnight reads as the
    morning of its first day; a start half a day before the study began is moved to the next day.
    Midnight to the second in study and scan is the placeholder of a de-identified header.
    """
    clock = row.get("AcquisitionTime")
    day = _day(row.get("AcquisitionDate")) or study.day
    if not isinstance(clock, time) or day is None:
        return Start(None, "no_clock")
    if is_midnight(clock) and is_midnight(study.clock):
        return Start(None, "no_clock")
    start = _joined(day, clock)
    began = study.moment or read_filed(row)
    if began is not None and day == study.day and began - start > duration("before_study"):
        return Start(start + _DAY, "midnight")
    return Start(start)


def _is_believed(stated: Reading, timed: datetime, row: Row, study: Registration) -> bool:
    """Whether Acquisition DateTime agrees with Acquisition Time.

    They agree by the clock; the date of the former then holds, unless Acquisition Date is nearer to
    the study's. After midnight the smallest time of a series is that of its first image of the new
    day, and the date-time is the earlier one.
    """
    moment = stated.start.moment
    if moment is None:
        return False
    ahead = (moment - timed) % _DAY
    apart = min(ahead, _DAY - ahead)
    is_over_midnight = moment.time() > timed.time() and _DAY - ahead <= duration("longest_gap")
    if apart > duration("start_lag") and not is_over_midnight:
        return False
    own = _day(row.get("AcquisitionDate"))
    if own is None or study.day is None:
        return True
    return abs(moment.date() - study.day) <= max(abs(own - study.day), _DAY)


def _most_frequent(found: list[Registration]) -> Registration:
    days = Counter(one.day for one in found if one.day is not None)
    day = min(days, key=lambda one: (-days[one], one), default=None)
    of_day = [one for one in found if one.clock is not None and one.day == day]
    clocks = Counter(one.clock for one in of_day or found if one.clock is not None)
    return Registration(day, min(clocks, key=lambda one: (-clocks[one], one), default=None))


def _row_offset(row: Row) -> timedelta | None:
    """Timezone Offset From UTC (0008,0201), ``+0200``."""
    return _parsed(text(row, "TimezoneOffsetFromUTC"))


@lru_cache(maxsize=256)
def _parsed(stated: str | None) -> timedelta | None:
    match = None if stated is None else _OFFSET.fullmatch(stated)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -size if match[1] == "-" else size


def _joined(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock.replace(tzinfo=None))


def _day(value: object) -> date | None:
    """The date of a column, None where it is absent or a sentinel."""
    if isinstance(value, datetime):
        value = value.date()
    return value if isinstance(value, date) and not is_sentinel(value) else None
