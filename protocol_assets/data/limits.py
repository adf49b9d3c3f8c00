"""Limits by name: each is written once, in a CSV file, with unit, reason and source.

A table of limits has the columns ``limit``, ``value``, ``unit``, ``reason`` and ``source``. Those
that dbt needs are generated into its variables (``dbt_variables.csv``, ``make generate``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from protocol_assets.data import read_table

__all__ = ["Limit", "dbt_variables", "plausible_range", "read_limits"]

_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        value: In its unit.
        unit: As in the file; ``1`` for a number or share.
        reason: Why it is what it is.
    """

    value: float
    unit: str
    reason: str

    @property
    def number(self) -> float:
        """The value; per cent as a fraction."""
        return self.value / 100 if self.unit == "%" else self.value

    @property
    def seconds(self) -> float:
        """The value of a time.

        Raises:
            KeyError: Its unit is none of time.
        """
        return self.value * _SECONDS[self.unit]


@cache
def read_limits(table: str) -> dict[str, Limit]:
    """The limits of one file by name.

    Args:
        table: Such as ``exam_limits.csv``.

    Raises:
        ValueError: A name is in the file twice.
    """
    rows = read_table(table)
    limits = {row["limit"]: Limit(float(row["value"]), row["unit"], row["reason"]) for row in rows}
    if len(limits) < len(rows):
        raise ValueError(f"{table}: a limit is given twice")
    return limits


@cache
def plausible_range(column: str) -> tuple[float, float]:
    """Lowest and highest plausible value of a column of the facts, in its unit.

    Raises:
        KeyError: ``plausible_values.csv`` has no such column.
    """
    rows = {row["column"]: row for row in read_table("plausible_values.csv")}
    return float(rows[column]["lowest"]), float(rows[column]["highest"])


def dbt_variables() -> dict[str, tuple[float, Limit]]:
    """The value of each of dbt's variables, in seconds where its name ends so, and its limit."""
    variables = {}
    for row in read_table("dbt_variables.csv"):
        limit = read_limits(row["table"])[row["limit"]]
        value = limit.seconds if row["variable"].endswith("_s") else limit.number
        variables[row["variable"]] = (value, limit)
    return variables
