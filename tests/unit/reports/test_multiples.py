from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.figures.monthly import MonthlyValues
from protocol_assets.reports.multiples import common_scales, setting_dots, time_line
from protocol_assets.reports.texts import Texts
from tests.unit.reports.marts import FIGURES, MONTHS, exams, made, monthly

TEXTS = Texts("en")
SCALES = common_scales(FIGURES["whole"].scanners)


def row(nex: float | None, acquisitions: int) -> MonthlyValues:
    return MonthlyValues("T1", nex, None, 1.0, acquisitions, 1.0, 1.0)


def test_the_scales_hold_the_largest_of_all_scanners() -> None:
    rows = [monthly("A", "T1", 6.2, acquisitions=400), monthly("B", "T1", 1.0)]
    times = [exams("A", MONTHS[-1], 60), exams("B", MONTHS[-1], 10)]
    scales = common_scales(made(nex_monthly=rows, exam_monthly=times).scanners)
    assert scales.setting.high == 7
    assert scales.acquisitions == 400
    assert scales.minutes.low == 0
    assert scales.minutes.high > 60
    assert SCALES.minutes.low > 0


def test_a_dot_is_as_large_as_its_protocol_has_acquisitions() -> None:
    shown = setting_dots([row(1, 20), row(2, 5), row(None, 9)], SCALES, TEXTS, name="MR 1")
    assert shown is not None
    large, small = shown.dots
    assert abs(large.size / small.size - 2) < 0.02
    assert shown.alt == "MR 1: 2 protocols, NEX from 1.00 to 2.00."
    assert setting_dots([row(None, 9)], SCALES, TEXTS, name="MR 1") is None


@given(st.lists(st.tuples(st.floats(0.1, 2.9), st.integers(1, 20)), min_size=1, max_size=60))
def test_dots_stand_inside_the_plot_and_not_upon_each_other(rows: list[tuple[float, int]]) -> None:
    shown = setting_dots([row(*one) for one in rows], SCALES, TEXTS, name="MR 1")
    assert shown is not None
    assert len(shown.dots) == len(rows)
    assert all(0 <= dot.x <= 100 and 0 <= dot.y <= 100 for dot in shown.dots)
    places = {(dot.x, dot.y) for dot in shown.dots}
    assert len(places) == len(rows)


def test_no_line_crosses_a_month_without_a_time() -> None:
    values = (10.0, 12.0, None, 11.0, None, 13.0)
    rows = [exams("MR 2", month, value) for month, value in zip(MONTHS, values, strict=True)]
    (months,) = (one.months for one in made(exam_monthly=rows).scanners if one.label == "MR 2")
    shown = time_line(months, SCALES, TEXTS, name="MR 2")
    assert shown is not None
    assert [(x1, x2) for x1, _, x2, _ in shown.lines] == [(0, 20)]
    assert len(shown.dots) == 4
    assert "10.0 min in September 2025, 13.0 min in February 2026" in shown.alt
    assert [tick.text for tick in shown.ticks] == ["Sep", "Feb"]
    assert time_line([(MONTHS[0], None)], SCALES, TEXTS, name="MR 2") is None
