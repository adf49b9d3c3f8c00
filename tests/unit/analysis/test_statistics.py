"""Estimators against scipy and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from protocol_assets.analysis.statistics import (
    Floats,
    benjamini_hochberg,
    generator,
    hodges_lehmann,
    midranks,
    modal_level,
    rate_difference,
    shift,
    weighted_median,
    wilson,
)

NUMBERS = st.floats(-1e4, 1e4, allow_nan=False).map(lambda value: round(value, 3))
SAMPLES = st.lists(NUMBERS, min_size=1, max_size=25).map(np.array)


@given(SAMPLES, SAMPLES)
def test_hodges_lehmann_is_the_median_of_all_differences(before: Floats, after: Floats) -> None:
    expected = np.median([y - x for x, y in itertools.product(before, after)])
    assert hodges_lehmann(before, after) == pytest.approx(expected)


@given(SAMPLES, SAMPLES, NUMBERS)
def test_hodges_lehmann_follows_a_shift_and_turns_with_the_sides(
    before: Floats, after: Floats, by: float
) -> None:
    plain = hodges_lehmann(before, after)
    assert hodges_lehmann(before, after + by) == pytest.approx(plain + by, abs=1e-6)
    assert hodges_lehmann(after, before) == pytest.approx(-plain, abs=1e-6)


def test_a_shift_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="before and after"):
        hodges_lehmann(np.array([]), np.array([1.0]))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_benjamini_hochberg_is_scipys(p_values: list[float]) -> None:
    ours = benjamini_hochberg(np.array(p_values))
    assert ours == pytest.approx(stats.false_discovery_control(p_values, method="bh"))


def test_what_was_not_tested_is_not_corrected_for() -> None:
    q_values = benjamini_hochberg(np.array([0.01, np.nan, 0.02]))
    assert np.isnan(q_values[1])
    assert q_values[[0, 2]] == pytest.approx([0.02, 0.02])
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_midranks_are_scipys(values: list[int]) -> None:
    assert midranks(np.array(values, dtype=float)) == pytest.approx(stats.rankdata(values))


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_is_scipys(events: int, n: int) -> None:
    assume(events <= n)
    expected = stats.binomtest(events, n).proportion_ci(0.9, method="wilson")
    assert wilson(events, n, 0.9) == pytest.approx(tuple(expected), abs=1e-9)


def test_newcombes_own_example() -> None:
    # Newcombe 1998, table II, method 10: 56/70 - 48/80 = 0.2, interval 0.0524 to 0.3339
    one = rate_difference((48, 80), (56, 70), 0.95)
    assert (one.value, one.low, one.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="trials"):
        wilson(0, 0, 0.95)


@given(st.lists(st.tuples(NUMBERS, st.integers(1, 4)), min_size=1, max_size=20))
def test_a_weighted_median_is_the_median_of_repeated_values(pairs: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in pairs])
    weights = np.array([float(weight) for _, weight in pairs])
    repeated = np.repeat(values, weights.astype(int))
    assert weighted_median(values, weights) == pytest.approx(np.median(repeated))


def test_the_modal_level_takes_rounded_lines_for_one() -> None:
    level, share = modal_level(np.array([1.0, 1.02, 0.99, 1.04, 2.0, 2.0]), 1.1)
    assert level in (1.0, 0.99, 1.02)
    assert share == pytest.approx(4 / 6)


def test_of_two_levels_as_frequent_the_lower_is_taken() -> None:
    assert modal_level(np.array([2.0, 2.0, 1.0, 1.0]), 1.1) == (1.0, 0.5)


@given(st.lists(st.sampled_from([1.0, 1.5, 2.0, 3.0]), min_size=1, max_size=40))
def test_the_modal_level_of_settings_is_their_mode(values: list[float]) -> None:
    level, share = modal_level(np.array(values), 1.1)
    assert share * len(values) == pytest.approx(values.count(level))
    assert values.count(level) == max(values.count(value) for value in values)


def alone(values: Floats) -> npt.NDArray[np.intp]:
    return np.arange(len(values))


def test_the_bootstrap_interval_is_that_of_the_rank_test() -> None:
    random = np.random.default_rng(1)
    before, after = random.normal(100, 10, 60), random.normal(90, 10, 60)
    one, _ = shift(
        before, after, (alone(before), alone(after)), resamples=2000, random=generator("x")
    )
    # Moses: the interval from the order statistics of the differences
    differences = np.sort(np.subtract.outer(after, before).ravel())
    rank = int(60 * 60 / 2 - 1.96 * np.sqrt(60 * 60 * 121 / 12))
    assert one.low == pytest.approx(differences[rank], abs=1.0)
    assert one.high == pytest.approx(differences[-rank - 1], abs=1.0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for trial in range(200):
        random = np.random.default_rng(trial)
        before, after = random.gumbel(100, 10, 25), random.gumbel(80, 10, 25)
        one, _ = shift(
            before, after, (alone(before), alone(after)), resamples=300, random=generator(trial)
        )
        covered += one.low <= -20 <= one.high
    assert 178 <= covered <= 198


def test_rescans_of_one_exam_do_not_narrow_the_interval() -> None:
    random = np.random.default_rng(3)
    before, after = random.normal(100, 10, 20), random.normal(90, 10, 20)
    once, _ = shift(
        before, after, (alone(before), alone(after)), resamples=800, random=generator("c")
    )
    clusters = np.repeat(np.arange(20), 4)
    four_times, _ = shift(
        np.repeat(before, 4),
        np.repeat(after, 4),
        (clusters, clusters),
        resamples=800,
        random=generator("c"),
    )
    assert four_times.value == pytest.approx(once.value)
    assert four_times.high - four_times.low == pytest.approx(once.high - once.low, rel=0.1)


def test_resamples_depend_on_the_names_alone() -> None:
    values = np.arange(20.0)
    one = [
        shift(values, values + 3, (alone(values),) * 2, resamples=50, random=generator("A", "p"))[0]
        for _ in range(2)
    ]
    assert one[0] == one[1]
    assert generator("A").integers(1 << 30) != generator("B").integers(1 << 30)
