"""The gate over Arrow agrees with Great Expectations in every outcome, also on planted faults."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.dicom.columns import series_schema
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.quality import gate, suites
from protocol_assets.quality.conditions import UnsupportedRuleError
from protocol_assets.quality.gate import evaluate, judge_table
from protocol_assets.quality.outcomes import SuiteResult
from protocol_assets.quality.rules import RULES, apply_rule
from protocol_assets.quality.suites import load_suite
from protocol_assets.quality.validation import validate, validate_rules

Rule = dict[str, Any]
DAY: Final = dt.date(2026, 2, 2)
NEXT_DAY: Final = dt.date(2026, 2, 3)
CODE: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

SCHEMA: Final = pa.schema(
    {
        "code": pa.string(),
        "name": pa.string(),
        "kind": pa.string(),
        "day": pa.date32(),
        "other_day": pa.date32(),
        "real": pa.float64(),
        "whole": pa.int64(),
        "flag": pa.bool_(),
        "time": pa.time64("us"),
        "moment": pa.timestamp("us"),
        "texts": pa.list_(pa.float64()),
    }
)
VALUES: Final[Mapping[str, list[Any]]] = {
    "code": [CODE, CODE[:-1], f"{CODE}\n", f"{CODE}A", CODE.lower(), "", "É" * 26, None],
    "name": ["main", "main ", "Main", "a-b_c9", "", "ma\nin", "nan", "None", None],
    "kind": ["mr", "ct", "", "null", None],
    "day": [DAY, NEXT_DAY, dt.date(1, 1, 1), dt.date(9999, 12, 31), None],
    "other_day": [DAY, NEXT_DAY, None],
    "real": [0.25, 0.2499999999, 32.0, 32.0000001, 0.0, -0.0, math.nan, math.inf, -math.inf, None],
    "whole": [1, 0, 2, 32, 33, -1, 2**53, 2**53 + 1, 2**62, None],
    "flag": [True, False, None],
    "time": [dt.time(1, 2, 3), None],
    "moment": [dt.datetime(2026, 2, 2, 1), dt.datetime(1700, 1, 1), None],
    "texts": [[1.0, None], [], None],
}


def table(*rows: Mapping[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in SCHEMA.names} for row in rows], SCHEMA
    )


def rule(kind: str, condition: object = None, **arguments: Any) -> Rule:
    if condition is not None:
        arguments["row_condition"] = condition
    return {"type": f"expect_{kind}", "severity": "warning", "kwargs": arguments}


def compared(column: str, operator: str, parameter: object) -> dict[str, Any]:
    return {
        "type": "comparison",
        "column": {"name": column},
        "operator": operator,
        "parameter": parameter,
    }


def nullity(column: str, *, is_null: bool) -> dict[str, Any]:
    return {"type": "nullity", "column": {"name": column}, "is_null": is_null}


CONDITIONS: Final[list[object]] = [
    None,
    compared("kind", "==", "mr"),
    compared("kind", "!=", "mr"),
    compared("kind", "IN", ["mr", "null"]),
    compared("kind", "NOT_IN", ["mr"]),
    compared("kind", "==", "nobody"),
    *(nullity(name, is_null=True) for name in SCHEMA.names),
    nullity("real", is_null=False),
    {
        "type": "and",
        "conditions": [nullity("kind", is_null=False), compared("name", "NOT_IN", ["main"])],
    },
]
ABOUT_VALUES: Final[list[Rule]] = [
    *(rule("column_values_to_not_be_null", column=name) for name in SCHEMA.names),
    rule("column_values_to_match_regex", column="code", regex="^[A-Z2-7]{26}$"),
    rule("column_values_to_match_regex", column="name", regex="^[a-z0-9_-]+$"),
    rule("column_values_to_match_regex", column="name", regex="a[a-z]?n"),
    rule("column_values_to_match_regex", column="name", regex="n$"),
    rule("column_values_to_match_regex", column="name", regex="^None"),
    rule("column_values_to_be_in_set", column="kind", value_set=["mr", "null"]),
    rule("column_values_to_be_in_set", column="real", value_set=[0, 0.25, 32]),
    rule("column_values_to_be_in_set", column="whole", value_set=[1, 2.0, 33, 2**53 - 1]),
    rule("column_values_to_be_between", column="real", min_value=0.25, max_value=32),
    rule("column_values_to_be_between", column="real", min_value=0, max_value=0),
    rule("column_values_to_be_between", column="whole", min_value=1, max_value=32),
    rule("column_values_to_be_between", column="whole", min_value=0.5, max_value=2**53 - 1),
    rule("column_pair_values_to_be_equal", column_A="day", column_B="other_day"),
    rule("column_pair_values_to_be_equal", column_A="name", column_B="kind"),
    rule("column_pair_values_to_be_equal", column_A="real", column_B="real"),
    rule("compound_columns_to_be_unique", column_list=["day", "name"]),
    rule("compound_columns_to_be_unique", column_list=["day", "name", "kind"]),
]
ABOUT_TABLES: Final[list[Rule]] = [
    rule("table_columns_to_match_ordered_list", column_list=list(SCHEMA.names)),
    rule("table_columns_to_match_ordered_list", column_list=list(SCHEMA.names)[::-1]),
    rule("table_columns_to_match_ordered_list", column_list=[*SCHEMA.names, "more"]),
]


def with_arguments(one: Rule, **arguments: Any) -> Rule:
    return {**one, "kwargs": one["kwargs"] | arguments}


def assert_equal(rules: list[Rule], rows: pa.Table) -> None:
    by_arrow = [apply_rule(one, rows) for one in rules]
    by_great_expectations = validate_rules(rules, rows)
    differing = [
        (one, mine, theirs)
        for one, mine, theirs in zip(rules, by_arrow, by_great_expectations, strict=True)
        if mine != theirs
    ]
    assert not differing, "\n\n".join(map(str, differing))


EVERY_VALUE: Final = [
    dict(zip(VALUES, values, strict=True)) for values in itertools.zip_longest(*VALUES.values())
]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="no rows"),
        pytest.param([{}], id="nothing but NULLs"),
        pytest.param([{}, {}, {"kind": "mr"}], id="hardly a value"),
        pytest.param(EVERY_VALUE, id="each value once"),
        pytest.param([*EVERY_VALUE, *reversed(EVERY_VALUE)], id="each value twice"),
        pytest.param([{"name": "a", "kind": "a", "day": DAY, "other_day": DAY}], id="a pair"),
    ],
)
def test_every_rule_counts_like_great_expectations(rows: list[dict[str, Any]]) -> None:
    assert_equal([*ABOUT_TABLES, *ABOUT_VALUES], table(*rows))


@pytest.mark.parametrize("column", VALUES)
@pytest.mark.parametrize("kept", [lambda _: True, lambda value: value is not None])
def test_every_value_alone(column: str, kept: Callable[[object], bool]) -> None:
    rules = [one for one in ABOUT_VALUES if column in str(one["kwargs"])]
    assert_equal(rules, table(*({column: value} for value in VALUES[column] if kept(value))))


@pytest.mark.parametrize("rows", [[], [{}], EVERY_VALUE], ids=["none", "NULLs", "each value"])
def test_every_row_condition_selects_the_same_rows(rows: list[dict[str, Any]]) -> None:
    about_some = [
        rule("column_values_to_not_be_null", column="real"),
        rule("column_values_to_be_in_set", column="kind", value_set=["mr", "null"]),
        rule("compound_columns_to_be_unique", column_list=["day", "name"]),
    ]
    selected = [
        with_arguments(one, row_condition=each) for one in about_some for each in CONDITIONS if each
    ]
    assert_equal(selected, table(*rows))


@pytest.mark.parametrize("mostly", [0, 0.5, 0.7, 0.9, 0.95, 0.98, 0.99, 1, 1.0])
def test_a_threshold_is_met_by_the_same_share(mostly: float) -> None:
    """Around the threshold, with rows that are not judged among them."""
    rules = [
        rule("column_values_to_be_between", column="real", min_value=1, max_value=1),
        rule("column_values_to_not_be_null", column="real"),
        rule("column_values_to_match_regex", column="name", regex="^a$"),
        rule("column_pair_values_to_be_equal", column_A="name", column_B="kind"),
        rule("compound_columns_to_be_unique", column_list=["name", "kind"]),
    ]
    asked = [with_arguments(one, mostly=mostly) for one in rules]
    good, bad = {"real": 1.0, "name": "a", "kind": "a"}, {"real": 2.0, "name": "b"}
    for size in (10, 20, 50, 100):
        due = round(size * (1 - mostly))
        for faults in {max(due - 1, 0), due, due + 1}:
            rows = [good] * (size - faults) + [bad] * faults
            assert_equal(asked, table(*rows, {}, {}, {}))


def facts(*rows: dict[str, Any]) -> pa.Table:
    schema = facts_schema(MR.facts_columns)
    for name, kind in (("partition_day", pa.date32()), ("partition_pacs", pa.string())):
        schema = schema.append(pa.field(name, kind))
    return pa.Table.from_pylist([GOOD_FACTS | row for row in rows], schema)


def series(*rows: dict[str, Any]) -> pa.Table:
    schema = series_schema(MR.series_columns)
    for name, kind in (("partition_day", pa.date32()), ("partition_pacs", pa.string())):
        schema = schema.append(pa.field(name, kind))
    return pa.Table.from_pylist([GOOD_SERIES | row for row in rows], schema)


_PARTITION: Final = {"partition_day": DAY, "partition_pacs": "main", "pacs": "main"}
GOOD_SERIES: Final[dict[str, Any]] = _PARTITION | {
    "StudyInstanceUID": "1.2",
    "StudyDate": DAY,
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
}
GOOD_FACTS: Final[dict[str, Any]] = _PARTITION | {
    "study_date": DAY,
    "study_key": CODE,
    "exam_key": CODE,
    "acquisition_key": CODE,
    "vendor": "siemens",
    "encoding": "classic",
    "is_derived_only": False,
    "nex": 2.0,
}


def key(number: int) -> str:
    letters = f"{chr(65 + number // 26)}{chr(65 + number % 26)}"
    return letters + CODE[2:]


WRONG: Final[Mapping[pa.DataType, list[Any]]] = {
    pa.string(): [None, f"{CODE}\n", "UNKNOWN"],
    pa.float64(): [None, math.nan, -1.0, 1e9],
    pa.int64(): [None, 0, 10**12],
    pa.date32(): [None, NEXT_DAY],
}
SUITES: Final = {
    "mr/series": (series, "SeriesInstanceUID"),
    "mr/series_facts": (facts, "series_key"),
}


def columns_of(one: Rule) -> set[str]:
    return {
        one["kwargs"][name] for name in ("column", "column_A", "column_B") if name in one["kwargs"]
    }


@pytest.mark.parametrize("suite", SUITES)
def test_both_engines_agree_on_faults_in_every_column(suite: str) -> None:
    build, ident = SUITES[suite]
    good = {ident: key(0)}
    rules = load_suite(suite)["expectations"]
    for column in sorted(set().union(*map(columns_of, rules))):
        wrong = WRONG.get(build().schema.field(column).type, [None])
        rows = [good, good, *(good | {column: value} for value in wrong)]
        assert_equal([one for one in rules if column in columns_of(one)], build(*rows))


@pytest.mark.parametrize("suite", SUITES)
def test_both_engines_agree_on_whole_suites(suite: str) -> None:
    """Also in the order of the outcomes and with the thresholds of vendor and SOP class."""
    build, ident = SUITES[suite]
    good = [{ident: key(number)} for number in range(12)]
    others = [{ident: key(number), "vendor": "philips", "nex": None} for number in range(12, 20)]
    tables = [
        build(),
        build(*good, *others),
        build(*good, *good),
        build(*good).drop_columns([ident]),
        build(*good).append_column("more", pa.array([1] * len(good))),
    ]
    for one in tables:
        assert evaluate(suite, one) == validate(suite, one)


UNKNOWN: Final[list[Rule]] = [
    rule("column_values_to_not_be_in_set", column="kind", value_set=["ct"]),
    rule("column_max_to_be_between", column="real", max_value=1),
    rule("column_values_to_match_regex", column="code", regex=r"\\d|(?i)a"),
    rule("column_values_to_match_regex", column="real", regex="^a"),
    rule("column_values_to_be_in_set", column="kind", value_set=[1, 2]),
    rule("column_values_to_be_in_set", column="flag", value_set=[True]),
    rule("column_values_to_be_between", column="real", min_value=1, max_value=2, strict_min=True),
    rule("column_values_to_be_between", column="real", min_value=1),
    rule("column_values_to_be_between", column="whole", min_value=1, max_value=2**60),
    rule("column_values_to_be_between", column="name", min_value=1, max_value=2),
    rule("column_values_to_not_be_null", column="absent"),
    rule("column_values_to_not_be_null", compared("whole", "==", 1), column="kind"),
    rule("column_values_to_not_be_null", compared("kind", "==", "a'b"), column="kind"),
    rule("column_pair_values_to_be_equal", column_A="day", column_B="name"),
    rule("compound_columns_to_be_unique", column_list=["whole", "name"]),
]


@pytest.mark.parametrize("one", UNKNOWN, ids=lambda one: str(one)[:60])
def test_what_is_not_proven_equal_is_left_to_great_expectations(one: Rule) -> None:
    with pytest.raises(UnsupportedRuleError):
        apply_rule(one, table(*EVERY_VALUE))


def test_rules_of_great_expectations_stand_in_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An analyst's rule of any type works; one that cannot be evaluated comes first, as always."""
    rules = [ABOUT_VALUES[0], *UNKNOWN, *ABOUT_VALUES[1:4]]
    monkeypatch.setattr(
        suites, "load_suite", lambda _: {"name": "own", "expectations": rules, "meta": {}}
    )
    rows = table(*EVERY_VALUE)
    result = evaluate("own", rows)
    assert result == validate("own", rows)
    assert result.outcomes[0].crashed


