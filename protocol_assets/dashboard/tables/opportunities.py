"""Opportunities: which are shown, and one of them in numbers."""

from __future__ import annotations

import dataclasses
from typing import Final

import pandas as pd

from protocol_assets.dashboard.tables.fleet import records
from protocol_assets.figures.averages import scanners_at
from protocol_assets.figures.potential import ranked

__all__ = [
    "ABOVE",
    "SHOWN",
    "levels",
    "listed",
    "scanners_by_averages",
]

ABOVE: Final = "above"
SHOWN: Final = (ABOVE, "assessable", "not_assessable", "all")
"""What the reader can ask for; ``show.<name>`` in the texts."""


def listed(opportunities: pd.DataFrame, shown: str) -> pd.DataFrame:
    """The rows asked for, the most minutes first; waived ones last.

    Args:
        opportunities: ``published_opportunities``.
        shown: One of ``SHOWN``; waived ones may be above their reference, too.
    """
    asked = {
        ABOVE: opportunities["has_potential"].fillna(value=False),
        "assessable": opportunities["assessment_state"] == "assessable",
        "not_assessable": opportunities["assessment_state"] != "assessable",
    }.get(shown)
    rows = opportunities if asked is None else opportunities[asked.astype(bool)]
    places = [one["place"] for one in ranked(records(rows.assign(place=range(len(rows)))))]
    in_order = rows.iloc[places]
    waived_last = in_order["is_waived"].fillna(value=False).astype(bool)
    return in_order.loc[waived_last.sort_values(kind="stable").index].reset_index(drop=True)


def levels(row: pd.Series) -> pd.DataFrame:
    """The known averages of one opportunity: ``what`` and ``averages``."""
    named = {"now": "averages", "reference": "reference_averages", "usual": "usual_averages"}
    found = pd.DataFrame(
        {"what": list(named), "averages": [row[column] for column in named.values()]}
    )
    return found.dropna().reset_index(drop=True)


def scanners_by_averages(opportunities: pd.DataFrame) -> pd.DataFrame:
    """How many scanners run a protocol at which averages.

    Args:
        opportunities: Rows of one protocol.

    Returns:
        ``averages``, ``place`` and ``scanners``, as ``scanners_at`` has them.
    """
    found = [dataclasses.astuple(one) for one in scanners_at(records(opportunities))]
    return pd.DataFrame(found, columns=["averages", "place", "scanners"])
