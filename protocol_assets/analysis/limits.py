"""The analysis' thresholds by name, with unit and reason in ``analysis_limits.csv``."""

from __future__ import annotations

from protocol_assets.data.limits import read_limits

__all__ = ["limit"]


def limit(name: str) -> float:
    """The value of one threshold, in its own unit.

    Raises:
        KeyError: There is no such threshold.
    """
    return read_limits("analysis_limits.csv")[name].value
