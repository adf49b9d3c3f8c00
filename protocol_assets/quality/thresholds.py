"""How often a series must tell what the KPIs need, by vendor and SOP class.

The thresholds are ``data/expectation_thresholds.csv``, for a site's analyst to edit. Each vendor
and encoding is judged on its own, so that the gaps of a small one do not vanish among the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from protocol_assets.data import read_table
from protocol_assets.deidentify.policy import all_fact_columns, terms

__all__ = ["THRESHOLDS", "Threshold", "coverage_suites", "read_thresholds", "thresholds_of"]

THRESHOLDS: Final = "expectation_thresholds.csv"
"""File name of the table; a suite asks for it by this name in its ``meta``."""

_SEVERITIES: Final = frozenset({"critical", "warning", "info"})


@dataclass(frozen=True, slots=True)
class Threshold:
    """How often a column of the facts must be there.

    Attributes:
        column: Column of the facts.
        vendor: Vendor it holds for, empty for every one.
        encoding: Encoding of the SOP class it holds for, empty for every one.
        mostly: Least share of the original series, above 0 and up to 1.
        severity: ``critical`` refuses, ``warning`` warns, ``info`` tells.
    """

    column: str
    vendor: str
    encoding: str
    mostly: float
    severity: str


@cache
def read_thresholds(table: str = THRESHOLDS) -> tuple[Threshold, ...]:
    """The rows of the table, checked.

    Raises:
        ValueError: A row names what is not there or repeats another; the text says which.
    """
    rows: list[Threshold] = []
    for line, row in enumerate(read_table(table), start=2):
        try:
            rows.append(_threshold(row, rows))
        except ValueError as error:
            raise ValueError(f"{table}, line {line}: {error}") from None
    return tuple(rows)


def thresholds_of(vendor: str | None, encoding: str | None) -> tuple[Threshold, ...]:
    """One threshold a column, from the row that says most.

    A row of the vendor and encoding outranks one of the vendor, that one of the encoding, that one
    of all.
    """
    chosen: dict[str, Threshold] = {}
    for one in read_thresholds():
        if one.vendor not in ("", vendor) or one.encoding not in ("", encoding):
            continue
        known = chosen.get(one.column)
        if known is None or _precision(one) > _precision(known):
            chosen[one.column] = one
    return tuple(chosen.values())


def coverage_suites(facts: pa.Table) -> Iterator[tuple[str, dict[str, Any], pa.Table]]:
    """For each vendor and encoding in the facts: what they are, their suite, their series.

    Only original series count. A suite speaks of all rows of its table: slicing once costs a third
    of what a row condition in every expectation does.

    Args:
        facts: Rows of the facts.
    """
    original = pc.field("exclusion_reason").is_null() & ~pc.coalesce(
        pc.field("is_derived_only"), pc.scalar(value=False)
    )
    originals = facts.filter(original)
    groups = originals.group_by(["vendor", "encoding"]).aggregate([])
    for group in groups.sort_by([("vendor", "ascending"), ("encoding", "ascending")]).to_pylist():
        vendor, encoding = group["vendor"], group["encoding"]
        scope = f"{vendor or 'unknown vendor'} {encoding or 'unknown encoding'}"
        chosen = thresholds_of(vendor, encoding)
        suite = {"name": scope, "expectations": [_expectation(one, scope) for one in chosen]}
        rows = originals.filter(_is("vendor", vendor) & _is("encoding", encoding))
        yield scope, suite, rows.select([one.column for one in chosen])


def _threshold(row: dict[str, str], before: list[Threshold]) -> Threshold:
    one = Threshold(
        row["column"], row["vendor"], row["encoding"], float(row["mostly"]), row["severity"]
    )
    allowed = {
        "column": frozenset(one.name for one in all_fact_columns()),
        "vendor": terms("vendor") | {""},
        "encoding": terms("encoding") | {""},
        "severity": _SEVERITIES,
    }
    for name, values in allowed.items():
        if row[name] not in values:
            raise ValueError(f"{row[name]!r} is no {name}; one of {', '.join(sorted(values))}")
    if not 0 < one.mostly <= 1:
        raise ValueError(f"mostly must be above 0 and at most 1, not {row['mostly']}")
    if any(_key(one) == _key(other) for other in before):
        raise ValueError("column, vendor and encoding stand in an earlier line; keep one of them")
    return one


def _key(one: Threshold) -> tuple[str, str, str]:
    return one.column, one.vendor, one.encoding


def _precision(one: Threshold) -> tuple[bool, bool]:
    return bool(one.vendor), bool(one.encoding)


def _expectation(one: Threshold, scope: str) -> dict[str, Any]:
    return {
        "type": "expect_column_values_to_not_be_null",
        "severity": one.severity,
        "kwargs": {"column": one.column, "mostly": one.mostly},
        "meta": {"rows": scope},
    }


def _is(column: str, value: str | None) -> pc.Expression:
    return pc.field(column).is_null() if value is None else pc.field(column) == value
