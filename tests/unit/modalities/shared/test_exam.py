"""Exams: sessions, offsets, next starts, idle time."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.modalities.shared.exams import ExamPlace, Scan, place_in_exams

TEN = datetime.fromisoformat("2024-03-05T10:00:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def scan(
    minutes: float | None = 0.0,
    study: str | None = "A",
    length: float | None = 180.0,
    *,
    patient: str | None = "p",
    device: str | None = "d",
    original: bool = True,
    flagged: bool = False,
) -> Scan:
    start = None if minutes is None else TEN + timedelta(minutes=minutes)
    return Scan(
        patient_id=patient,
        device_id=device,
        study=study,
        series=f"{study}.{minutes}.{original}",
        acquisition=f"{patient}.{minutes}",
        start=start,
        scan_time_s=length,
        is_original=original,
        is_flagged=flagged,
    )


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


def idle(*scans: Scan) -> list[float | None]:
    return [place.idle_before_s for place in place_in_exams(scans)]


def test_the_series_of_one_scan_are_no_next_start() -> None:
    magnitude = scan(0)
    phase = replace(scan(0.01), acquisition=magnitude.acquisition)
    places = place_in_exams([magnitude, phase, scan(4)])
    assert [place.next_start_s for place in places] == [240.0, 240.0, None]


def test_idle_time_runs_from_the_last_end_to_the_next_first_start() -> None:
    # 10:04 start, 180 s long; the next patient begins at 10:19.
    before = [scan(0, patient="p"), scan(4, patient="p")]
    after = [scan(19, "B", patient="q"), scan(25, "B", patient="q")]
    assert idle(*before, *after) == [None, None, 720.0, None]


@pytest.mark.parametrize(
    "scans",
    [
        pytest.param([scan(0), scan(19, "B", patient="q", device="e")], id="another scanner"),
        pytest.param([scan(0, device=None), scan(19, "B", patient="q", device=None)], id="unknown"),
        pytest.param([scan(0, length=None), scan(19, "B", patient="q")], id="end unknown"),
        pytest.param([scan(0, length=1800.0), scan(19, "B", patient="q")], id="overlap"),
        pytest.param([scan(0, flagged=True), scan(19, "B", patient="q")], id="clock before"),
        pytest.param([scan(0), scan(19, "B", patient="q", flagged=True)], id="clock after"),
        pytest.param([scan(0), scan(124, "B", patient="q")], id="longer than waiting"),
        pytest.param(
            [scan(0), scan(None, "C", patient="r"), scan(19, "B", patient="q")],
            id="somebody scanned nobody knows when",
        ),
    ],
)
def test_idle_time_is_unknown(scans: list[Scan]) -> None:
    assert set(idle(*scans)) == {None}


def test_a_second_session_of_a_patient_waits_too() -> None:
    assert idle(scan(0), scan(63)) == [None, 3600.0]