def test_the_suites_are_evaluated_over_arrow_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "validate_rules", lambda *_: pytest.fail("not over Arrow"))
    for suite, (build, ident) in SUITES.items():
        assert not evaluate(suite, build({ident: key(1)})).is_refused
    types = {one["type"] for name in SUITES for one in load_suite(name)["expectations"]}
    assert types == RULES.keys()


def test_a_critical_failure_is_shown_as_great_expectations_sees_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def validate_and_note(name: str, rows: pa.Table) -> SuiteResult:
        asked.append((name, rows))
        return validate(name, rows)

    monkeypatch.setattr(gate, "validate", validate_and_note)
    assert not judge_table("mr/series", series({"SeriesInstanceUID": "1"})).is_refused
    assert not asked
    refused = series({"SeriesInstanceUID": None})
    assert judge_table("mr/series", refused).is_refused
    assert asked == [("mr/series", refused)]


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    rows=st.lists(
        st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}),
        max_size=12,
    ),
    chosen=st.lists(
        st.tuples(
            st.sampled_from(ABOUT_VALUES),
            st.sampled_from(CONDITIONS),
            st.floats(min_value=0, max_value=1),
        ),
        min_size=8,
        max_size=12,
    ),
)
def test_both_engines_agree_on_anything(
    rows: list[dict[str, Any]], chosen: list[tuple[Rule, object, float]]
) -> None:
    rules = [
        with_arguments(one, mostly=mostly)
        if condition is None
        else with_arguments(one, mostly=mostly, row_condition=condition)
        for one, condition, mostly in chosen
    ]
    assert_equal(rules, table(*rows))
