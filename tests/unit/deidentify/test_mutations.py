"""Each row of the policy, switched to pass-through, is caught by what judges the facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from protocol_assets.deidentify import projection
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import FactColumn, fact_columns, facts_schema, number_gate
from protocol_assets.dicom.columns import series_columns
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.quality.suites import EXPECTATIONS

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
HOSTILE = "DOE^JOHN 12345678"
BY_TYPE: dict[str, Any] = {"double": -1.0, "integer": -1, "boolean": 5, "date": HOSTILE}


def hostile(column: FactColumn) -> Any:
    """A value that must not pass the column's gate."""
    return BY_TYPE.get(column.type, HOSTILE)


def caught(facts: pa.Table) -> Iterator[str]:
    """What the suite of the facts says against a table: its columns, keys and terms."""
    suite = json.loads((EXPECTATIONS / "mr" / "series_facts.json").read_text(encoding="utf-8"))
    for one in suite["expectations"]:
        kwargs = one["kwargs"]
        if one["type"] == "expect_table_columns_to_match_ordered_list":
            if [*facts.column_names, "partition_day", "partition_pacs"] != kwargs["column_list"]:
                yield "columns"
        elif one["type"] == "expect_column_values_to_match_regex":
            for value in facts[kwargs["column"]].to_pylist():
                if value is not None and not re.match(kwargs["regex"], value):
                    yield kwargs["column"]
        elif one["type"] == "expect_column_values_to_be_in_set" and one["severity"] == "critical":
            for value in facts[kwargs["column"]].to_pylist():
                if value is not None and value not in kwargs["value_set"]:
                    yield kwargs["column"]


def facts_with(column: FactColumn) -> pa.Table:
    row = {column.source: hostile(column)}
    return projection.project([row], MR.facts_columns, PSEUDONYMS, "north").facts


MUTABLE = [column for column in fact_columns(MR.facts_columns) if column.action != "partition"]


@pytest.mark.parametrize("column", MUTABLE, ids=[column.name for column in MUTABLE])
def test_a_row_switched_to_pass_through_is_caught(
    column: FactColumn, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = facts_with(column)
    value = facts[column.name][0].as_py()
    assert value is None or (column.action == "key" and value != HOSTILE)
    assert list(caught(facts)) == []

    passer = projection._passer

    def mutated(one: FactColumn, pseudonyms: Pseudonyms) -> Any:
        return (lambda values: values) if one == column else passer(one, pseudonyms)

    monkeypatch.setattr(projection, "_passer", mutated)
    if column.action in ("key", "term"):
        assert column.name in set(caught(facts_with(column)))
    elif column.action == "number":
        passed = facts_with(column)[column.name][0].as_py()
        assert number_gate(column)(passed) is None  # what the next test holds against every number
    else:
        with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
            facts_with(column)


@pytest.mark.parametrize("column", [column for column in MUTABLE if column.action == "number"])
def test_no_number_of_the_facts_is_impossible(column: FactColumn) -> None:
    for value in (-1.0, float("nan"), float("inf"), HOSTILE, True, "5"):
        facts = projection.project(
            [{column.source: value}], MR.facts_columns, PSEUDONYMS, "north"
        ).facts
        assert facts[column.name][0].as_py() is None


@pytest.mark.parametrize(
    "name", sorted({column.name for column in series_columns(MR.series_columns)})
)
def test_a_column_that_the_policy_does_not_name_is_caught(name: str) -> None:
    facts = projection.project([], MR.facts_columns, PSEUDONYMS, "north").facts
    assert "columns" in set(caught(facts.append_column(name, pa.array([], pa.string()))))
    assert facts.schema.equals(facts_schema(MR.facts_columns))
