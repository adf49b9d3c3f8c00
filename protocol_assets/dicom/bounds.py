"""Bounds of what a scan can be: beyond them a value is impossible and becomes NULL.

They lie far outside of what is usual, which the expectations warn of, and near enough that no
number of a patient, an order or a study passes for a measurement. Each modality has a table,
``impossible_values.csv`` of MR; it names columns of ``series``, and derived columns of the facts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from protocol_assets.data import files_ending, read_table

__all__ = ["BOUNDS_FILE", "LONGEST_TEXT", "Bounds", "all_bounds", "bounds_of"]

BOUNDS_FILE: Final = "impossible_values.csv"

LONGEST_TEXT: Final = 1024
"""Characters of a text that are read for words: 16 times what an LO may hold (PS3.5 6.2)."""

_SUFFIXES: Final = ("_min", "_max")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value may be, in its own unit.

    Attributes:
        column: Column of ``series``, or derived column of the facts.
        lower: Lower bound.
        takes_lower: Whether the lower bound itself is possible.
        upper: Largest possible value.
        decimals: Decimals that the facts keep; None where significant digits alone limit them.
    """

    column: str
    lower: float
    takes_lower: bool
    upper: float
    decimals: int | None = None

    def reason(self, number: float) -> str | None:
        """Why a number is impossible (vocabulary ``impossible_reason``), None where it is not."""
        if isinstance(number, float) and not math.isfinite(number):
            return "not_a_number"
        if number < self.lower or (number == self.lower and not self.takes_lower):
            return "not_positive" if self.lower == 0 else "out_of_bounds"
        return "out_of_bounds" if number > self.upper else None


@cache
def all_bounds() -> tuple[Bounds, ...]:
    """The bounds of every modality, in the order of its table.

    Raises:
        ValueError: A bound is malformed; the message names its column.
    """
    return tuple(_bounds(row) for name in files_ending(BOUNDS_FILE) for row in read_table(name))


@lru_cache(maxsize=1024)
def bounds_of(column: str) -> Bounds | None:
    """The bounds of a column; smallest and largest value of a series have those of its values."""
    by_column = {bounds.column: bounds for bounds in all_bounds()}
    for suffix in _SUFFIXES:
        if column not in by_column:
            column = column.removesuffix(suffix)
    return by_column.get(column)


def _bounds(row: dict[str, str]) -> Bounds:
    takes_lower = row["lower"].startswith(">=")
    try:
        lower, upper = float(row["lower"].removeprefix(">").removeprefix("=")), float(row["upper"])
        decimals = int(row["decimals"]) if row["decimals"] else None
    except ValueError:
        raise ValueError(f"{BOUNDS_FILE}: {row['column']} has a bound that is no number") from None
    if not row["lower"].startswith(">") or not lower < upper:
        raise ValueError(f"{BOUNDS_FILE}: {row['column']} needs a lower bound such as >0 or >=0")
    return Bounds(row["column"], lower, takes_lower, upper, decimals)
