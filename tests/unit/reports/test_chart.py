from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.reports.chart import Chart, trend_chart
from protocol_assets.reports.texts import Texts
from tests.unit.reports.marts import DAY


def chart(*values: float | None) -> Chart | None:
    days = [DAY + dt.timedelta(days=number) for number in range(len(values))]
    return trend_chart(list(zip(days, values, strict=True)), Texts(), patients=11)


def test_no_line_crosses_a_day_without_a_value() -> None:
    shown = chart(1.0, 1.1, None, 1.2, 1.3)
    assert shown is not None
    assert [(x1, x2) for x1, _, x2, _ in shown.lines] == [(0, 25), (75, 100)]
    assert [point.text for point in shown.points] == [
        "4 Mar: 1.00",
        "5 Mar: 1.10",
        "7 Mar: 1.20",
        "8 Mar: 1.30",
    ]
    assert "between 1.00 and 1.30, at the end 1.30" in shown.alt


def test_one_value_is_no_trend() -> None:
    assert chart() is None
    assert chart(None, 1.5) is None


def test_the_last_day_has_a_tick() -> None:
    shown = chart(*[1.0] * 10)
    assert shown is not None
    assert [(tick.x, tick.text) for tick in shown.ticks] == [(22.22, "6 Mar"), (100, "13 Mar")]


@given(st.lists(st.none() | st.floats(0.01, 64), min_size=2, max_size=28))
def test_all_stands_inside_the_plot_between_a_few_gridlines(values: list[float | None]) -> None:
    shown = chart(*values)
    known = [value for value in values if value is not None]
    assert (shown is None) == (len(known) < 2)
    if shown is None:
        return
    assert len(shown.points) == len(known)
    assert all(0 <= one.x <= 100 and 0 <= one.y <= 100 for one in shown.points)
    assert all(0 <= one.y <= 100 for one in shown.gridlines)
    assert 1 <= len(shown.gridlines) <= 8
    assert len({one.text for one in shown.gridlines}) == len(shown.gridlines)
