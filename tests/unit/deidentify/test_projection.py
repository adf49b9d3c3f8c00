from __future__ import annotations

import datetime as dt
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import fact_columns, facts_schema, terms
from protocol_assets.deidentify.projection import project
from protocol_assets.modalities.mr.spec import MR

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
OTHER = Pseudonyms.from_secret(bytes(range(1, 33)).hex(), demo=False)

SOURCES = sorted({column.source for column in fact_columns(MR.facts_columns)})
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(min_size=1, max_size=30)
    | st.dates()
    | st.lists(st.integers(), max_size=2)
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from([*SOURCES, "PatientName", "AccessionNumber"]), VALUES),
    max_size=4,
)


@given(ROWS)
def test_every_string_is_a_key_a_term_or_the_pacs(rows: list[dict[str, Any]]) -> None:
    facts = project(rows, MR.facts_columns, PSEUDONYMS, "north").facts
    assert facts.schema.equals(facts_schema(MR.facts_columns))
    assert facts.num_rows == len(rows)
    for column in fact_columns(MR.facts_columns):
        if column.type != "string":
            continue
        for value in facts[column.name].to_pylist():
            if column.action == "key":
                assert value is None or re.fullmatch(r"[A-Z2-7]{26}", value)
            elif column.action == "term":
                assert value is None or value in terms(column.argument)
            else:
                assert value == "north"


@given(ROWS)
def test_is_deterministic_and_a_new_key_changes_every_code(rows: list[dict[str, Any]]) -> None:
    facts, again, other = (
        project(rows, MR.facts_columns, keys, "north").facts
        for keys in (PSEUDONYMS, PSEUDONYMS, OTHER)
    )
    assert facts.equals(again)
    for column in fact_columns(MR.facts_columns):
        if column.action == "key":
            mine = set(facts[column.name].to_pylist()) - {None}
            assert mine.isdisjoint(other[column.name].to_pylist())


def test_dates_are_cut_to_the_day() -> None:
    row = {"StudyDate": dt.datetime(2026, 2, 1, 13, 45)}
    assert project([row], MR.facts_columns, PSEUDONYMS, "north").facts[
        "study_date"
    ].to_pylist() == [dt.date(2026, 2, 1)]


def test_what_does_not_pass_is_counted() -> None:
    projection = project(
        [{"vendor": "DOE^JOHN", "nex": -1.0}], MR.facts_columns, PSEUDONYMS, "north"
    )
    assert projection.refused == {"vendor": 1, "nex": 1}
    assert projection.facts["vendor"].to_pylist() == [None]
