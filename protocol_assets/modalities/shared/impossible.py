"""Values that no scan can have: counted by attribute, so that a scanner's faults show.

Only the impossible counts here (``dicom.bounds``): it becomes NULL. What is merely odd
passes and is warned of by the expectations. A field strength in gauss is no impossible value: its
unit is known, and it is read as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from protocol_assets.dicom.bounds import Bounds, all_bounds
from protocol_assets.dicom.columns import all_series_columns
from protocol_assets.modalities.shared.row import Row, text

__all__ = ["Impossible", "impossible_values", "unreadable_values", "without_impossible"]

Impossible = tuple[str, str]
"""An attribute, and why its value is impossible (vocabulary ``impossible_reason``)."""


def impossible_values(row: Row) -> list[Impossible]:
    """The attributes that hold an impossible value, in any of the images.

    Args:
        row: A series, or its derived columns.
    """
    found: dict[str, str] = {}
    for bounds, _, reason in _found(row):
        found.setdefault(bounds.column, reason)
    return list(found.items())


def without_impossible(row: Row) -> Row:
    """The row with its impossible values absent, so that nothing is derived from them."""
    names = [name for _, name, _ in _found(row)]
    return {**row, **dict.fromkeys(names)} if names else row


def unreadable_values(row: Row) -> list[Impossible]:
    """The attributes of one series that could not be read as their type, in any of its images."""
    return [
        (column, "not_a_number" if column in _numeric() else "unreadable")
        for column in (text(row, "dirty_columns") or "").split("\\")
        if column
    ]


def _found(row: Row) -> Iterator[tuple[Bounds, str, str]]:
    get = row.get
    for bounds, names in _columns():
        lower, upper = bounds.lower, bounds.upper
        for name in names:
            value = get(name)
            # Nearly every value is absent, a text or possible.
            if value is None or isinstance(value, str):
                continue
            if isinstance(value, float) and lower < value <= upper:
                continue
            reason = _reason(value, bounds)
            if reason is not None:
                yield bounds, name, reason


def _reason(value: object, bounds: Bounds) -> str | None:
    lower, upper = bounds.lower, bounds.upper
    for one in value if isinstance(value, (list, tuple)) else (value,):
        if not isinstance(one, (int, float)) or isinstance(one, bool) or lower < one <= upper:
            continue
        reason = bounds.reason(one)
        if reason is not None:
            return reason
    return None


@cache
def _columns() -> tuple[tuple[Bounds, tuple[str, ...]], ...]:
    # Smallest and largest over the images show what the most frequent value hides.
    ranges = {one.name: one.range_names for one in all_series_columns() if one.has_range}
    return tuple(
        (bounds, (bounds.column, *ranges.get(bounds.column, ()))) for bounds in all_bounds()
    )


@cache
def _numeric() -> frozenset[str]:
    kinds = {"integer", "integers", "decimal", "decimals"}
    return frozenset(column.name for column in all_series_columns() if column.type in kinds)
