"""The projection: described series in, facts out, nothing else.

Default deny: the facts are built column by column from the policy; an attribute that no row of the
policy names has no way through.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from protocol_assets.deidentify.conformance import batch_record
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import (
    FactColumn,
    fact_columns,
    facts_schema,
    number_gate,
    terms,
)

__all__ = ["Projection", "project"]


@dataclass(frozen=True, slots=True)
class Projection:
    """The facts of one partition.

    Attributes:
        facts: ``facts_schema``, ordered by ``series_key`` and ``study_key``; its metadata say
            how it was de-identified.
        refused: Values that were present and did not pass, by column.
        unknown_terms: Texts that are no defined term: place of the series, and attribute.
    """

    facts: pa.Table
    refused: Counter[str]
    unknown_terms: tuple[tuple[int, str], ...]


def project(
    described: Sequence[Mapping[str, Any]], policy: str, pseudonyms: Pseudonyms, pacs: str
) -> Projection:
    """Facts of the described series of one partition.

    Args:
        described: One mapping per series: columns of ``series`` and the derived ones.
        policy: Name of an allow-list, ``Modality.facts_columns``.
        pseudonyms: The keyed pseudonyms.
        pacs: The partition's PACS, as named in the configuration.
    """
    refused: Counter[str] = Counter()
    unknown: list[tuple[int, str]] = []
    columns: dict[str, list[Any]] = {}
    for column in fact_columns(policy):
        if column.action == "partition":
            columns[column.name] = [pacs] * len(described)
            continue
        values = [row.get(column.source) for row in described]
        passed = _passer(column, pseudonyms)(values)
        columns[column.name] = passed
        lost = [
            place
            for place, (before, after) in enumerate(zip(values, passed, strict=True))
            if before is not None and after is None
        ]
        if lost:
            refused[column.name] = len(lost)
        if column.action == "term":
            unknown.extend((place, column.source) for place in lost)
    facts = pa.table(columns, schema=facts_schema(policy).with_metadata(batch_record(policy)))
    order = [("series_key", "ascending"), ("study_key", "ascending")]
    return Projection(facts.sort_by(order), refused, tuple(unknown))


def _passer(column: FactColumn, pseudonyms: Pseudonyms) -> Callable[[list[Any]], list[Any]]:
    if column.action == "key":
        return lambda values: pseudonyms.column(column.argument, values)
    if column.action == "term":
        allowed = terms(column.argument)
        return lambda values: [
            value if isinstance(value, str) and value in allowed else None for value in values
        ]
    gate = number_gate(column) if column.action == "number" else _GATES[column.action]
    return lambda values: [gate(value) for value in values]


def _day(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_GATES: dict[str, Callable[[Any], Any]] = {"day": _day, "flag": _flag}
