"""Copies of the policy are kept in step with it, and people's own edits in them remain."""

from __future__ import annotations

import json
from dataclasses import replace

import yaml

from docs.generate import policy_copies
from protocol_assets.deidentify.policy import fact_columns, terms
from protocol_assets.modalities.mr.spec import MR

COLUMNS = list(fact_columns(MR.facts_columns))
TERM = next(one for one in COLUMNS if one.action == "term")
KEY = next(one for one in COLUMNS if one.action == "key" and one.name != "series_key")


def test_a_new_column_takes_its_place_in_a_contract() -> None:
    text = policy_copies.outputs()[policy_copies._MARTS / "fct_series.yml"]
    place = COLUMNS.index(TERM) + 1
    new = replace(TERM, name="new_term", description="What is new: a term")
    changed = policy_copies._contract(text, [*COLUMNS[:place], new, *COLUMNS[place:]])
    before, after = (yaml.safe_load(one)["models"][0]["columns"] for one in (text, changed))
    names = [column["name"] for column in after]
    assert names.index("new_term") == names.index(TERM.name) + 1
    assert [column for column in after if column["name"] != "new_term"] == before
    added = after[names.index("new_term")]
    assert (added["data_type"], added["description"]) == ("string", "{{ doc('fact_new_term') }}")
    assert "{% docs fact_new_term %}\nWhat is new: a term\n" in policy_copies._descriptions([new])


def test_a_changed_type_leaves_the_tests_of_a_column() -> None:
    text = policy_copies.outputs()[policy_copies._MARTS / "fct_series.yml"]
    changed = policy_copies._contract(text, [replace(KEY, type="date")])
    (column,) = (
        one for one in yaml.safe_load(changed)["models"][0]["columns"] if one["name"] == KEY.name
    )
    (old,) = (
        one for one in yaml.safe_load(text)["models"][0]["columns"] if one["name"] == KEY.name
    )
    assert column == old | {"data_type": "date"}


def test_the_suite_follows_vocabularies_and_drops_what_is_gone() -> None:
    text = policy_copies._SUITE.read_text(encoding="utf-8")
    suite = json.loads(text)
    for one in suite["expectations"]:
        if one["kwargs"].get("column") == TERM.name and "value_set" in one["kwargs"]:
            one["kwargs"]["value_set"] = ["outdated"]
    suite["expectations"].append(
        {"type": "expect_column_to_exist", "severity": "warning", "kwargs": {"column": "gone"}}
    )
    mended = policy_copies._suite(json.dumps(suite), COLUMNS)
    assert mended == text
    assert min(terms(TERM.argument)) in mended
