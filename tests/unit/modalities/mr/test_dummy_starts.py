"""Starts that no scanner measured: midnight, one time for all, one counted up, an hour alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.shared.starts import Shared, shared_starts
from tests.archive import element, scan
from tests.unit.modalities.shared.test_starts import at

MORNING = ("100000", "100300", "100600")
EXPORTED = element("CS", "DERIVED", "SECONDARY", "M")

Described = list[dict[str, object]]


def exam(
    times: Sequence[str | None],
    days: Sequence[str] = (),
    each: Callable[[int], dict[str, Any]] = lambda _: {},
    **changes: Any,
) -> Described:
    """One study, a scan for each Acquisition Time."""
    instances = []
    for number, clock in enumerate(times, 1):
        own = {"t00080032": None if clock is None else element("TM", clock)}
        if days:
            own["t00080022"] = element("DA", days[number - 1])
        instances.append(scan("1.2.1", number, **(own | changes | each(number))))
    return describe_partition(flatten_study(instances, MR.series_columns).rows)


def column(described: Described, name: str) -> list[object]:
    return [one[name] for one in described]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("dummy", ["000000", "0000", "000000.000000", "000000.12"])
@pytest.mark.parametrize(
    ("registered", "times"),
    [
        pytest.param("095500", MORNING, id="morning"),
        pytest.param("143000", ("143500", "143800", "144100"), id="afternoon: the next midnight"),
        pytest.param("220000", ("220500", "220800", "221100"), id="evening"),
        pytest.param("000000", MORNING, id="registered at a dummy"),
        pytest.param(None, MORNING, id="not registered"),
    ],
)
def test_midnight_in_one_series_of_a_day_is_no_start(
    registered: str | None, times: tuple[str, ...], dummy: str, place: int
) -> None:
    study = None if registered is None else element("TM", registered)
    written = [dummy if i == place else clock for i, clock in enumerate(times)]
    described = exam(written, t00080030=study)
    assert column(described, "clock_flag")[place] == "no_clock"
    offsets = column(described, "start_offset_s")
    assert offsets[place] is None
    assert 0 in offsets
    assert len(set(column(described, "exam_id"))) == 1
    assert column(described, "scan_time_s") == [56, 112, 168]


def test_midnight_in_a_date_time_is_no_start() -> None:
    def stated(number: int) -> dict[str, Any]:
        clock = "000000" if number == 2 else MORNING[number - 1]
        return {"t0008002A": element("DT", f"20260302{clock}")}

    described = exam([None] * 3, each=stated)
    assert column(described, "clock_flag") == [None, "no_clock", None]
    assert column(described, "start_offset_s") == [0, None, 360]


def test_midnight_does_not_outrank_the_date_time() -> None:
    described = exam(
        ["100000", "000000", "100600"],
        each=lambda i: {"t0008002A": element("DT", f"20260302{MORNING[i - 1]}")},
    )
    assert column(described, "clock_flag") == [None, None, None]
    assert column(described, "start_offset_s") == [0, 180, 360]


def test_a_study_that_is_all_midnight_by_day_has_no_start() -> None:
    assert set(column(exam(["000000"] * 3), "clock_flag")) == {"no_clock"}


@pytest.mark.parametrize(
    ("registered", "has_own_date"),
    [("234500", True), ("000500", True), (None, True), ("234500", False)],
)
def test_an_exam_across_midnight_keeps_its_starts(
    registered: str | None, has_own_date: bool
) -> None:
    changes: dict[str, Any] = {} if has_own_date else {"t00080022": None}
    described = exam(
        ["235600", "000000", "000300"],
        ("20260302", "20260303", "20260303") if has_own_date else (),
        t00080030=None if registered is None else element("TM", registered),
        **changes,
    )
    assert column(described, "start_offset_s") == [0, 240, 420]
    assert len(set(column(described, "exam_id"))) == 1


def test_one_scan_at_midnight_is_believed_beside_its_registration() -> None:
    described = exam(["000000"], ["20260303"], t00080030=element("TM", "234500"))
    assert column(described, "start_offset_s") == [0]
    assert column(described, "clock_flag") == [None]


@pytest.mark.parametrize("image_type", [None, EXPORTED])
@pytest.mark.parametrize(
    "times",
    [
        pytest.param(["100500"] * 3, id="one time"),
        pytest.param(["100001", "100002", "100003"], id="a second apart"),
        pytest.param(["100500.001", "100500.002", "100500.003"], id="a millisecond apart"),
        pytest.param(["100003", "100006", "100009"], id="less than a repetition time apart"),
        pytest.param(["100009", "100006", "100003"], id="counted down"),
    ],
)
def test_starts_that_leave_no_room_for_a_scan_are_none(
    times: list[str], image_type: dict[str, Any] | None
) -> None:
    changes: dict[str, Any] = {} if image_type is None else {"t00080008": image_type}
    described = exam(times, **changes)
    assert set(column(described, "clock_flag")) == {"shared_start"}
    assert set(column(described, "start_offset_s")) == {None}
    assert column(described, "scan_time_s") == [56, 112, 168]
    assert set(column(described, "scan_time_method")) == {"formula"}
    assert set(column(described, "exclusion_reason")) == {None}
    assert len(set(column(described, "exam_id"))) == 1


def test_a_second_apart_is_no_room_whatever_the_repetition_time() -> None:
    described = exam(["100001", "100002", "100003"], t00180080=element("DS", 500))
    assert set(column(described, "clock_flag")) == {"shared_start"}


def test_an_exported_exam_with_starts_of_its_own_keeps_them() -> None:
    described = exam(MORNING, t00080008=EXPORTED)
    assert column(described, "start_offset_s") == [0, 180, 360]
    assert set(column(described, "clock_flag")) == {None}


def test_parts_of_one_scan_within_its_repetition_time_keep_their_starts() -> None:
    """The second inversion of an MP2RAGE, and the phase of a field map."""
    same: dict[str, Any] = {"t0008103E": element("LO", "mp2rage"), "t00180083": element("DS", 1)}
    described = exam(["100000", "100002.5", "100600"], **same, t00180080=element("DS", 5000))
    assert column(described, "start_offset_s") == [0, 2.5, 360]
    assert set(column(described, "clock_flag")) == {None}
    phase = exam(["100000", "100000.6", "100600"], **same, t00180080=element("DS", 500))
    assert set(column(phase, "clock_flag")) == {None}


def test_the_repetition_time_of_the_earlier_scan_decides() -> None:
    def pair(first_tr_ms: float | None, apart_s: int, study: str = "s") -> set[int]:
        second = at(f"2024-03-05T10:00:0{apart_s}")
        return shared_starts(
            [
                Shared("s", "a", at("2024-03-05T10:00:00"), is_scan=True, tr_ms=first_tr_ms),
                Shared(study, "b", second, is_scan=True, tr_ms=9000.0),
                Shared("s", "c", None, is_scan=True),
            ]
        )

    assert pair(8.0, 3) == set()
    assert pair(None, 2) == set()
    assert pair(None, 1) == {0, 1}
    assert pair(5000.0, 4) == {0, 1}
    assert pair(5000.0, 5) == set()
    assert pair(5000.0, 0, study="t") == set()


def test_an_hour_alone_is_no_start() -> None:
    described = exam(["100000", "10", "100600"])
    assert column(described, "clock_flag") == [None, "no_clock", None]
    assert column(described, "start_offset_s") == [0, None, 360]
    hours = exam(["10", "11", "12"])
    assert set(column(hours, "clock_flag")) == {"no_clock"}
    assert len(set(column(hours, "exam_id"))) == 1
