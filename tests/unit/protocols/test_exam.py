"""Starts, acquisitions and exams."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.protocols.acquisition import acquisition_id, acquisition_start
from protocol_assets.protocols.exam import ExamPlace, Scan, place_in_exams
from protocol_assets.vendors.row import Row

TEN = datetime.fromisoformat("2024-03-05T10:00:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            {"AcquisitionDateTime": TEN, "AcquisitionTime": time(9)}, TEN, id="date and time in one"
        ),
        pytest.param(
            {"AcquisitionDateTime": TEN.replace(tzinfo=UTC)}, TEN, id="the scanner's wall clock"
        ),
        pytest.param(
            {"AcquisitionDate": date(2024, 3, 5), "AcquisitionTime": time(10)}, TEN, id="joined"
        ),
        pytest.param(
            {
                "AcquisitionDate": date(2024, 3, 6),
                "AcquisitionTime": time(0, 5),
                "StudyDate": date(2024, 3, 5),
                "StudyTime": time(23, 40),
            },
            at("2024-03-06T00:05:00"),
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
            id="smallest date and smallest time of a scan across midnight",
        ),
        pytest.param(
            {"AcquisitionTime": time(0, 5), "StudyDate": date(2024, 3, 5), "StudyTime": time(23)},
            at("2024-03-06T00:05:00"),
            id="the study's date, after midnight",
        ),
        pytest.param(
            {"AcquisitionTime": time(10), "StudyDate": date(2024, 3, 5), "StudyTime": time(10, 2)},
            TEN,
            id="a study time a little late moves nothing",
        ),
        pytest.param({"AcquisitionTime": time(10)}, None, id="no date"),
        pytest.param({"AcquisitionDate": date(2024, 3, 5)}, None, id="no time"),
        pytest.param(
            {"SeriesDate": date(2024, 3, 5), "SeriesTime": time(10)}, None, id="series time"
        ),
    ],
)
def test_start(row: Row, expected: datetime | None) -> None:
    assert acquisition_start(row) == expected


SCAN = {
    "StudyInstanceUID": "1.2",
    "SeriesInstanceUID": "1.2.3",
    "RepetitionTime": 560.0,
    "EchoTime_min": 10.0,
    "EchoTime_max": 10.0,
    "EchoTime_distinct": 1,
    "AcquisitionMatrix": [0, 320, 256, 0],
    "ScanningSequence": "SE",
}


def key(start: datetime | None = TEN, nex: float | None = 2.0, **changes: object) -> str | None:
    return acquisition_id(SCAN | changes, device_id="siemens|1", start=start, nex=nex)


def test_series_of_one_scan_share_the_acquisition() -> None:
    assert key() == key(SeriesInstanceUID="1.2.4")
    assert key() == key(start=TEN + timedelta(milliseconds=300))


@pytest.mark.parametrize(
    "changes",
    [
        {"start": TEN + timedelta(seconds=1)},
        {"nex": 1.0},
        {"nex": None},
        {"RepetitionTime": 600.0},
        {"EchoTime_max": 20.0},
        {"AcquisitionMatrix": [0, 320, 320, 0]},
        {"ScanningSequence": "GR"},
        {"StudyInstanceUID": "1.9"},
    ],
)
def test_what_differs_is_another_acquisition(changes: dict[str, object]) -> None:
    assert key(**changes) != key()  # type: ignore[arg-type]


def test_acquisition_uid_wins() -> None:
    assert key(AcquisitionUID="9.9") == "9.9"


def test_without_a_start_every_series_is_its_own_acquisition() -> None:
    assert key(start=None) != key(start=None, SeriesInstanceUID="1.2.4")
    assert acquisition_id({}, device_id=None, start=None, nex=None) is None


def scan(
    minutes: float | None = 0.0,
    study: str | None = "A",
    length: float | None = 180.0,
    *,
    patient: str | None = "p",
    device: str | None = "d",
    original: bool = True,
) -> Scan:
    start = None if minutes is None else TEN + timedelta(minutes=minutes)
    return Scan(patient, device, study, start, length, original)


def ids(*scans: Scan) -> list[str | None]:
    return [place.exam_id for place in place_in_exams(scans)]


def test_offsets_and_next_starts() -> None:
    places = place_in_exams([scan(5), scan(0), scan(12.5), scan(5)])
    assert [p.start_offset_s for p in places] == [300.0, 0.0, 750.0, 300.0]
    assert [p.next_start_s for p in places] == [450.0, 300.0, None, 450.0]
    assert len({p.exam_id for p in places}) == 1


def test_split_studies_are_one_exam() -> None:
    assert len(set(ids(scan(0, "A"), scan(20, "B"), scan(40, "A")))) == 1


@pytest.mark.parametrize(("pause", "exams"), [(44.0, 1), (45.0, 1), (45.1, 2)])
def test_the_gap_counts_from_the_end(pause: float, exams: int) -> None:
    assert len(set(ids(scan(0, length=600.0), scan(10 + pause)))) == exams


def test_a_long_scan_bridges_what_starts_and_ends_inside_it() -> None:
    assert len(set(ids(scan(0, length=3600.0), scan(1, length=60.0), scan(90)))) == 1


def test_midnight_does_not_split() -> None:
    late = at("2024-03-05T23:55:00") - TEN
    minutes = late.total_seconds() / 60
    places = place_in_exams([scan(minutes), scan(minutes + 10)])
    assert places[0].exam_id == places[1].exam_id
    assert places[1].start_offset_s == 600.0


def test_other_patients_and_devices_are_other_exams() -> None:
    assert len(set(ids(scan(0), scan(5, "B", patient="q"), scan(6, "C", device="e")))) == 3


def test_unknown_patients_or_devices_are_never_pooled() -> None:
    assert len(set(ids(scan(0, "A", patient=None), scan(5, "B", patient=None)))) == 2
    assert len(set(ids(scan(0, "A", device=None), scan(5, "B", device=None)))) == 2
    assert len(set(ids(scan(0, "A", device=None), scan(5, "A", device=None)))) == 1


def test_a_scan_without_serial_number_follows_its_study() -> None:
    assert len(set(ids(scan(0), scan(5, device=None)))) == 1


def test_derived_series_go_to_the_exam_that_had_begun() -> None:
    places = place_in_exams(
        [scan(0), scan(200), scan(201, original=False), scan(3, original=False), scan(None)]
    )
    first, second, later_map, early_map, report = (p.exam_id for p in places)
    assert first != second
    assert (later_map, early_map, report) == (second, first, first)
    assert places[2].start_offset_s == 60.0
    assert places[2].next_start_s is None
    assert places[4].start_offset_s is None


def test_a_derived_start_before_the_exam_has_no_offset() -> None:
    places = place_in_exams([scan(10), scan(0, original=False)])
    assert places[0].exam_id == places[1].exam_id
    assert places[1].start_offset_s is None


def test_a_study_without_scans_is_one_exam() -> None:
    assert ids(scan(None, "A"), scan(None, "A"), scan(None, None)) == ["A", "A", None]
    assert place_in_exams([]) == []


@given(st.permutations([scan(0), scan(3), scan(9, "B"), scan(70), scan(75, original=False)]))
def test_the_order_of_rows_changes_nothing(scans: list[Scan]) -> None:
    expected: dict[Scan, ExamPlace] = dict(
        zip(
            ordered := sorted(scans, key=lambda s: s.start or TEN),
            place_in_exams(ordered),
            strict=True,
        )
    )
    assert place_in_exams(scans) == [expected[s] for s in scans]
