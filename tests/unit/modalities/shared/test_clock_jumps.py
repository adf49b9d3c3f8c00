"""A clock that is set back within an exam, and the orders of series that are no such clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.shared.clock_jumps import Jumps, Numbered, clock_jumps
from tests.unit.modalities.rows import series

TEN = datetime.fromisoformat("2024-03-05T10:00:00")
NOTHING = Jumps(frozenset(), frozenset())
# Minutes from ten o'clock to the start of each scan, and its length.
EXAM = ((0.0, 0.3), (1.0, 4.0), (6.0, 4.0), (11.0, 4.0), (16.0, 4.0), (21.0, 4.0))


def scan(
    number: float | None,
    minutes: float | None,
    length: float = 4.0,
    *,
    acquisition: str | None = None,
    is_localizer: bool = False,
    study: str = "A",
) -> Numbered:
    start = None if minutes is None else TEN + timedelta(minutes=minutes)
    return Numbered(
        study=study,
        acquisition=acquisition or f"{study}.{number}",
        number=number,
        start=start,
        end=None if start is None else start + timedelta(minutes=length),
        is_localizer=is_localizer,
        is_scan=True,
    )


def exam(jump: float = 0.0, first_after: int = 4) -> list[Numbered]:
    """A localizer and five scans; the clock is set back before one of them."""
    return [
        scan(n, minutes - jump * (n >= first_after), length, is_localizer=n == 1)
        for n, (minutes, length) in enumerate(EXAM, 1)
    ]


@pytest.mark.parametrize(
    ("jump", "first_after"),
    [
        pytest.param(60, 4, id="an hour: the later scans precede the localizer"),
        pytest.param(60, 3, id="right after the first scan"),
        pytest.param(60, 5, id="before the last two scans"),
        pytest.param(12, 4, id="some minutes: they overlap the earlier scans"),
        pytest.param(1440, 4, id="a day"),
    ],
)
def test_a_clock_that_is_set_back_is_found(jump: float, first_after: int) -> None:
    found = clock_jumps(exam(jump, first_after))
    assert found.before == set(range(first_after - 1))
    assert found.after == set(range(first_after - 1, 6))


def test_derived_images_follow_the_scan_they_were_made_of() -> None:
    made = replace(scan(90, 99, acquisition="A.5"), is_scan=False)
    report = replace(scan(None, None, acquisition="report"), is_scan=False)
    found = clock_jumps([*exam(60), made, report, scan(1, 0, study="B")])
    assert found.after == {3, 4, 5, 6}
    assert found.before == {0, 1, 2, 7}


ORDINARY = {
    "an exam in order": exam(),
    "a clock that was set forward looks like a pause": exam(-30),
    "a step back of less than five minutes": exam(5.5),
    "a delayed reconstruction": [*exam(), scan(9, 6, acquisition="A.3")],
    "two copies under new numbers": [*exam(), scan(901, 1), scan(902, 6)],
    "two reconstructions whose first image came seconds later": [
        *exam(),
        scan(901, 1.05),
        scan(902, 6.05),
    ],
    "one series out of order": [*exam(), scan(9, 3)],
    "one rescan with an early number": [*exam(), scan(1.5, 26)],
    "a block scanned before a block of lower numbers": [
        scan(1, 0, 0.3, is_localizer=True),
        scan(2, 1),
        scan(3, 16),
        scan(4, 21),
        scan(5, 6),
        scan(6, 11),
    ],
    "numbers that run backwards": [replace(one, number=7 - (one.number or 0)) for one in exam()],
    "a second localizer in front of a second part": [
        scan(1, 30, 0.3, is_localizer=True),
        scan(2, 31),
        scan(3, 0, 0.3, is_localizer=True),
        scan(4, 1),
        scan(5, 6),
    ],
    "no localizer to tell which part was first": [
        replace(one, is_localizer=False) for one in exam(60)
    ],
    "no stated scan times to overlap": [replace(one, end=one.start) for one in exam(12)],
    "no numbers": [replace(one, number=None) for one in exam(60)],
    "no starts": [replace(one, start=None, end=None) for one in exam(60)],
    "only one scan after it": exam(60, 6),
    "nothing": [],
}


@pytest.mark.parametrize("partition", ORDINARY.values(), ids=list(ORDINARY))
def test_what_is_no_jump(partition: list[Numbered]) -> None:
    assert clock_jumps(partition) == NOTHING


@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    partition = exam(12)
    found = clock_jumps([partition[place] for place in order])
    assert {order[place] for place in found.after} == {3, 4, 5}


def rows(jump: float) -> list[dict[str, object]]:
    """The exam as headers write it; the scans after the jump are earlier by some minutes."""
    return [
        series(
            minutes - jump * (n >= 4),
            SeriesInstanceUID=f"1.2.{n}",
            SeriesNumber=n,
            StudyTime=time(8, 0),
            ProtocolName="LOCALIZADOR" if n == 1 else f"SAG T{n}",
            SiemensAcquisitionTimeText="TA 00:18" if n == 1 else "TA 04:00",
            RepetitionTime=1800.0 + n,
            NumberOfAverages=1.0,
        )
        for n, (minutes, _) in enumerate(EXAM, 1)
    ]


def test_an_exam_with_a_jump_is_flagged_and_stays_whole() -> None:
    described = describe_partition(rows(12))
    assert {one["clock_flag"] for one in described} == {"clock_jump"}
    assert [one["start_offset_s"] for one in described] == [0, 60, 360, None, None, None]
    assert len({one["exam_id"] for one in described}) == 1
    assert len({one["acquisition_id"] for one in described}) == 6
    # A start on another clock cuts no scan short.
    assert [one["scan_time_s"] for one in described[1:]] == [240.0] * 5


def test_an_exam_without_a_jump_is_not() -> None:
    described = describe_partition(rows(0))
    assert {one["clock_flag"] for one in described} == {None}
    assert [one["start_offset_s"] for one in described] == [0, 60, 360, 660, 960, 1260]


def test_a_scanner_whose_clock_jumped_has_no_idle_times_on_that_day() -> None:
    def patient(name: str, minutes: float) -> list[dict[str, object]]:
        return [
            series(
                minutes + i * 5,
                PatientID=name,
                StudyInstanceUID=name,
                SeriesInstanceUID=f"{name}.{i}",
                SeriesNumber=i,
                StudyTime=time(8, 0),
            )
            for i in range(2)
        ]

    others = [*patient("7", 100), *patient("8", 120)]
    idle = [one["idle_before_s"] for one in describe_partition([*rows(0), *others])]
    assert [one for one in idle if one is not None] == pytest.approx([75 * 60.0, 15 * 60 - 81])
    assert all(one["idle_before_s"] is None for one in describe_partition([*rows(12), *others]))
