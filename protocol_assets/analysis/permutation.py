"""Tests of a change in time by permuting whole weeks.

Exams of one week share technologists, patients and repairs; shuffled singly they would look more
independent than they are. Where the date was not registered beforehand the split has been chosen
to be the best, and only the largest statistic over all splits may be compared: testing the split
that one has just maximised makes every p small.

Source: Pettitt, Appl Stat 1979;28:126 (ranks); Westfall and Young, Resampling-Based Multiple
Testing, 1993 (maximum statistic); Phipson and Smyth, Stat Appl Genet Mol Biol 2010;9:39 (p is
never 0).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from protocol_assets.analysis.statistics import Floats, midranks

__all__ = ["arc_p_value", "arc_statistics", "known_split_p_value", "maximum_split_p_value"]

_DAYS_A_WEEK: Final = 7
# Arcs that are looked at together: half a megabyte an array.
_BATCH_ARCS: Final = 1 << 16

Integers = npt.NDArray[np.int64]


def maximum_split_p_value(
    values: Floats, days: Integers, *, least_n: int, permutations: int, random: np.random.Generator
) -> float:
    """Chance that weeks in any order show a split at least as good as the best one observed.

    NaN where no split leaves ``least_n`` values on either side.

    Args:
        values: One an exam.
        days: Their days as numbers, in ascending order.
        least_n: Values that a side needs.
        permutations: How many orders are tried.
        random: Where they come from.
    """
    sums, counts = _weeks(midranks(values), days, 0)
    observed = _best_split(sums[None, :], counts[None, :], least_n)[0]
    shuffled = _orders(len(sums), permutations, random)
    return _p_value(observed, _best_split(sums[shuffled], counts[shuffled], least_n))


def known_split_p_value(
    values: Floats, days: Integers, changed: int, *, permutations: int, random: np.random.Generator
) -> float:
    """Chance that weeks in any order show a difference at least as large across a known day.

    Weeks are counted from the day of the change, so that none lies on both sides. NaN where one
    side is empty.
    """
    sums, counts = _weeks(midranks(values), days, changed)
    before = len(np.unique((days[days < changed] - changed) // _DAYS_A_WEEK))
    if before in (0, len(sums)):
        return float("nan")
    shuffled = np.vstack([np.arange(len(sums)), _orders(len(sums), permutations, random)])
    statistic = _standardised(
        sums[shuffled][:, :before].sum(axis=1),
        counts[shuffled][:, :before].sum(axis=1),
        counts.sum(),
    )
    return _p_value(float(statistic[0]), statistic[1:])


def arc_p_value(
    values: Floats,
    days: Integers,
    *,
    least_n: int,
    permutations: int,
    random: np.random.Generator,
    alpha: float = 1.0,
) -> float:
    """Like ``maximum_split_p_value`` over all arcs: a stretch of weeks against the others.

    An arc that ends with the data is a plain split; one in the middle is a change and a relapse.
    All orders are drawn first and tried in batches, so that memory does not grow with their number.
    The test stops when p must exceed ``alpha``. The result is then a lower bound of p, itself above
    ``alpha``. A result up to ``alpha`` is always p itself.
    """
    sums, counts = _weeks(midranks(values), days, 0)
    observed = _best_arc(sums[None, :], counts[None, :], least_n)[0]
    shuffled = _orders(len(sums), permutations, random)
    if np.isnan(observed):
        return float("nan")
    arcs = len(sums) * (len(sums) + 1) // 2
    as_good = 0
    for start in range(0, permutations, batch := max(1, _BATCH_ARCS // arcs)):
        orders = shuffled[start : start + batch]
        as_good += _as_good(observed, _best_arc(sums[orders], counts[orders], least_n))
        if (as_good + 1) / (permutations + 1) > alpha:
            break
    return (as_good + 1) / (permutations + 1)


def arc_statistics(
    sums: Floats, counts: Floats, least_n: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """First block, block after the last, and the statistic of every arc of blocks.

    The statistic is the squared cumulative-sum difference over its variance, NaN where the arc or
    a remainder on either side has fewer than ``least_n`` values (an empty remainder is allowed).

    Source: Olshen et al., Biostatistics 2004;5:557 (circular binary segmentation).

    Args:
        sums: (rows, blocks): centred sums of the blocks in order.
        counts: (rows, blocks): values in the blocks.
        least_n: Values that a stretch needs.
    """
    first, last = np.triu_indices(sums.shape[1] + 1, k=1)
    zeros = np.zeros((len(sums), 1))
    total = np.hstack([zeros, np.cumsum(sums, axis=1)])
    number = np.hstack([zeros, np.cumsum(counts, axis=1)])
    n = number[:, -1:]
    left, right = number[:, first], n - number[:, last]
    inside = n - left - right
    statistic = _standardised(total[:, last] - total[:, first], inside, n)
    allowed = (
        (inside >= least_n)
        & ((left == 0) | (left >= least_n))
        & ((right == 0) | (right >= least_n))
        & (inside < n)
    )
    return first, last, np.where(allowed, statistic, np.nan)


def _best_arc(sums: Floats, counts: Floats, least_n: int) -> Floats:
    _, _, statistic = arc_statistics(sums, counts, least_n)
    return _largest(statistic)


def _best_split(sums: Floats, counts: Floats, least_n: int) -> Floats:
    number = np.cumsum(counts, axis=1)[:, :-1]
    n = counts.sum(axis=1, keepdims=True)
    statistic = _standardised(np.cumsum(sums, axis=1)[:, :-1], number, n)
    allowed = (number >= least_n) & (n - number >= least_n)
    return _largest(np.where(allowed, statistic, np.nan))


def _largest(statistic: Floats) -> Floats:
    if not statistic.shape[1]:
        return np.full(len(statistic), np.nan)
    largest = np.where(np.isnan(statistic), -np.inf, statistic).max(axis=1)
    return np.where(np.isinf(largest), np.nan, largest)


def _standardised(sums: Floats, inside: Floats, n: Floats) -> Floats:
    """Squared sum over what it would vary by, but for a constant that permuting does not change."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums**2 / (inside * (n - inside)) * n, dtype=np.float64)


def _weeks(ranks: Floats, days: Integers, origin: int) -> tuple[Floats, Floats]:
    _, week = np.unique((days - origin) // _DAYS_A_WEEK, return_inverse=True)
    return (
        np.bincount(week, weights=ranks - ranks.mean()).astype(np.float64),
        np.bincount(week).astype(np.float64),
    )


def _orders(blocks: int, permutations: int, random: np.random.Generator) -> npt.NDArray[np.intp]:
    return random.permuted(np.tile(np.arange(blocks), (permutations, 1)), axis=1)


def _p_value(observed: float, permuted: Floats) -> float:
    if np.isnan(observed):
        return float("nan")
    return (_as_good(observed, permuted) + 1) / (len(permuted) + 1)


def _as_good(observed: float, permuted: Floats) -> int:
    # Orders that give the same sums in another order of addition are equally good.
    return int((permuted >= observed * (1 - 1e-9)).sum())
