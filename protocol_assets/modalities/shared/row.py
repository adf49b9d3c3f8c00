"""Reading one row of ``series``: absent, blank, odd or impossible values are all None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

__all__ = ["Row", "number", "numbers", "positive", "text", "tokens"]

Row = Mapping[str, object]

# Larger magnitudes are no physical quantity of an MR header, and float() of a huge int overflows.
_LARGEST = 1e15


def number(row: Row, column: str) -> float | None:
    """The finite number in a column, else None."""
    return _number(row.get(column))


def positive(row: Row, column: str) -> float | None:
    """The number in a column if it is above zero, else None: zero and below are impossible here."""
    raw = row.get(column)
    value = None if raw is None else _number(raw)
    return value if value is not None and value > 0 else None


def numbers(row: Row, column: str) -> tuple[float, ...]:
    """The numbers of a multi-valued column; empty where one of them is unusable."""
    value = row.get(column)
    if not isinstance(value, (list, tuple)):
        return ()
    found = [_number(item) for item in value]
    known = tuple(item for item in found if item is not None)
    return known if len(known) == len(found) else ()


def text(row: Row, column: str) -> str | None:
    """The text of a column without surrounding blanks, None where nothing is left."""
    value = row.get(column)
    if value is None or not isinstance(value, str):
        return None
    return value.strip() or None


def tokens(row: Row, column: str) -> tuple[str, ...]:
    """The upper-case values of a backslash-joined column."""
    value = row.get(column)
    return _tokens(value) if isinstance(value, str) else ()


@lru_cache(maxsize=65536)
def _tokens(value: str) -> tuple[str, ...]:
    parts = tuple(part.strip().upper() for part in value.split("\\"))
    return parts if any(parts) else ()


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if -_LARGEST < value < _LARGEST else None
    return None
