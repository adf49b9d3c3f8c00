"""The limits that acquisitions, clocks, exams and repeats are judged by, from ``exam_limits.csv``.

Each has its reason there. They are judgement: whoever judges otherwise changes the file, and the
facts are made anew from the retained series.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from protocol_assets.data import read_table

__all__ = ["duration", "limit"]

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


@cache
def limit(name: str) -> float:
    """A limit in its own unit; shares in per cent are given as fractions."""
    row = _rows()[name]
    value = float(row["value"])
    return value / 100 if row["unit"] == "%" else value


@cache
def duration(name: str) -> timedelta:
    """A limit that is a time."""
    row = _rows()[name]
    return timedelta(seconds=float(row["value"]) * _SECONDS[row["unit"]])


@cache
def _rows() -> dict[str, dict[str, str]]:
    return {row["limit"]: row for row in read_table("exam_limits.csv")}
