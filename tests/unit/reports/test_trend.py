from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.figures.potential import Minutes
from protocol_assets.reports.chart import Chart
from protocol_assets.reports.texts import Texts
from protocol_assets.reports.trend import minutes_chart, setting_chart
from tests.unit.reports.marts import DAY, MONTHS

TEXTS = Texts("en")


def nex(*values: float | None) -> Chart | None:
    days = [DAY + dt.timedelta(days=number) for number in range(len(values))]
    return setting_chart(list(zip(days, values, strict=True)), TEXTS, patients=11)


def minutes(*values: Minutes | None) -> Chart | None:
    return minutes_chart(list(zip(MONTHS, values, strict=False)), TEXTS)


def test_no_line_crosses_a_day_without_a_value() -> None:
    shown = nex(1.0, 1.1, None, 1.2, 1.3)
    assert shown is not None
    assert [(x1, x2) for x1, _, x2, _ in shown.lines] == [(0, 25), (75, 100)]
    assert [dot.text for dot in shown.dots] == [
        "Mar 4: 1.00",
        "Mar 5: 1.10",
        "Mar 7: 1.20",
        "Mar 8: 1.30",
    ]
    assert "between 1.00 and 1.30, at the end 1.30" in shown.alt


def test_one_value_is_no_trend() -> None:
    assert nex() is None
    assert nex(None, 1.5) is None
    assert minutes() is None
    assert minutes(None, Minutes(5, 4, 6)) is None


def test_the_last_day_has_a_tick() -> None:
    shown = nex(*[1.0] * 10)
    assert shown is not None
    assert [(tick.x, tick.text) for tick in shown.ticks] == [(22.22, "Mar 6"), (100, "Mar 13")]


@given(st.lists(st.none() | st.floats(0.01, 64), min_size=2, max_size=28))
def test_all_stands_inside_the_plot_between_a_few_gridlines(values: list[float | None]) -> None:
    shown = nex(*values)
    known = [value for value in values if value is not None]
    assert (shown is None) == (len(known) < 2)
    if shown is None:
        return
    assert len(shown.dots) == len(known)
    assert all(0 <= one.x <= 100 and 0 <= one.y <= 100 for one in shown.dots)
    assert all(0 <= one.y <= 100 for one in shown.gridlines)
    assert 1 <= len(shown.gridlines) <= 8


def test_a_month_that_tells_nothing_has_no_column_but_its_place() -> None:
    shown = minutes(Minutes(400, 300, 500), None, Minutes(200, None, None))
    assert shown is not None
    assert [bar.x for bar in shown.bars] == [6.33, 73.0]
    assert [tick.text for tick in shown.ticks] == ["Sep", "Oct", "Nov"]
    first, last = shown.bars
    assert first.high is not None
    assert first.low is not None
    assert first.high < first.y < first.low
    assert (last.low, last.high) == (None, None)
    assert "400 min at first, 200" in shown.alt
    assert "300 to 500" in first.text


@given(
    st.lists(
        st.none()
        | st.builds(
            lambda value, low, high: Minutes(value, value * low, value * (1 + high)),
            st.floats(0, 1e6),
            st.floats(0, 1),
            st.floats(0, 3),
        ),
        min_size=2,
        max_size=6,
    )
)
def test_columns_and_their_intervals_stand_inside_the_plot(values: list[Minutes | None]) -> None:
    shown = minutes(*values)
    if shown is None:
        return
    for bar in shown.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= 100
        assert all(place is not None and 0 <= place <= 100 for place in (bar.y, bar.low, bar.high))
