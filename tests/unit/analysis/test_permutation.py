"""Tests over permuted weeks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from protocol_assets.analysis.permutation import (
    Integers,
    arc_p_value,
    arc_statistics,
    known_split_p_value,
    maximum_split_p_value,
)
from protocol_assets.analysis.statistics import Floats


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_one_exam_a_week_is_the_rank_sum_test() -> None:
    """With a date known beforehand and single exams as blocks."""
    random = rng(4)
    values = np.concatenate([random.normal(10, 1, 12), random.normal(9.2, 1, 14)])
    days = np.arange(26) * 7
    ours = known_split_p_value(values, days, 12 * 7, permutations=20_000, random=rng(1))
    expected = stats.mannwhitneyu(values[:12], values[12:], method="exact").pvalue
    assert ours == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("test", [maximum_split_p_value, arc_p_value])
@pytest.mark.parametrize("noise", ["normal", "heavy", "two levels"])
def test_unchanged_series_rarely_show_a_split(test: Callable[..., float], noise: str) -> None:
    small = 0
    for seed in range(150):
        random = rng(seed)
        values = {
            "normal": random.normal(100, 10, 60),
            "heavy": random.standard_cauchy(60),
            "two levels": random.choice([1.0, 2.0], 60, p=[0.9, 0.1]),
        }[noise]
        days = np.sort(random.integers(0, 200, 60))
        small += test(values, days, least_n=5, permutations=99, random=random) <= 0.05
    # 5 % of 150 is 7.5; 15 lies beyond the 99th percentile
    assert small <= 15


def test_testing_the_best_split_as_if_it_were_known_would_lie() -> None:
    """The reason for the maximum: the same data, judged at the split that was just maximised."""
    naive, honest = 0, 0
    for seed in range(100):
        random = rng(seed)
        values, days = random.normal(0, 1, 50), np.arange(50) * 4
        best = max(
            range(5, 45), key=lambda k: abs(stats.ranksums(values[:k], values[k:]).statistic)
        )
        naive += stats.ranksums(values[:best], values[best:]).pvalue <= 0.05
        honest += (
            maximum_split_p_value(values, days, least_n=5, permutations=99, random=random) <= 0.05
        )
    assert naive > 25
    assert honest <= 11


@pytest.mark.parametrize("test", [maximum_split_p_value, arc_p_value])
def test_a_step_is_found(test: Callable[..., float]) -> None:
    values = np.concatenate([rng(1).normal(100, 5, 30), rng(2).normal(85, 5, 30)])
    p_value = test(values, np.arange(60) * 3, least_n=5, permutations=499, random=rng())
    assert p_value <= 0.01


def test_weeks_that_go_together_are_fewer_than_their_exams() -> None:
    """A technologist's week at another level: 30 exams, yet one block."""
    values = np.ones(150)
    values[60:90] = 2.0
    days = np.repeat(np.arange(5) * 7, 30)
    p_value = arc_p_value(values, days, least_n=5, permutations=499, random=rng())
    assert p_value > 0.1


def test_too_few_exams_are_no_test() -> None:
    values, days = np.arange(6.0), np.arange(6) * 7
    assert np.isnan(maximum_split_p_value(values, days, least_n=5, permutations=9, random=rng()))
    assert np.isnan(known_split_p_value(values, days, 0, permutations=9, random=rng()))


def test_arcs_are_all_stretches_with_room_on_either_side() -> None:
    sums = rng().normal(0, 1, (1, 8))
    counts = np.full((1, 8), 2.0)
    first, last, statistic = arc_statistics(sums - sums.mean(), counts, 3)
    for i, j, value in zip(first, last, statistic[0], strict=True):
        inside, left, right = 2 * (j - i), 2 * i, 16 - 2 * j
        allowed = (
            inside >= 3 and inside < 16 and all(side == 0 or side >= 3 for side in (left, right))
        )
        assert np.isnan(value) != allowed


def all_at_once(
    values: Floats, days: Integers, permutations: int, random: np.random.Generator
) -> float:
    """The plain test over all arcs: every order in one array, none left out."""
    week = np.unique(days // 7, return_inverse=True)[1]
    ranks = stats.rankdata(values)
    sums = np.bincount(week, weights=ranks - ranks.mean())
    counts = np.bincount(week).astype(float)
    orders = random.permuted(np.tile(np.arange(len(sums)), (permutations, 1)), axis=1)
    orders = np.vstack([np.arange(len(sums)), orders])
    best = np.nanmax(arc_statistics(sums[orders], counts[orders], 5)[2], axis=1)
    return float(((best[1:] >= best[0] * (1 - 1e-9)).sum() + 1) / (permutations + 1))


@pytest.mark.parametrize("step", [0.0, 0.3, 0.6, 2.0])
@pytest.mark.parametrize("weeks", [12, 40, 90])
@pytest.mark.parametrize("seed", range(4))
def test_stopping_early_decides_like_all_orders(step: float, weeks: int, seed: int) -> None:
    """And takes the same numbers from the random stream; a p up to alpha is p itself."""
    values = rng(seed).normal(10, 1, 2 * weeks) + step * (np.arange(2 * weeks) >= weeks)
    days = np.repeat(np.arange(weeks) * 7, 2)
    ours, plain = rng(seed + 50), rng(seed + 50)
    stopped = arc_p_value(values, days, least_n=5, permutations=199, random=ours, alpha=0.02)
    expected = all_at_once(values, days, 199, plain)
    assert (stopped <= 0.02) == (expected <= 0.02)
    assert stopped == expected if expected <= 0.02 else 0.02 < stopped <= expected
    assert ours.random() == plain.random()
