from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from protocol_assets.data import read_table
from protocol_assets.deidentify import conformance
from protocol_assets.deidentify.conformance import (
    attribute_classes,
    batch_record,
    class_of,
    columns_read_from,
    unclassified,
)
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import fact_columns
from protocol_assets.deidentify.projection import project
from protocol_assets.modalities.mr.spec import MR

DOCUMENT = Path(__file__).parents[3] / "docs" / "deidentification.md"


def test_every_row_of_the_table_is_classified() -> None:
    assert len(read_table("ps315_e1_1_2026c.csv")) == 655
    assert unclassified() == []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("ps315_e1_1_2026c.csv", "00990001 of Table E.1-1 has no class"),
        ("policy_attributes.csv", "00990001 is not in Table E.1-1"),
        ("policy_attributes.csv", "'nothing', which does not exist"),
    ],
)
def test_a_new_row_fails_until_it_is_classified(
    monkeypatch: pytest.MonkeyPatch, table: str, said: str
) -> None:
    row = {"tag": "00990001", "keyword": "New", "class": "nothing"}

    def read(name: str) -> tuple[dict[str, str], ...]:
        return (*read_table(name), row) if name == table else read_table(name)

    monkeypatch.setattr(conformance, "read_table", read)
    conformance._classes_by_tag.cache_clear()
    try:
        assert any(said in problem for problem in unclassified())
    finally:
        conformance._classes_by_tag.cache_clear()


def test_another_table_fails_until_it_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "TABLE_VERSION", "another")
    assert any("has the digest" in problem for problem in unclassified())


def test_what_is_dropped_feeds_no_column_and_the_rest_passes_its_action() -> None:
    for row in read_table("policy_attributes.csv"):
        one, read = class_of(row["tag"]), columns_read_from(row["tag"])
        for column in fact_columns(MR.facts_columns):
            if column.source in read:
                assert column.action == one.action, (row["keyword"], column.name)
                assert column.name in one.columns, (row["keyword"], column.name)


def test_actions_of_classes_are_those_of_their_columns() -> None:
    columns = {column.name: column.action for column in fact_columns(MR.facts_columns)}
    for one in attribute_classes().values():
        actions = {columns[name] for name in one.columns}
        if one.action in ("key", "day", "partition"):
            assert actions == {one.action}, one.name
        else:
            assert actions <= {"term", "number", "flag"}, one.name
        assert one.reason, one.name


def test_what_is_outside_the_table_is_unknown_and_dropped() -> None:
    assert class_of("00091010").action == "drop"


def test_each_batch_says_how_it_was_deidentified() -> None:
    pseudonyms = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
    metadata = project([], MR.facts_columns, pseudonyms, "north").facts.schema.metadata
    assert metadata[b"PatientIdentityRemoved"] == b"YES"
    assert metadata[b"DeidentificationMethodCodeSequence"] == b"113100\\113105\\113106"
    assert {name.decode(): text.decode() for name, text in metadata.items()} == batch_record(
        MR.facts_columns
    )


def test_the_conformance_statement_names_every_class() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for one in attribute_classes().values():
        assert f"| {one.name} |" in text, one.name
    assert conformance.TABLE_VERSION in text


def test_the_table_of_all_rows_is_up_to_date() -> None:
    path = DOCUMENT.parent / "generate" / "ps315.py"
    spec = importlib.util.spec_from_file_location("ps315", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TARGET.read_text(encoding="utf-8") == module.text(), "run docs/generate/ps315.py"
