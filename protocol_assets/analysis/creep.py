"""Slow creep: a setting that moves in many small steps, none of which is a change by itself."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.stats import kendalltau

from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.statistics import Floats

__all__ = ["creep"]

_PARTS: Final = 4


def creep(values: Floats, tolerance: float) -> tuple[float, float, float] | None:
    """Where a setting crept from and to.

    The medians of the quarters, in order of time, move in one direction, each by more than
    rounding: a single step, or two, leave a quarter where it was. Overrides do not move a median.

    Args:
        values: One an exam, by time; positive, none absent.
        tolerance: How far two values of one setting may lie apart, as a share.

    Returns:
        The medians of the first and the last quarter, and the p-value of the rank correlation with
        time (Kendall, Biometrika 1938;30:81); None where nothing creeps.
    """
    if len(values) < _PARTS * limit("drift_least_n"):
        return None
    medians = np.array([np.median(part) for part in np.array_split(values, _PARTS)])
    if not (medians > 0).all():
        return None
    steps = np.diff(np.log(medians))
    least = np.log(1 + limit("creep_step"))
    if not ((steps > least).all() or (steps < -least).all()):
        return None
    if abs(np.log(medians[-1] / medians[0])) <= np.log(1 + tolerance):
        return None
    p_value = float(kendalltau(np.arange(len(values)), values).pvalue)
    return float(medians[0]), float(medians[-1]), p_value
