from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.data import read_table
from protocol_assets.deidentify.policy import (
    FactColumn,
    fact_columns,
    facts_schema,
    number_gate,
    terms,
)
from protocol_assets.dicom.bounds import BOUNDS_FILE, Bounds, bounds_of
from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.quality.suites import EXPECTATIONS


def suite() -> list[dict[str, Any]]:
    text = (EXPECTATIONS / "mr" / "series_facts.json").read_text(encoding="utf-8")
    expectations: list[dict[str, Any]] = json.loads(text)["expectations"]
    return expectations


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {
        one["kwargs"]["column"]: one["kwargs"]
        for one in suite()
        if one["type"] == kind and one["severity"] == "critical"
    }


def test_no_identifying_series_column_passes_unless_keyed() -> None:
    open_text = {
        column.name
        for column in series_columns(MR.series_columns)
        if column.confidentiality in ("direct", "text")
    }
    for column in fact_columns(MR.facts_columns):
        if column.source in open_text or column.source.endswith(("UID", "_id", "_text")):
            assert column.action == "key", column.name


def test_no_clock_time_passes() -> None:
    clocks = {
        field.name
        for field in series_schema(MR.series_columns)
        if str(field.type).startswith(("time", "timestamp"))
    }
    dates = {
        field.name
        for field in series_schema(MR.series_columns)
        if str(field.type).startswith("date")
    }
    for column in fact_columns(MR.facts_columns):
        assert column.source not in clocks
        assert column.source not in dates or column.action == "day"


def test_suite_holds_exactly_the_policy() -> None:
    (columns,) = (
        one["kwargs"]["column_list"]
        for one in suite()
        if one["type"] == "expect_table_columns_to_match_ordered_list"
    )
    assert columns == [*facts_schema(MR.facts_columns).names, "partition_day", "partition_pacs"]
    patterns = of_type("expect_column_values_to_match_regex")
    sets = of_type("expect_column_values_to_be_in_set")
    for column in fact_columns(MR.facts_columns):
        if column.action == "key":
            assert patterns[column.name]["regex"] == "^[A-Z2-7]{26}$", column.name
        if column.action == "term":
            assert sets[column.name]["value_set"] == sorted(terms(column.argument)), column.name


def test_terms_are_unique_and_labelled() -> None:
    rows = [(row["vocabulary"], row["term"]) for row in read_table("terms.csv")]
    assert len(set(rows)) == len(rows)
    assert all(row["label"] for row in read_table("terms.csv"))


def test_only_the_impossible_is_refused() -> None:
    columns = {column.name: column for column in fact_columns(MR.facts_columns)}
    nex, count = number_gate(columns["nex"]), number_gate(columns["number_of_frames"])
    assert [nex(value) for value in (0, -1, float("nan"), "2", True, 64, 0.5)] == [
        None,
        None,
        None,
        None,
        None,
        64.0,
        0.5,
    ]
    assert [count(value) for value in (3, 3.0, 3.5, 2**70)] == [3, 3, None, None]


NUMBERS = [column for column in fact_columns(MR.facts_columns) if column.action == "number"]


@pytest.mark.parametrize("column", NUMBERS, ids=lambda column: column.name)
def test_every_number_has_a_lower_and_an_upper_bound_with_a_source(column: FactColumn) -> None:
    bounds = bounds_of(column.source)
    assert bounds is not None, f"add {column.source} to {BOUNDS_FILE}"
    assert -math.inf < bounds.lower < bounds.upper <= 1_000_000
    sources = {row["column"]: row["source"] for row in read_table(BOUNDS_FILE)}
    assert sources[bounds.column]


@pytest.mark.parametrize("name", [one.name for one in NUMBERS])
def test_a_number_without_bounds_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = next(one.source for one in NUMBERS if one.name == name)

    def without(column: str) -> Bounds | None:
        return None if column == source else bounds_of(column)

    monkeypatch.setattr("protocol_assets.deidentify.policy.bounds_of", without)
    with pytest.raises(ValueError, match=r"column \w+ has type .*numbers need bounds in"):
        fact_columns.__wrapped__(MR.facts_columns)


def significant_digits(value: float) -> str:
    """As every reader prints it: the shortest text that gives the same number back."""
    return "".join(map(str, Decimal(repr(value)).as_tuple().digits)).strip("0")


@given(
    st.sampled_from(NUMBERS),
    st.integers(1_000_000, 99_999_999).filter(lambda number: number % 10),
    st.integers(-12, 12),
    st.sampled_from((1, -1)),
)
def test_no_number_of_seven_or_eight_digits_passes(
    column: FactColumn, number: int, exponent: int, sign: int
) -> None:
    """Wherever its decimal point is, whatever its sign."""
    value = float(f"{sign * number}e{exponent}")
    passed = number_gate(column)(value)
    assert passed is None or str(number) not in significant_digits(passed)
    bounds = bounds_of(column.source)
    coarse = 0.0 if bounds is None or bounds.decimals is None else 0.5 * 10.0**-bounds.decimals
    assert passed is None or passed == pytest.approx(value, rel=1e-5, abs=coarse)


def test_noise_of_single_precision_is_rounded() -> None:
    columns = {column.name: column for column in NUMBERS}
    assert number_gate(columns["tr_ms"])(5.4840001) == 5.484
    assert number_gate(columns["tr_ms"])(12_345.678) == 12_345.7
    assert number_gate(columns["number_of_frames"])(999_999) == 999_999
