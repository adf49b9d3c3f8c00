"""Estimators and corrections. Deterministic: every resample is drawn from a seed that is named."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from protocol_assets.analysis.limits import limit

__all__ = [
    "CONFIDENCE",
    "Estimate",
    "Floats",
    "benjamini_hochberg",
    "generator",
    "hodges_lehmann",
    "midranks",
    "modal_level",
    "rate_difference",
    "shift",
    "weighted_median",
    "wilson",
]

Floats = npt.NDArray[np.float64]

_SEED: Final = 20_240_229
CONFIDENCE: Final = limit("interval_confidence")
"""Of every interval that is shown."""
_CHUNK: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % confidence interval."""

    value: float
    low: float
    high: float


def generator(*names: object) -> np.random.Generator:
    """A random generator that depends on the names alone, not on what ran before."""
    return np.random.default_rng([_SEED, *(zlib.crc32(str(name).encode()) for name in names)])


def hodges_lehmann(before: Floats, after: Floats) -> float:
    """The shift from before to after: the median of all pairwise differences.

    Source: Hodges and Lehmann, Ann Math Stat 1963;34:598.

    Raises:
        ValueError: One of the samples is empty.
    """
    if not len(before) or not len(after):
        raise ValueError("a shift needs values before and after")
    return float(np.median(np.subtract.outer(after, before)))


def shift(
    before: Floats,
    after: Floats,
    clusters: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
    *,
    resamples: int,
    random: np.random.Generator,
) -> tuple[Estimate, Floats]:
    """The Hodges-Lehmann shift with a percentile bootstrap of whole clusters, and its resamples.

    Acquisitions of one exam are not independent: exams are drawn, with all that belongs to them.
    A resample is a weighting of the pairwise differences, which are sorted once.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993; clusters: Davison and
    Hinkley, Bootstrap Methods and their Application, 1997, 3.8.

    Args:
        before: Values before, absent ones left out.
        after: Values after.
        clusters: For either side the cluster number of each value, from 0 on.
        resamples: How many.
        random: Where the resamples come from.
    """
    point = hodges_lehmann(before, after)
    differences = np.subtract.outer(after, before).ravel()
    order = np.argsort(differences, kind="stable")
    weights_before = _cluster_weights(clusters[0], resamples, random)
    weights_after = _cluster_weights(clusters[1], resamples, random)
    row, column = np.divmod(order, len(before))
    ordered = differences[order]
    drawn = np.empty(resamples)
    step = max(_CHUNK // len(ordered), 1)
    for first in range(0, resamples, step):
        part = slice(first, first + step)
        weights = weights_after[part][:, row] * weights_before[part][:, column]
        drawn[part] = _medians(ordered, weights)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(point, float(min(low, point)), float(max(high, point))), drawn


def _cluster_weights(
    clusters: npt.NDArray[np.intp], resamples: int, random: np.random.Generator
) -> npt.NDArray[np.int32]:
    count = int(clusters.max()) + 1
    drawn = random.multinomial(count, np.full(count, 1 / count), size=resamples)
    return drawn[:, clusters].astype(np.int32)


def _medians(ordered: Floats, weights: npt.NDArray[np.int32]) -> Floats:
    """The weighted median of each row of weights; the mean of the middle two where they part."""
    total = np.cumsum(weights, axis=1, dtype=np.int64)
    half = total[:, -1:] / 2
    lower = (total >= half).argmax(axis=1)
    upper = (total > half).argmax(axis=1)
    return np.asarray((ordered[lower] + ordered[upper]) / 2, dtype=np.float64)


def weighted_median(values: Floats, weights: Floats) -> float:
    """The value at which half of the weight is reached; the mean of two where they part there."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    half = total[-1] / 2
    lower = values[order][np.searchsorted(total, half, side="left")]
    upper = values[order][min(np.searchsorted(total, half, side="right"), len(values) - 1)]
    return float((lower + upper) / 2)


def midranks(values: Floats) -> Floats:
    """Ranks from 1 on, equal values with the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def modal_level(values: Floats, factor: float) -> tuple[float, float]:
    """The most frequent level and the share of the values that stand at it.

    A level is a window from a value to ``factor`` times the value, for measured values are
    rounded to whole lines; its name is the lower median of its values. Of equally frequent levels
    the lowest is taken: the conservative one, for it claims no potential.

    Args:
        values: Positive, at least one.
        factor: Above 1.
    """
    ordered = np.sort(values)
    inside = np.searchsorted(ordered, ordered * factor, side="right") - np.arange(len(ordered))
    first = int(inside.argmax())
    window = ordered[first : first + inside[first]]
    return float(window[(len(window) - 1) // 2]), len(window) / len(ordered)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Adjusted p-values (q) that bound the false discovery rate; NaN is no test and stays NaN.

    Source: Benjamini and Hochberg, J R Stat Soc B 1995;57:289.
    """
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    if not len(tested):
        return adjusted
    order = tested[np.argsort(p_values[tested], kind="stable")]
    raw = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return adjusted


def wilson(events: int, n: int, confidence: float) -> tuple[float, float]:
    """The score interval of a rate.

    Source: Wilson, J Am Stat Assoc 1927;22:209.

    Raises:
        ValueError: There are no trials, or more events than trials.
    """
    if not 0 <= events <= n or n == 0:
        raise ValueError("a rate needs trials, and no more events than trials")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = events / n
    centre = rate + z * z / (2 * n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max((centre - half) / scale, 0.0), min((centre + half) / scale, 1.0)


def rate_difference(before: tuple[int, int], after: tuple[int, int], confidence: float) -> Estimate:
    """Rate after minus rate before with its hybrid score interval.

    Source: Newcombe, Stat Med 1998;17:873, method 10.

    Args:
        before: Events and trials.
        after: Events and trials.
        confidence: Of the two-sided interval.
    """
    rate_before, rate_after = before[0] / before[1], after[0] / after[1]
    low_before, high_before = wilson(*before, confidence)
    low_after, high_after = wilson(*after, confidence)
    value = rate_after - rate_before
    return Estimate(
        value,
        value - math.hypot(rate_after - low_after, high_before - rate_before),
        value + math.hypot(high_after - rate_after, rate_before - low_before),
    )
