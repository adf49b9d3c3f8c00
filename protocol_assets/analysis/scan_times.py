"""Scan times that a header states: those that no formula and no next start stands for."""

from __future__ import annotations

from typing import Final

import pandas as pd

__all__ = ["stated_time"]

_UNSTATED: Final = ("formula", "next_start")


def stated_time(frame: pd.DataFrame) -> pd.Series:
    """Scan time where the header states one (s); NaN elsewhere.

    Args:
        frame: ``scan_time_s`` and ``scan_time_method``.
    """
    return frame["scan_time_s"].where(~frame["scan_time_method"].isin(_UNSTATED))
