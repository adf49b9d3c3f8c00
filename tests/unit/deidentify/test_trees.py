"""Random JSON trees, from raw to facts: nothing of a text passes, whatever its place and shape."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol_assets.deidentify.impossible import impossible_table
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import judge_labels, labels_table, register_texts
from protocol_assets.deidentify.own_identifiers import OwnIdentifiers
from protocol_assets.deidentify.policy import fact_columns, facts_schema, number_gate, terms
from protocol_assets.deidentify.projection import project
from protocol_assets.dicom.columns import series_columns
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.shared.impossible import impossible_values, unreadable_values

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
CANARY = "QZXCANARY"
DAY = dt.date(2026, 2, 2)

READ = sorted(
    {
        step.group + ("10" if step.creator else "") + step.element
        for column in series_columns(MR.series_columns)
        for path in (*column.paths, *filter(None, [column.functional_group_path]))
        for step in path.steps
    }
)
TAGS = st.sampled_from([*READ, "00100010", "00091010", "77771234", "52009229", "52009230"])
LEAVES = (
    st.just(CANARY)
    | st.just({"Alphabetic": CANARY, "Ideographic": CANARY})
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.none()
    | st.booleans()
    | st.sampled_from(["20260202", "120000", "1.2.3", "MR", "ORIGINAL", "Y", f"1 {CANARY}", "1e5"])
    | st.text(max_size=8).map(lambda text: CANARY + text)
)
VRS = st.sampled_from(["LO", "CS", "DS", "IS", "DA", "TM", "UI", "SQ", "UN", "PN", "XX", "", None])


def elements(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.fixed_dictionaries({"vr": VRS, "Value": st.lists(values, max_size=3)})
        | st.fixed_dictionaries({"vr": VRS, "InlineBinary": st.just(CANARY)})
        | values
    )


TREES = st.recursive(
    LEAVES,
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(TAGS, elements(children), max_size=6)
    ),
    max_leaves=25,
)
INSTANCES = st.lists(
    st.dictionaries(TAGS, elements(TREES), max_size=15).map(
        lambda dataset: {**dataset, "0020000E": {"vr": "UI", "Value": ["1.2.3"]}}
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(INSTANCES)
def test_no_text_passes_and_what_passes_is_typed(instances: list[dict[str, Any]]) -> None:
    own = OwnIdentifiers()
    rows = flatten_study(own.watch(instances), MR.series_columns).rows
    described = [row | derived for row, derived in zip(rows, describe_partition(rows), strict=True)]
    projection = project(described, MR.facts_columns, PSEUDONYMS, "north")
    facts = projection.facts
    assert facts.schema.equals(facts_schema(MR.facts_columns))
    found = [(row, *one) for row in described for one in impossible_values(row)]
    found += [(row, *one) for row in described for one in unreadable_values(row)]
    counts = impossible_table(found, PSEUDONYMS, DAY, "north")
    clean = "\\".join(("ProtocolName", "SeriesDescription"))
    registry = register_texts(({**row, "clean_texts": clean} for row in described), PSEUDONYMS)
    labels = labels_table(judge_labels([registry] * 20, {}))
    for table in (facts, counts, labels):
        assert CANARY not in str(table.to_pydict())
    for column in fact_columns(MR.facts_columns):
        for value in filter(lambda one: one is not None, facts[column.name].to_pylist()):
            if column.action == "key":
                assert re.fullmatch(r"[A-Z2-7]{26}", value)
            elif column.action == "term":
                assert value in terms(column.argument)
            elif column.action == "number":
                assert number_gate(column)(value) == value
