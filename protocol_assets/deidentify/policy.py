"""The policy: which columns the facts have, and the only way each may be filled.

Each modality has an allow-list, ``facts_columns.csv`` of MR; ``data/terms.csv`` holds the defined
terms. What is not a row there cannot leave the restricted zone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, cast, get_args

import pyarrow as pa

from protocol_assets.data import data_version, files_ending, read_table
from protocol_assets.data.limits import read_limits
from protocol_assets.deidentify.keys import DOMAINS
from protocol_assets.dicom.bounds import BOUNDS_FILE, bounds_of

__all__ = [
    "FactColumn",
    "all_fact_columns",
    "fact_columns",
    "facts_schema",
    "number_gate",
    "policy_version",
    "terms",
    "terms_table",
]

Action = Literal["key", "day", "partition", "term", "number", "flag"]

_POLICIES: Final = "facts_columns.csv"
_TERMS: Final = "terms.csv"
_LIMITS: Final = "disclosure_limits.csv"
_SIGNIFICANT_DIGITS: Final = int(read_limits(_LIMITS)["significant_digits"].value)
_ARROW: Final = {
    "string": pa.string(),
    "double": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
_ALLOWED_TYPES: Final[dict[Action, tuple[str, ...]]] = {
    "key": ("string",),
    "day": ("date",),
    "partition": ("string",),
    "term": ("string",),
    "number": ("double", "integer"),
    "flag": ("boolean",),
}


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One column of the facts.

    Attributes:
        name: Name in the facts and in the warehouse.
        type: ``string``, ``double``, ``integer``, ``boolean`` or ``date``.
        action: How a value passes: keyed, cut to the day, the partition's PACS, a defined term, a
        number
            in its physical range, or a flag.
        argument: The key's domain, the vocabulary, or the range (``>0``, ``>=0``).
        source: Column of the described series it is made from.
        unit: Unit, empty where there is none.
        description: For the data dictionary.
    """

    name: str
    type: str
    action: Action
    argument: str
    source: str
    unit: str
    description: str


@cache
def fact_columns(policy: str) -> tuple[FactColumn, ...]:
    """An allow-list in order.

    Args:
        policy: Name of a data file, ``Modality.facts_columns``.

    Raises:
        ValueError: A row is malformed; the message names it.
    """
    columns = []
    for row in read_table(policy):
        action = cast("Action", row["action"])
        known = action in get_args(Action)
        argument = row["argument"]
        if (
            not known
            or row["type"] not in _ALLOWED_TYPES[action]
            or (action == "key" and argument not in DOMAINS)
            or (action == "term" and not terms(argument))
            or (action == "number" and argument not in _GATES)
            or (action == "number" and bounds_of(row["source"]) is None)
        ):
            raise ValueError(
                f"{policy}: column {row['column']} has type {row['type']!r}, action "
                f"{row['action']!r}, argument {argument!r}, which do not go together"
                f" (numbers need bounds in {BOUNDS_FILE})"
            )
        columns.append(
            FactColumn(
                name=row["column"],
                type=row["type"],
                action=action,
                argument=argument,
                source=row["source"],
                unit=row["unit"],
                description=row["description"],
            )
        )
    return tuple(columns)


def all_fact_columns() -> tuple[FactColumn, ...]:
    """The columns of every modality: of every data file whose name ends as an allow-list."""
    names = files_ending(_POLICIES)
    return tuple(column for name in names for column in fact_columns(name))


@cache
def facts_schema(policy: str) -> pa.Schema:
    """The Arrow schema of the facts."""
    return pa.schema(
        pa.field(
            column.name,
            _ARROW[column.type],
            metadata={"description": column.description}
            | ({"unit": column.unit} if column.unit else {}),
        )
        for column in fact_columns(policy)
    )


@cache
def terms(vocabulary: str) -> frozenset[str]:
    """The defined terms of one vocabulary."""
    return frozenset(row["term"] for row in read_table(_TERMS) if row["vocabulary"] == vocabulary)


def terms_table() -> pa.Table:
    """All vocabularies with their readable labels, for the warehouse."""
    names = ("vocabulary", "term", "label")
    rows = read_table(_TERMS)
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in names})


_GATES: Final[dict[str, Callable[[float], bool]]] = {
    ">0": lambda number: number > 0,
    ">=0": lambda number: number >= 0,
}


def number_gate(column: FactColumn) -> Callable[[Any], Any]:
    """A function that casts a value and gives None where it is impossible.

    Only the impossible is refused here; the implausible passes and is warned of. What passes is
    rounded to the digits that a parameter has, so that no longer number hides in its decimals.
    """
    possible, bounds = _GATES[column.argument], bounds_of(column.source)
    cast_to: Callable[[Any], Any] = float if column.type == "double" else int

    def gate(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not math.isfinite(value) or not possible(value):
            return None
        if bounds is None or bounds.reason(value) is not None:
            return None
        number = cast_to(value)
        if number != value or abs(number) >= 2**63:
            return None
        rounded = float(f"{number:.{_SIGNIFICANT_DIGITS}g}")
        if bounds.decimals is not None:
            rounded = round(rounded, bounds.decimals)
        return cast_to(rounded) if bounds.reason(rounded) is None else None

    return gate


def policy_version(policy: str) -> str:
    """Version of a policy, carried by every partition."""
    return data_version(policy, _TERMS, *files_ending(BOUNDS_FILE, beside=policy), _LIMITS)
