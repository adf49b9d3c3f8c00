from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from protocol_assets.reports.chart import Scale, levels


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_levels_are_few_and_inside(low: float, reach: float, most: int) -> None:
    high = low + reach
    assume(high > low)
    found = levels(low, high, most=most)
    assert len(found) <= most + 1
    assert len(set(found)) == len(found)
    slack = 1e-6 * max(abs(low), abs(high), 1)
    assert all(low - slack <= value <= high + slack for value in found)


def test_levels_are_round() -> None:
    assert levels(0, 4.6, most=5) == [0, 1, 2, 3, 4]
    assert levels(0, 12_345, most=4) == [0, 5000, 10000]
    assert levels(1, 1.22, most=5) == [1.0, 1.05, 1.1, 1.15, 1.2]


def test_a_scale_runs_from_the_lower_left() -> None:
    scale = Scale(10, 20)
    assert [scale.x(value) for value in (10, 15, 20)] == [0, 50, 100]
    assert [scale.y(value) for value in (10, 15, 20)] == [100, 50, 0]
