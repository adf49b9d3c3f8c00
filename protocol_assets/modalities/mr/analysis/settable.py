"""Averages that a scanner's console accepts: ``settable_averages.csv``.

A maker that is no row there is not known to be limited.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.data import read_table

__all__ = ["is_settable", "next_settable"]

_ROUNDING: Final = 1e-6
_UNKNOWN: Final = (0.0, float("nan"))


def is_settable(nex: float, vendors: pd.Series) -> pd.Series:
    """Whether the consoles of these vendors accept a number of averages.

    Args:
        nex: Number of averages.
        vendors: Vendor of each row, a term of the facts.
    """
    wanted = pd.Series(nex, index=vendors.index, dtype=float)
    return (next_settable(wanted, vendors) - wanted).abs() < _ROUNDING


def next_settable(nex: pd.Series, vendors: pd.Series) -> pd.Series:
    """The least number of averages that the console accepts and that is not below the wanted one.

    Args:
        nex: Wanted number of averages.
        vendors: Vendor of each row, a term of the facts.
    """
    least = np.array([_rules().get(vendor, _UNKNOWN)[0] for vendor in vendors], dtype=float)
    step = np.array([_rules().get(vendor, _UNKNOWN)[1] for vendor in vendors], dtype=float)
    wanted = nex.to_numpy(dtype=float)
    whole = np.maximum(np.ceil(wanted / step - _ROUNDING) * step, least)
    return pd.Series(np.where(np.isnan(step), wanted, whole), index=nex.index)


@cache
def _rules() -> dict[object, tuple[float, float]]:
    return {
        row["vendor"]: (float(row["least"]), float(row["step"]))
        for row in read_table("settable_averages.csv")
    }
