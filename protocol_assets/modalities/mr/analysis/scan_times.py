"""Scan times by their source: stated in the header, measured, or inferred."""

from __future__ import annotations

from typing import Final

import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.spec import CostModel

__all__ = ["is_aborted", "observed_time", "stated_time"]

_UNSTATED: Final = ("formula", "next_start")


def stated_time(frame: pd.DataFrame) -> pd.Series:
    """Scan time where the header states one (s); NaN elsewhere.

    Args:
        frame: ``scan_time_s`` and ``scan_time_method``.
    """
    return frame["scan_time_s"].where(~frame["scan_time_method"].isin(_UNSTATED))


def observed_time(frame: pd.DataFrame) -> pd.Series:
    """Scan time (s) that is not merely the time to the next start; NaN elsewhere.

    Args:
        frame: ``scan_time_s`` and ``scan_time_method``.
    """
    return frame["scan_time_s"].where(frame["scan_time_method"] != "next_start")


def is_aborted(rows: pd.DataFrame, model: CostModel) -> pd.Series:
    """Acquisitions far shorter, or with far fewer slices, than their own parameters make them."""
    share = limit("aborted_share")
    expected = model.predict(rows, rows["nominal_cost"])["predicted_s"]
    stated = rows["stated_cost"]
    slices = rows.groupby(SERIES)["number_of_slices"].transform("median")
    return (stated < share * expected) | (rows["number_of_slices"] < share * slices)
