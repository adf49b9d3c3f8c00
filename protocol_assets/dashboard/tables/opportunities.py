"""Opportunities: which are shown, and one of them in numbers."""

from __future__ import annotations

from functools import cache
from typing import Final

import pandas as pd

from protocol_assets.data import read_table

__all__ = [
    "ABOVE",
    "SHOWN",
    "levels",
    "listed",
    "remedies",
    "scanners_by_level",
]

ABOVE: Final = "above the reference"
SHOWN: Final = (ABOVE, "assessable", "not assessable", "all")
"""What the reader can ask for."""


@cache
def remedies() -> dict[str, str]:
    """What would make a protocol assessable, by the reason why it is not."""
    return {row["reason"]: row["remedy"] for row in read_table("assessment_reasons.csv")}


def listed(opportunities: pd.DataFrame, shown: str) -> pd.DataFrame:
    """The rows asked for, the most minutes first; waived ones last.

    Args:
        opportunities: ``published_opportunities``.
        shown: One of ``SHOWN``; waived ones are above their reference all the same.
    """
    asked = {
        ABOVE: opportunities["has_potential"].fillna(value=False),
        "assessable": opportunities["assessment_state"] == "assessable",
        "not assessable": opportunities["assessment_state"] != "assessable",
    }.get(shown)
    rows = opportunities if asked is None else opportunities[asked.astype(bool)]
    return rows.sort_values(
        ["is_waived", "minutes_per_month", "scanner", "protocol"],
        ascending=[True, False, True, True],
    ).reset_index(drop=True)


def levels(row: pd.Series) -> pd.DataFrame:
    """The averages of one opportunity that are told: ``what`` and ``averages``."""
    named = {"now": "averages", "reference": "reference_averages", "usual": "usual_averages"}
    found = pd.DataFrame(
        {"what": list(named), "averages": [row[column] for column in named.values()]}
    )
    return found.dropna().reset_index(drop=True)


def scanners_by_level(opportunities: pd.DataFrame) -> pd.DataFrame:
    """How many scanners run a protocol at which averages.

    Args:
        opportunities: Rows of one protocol.

    Returns:
        ``averages`` (to a hundredth), ``stands`` (above the reference, not above, not assessable)
        and ``scanners``; those whose averages are not told are left out.
    """
    above = opportunities["has_potential"]
    stands = above.map({True: ABOVE, False: "not above"}).astype("str").fillna("not assessable")
    counted = opportunities.assign(averages=opportunities["averages"].round(2), stands=stands)
    counted = counted.dropna(subset=["averages"])
    return counted.groupby(["averages", "stands"]).size().rename("scanners").reset_index()
