"""The analysis' thresholds by name, with unit and reason in ``analysis_limits.csv``."""

from __future__ import annotations

from functools import cache

from protocol_assets.data import read_table

__all__ = ["limit"]


def limit(name: str) -> float:
    """The value of one threshold.

    Raises:
        KeyError: There is no such threshold.
    """
    return _limits()[name]


@cache
def _limits() -> dict[str, float]:
    return {row["limit"]: float(row["value"]) for row in read_table("analysis_limits.csv")}
