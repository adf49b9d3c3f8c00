"""Starts and identity of acquisitions: the series of one scan share one identifier."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from protocol_assets.vendors.row import Row, number, numbers, text

__all__ = ["acquisition_id", "acquisition_start", "joined"]

# A start that lies further than this before the study began is after midnight of that day.
_BEFORE_STUDY = timedelta(hours=12)
_SECOND = timedelta(seconds=1)


def acquisition_start(row: Row) -> datetime | None:
    """Start of the scan on the scanner's wall clock, None where the header does not tell.

    Acquisition DateTime (0008,002A), else Acquisition Time (0008,0032) joined with Acquisition Date
    (0008,0022), or with the study's date where that is absent. Series Time is no start: Siemens
    writes it up to hours late. Date and time are each the smallest of the series, so that a scan
    across midnight reads as the morning of its first day; a start half a day before the study began
    is moved to the next day.
    """
    stated = row.get("AcquisitionDateTime")
    if isinstance(stated, datetime):
        return stated.replace(tzinfo=None)
    clock = row.get("AcquisitionTime")
    if not isinstance(clock, time):
        return None
    study_day = _day(row.get("StudyDate"))
    day = _day(row.get("AcquisitionDate")) or study_day
    if day is None:
        return None
    start = datetime.combine(day, clock.replace(tzinfo=None))
    study_clock = row.get("StudyTime")
    if study_day is not None and isinstance(study_clock, time) and day < date.max:
        began = datetime.combine(study_day, study_clock.replace(tzinfo=None))
        if began - start > _BEFORE_STUDY and day == study_day:
            return start + timedelta(days=1)
    return start


def acquisition_id(
    row: Row, *, device_id: str | None, start: datetime | None, nex: float | None
) -> str | None:
    """Identifier of the acquisition: Acquisition UID (0008,0017), else what tells scans apart.

    Study, device, start to the second, repetition time, echo times, matrix, averages and sequence.
    Acquisition Number is no part: more than a quarter of real series hold several. A series without
    a start is an acquisition of its own.
    """
    uid = text(row, "AcquisitionUID")
    if uid is not None:
        return uid
    study, series = text(row, "StudyInstanceUID"), text(row, "SeriesInstanceUID")
    if start is None:
        return None if series is None else joined(study, series)
    return joined(
        study,
        device_id,
        _to_second(start).isoformat(),
        number(row, "RepetitionTime"),
        number(row, "EchoTime_min"),
        number(row, "EchoTime_max"),
        number(row, "EchoTime_distinct"),
        "x".join(f"{value:g}" for value in numbers(row, "AcquisitionMatrix")),
        nex,
        text(row, "ScanningSequence") or text(row, "EchoPulseSequence"),
        text(row, "SequenceName") or text(row, "PulseSequenceName"),
    )


def joined(*parts: object) -> str:
    """Parts of an identifier in one string; absent parts stay empty, so that places keep."""
    return "|".join("" if part is None else str(part) for part in parts)


def _to_second(start: datetime) -> datetime:
    whole = start.replace(microsecond=0)
    return whole + _SECOND if start.microsecond >= 500_000 and start.year < 9999 else whole


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
