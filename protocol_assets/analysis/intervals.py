"""How sure the minutes are: a bootstrap over exams, peers and months, and the time model's error.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.statistics import Floats, generator

__all__ = ["saving_interval"]

_NORMAL_90: Final = 1.6449
_LEAST_SPREAD_PCT: Final = 1.0
"""Scan times are reported in whole seconds; no model is exact beyond that."""


def saving_interval(
    name: str,
    *,
    own: Floats,
    peers: Floats,
    scalable: float,
    level: float,
    is_least: bool,
    what_if: float,
    volume: float,
    months: float,
    errors_pct: tuple[float, float],
) -> tuple[float, float]:
    """Ends of the interval of the minutes saved, as a share of the point estimate.

    Args:
        name: What the resamples depend on.
        own: Values of the scanner's acquisitions, one an exam.
        peers: Levels of the peers that judge; empty under a signed target, which is certain.
        scalable: Share of the cost that follows the measure: all but the preparation.
        level: The scanner's level.
        is_least: Whether only a lower bound of the measure is known.
        what_if: The level that the minutes are calculated for.
        volume: Acquisitions a month.
        months: How many months the volume was counted over.
        errors_pct: 5th and 95th percentile of the time model's error; NaN where not known.

    Returns:
        Lower and upper end; NaN where nothing is saved.
    """
    point = scalable * (1 - what_if / level)
    if not point > 0:
        return float("nan"), float("nan")
    random, size = generator("minutes", name), int(limit("minutes_resamples"))
    levels = _resampled_levels(own, level, size, random)
    if is_least:
        levels = levels * random.uniform(1.0, 1 + limit("most_oversampling"), size)
    wanted = np.full(size, what_if)
    if len(peers):
        wanted = what_if * _resampled_quartiles(peers, size, random)
    saved = scalable * (1 - np.minimum(wanted, levels) / levels)
    counted = max(volume * months, 1.0)
    # What the true volume may be where so many were counted (Jeffreys' prior of a Poisson rate).
    volumes = random.gamma(counted + 0.5, size=size) / counted
    volumes *= np.exp(random.normal(0.0, limit("volume_spread"), size))
    relative = saved / point * volumes * _times(errors_pct, size, random)
    tail = (1 - limit("minutes_confidence")) / 2
    low, high = np.quantile(relative, [tail, 1 - tail])
    return float(min(low, 1.0)), float(max(high, 1.0))


def _resampled_levels(own: Floats, level: float, size: int, random: np.random.Generator) -> Floats:
    """The mean of the acquisitions around the level, exams drawn: overrides pull it either way."""
    if not len(own):
        return np.full(size, level)
    drawn = random.choice(own, size=(size, len(own)))
    # What the level stands for is what the exams take on the whole.
    return np.asarray(level * drawn.mean(axis=1) / own.mean(), dtype=np.float64)


def _resampled_quartiles(peers: Floats, size: int, random: np.random.Generator) -> Floats:
    """The lower quartile of drawn peers over that of all."""
    rank = max(int(np.ceil(limit("peer_percentile") * len(peers))) - 1, 0)
    drawn = np.sort(random.choice(peers, size=(size, len(peers))), axis=1)[:, rank]
    return np.asarray(drawn / np.sort(peers)[rank], dtype=np.float64)


def _times(errors_pct: tuple[float, float], size: int, random: np.random.Generator) -> Floats:
    """True seconds in one of the model, whose error is predicted over stated less one."""
    low, high = errors_pct
    spread = _LEAST_SPREAD_PCT if np.isnan(low) else max((high - low) / 2, _LEAST_SPREAD_PCT)
    drawn = random.normal(0.0, spread / _NORMAL_90 / 100, size)
    return np.asarray(1 / (1 + np.clip(drawn, -0.5, 1.0)), dtype=np.float64)
