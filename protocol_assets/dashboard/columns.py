"""The columns of the published tables: type, format (``dashboard_columns.csv``), heading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import pandas as pd

from protocol_assets.data import read_table

__all__ = ["TABLES", "Column", "columns", "shown", "typed"]

_DTYPES: Final = {
    "string": "str",
    "date": "datetime64[s]",
    "double": "float64",
    "bigint": "Int64",
    "boolean": "boolean",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it is read and shown.

    Attributes:
        name: Column of the published table; ``field.<name>`` is its heading in the texts.
        type: As in dbt's contract: string, date, double, bigint, boolean.
        format: For a number its decimals, ``percent`` for a share from 0 to 1, ``change`` for a
            change in percent; for a date ``date`` or ``month``; for a string the vocabulary of its
            values, empty for names.
    """

    name: str
    type: str
    format: str


@cache
def _specification() -> Mapping[str, Mapping[str, Column]]:
    tables: dict[str, dict[str, Column]] = {}
    for row in read_table("dashboard_columns.csv"):
        column = Column(row["column"], row["type"], row["format"])
        tables.setdefault(row["table"], {})[column.name] = column
    return tables


def columns(table: str) -> Mapping[str, Column]:
    """The columns that the dashboard reads of a published table, by name."""
    return _specification()[table]


_READ_AS: Final = {"scanner": "scanner_label", "protocol": "protocol_label"}


def shown(table: str, *names: str) -> dict[str, Column]:
    """Columns to show of a published table, in their order.

    Args:
        table: The published table.
        names: Its columns; ``scanner`` and ``protocol`` are the names made of their labels.
    """
    return {name: columns(table)[_READ_AS.get(name, name)] for name in names}


TABLES: Final = tuple(_specification())
"""The published tables that the dashboard reads."""


def typed(frame: pd.DataFrame, spec: Iterable[Column]) -> pd.DataFrame:
    """The columns of a specification with their types; one that is absent is NULL throughout.

    Args:
        frame: Published rows, possibly of an older version.
        spec: The columns wanted.
    """
    types = {column.name: _DTYPES[column.type] for column in spec}
    absent = [name for name in types if name not in frame]
    nothing = pd.DataFrame(None, index=frame.index, columns=absent, dtype="object")
    return frame.join(nothing)[list(types)].astype(types)
