"""Values that no scan can have: counted by attribute, so that a scanner's faults show.

Only the impossible counts here (``impossible_values.csv``): it becomes NULL. What is merely odd
passes and is warned of by the expectations. A field strength in gauss is no impossible value: its
unit is known, and it is read as such.
"""

from __future__ import annotations

import math
from functools import cache

from protocol_assets.data import read_table
from protocol_assets.dicom.columns import series_columns
from protocol_assets.vendors.row import Row, text

__all__ = ["Impossible", "impossible_values", "unreadable_values"]

Impossible = tuple[str, str]
"""An attribute, and why its value is impossible (vocabulary ``impossible_reason``)."""


def impossible_values(row: Row) -> list[Impossible]:
    """The attributes of one series that hold an impossible value, in any of its images."""
    found = []
    get = row.get
    for column, names, zero_is_possible in _columns():
        for name in names:
            value = get(name)
            # Nearly every value is absent or a positive number.
            if value is None or (isinstance(value, float) and 0 < value < math.inf):
                continue
            reason = _reason(value, zero_is_possible)
            if reason is not None:
                found.append((column, reason))
                break
    return found


def unreadable_values(row: Row) -> list[Impossible]:
    """The attributes of one series that could not be read as their type, in any of its images."""
    return [
        (column, "not_a_number" if column in _numeric() else "unreadable")
        for column in (text(row, "dirty_columns") or "").split("\\")
        if column
    ]


def _reason(value: object, zero_is_possible: bool) -> str | None:
    for one in value if isinstance(value, (list, tuple)) else (value,):
        if not isinstance(one, (int, float)) or isinstance(one, bool):
            continue
        if isinstance(one, float) and not math.isfinite(one):
            return "not_a_number"
        if one < 0 or (one == 0 and not zero_is_possible):
            return "not_positive"
    return None


@cache
def _columns() -> tuple[tuple[str, tuple[str, str], bool], ...]:
    # The smallest value over the images shows what the most frequent one hides.
    return tuple(
        (row["column"], (row["column"], f"{row['column']}_min"), row["possible"] == ">=0")
        for row in read_table("impossible_values.csv")
    )


@cache
def _numeric() -> frozenset[str]:
    kinds = {"integer", "integers", "decimal", "decimals"}
    return frozenset(column.name for column in series_columns() if column.type in kinds)
