"""Starts on the scanner's clock, and what is settled of them: midnight, daylight saving, skew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.modalities.shared.clocks import Clocked, clocked, settle
from protocol_assets.modalities.shared.row import Row
from protocol_assets.modalities.shared.starts import (
    Registration,
    Start,
    read_registration,
    read_start,
)

TEN = datetime.fromisoformat("2024-03-05T10:00:00")
BERLIN = ZoneInfo("Europe/Berlin")
# The clock goes from 02:00 to 03:00 on 31 March 2024, and back from 03:00 on 27 October.
SPRING = datetime.fromisoformat("2024-03-31T00:00:00")
AUTUMN = datetime.fromisoformat("2024-10-27T00:00:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("row", "expected", "flag"),
    [
        pytest.param(
            {"AcquisitionDateTime": TEN, "AcquisitionTime": time(9)}, TEN, None, id="both in one"
        ),
        pytest.param({"AcquisitionDateTime": TEN.replace(tzinfo=UTC)}, TEN, None, id="as written"),
        pytest.param(
            {"AcquisitionDate": date(2024, 3, 5), "AcquisitionTime": time(10)},
            TEN,
            None,
            id="joined",
        ),
        pytest.param(
            {
                "AcquisitionDate": date(2024, 3, 6),
                "AcquisitionTime": time(0, 5),
                "StudyDate": date(2024, 3, 5),
                "StudyTime": time(23, 40),
            },
            at("2024-03-06T00:05:00"),
            None,
            id="after midnight by its own date",
        ),
        pytest.param(
            {
                "AcquisitionDate": date(2024, 3, 5),
                "AcquisitionTime": time(0, 0, 2),
                "StudyDate": date(2024, 3, 5),
                "StudyTime": time(23, 40),
            },
            at("2024-03-06T00:00:02"),
            "midnight",
            id="smallest date and smallest time of a scan across midnight",
        ),
        pytest.param(
            {"AcquisitionTime": time(0, 5), "StudyDate": date(2024, 3, 5), "StudyTime": time(23)},
            at("2024-03-06T00:05:00"),
            "midnight",
            id="the study's date, after midnight",
        ),
        pytest.param(
            {
                "AcquisitionTime": time(0, 5),
                "StudyDate": date(2024, 3, 5),
                "SeriesDate": date(2024, 3, 6),
                "SeriesTime": time(0, 6),
            },
            at("2024-03-06T00:05:00"),
            "midnight",
            id="no study time: filed after midnight",
        ),
        pytest.param(
            {"AcquisitionTime": time(10), "StudyDate": date(2024, 3, 5), "StudyTime": time(10, 2)},
            TEN,
            None,
            id="a study time a little late moves nothing",
        ),
        pytest.param({"AcquisitionTime": time(10)}, None, "no_clock", id="no date"),
        pytest.param({"AcquisitionDate": date(2024, 3, 5)}, None, "no_clock", id="no time"),
        pytest.param(
            {"SeriesDate": date(2024, 3, 5), "SeriesTime": time(10)},
            None,
            "no_clock",
            id="series time is no start",
        ),
    ],
)
def test_read_start(row: Row, expected: datetime | None, flag: str | None) -> None:
    assert read_start(row, read_registration(row)).start == Start(expected, flag)


def series(
    start: datetime | None,
    number: float = 1.0,
    *,
    study: str = "A",
    device: str | None = "d",
    patient: str | None = "p",
    registered: datetime | None = None,
    created: datetime | None = None,
    offset: timedelta | None = None,
    scan_time_s: float | None = 120.0,
    is_scan: bool = True,
) -> Clocked:
    return Clocked(
        patient=patient,
        device=device,
        study=study,
        number=number,
        start=Start(start),
        study_day=None if start is None else start.date(),
        registered=registered,
        created=created,
        utc_offset=offset,
        scan_time_s=scan_time_s,
        is_scan=is_scan,
    )


def night(day: datetime, *walls: str, **changes: object) -> list[Clocked]:
    """Scans in the order of their series numbers, by the wall clock."""
    return [
        replace(series(at(f"{day.date()}T{wall}"), number), **changes)  # type: ignore[arg-type]
        for number, wall in enumerate(walls, 1)
    ]


def minutes(partition: Sequence[Clocked], zone: ZoneInfo | None = BERLIN) -> list[float]:
    """Minutes from the first series of the list to each."""
    starts = [start.moment for start in settle(partition, zone)]
    assert None not in starts
    return [(start - starts[0]).total_seconds() / 60 for start in starts if start and starts[0]]


def flags(partition: Sequence[Clocked], zone: ZoneInfo | None = BERLIN) -> set[str | None]:
    return {start.flag for start in settle(partition, zone)}


def test_a_day_of_23_hours() -> None:
    partition = night(SPRING, "01:40", "01:55", "03:05", "03:20")
    assert minutes(partition) == [0, 15, 25, 40]
    assert flags(partition) == {"daylight_saving"}


def test_a_day_of_25_hours() -> None:
    # 02:50 in summer, ten minutes later 02:00 in winter time.
    partition = night(AUTUMN, "02:40", "02:50", "02:00", "02:10", "03:00")
    assert minutes(partition) == [0, 10, 20, 30, 80]
    assert flags(partition) == {"daylight_saving"}


def test_a_long_exam_through_the_hour_that_comes_twice() -> None:
    walls = ("01:50", "02:20", "02:50", "02:20", "02:50", "03:20")
    assert minutes(night(AUTUMN, *walls)) == [0, 30, 60, 90, 120, 150]


@pytest.mark.parametrize(
    "walls",
    [
        pytest.param(("01:40", "02:10", "03:05"), id="scanned in an hour that was not"),
        pytest.param(("01:40", "01:59", "03:00:30"), id="still scanning"),
    ],
)
def test_a_scanner_that_does_not_change_its_clock(walls: tuple[str, ...]) -> None:
    partition = night(SPRING, *walls, scan_time_s=300.0)
    settled = settle(partition, BERLIN)
    assert [start.moment for start in settled] == [one.start.moment for one in partition]
    assert {start.flag for start in settled} == {"daylight_saving"}


def test_in_autumn_a_clock_that_runs_on_shows_no_change() -> None:
    partition = night(AUTUMN, "02:45", "02:55", "03:05")
    assert minutes(partition) == [0, 10, 20]
    assert flags(partition) == {"daylight_saving"}


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_by_day_nothing_is_changed(day: datetime) -> None:
    partition = night(day, "09:40", "09:55", "10:20")
    assert minutes(partition) == [0, 15, 40]
    assert flags(partition) == {None}
    assert flags(night(day, "00:10", "00:20")) == {None}


def test_the_offset_in_the_header_outranks_the_zone() -> None:
    summer, winter = timedelta(hours=2), timedelta(hours=1)
    partition = night(AUTUMN, "02:50", "02:00")
    partition = [replace(partition[0], utc_offset=summer), replace(partition[1], utc_offset=winter)]
    assert minutes(partition, None) == [0, 10]
    steady = night(SPRING, "01:50", "03:05", utc_offset=winter)
    assert minutes(steady) == [0, 75]
    assert flags(steady) == {None}


def test_without_a_zone_and_offsets_the_wall_clock_stands() -> None:
    assert minutes(night(SPRING, "01:50", "03:05"), None) == [0, 75]


def test_what_was_made_of_a_scan_moves_with_it() -> None:
    partition = night(AUTUMN, "02:50", "02:00", "02:10")
    made = replace(partition[1], number=20.0, is_scan=False)
    early = replace(partition[0], number=21.0, is_scan=False)
    starts = settle([*partition, made, early], BERLIN)
    assert starts[3] == starts[1]
    assert starts[4] == starts[0]


@given(first=st.integers(0, 150), steps=st.lists(st.integers(6, 40), min_size=1, max_size=12))
def test_true_elapsed_time_comes_back_in_spring(first: int, steps: list[int]) -> None:
    """Scans from midnight on, by the wall clock of a scanner that follows the change."""
    moments = [(SPRING.replace(tzinfo=BERLIN).astimezone(UTC)) + timedelta(minutes=first)]
    for step in steps:
        moments.append(moments[-1] + timedelta(minutes=step))
    moments = [one for one in moments if one < moments[0] + timedelta(hours=2, minutes=50)]
    walls = [one.astimezone(BERLIN).replace(tzinfo=None) for one in moments]
    partition = [series(wall, number) for number, wall in enumerate(walls, 1)]
    true = [(one - moments[0]).total_seconds() / 60 for one in moments]
    assert minutes(partition) == true


def fleet_day(lead: float, *, studies: int = 5, jitter: float = 8.0) -> list[Clocked]:
    """Studies of one scanner, the first scan ``lead`` minutes after registration, or a bit more."""
    partition = []
    for study in range(studies):
        registered = TEN + timedelta(minutes=40 * study)
        first = registered + timedelta(minutes=lead + jitter * study / studies)
        for number in range(3):
            start = first + timedelta(minutes=5 * number)
            partition.append(
                series(start, number, study=str(study), patient=str(study), registered=registered)
            )
    return partition


@pytest.mark.parametrize(
    ("lead", "expected"), [(5, None), (0, None), (65, "skewed"), (-55, "skewed"), (-10, None)]
)
def test_a_clock_an_hour_off_shows_in_all_studies_of_the_day(
    lead: float, expected: str | None
) -> None:
    assert flags(fleet_day(lead)) == {expected}


def test_a_skewed_clock_changes_no_duration() -> None:
    partition = fleet_day(65)
    assert [start.moment for start in settle(partition, None)] == [
        one.start.moment for one in partition
    ]


def test_two_studies_or_waiting_patients_are_no_skew() -> None:
    assert flags(fleet_day(65, studies=2)) == {None}
    assert flags(fleet_day(45, jitter=120.0)) == {None}


def test_only_the_scanner_at_fault_is_flagged() -> None:
    other = [replace(one, device="e", patient=f"e{one.patient}") for one in fleet_day(4)]
    settled = settle([*fleet_day(65), *other], None)
    assert {start.flag for start in settled[:15]} == {"skewed"}
    assert {start.flag for start in settled[15:]} == {None}


def test_two_clocks_of_one_scanner() -> None:
    partition = [
        replace(one, created=(one.start.moment or TEN) - timedelta(hours=1)) for one in fleet_day(5)
    ]
    assert flags(partition) == {"skewed"}


def test_series_filed_late_are_no_skew() -> None:
    partition = [
        replace(one, created=(one.start.moment or TEN) + timedelta(hours=1)) for one in fleet_day(5)
    ]
    assert flags(partition) == {None}


def test_a_start_on_another_day_than_its_study_is_dropped() -> None:
    stray = replace(series(at("2004-01-01T00:10:00"), 3), study_day=TEN.date())
    settled = settle([series(TEN), series(TEN + timedelta(minutes=5), 2), stray], None)
    assert settled[2] == Start(None, "out_of_exam")
    assert settled[0] == Start(TEN)


def test_a_scanner_that_lost_its_calendar_keeps_its_durations() -> None:
    partition = [
        replace(series(at(f"2004-01-01T00:{minute}:00"), minute), study_day=TEN.date())
        for minute in (10, 15)
    ]
    assert minutes(partition) == [0, 5]


def test_a_row_becomes_clocked() -> None:
    row = {
        "StudyInstanceUID": "1.2",
        "StudyDate": date(2024, 3, 5),
        "StudyTime": time(9, 58),
        "AcquisitionTime": time(10),
        "TimezoneOffsetFromUTC": "-0330",
    }
    one = clocked(
        row,
        read_registration(row),
        patient="p",
        device=None,
        number=3.0,
        scan_time_s=None,
        is_scan=True,
    )
    assert one.start == Start(TEN)
    assert one.registered == at("2024-03-05T09:58:00")
    assert one.utc_offset == -timedelta(hours=3, minutes=30)
    assert (
        clocked(
            {"TimezoneOffsetFromUTC": "CET"},
            Registration(),
            patient=None,
            device=None,
            number=None,
            scan_time_s=None,
            is_scan=True,
        ).utc_offset
        is None
    )


DAYS = st.sampled_from([SPRING, AUTUMN, TEN.replace(hour=0)])
PARTITIONS = DAYS.flatmap(
    lambda day: st.lists(
        st.builds(
            series,
            st.none() | st.integers(0, 1500).map(lambda m: day + timedelta(minutes=m)),
            st.integers(1, 9),
            study=st.sampled_from("AB"),
            device=st.sampled_from(["d", "e", None]),
            patient=st.sampled_from(["p", None]),
            offset=st.sampled_from([None, timedelta(hours=1), timedelta(hours=2)]),
            scan_time_s=st.sampled_from([None, 60.0, 4000.0, 1e300]),
            is_scan=st.booleans(),
        ),
        max_size=8,
    )
)


@given(PARTITIONS, st.permutations(range(8)))
def test_the_order_of_rows_changes_nothing(partition: list[Clocked], order: list[int]) -> None:
    settled = settle(partition, BERLIN)
    order = [place for place in order if place < len(partition)]
    assert settle([partition[i] for i in order], BERLIN) == [settled[i] for i in order]


@given(st.datetimes(), st.sampled_from([BERLIN, UTC, timezone(timedelta(hours=5))]))
def test_any_moment_settles(moment: datetime, zone: object) -> None:
    (start,) = settle([series(moment)], zone)  # type: ignore[arg-type]
    assert start.moment == moment
