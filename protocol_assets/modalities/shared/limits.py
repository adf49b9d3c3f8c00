"""The limits that acquisitions, clocks, exams and repeats are judged by, from ``exam_limits.csv``.

Each has its reason there. They are judgement: whoever judges otherwise changes the file, and the
facts are made anew from the retained series.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Final

from protocol_assets.data.limits import plausible_range, read_limits

__all__ = ["duration", "limit", "repetition"]

_TABLE: Final = "exam_limits.csv"


@cache
def limit(name: str) -> float:
    """A limit in its own unit; shares in per cent are given as fractions."""
    return read_limits(_TABLE)[name].number


@cache
def duration(name: str) -> timedelta:
    """A limit that is a time."""
    return timedelta(seconds=read_limits(_TABLE)[name].seconds)


def repetition(tr_ms: float | None) -> timedelta:
    """A repetition time, in which no other scan fits; at most the longest plausible one."""
    return timedelta(milliseconds=min(tr_ms or 0.0, plausible_range("tr_ms")[1]))
