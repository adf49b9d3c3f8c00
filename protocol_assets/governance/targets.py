"""``targets.csv``: the settings that the hospital has signed for its protocols.

Each target has a scope, in which an empty field means any value. Body region, role and
reconstruction are never empty, because a target for one does not apply to another. A signature
consists of an approver, a day and a reason. A new version of a target follows the previous one: two
targets with the same scope are never in force at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import pyarrow as pa

from protocol_assets.analysis.target_scope import TARGET_SCOPE
from protocol_assets.data import read_table
from protocol_assets.data.limits import plausible_range
from protocol_assets.governance.lines import Line, day, read_lines
from protocol_assets.governance.scanners import read_scanner_names
from protocol_assets.lake.zones import Lake

__all__ = ["TARGETS_SCHEMA", "Target", "read_targets", "targets_file", "targets_table"]

_NEVER_EMPTY: Final = ("anatomy", "role", "reconstruction")
_COLUMNS: Final = (
    "target",
    "version",
    *TARGET_SCOPE,
    "parameter",
    "value",
    "valid_from",
    "valid_to",
    "approved_by",
    "approved_on",
    "reason",
)

TARGETS_SCHEMA: Final = pa.schema(
    [
        pa.field(
            name,
            {
                "version": pa.int64(),
                "field_strength_class_t": pa.float64(),
                "value": pa.float64(),
                "valid_from": pa.date32(),
                "valid_to": pa.date32(),
                "approved_on": pa.date32(),
            }.get(name, pa.string()),
        )
        for name in _COLUMNS
    ]
)


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the file. None means any value in the scope, and no end in ``valid_to``."""

    target: str
    version: int
    site: str | None
    model: str | None
    vendor: str | None
    field_strength_class_t: float | None
    anatomy: str
    role: str
    contrast_phase: str | None
    fat_suppression: str | None
    dimension: str | None
    reconstruction: str
    parameter: str
    value: float
    valid_from: date
    valid_to: date | None
    approved_by: str
    approved_on: date
    reason: str

    @property
    def scope(self) -> tuple[object, ...]:
        """Return the parameter and the scope that the target applies to."""
        return (self.parameter, *(getattr(self, name) for name in TARGET_SCOPE))


def targets_file(lake: Lake) -> Path:
    """Return the path of the governance file of targets."""
    return lake.governance / "targets.csv"


def read_targets(lake: Lake) -> list[Target]:
    """The checked lines of the file; none where there is no file.

    Raises:
        Fault: A line is wrong; the text names line and reason.
    """
    path = targets_file(lake)
    if not path.exists():
        return []
    sites = {name.site for name in read_scanner_names(lake)}
    return read_lines(path, _COLUMNS, lambda line, before: _target(line, before, sites))


def targets_table(targets: Iterable[Target]) -> pa.Table:
    """Return the targets as a table for the warehouse and the analysis."""
    rows = [dict(zip(_COLUMNS, astuple(target), strict=True)) for target in targets]
    return pa.Table.from_pylist(rows, schema=TARGETS_SCHEMA)


def _target(line: Line, before: list[Target], sites: set[str]) -> Target:
    for column in ("target", "approved_by", "reason"):
        if not line[column]:
            raise ValueError(f"{column} must not be empty")
    _check_scope(line, sites)
    valid_from, valid_to, approved_on = _days(line)
    target = Target(
        target=line["target"],
        version=_version(line["version"]),
        site=line["site"] or None,
        model=line["model"] or None,
        vendor=line["vendor"] or None,
        field_strength_class_t=_field(line["field_strength_class_t"]),
        anatomy=line["anatomy"],
        role=line["role"],
        contrast_phase=line["contrast_phase"] or None,
        fat_suppression=line["fat_suppression"] or None,
        dimension=line["dimension"] or None,
        reconstruction=line["reconstruction"],
        parameter=line["parameter"],
        value=_value(line["parameter"], line["value"]),
        valid_from=valid_from,
        valid_to=valid_to,
        approved_by=line["approved_by"],
        approved_on=approved_on,
        reason=line["reason"],
    )
    for other in before:
        if (other.target, other.version) == (target.target, target.version):
            raise ValueError("this target and version stand on an earlier line")
        if other.scope == target.scope and _overlap(other, target):
            raise ValueError(
                f"is in force at the same time as {other.target} v{other.version}, which has the "
                "same scope: end that one (valid_to) the day before this one begins"
            )
    return target


def _check_scope(line: Line, sites: set[str]) -> None:
    for column in TARGET_SCOPE:
        value = line[column]
        if not value:
            if column in _NEVER_EMPTY:
                raise ValueError(f"{column} must not be empty")
            continue
        if column == "site":
            if value not in sites:
                raise ValueError("no scanner in scanners.csv has this site")
        elif column != "field_strength_class_t" and value not in _terms(column):
            raise ValueError(f"{column} has no term {value!r}; the terms are in terms.csv")


def _days(line: Line) -> tuple[date, date | None, date]:
    valid_from, valid_to = day(line, "valid_from"), day(line, "valid_to")
    approved_on = day(line, "approved_on")
    if valid_from is None or approved_on is None:
        raise ValueError("valid_from and approved_on must not be empty")
    if valid_to is not None and valid_to < valid_from:
        raise ValueError("valid_to lies before valid_from")
    if approved_on > valid_from:
        raise ValueError("approved_on lies after valid_from: a target is signed before it is valid")
    return valid_from, valid_to, approved_on


def _version(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("version must be a whole number from 1 on")
    return int(text)


def _field(text: str) -> float | None:
    if not text:
        return None
    value = _number("field_strength_class_t", text)
    if value not in _fields():
        fields = ", ".join(f"{one:g}" for one in _fields())
        raise ValueError(f"field_strength_class_t must be one of {fields}")
    return value


def _value(parameter: str, text: str) -> float:
    if parameter not in _bounds():
        raise ValueError(f"parameter must be one of {', '.join(_bounds())}")
    value = _number("value", text)
    lowest, highest = _bounds()[parameter]
    if not lowest <= value <= highest:
        raise ValueError(f"value of {parameter} must be from {lowest:g} to {highest:g}")
    return value


def _number(column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{column} must be a number")
    return value


def _overlap(one: Target, other: Target) -> bool:
    return (one.valid_to is None or one.valid_to >= other.valid_from) and (
        other.valid_to is None or other.valid_to >= one.valid_from
    )


@cache
def _terms(vocabulary: str) -> frozenset[str]:
    return frozenset(
        row["term"] for row in read_table("terms.csv") if row["vocabulary"] == vocabulary
    )


@cache
def _fields() -> tuple[float, ...]:
    return tuple(float(row["class_t"]) for row in read_table("field_strength_classes.csv"))


@cache
def _bounds() -> dict[str, tuple[float, float]]:
    """Return the lowest and highest plausible value of each tracked number."""
    return {
        row["parameter"]: plausible_range(row["parameter"])
        for row in read_table("drift_tolerances.csv")
        if row["kind"] != "term"
    }
