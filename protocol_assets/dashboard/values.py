"""The figures of the newest month that several pages show."""

from __future__ import annotations

from typing import Any

import pandas as pd

from protocol_assets.dashboard.parts import figure
from protocol_assets.dashboard.words import Words
from protocol_assets.figures.monthly import COVERAGE, MEAN

__all__ = ["dated", "mean_figure", "scan_time_figure"]


def dated(title: str, month: Any, say: Words) -> str:
    """A title with its month, where there is one."""
    return title if pd.isna(month) else say("dated", title=title, month=say.month(month))


def mean_figure(by_month: pd.DataFrame, say: Words) -> None:
    """The mean of the setting in the newest month, with its coverage.

    Args:
        by_month: From ``values_by`` with ``month_start``.
        say: The wording.
    """
    last = _last(by_month)
    figure(
        dated(say("figure.mean"), last["month_start"], say),
        say.number(last[MEAN], digits=2),
        say.known(last[COVERAGE], "eligible_acquisitions"),
    )


def scan_time_figure(by_month: pd.DataFrame, say: Words) -> None:
    """The scan time of the newest month, with its coverage.

    Args:
        by_month: From ``values_by`` with ``month_start``.
        say: The wording.
    """
    last = _last(by_month)
    seconds = last["scan_time_sum_s"]
    figure(
        dated(say("figure.scan_time"), last["month_start"], say),
        say.number(None if pd.isna(seconds) else seconds / 3600, "h"),
        say.known(last["scan_time_coverage"], "acquisitions"),
    )


def _last(frame: pd.DataFrame) -> pd.Series:
    return frame.iloc[-1] if len(frame) else pd.Series(index=frame.columns, dtype="object")
