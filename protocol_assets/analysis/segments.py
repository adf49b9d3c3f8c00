"""Splitting one series of exams where its level changed for good.

The best cumulative-sum split, applied again to its parts, where a split may also be a stretch in
the middle (a change and its relapse). A split stands only where either side persists, is mostly at
one level, and weeks in any order hardly ever give one as good. A day that others vouch for needs no
search, and so fewer exams to stand.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.permutation import (
    Integers,
    arc_p_value,
    arc_statistics,
    known_split_p_value,
)
from protocol_assets.analysis.statistics import Floats, midranks, modal_level

__all__ = ["Boundary", "boundaries", "splits"]


@dataclass(frozen=True, slots=True)
class Boundary:
    """A change of level between two exams.

    Attributes:
        position: Number of the first exam at the new level.
        before: Level of the stretch before.
        after: Level of the stretch after.
        first_position: Earliest position that explains the exams about as well.
        last_position: Latest such position.
        p_value: Chance of the split in an unchanged series.
        is_vouched: Whether the day was known beforehand, not searched for.
    """

    position: int
    before: float
    after: float
    first_position: int
    last_position: int
    p_value: float
    is_vouched: bool


def boundaries(
    values: Floats,
    days: Integers,
    searched: dict[int, float],
    vouched: Collection[int],
    random: np.random.Generator,
) -> list[Boundary]:
    """The changes of level in order.

    Args:
        values: Positive, one an exam.
        days: Their days as numbers, in ascending order.
        searched: From ``splits``.
        vouched: Days on which a change is to be expected.
        random: Where the permutations come from.
    """
    told = _vouched(values, days, searched, vouched, random)
    p_values = told | searched
    edges = [0, *sorted(p_values), len(values)]
    while True:
        weakest = _weakest(values, days, edges, told)
        if weakest is None:
            break
        del edges[weakest]
    found = []
    for index in range(1, len(edges) - 1):
        first, last, at = edges[index - 1], edges[index + 1], edges[index]
        before, after = _levels(values, first, at, last)
        place, low, high = _place(values, days, (first, last), (before, after))
        edges[index] = place
        p_value = p_values[at]
        found.append(Boundary(place, before, after, low, high, p_value, at in told))
    return found


def splits(values: Floats, days: Integers, random: np.random.Generator) -> dict[int, float]:
    """Positions of splits and their p-values, by repeated arcs.

    Args:
        values: Positive, one an exam.
        days: Their days as numbers, in ascending order.
        random: Where the permutations come from.
    """
    found: dict[int, float] = {}
    waiting = [(0, len(values))]
    least = int(limit("change_least_n"))
    while waiting:
        first, last = waiting.pop()
        part, part_days = values[first:last], days[first:last]
        arc = _best_arc(part, part_days, least)
        if arc is None:
            continue
        p_value = arc_p_value(
            part,
            part_days,
            least_n=least,
            permutations=int(limit("change_permutations")),
            random=random,
            alpha=limit("change_alpha"),
        )
        if not p_value <= limit("change_alpha"):
            continue
        inner = [first + at for at in arc if 0 < at < len(part)]
        found |= dict.fromkeys(inner, p_value)
        edges = [first, *inner, last]
        waiting += pairwise(edges)
    return found


def _vouched(
    values: Floats,
    days: Integers,
    searched: dict[int, float],
    vouched: Collection[int],
    random: np.random.Generator,
) -> dict[int, float]:
    """Positions of the vouched days and their p-values, each within the edges beside it.

    Where the search found a split near such a day, that is the one that is vouched for.
    """
    near = limit("match_days")
    found: dict[int, float] = {}
    positions: dict[int, int] = {}
    for day in vouched:
        close = {
            at: p_value
            for at, p_value in searched.items()
            if days[at - 1] - near <= day <= days[at] + near
        }
        found |= close
        if not close:
            positions[int(np.searchsorted(days, day))] = day
    edges = sorted({0, len(values), *searched, *positions})
    for first, at, last in zip(edges, edges[1:], edges[2:], strict=False):
        if at not in positions:
            continue
        p_value = known_split_p_value(
            values[first:last],
            days[first:last],
            positions[at],
            permutations=int(limit("change_permutations")),
            random=random,
        )
        if p_value <= limit("change_alpha"):
            found[at] = p_value
    return found


def _best_arc(values: Floats, days: Integers, least: int) -> tuple[int, int] | None:
    """First exam of the best arc and the one after its last; None where nothing can be split.

    Exams of one day stay together: their order over patients says nothing.
    """
    unique, first, counts = np.unique(days, return_index=True, return_counts=True)
    if len(values) < 2 * least or (values == values[0]).all():
        return None
    ranks = midranks(values)
    sums = np.add.reduceat(ranks - ranks.mean(), first)
    start, stop, statistic = arc_statistics(sums[None, :], counts[None, :].astype(float), least)
    ends = np.append(unique, unique[-1] + 1)
    least_days = limit("change_least_days")
    lasting = (
        (ends[stop] - ends[start] >= least_days)
        & ((start == 0) | (ends[start] - ends[0] >= least_days))
        & ((stop == len(unique)) | (ends[-1] - ends[stop] >= least_days))
    )
    allowed = np.where(lasting, statistic[0], np.nan)
    if np.isnan(allowed).all():
        return None
    best = int(np.nanargmax(allowed))
    positions = np.append(first, len(values))
    return int(positions[start[best]]), int(positions[stop[best]])


def _levels(values: Floats, first: int, at: int, last: int) -> tuple[float, float]:
    factor = limit("same_level")
    return modal_level(values[first:at], factor)[0], modal_level(values[at:last], factor)[0]


def _weakest(
    values: Floats, days: Integers, edges: list[int], vouched: Collection[int]
) -> int | None:
    """The edge to drop: the one with the least separation, where one does not hold."""
    separations = {
        index: _separation(values, days, edges[index - 1 : index + 2], edges[index] in vouched)
        for index in range(1, len(edges) - 1)
    }
    failing = {index: value for index, value in separations.items() if value < 0}
    return min(failing, key=lambda index: (failing[index], index)) if failing else None


def _separation(values: Floats, days: Integers, edges: list[int], is_vouched: bool) -> float:
    """How much more of the exams stand at the new level after than before; below 0: no change.

    That a level lasts need not be shown again where others vouch for its days.
    """
    first, at, last = edges
    before, after = _levels(values, first, at, last)
    step = abs(math.log(after / before))
    if step < math.log(limit("change_ratio")):
        return -2 + step
    is_new = _is_new(values, before, after)
    share_before, share_after = is_new[first:at].mean(), is_new[at:last].mean()
    separation = float(share_after - share_before)
    purity = limit("change_purity")
    lasts = is_vouched or min(days[at - 1] - days[first], days[last - 1] - days[at]) + 1 >= limit(
        "change_least_days"
    )
    holds = (
        lasts
        and separation >= limit("change_separation")
        and share_after >= purity
        and share_before <= 1 - purity
        and min(at - first, last - at) >= limit("change_least_n")
    )
    return separation if holds else separation - 2


def _is_new(
    values: Floats, before: float, after: float
) -> np.ndarray[tuple[int], np.dtype[np.bool]]:
    """Whether each value is closer (as a ratio) to the level after than to the one before."""
    distance = np.log(values)
    return np.abs(distance - math.log(after)) < np.abs(distance - math.log(before))


def _place(
    values: Floats, days: Integers, edges: tuple[int, int], levels: tuple[float, float]
) -> tuple[int, int, int]:
    """The position with the fewest exams on the wrong side, and the range of those about as good.

    As good within a 95 % likelihood ratio interval, an exam being on the wrong side with the
    frequency that the best position shows.
    """
    first, last = edges
    is_new = _is_new(values[first:last], *levels)
    wrong = np.concatenate([[0], np.cumsum(is_new)]) + np.concatenate(
        [np.cumsum(~is_new[::-1])[::-1], [0]]
    )
    least = int(limit("change_least_n"))
    part = days[first:last]
    candidates = np.array(
        [i for i in range(least, len(part) - least + 1) if part[i - 1] != part[i]], dtype=np.intp
    )
    if not len(candidates):
        candidates = np.array([i for i in range(1, len(part)) if part[i - 1] != part[i]])
    loss = wrong[candidates]
    best = candidates[loss == loss.min()]
    rate = (loss.min() + 1) / (len(part) + 2)
    # Half of the 95 % point of chi-squared with one degree of freedom, in exams.
    allowed = 1.92 / math.log((1 - rate) / rate) if rate < 0.5 else math.inf
    close = candidates[loss <= loss.min() + allowed]
    return (
        first + int(best[len(best) // 2]),
        first + int(close[0]),
        first + int(close[-1]),
    )
