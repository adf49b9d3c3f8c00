"""The start as one header states it: twice, in part, in UTC, or as a dummy."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.shared.row import Row
from protocol_assets.modalities.shared.starts import (
    Reading,
    Registration,
    Start,
    read_registration,
    read_registrations,
    read_start,
)
from tests.unit.modalities.rows import series

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = date(2024, 3, 5)
STUDY = {"StudyDate": DAY, "StudyTime": time(9, 58), "AcquisitionDate": DAY}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read(row: Row, zone: ZoneInfo | None = None) -> Reading:
    row = {**STUDY, **row}
    return read_start(row, read_registration(row), zone)


@pytest.mark.parametrize(
    ("stated", "clock", "expected"),
    [
        pytest.param("2024-03-05T10:00:03", time(10, 0, 5), "2024-03-05T10:00:03", id="agree"),
        pytest.param("2024-03-05T09:00:00", time(10), "2024-03-05T10:00:00", id="an hour apart"),
        pytest.param("2024-03-05T10:02:00", time(10), "2024-03-05T10:00:00", id="minutes apart"),
        pytest.param("2004-01-01T00:10:00", time(10), "2024-03-05T10:00:00", id="lost calendar"),
        pytest.param("2004-01-01T10:00:00", time(10), "2024-03-05T10:00:00", id="another date"),
        pytest.param("0001-01-01T10:00:00", time(10), "2024-03-05T10:00:00", id="sentinel"),
        pytest.param("9999-12-31T10:00:00", time(10), "2024-03-05T10:00:00", id="end of time"),
        pytest.param("2024-03-05T10:00:00", None, "2024-03-05T10:00:00", id="alone"),
    ],
)
def test_acquisition_date_time_is_believed_where_it_agrees_or_is_alone(
    stated: str, clock: time | None, expected: str
) -> None:
    found = read({"AcquisitionDateTime": at(stated), "AcquisitionTime": clock})
    assert found.start == Start(at(expected))


def test_the_smallest_time_after_midnight_does_not_outrank_the_date_time() -> None:
    row = {"AcquisitionDateTime": at("2024-03-05T23:58:00"), "AcquisitionTime": time(0, 0, 2)}
    assert read(row).start == Start(at("2024-03-05T23:58:00"))


@pytest.mark.parametrize(
    ("of_object", "zone", "wall", "offset"),
    [
        pytest.param(None, BERLIN, "10:00", HOUR, id="the scanners' zone"),
        pytest.param("+0200", BERLIN, "11:00", 2 * HOUR, id="the object's own offset first"),
        pytest.param("-0500", None, "04:00", -5 * HOUR, id="the object's own offset alone"),
        pytest.param(None, None, "09:00", 0 * HOUR, id="nothing known: as written, in UTC"),
    ],
)
def test_a_date_time_in_utc_is_read_on_the_scanners_clock(
    of_object: str | None, zone: ZoneInfo | None, wall: str, offset: timedelta
) -> None:
    row = {
        "AcquisitionDateTime": at("2024-03-05T09:00:00"),
        "AcquisitionDateTimeOffset": "+0000",
        "TimezoneOffsetFromUTC": of_object,
    }
    assert read(row, zone) == Reading(Start(at(f"2024-03-05T{wall}:00")), offset)


def test_a_date_time_in_utc_that_agrees_with_the_time() -> None:
    row = {
        "AcquisitionDateTime": at("2024-03-05T23:30:00"),
        "AcquisitionDateTimeOffset": "+0000",
        "AcquisitionTime": time(0, 30),
        "AcquisitionDate": date(2024, 3, 6),
    }
    assert read(row, BERLIN).start == Start(at("2024-03-06T00:30:00"))
    assert read(row).start == Start(at("2024-03-06T00:30:00"))


def test_a_sentinel_date_is_absent() -> None:
    row = {"AcquisitionDate": date(1900, 1, 1), "AcquisitionTime": time(10)}
    assert read(row).start == Start(at("2024-03-05T10:00:00"))
    nothing = {"AcquisitionDate": date.max, "AcquisitionTime": time(10), "StudyDate": date.min}
    assert read(nothing).start == Start(None, "no_clock")


def test_a_study_is_dated_by_the_most_of_its_series() -> None:
    later = date(2024, 3, 6)
    rows: list[Row] = [
        series(StudyDate=DAY, StudyTime=time(9)),
        series(StudyDate=DAY, StudyTime=time(9)),
        series(StudyDate=later, StudyTime=time(8)),
        series(StudyInstanceUID="1.3", StudyDate=date(1, 1, 1), StudyTime=None),
        series(StudyInstanceUID=None),
    ]
    assert read_registrations(rows) == {"1.2": Registration(DAY, time(9)), "1.3": Registration()}


def starts(*rows: Row, zone: ZoneInfo | None = BERLIN) -> list[object]:
    return [one["start_offset_s"] for one in describe_partition(rows, zone)]


def in_utc(minutes: float, **changes: object) -> dict[str, object]:
    """A series whose only start is a date-time in UTC, an hour behind Berlin."""
    moment = at("2024-03-05T09:00:00") + timedelta(minutes=minutes)
    only = {"AcquisitionTime": None, "AcquisitionDate": None, "AcquisitionDateTime": moment}
    return series(minutes, **only, AcquisitionDateTimeOffset="+0000", **changes)


def test_series_in_utc_and_in_local_time_are_one_exam() -> None:
    rows = [in_utc(0, SeriesNumber=1), series(3, SeriesNumber=2), in_utc(6, SeriesNumber=3)]
    described = describe_partition(rows, BERLIN)
    assert [one["start_offset_s"] for one in described] == [0, 180, 360]
    assert len({one["exam_id"] for one in described}) == 1


def test_a_clock_that_cannot_be_compared_is_no_clock() -> None:
    rows = [in_utc(0, SeriesNumber=1), series(3, SeriesNumber=2), in_utc(6, SeriesNumber=3)]
    described = describe_partition(rows, None)
    assert [one["clock_flag"] for one in described] == [None, "offset_unknown", None]
    assert len({one["exam_id"] for one in described}) == 1


def test_offsets_that_differ_within_a_study_are_applied_where_that_puts_it_in_order() -> None:
    utc = {"AcquisitionTime": time(9, 3), "TimezoneOffsetFromUTC": "+0000"}
    rows = [
        series(0, TimezoneOffsetFromUTC="+0100", SeriesNumber=1),
        series(3, **utc, SeriesNumber=2),
        series(6, TimezoneOffsetFromUTC="+0100", SeriesNumber=3),
    ]
    described = describe_partition(rows, None)
    assert [one["start_offset_s"] for one in described] == [0, 180, 360]
    assert {one["clock_flag"] for one in described} == {"utc_offset"}
    # Stated offsets that would tear the study apart are wrong.
    wrong = [
        series(0, TimezoneOffsetFromUTC="+0100", SeriesNumber=1),
        series(3, TimezoneOffsetFromUTC="+0200", SeriesNumber=2),
    ]
    assert starts(*wrong, zone=None) == starts(*wrong) == [0, 180]


def test_an_offset_on_some_series_only_is_compared_with_the_zone() -> None:
    utc = {"AcquisitionTime": time(9, 3), "TimezoneOffsetFromUTC": "+0000"}
    rows = [series(0, SeriesNumber=1), series(3, **utc, SeriesNumber=2), series(6, SeriesNumber=3)]
    assert starts(*rows) == [0, 180, 360]


def test_one_start_of_different_scans_is_no_start() -> None:
    rows = [
        series(0, SeriesInstanceUID="1.2.1"),
        series(0, SeriesInstanceUID="1.2.2", RepetitionTime=3500.0),
        series(9, SeriesInstanceUID="1.2.3"),
    ]
    described = describe_partition(rows)
    assert [one["start_offset_s"] for one in described] == [None, None, 0]
    assert [one["clock_flag"] for one in described] == ["shared_start", "shared_start", None]
    assert len({one["exam_id"] for one in described}) == 1


def test_series_of_one_scan_share_their_start() -> None:
    phase = series(0, SeriesInstanceUID="1.2.9", ImageType="ORIGINAL\\PRIMARY\\P\\NORM")
    assert starts(series(0), phase, series(5)) == [0, 0, 300]


def test_a_series_dated_a_day_later_is_no_start_of_the_exam() -> None:
    late = date(2024, 3, 6)
    odd = series(10, StudyDate=late, AcquisitionDate=late)
    described = describe_partition([series(0), series(5), odd])
    assert [one["start_offset_s"] for one in described] == [0, 300, None]
    assert described[2]["clock_flag"] == "out_of_exam"
    assert len({one["exam_id"] for one in described}) == 1
