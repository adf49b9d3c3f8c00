"""Bring the copies of the policy in step: the suite of the facts, dbt's source, two contracts.

A copy also contains what people wrote: severities, tests, the order of expectations. Only the parts
that come from the policy are replaced.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from protocol_assets.deidentify.policy import FactColumn, fact_columns, facts_schema, terms
from protocol_assets.modalities.mr.spec import MR

_ROOT: Final = Path(__file__).parents[2]
_SUITE: Final = _ROOT / "expectations" / "mr" / "series_facts.json"
_SOURCES: Final = _ROOT / "dbt_project" / "models" / "mr" / "staging" / "_series_facts.yml"
_MARTS: Final = _ROOT / "dbt_project" / "models" / "mr" / "marts"
_DESCRIPTIONS: Final = _ROOT / "dbt_project" / "models" / "mr" / "staging" / "facts.md"

_PARTITION: Final = ("partition_day", "partition_pacs")
_TYPES: Final = {"integer": "bigint"}
_NOT_OF_A_SCAN: Final = {
    "protocol_name_code",
    "series_description_code",
    "modality",
    "sop_class",
    "encoding",
    "exclusion_reason",
    "nex_source",
    "number_of_instances",
    "dirty_values",
}
"""What ``fct_acquisition`` leaves out: it is said of one series."""
_OWN_WORDS: Final = {"series_key", "acquisition_key", "protocol_key"}
"""Columns that a mart describes in its own words."""


def outputs() -> dict[Path, str]:
    """The new text of each file."""
    columns = fact_columns(MR.facts_columns)
    of_a_scan = [one for one in columns if one.name not in _NOT_OF_A_SCAN]
    series, acquisition = _MARTS / "fct_series.yml", _MARTS / "fct_acquisition.yml"
    return {
        _SUITE: _suite(_SUITE.read_text(encoding="utf-8"), columns),
        _DESCRIPTIONS: _descriptions(columns),
        _SOURCES: _sources(_SOURCES.read_text(encoding="utf-8"), columns),
        series: _contract(series.read_text(encoding="utf-8"), columns),
        acquisition: _contract(acquisition.read_text(encoding="utf-8"), of_a_scan),
    }


def _descriptions(columns: Iterable[FactColumn]) -> str:
    """One block of documentation for each column, which every table that has it refers to."""
    head = "<!-- Generated from the policy by `make generate`; edit that, not this. -->\n"
    return head + "".join(
        f"\n{{% docs {_block(one)} %}}\n{_words(one)}\n{{% enddocs %}}\n" for one in columns
    )


def _suite(text: str, columns: Iterable[FactColumn]) -> str:
    """The suite with the policy's columns, its vocabularies and its keys."""
    suite: dict[str, Any] = json.loads(text)
    found: list[dict[str, Any]] = suite["expectations"]
    known = {one.name for one in columns} | set(_PARTITION)
    found[:] = [one for one in found if one["kwargs"].get("column") in known | {None}]
    for one in found:
        if one["type"] == "expect_table_columns_to_match_ordered_list":
            one["kwargs"]["column_list"] = [*facts_schema(MR.facts_columns).names, *_PARTITION]
    keys = [one.name for one in columns if one.action == "key"]
    _each(found, "expect_column_values_to_match_regex", keys, lambda _: {})
    words = {one.name: one.argument for one in columns if one.action == "term"}
    kind = "expect_column_values_to_be_in_set"
    _each(found, kind, list(words), lambda name: {"value_set": sorted(terms(words[name]))})
    return json.dumps(suite, indent=1, ensure_ascii=False) + "\n"


def _each(
    found: list[dict[str, Any]],
    kind: str,
    names: list[str],
    arguments: Callable[[str], dict[str, Any]],
) -> None:
    """One critical expectation of a kind for each column; new ones follow the column before."""
    own = {
        one["kwargs"]["column"]: one
        for one in found
        if one["type"] == kind and one["severity"] == "critical"
    }
    last = next(iter(own.values()))
    for name in names:
        if name not in own:
            own[name] = copy.deepcopy(last)
            own[name]["kwargs"]["column"] = name
            found.insert(found.index(last) + 1, own[name])
        own[name]["kwargs"] |= arguments(name)
        last = own[name]


def _sources(text: str, columns: Iterable[FactColumn]) -> str:
    """Dbt's source with the columns of the facts."""
    start = text.index("        columns:\n")
    return f"{text[:start]}        columns:\n{''.join(_column(one, indent=10) for one in columns)}"


def _contract(text: str, columns: Iterable[FactColumn]) -> str:
    """A mart's YAML with type and description of each column; its tests stay.

    A column that is not there yet follows the one before it in the policy.
    """
    previous = ""
    for column in columns:
        wanted = _column(column, indent=6)
        own = re.compile(
            rf"^      - name: {column.name}\n        data_type: .*\n        description: .*\n",
            re.MULTILINE,
        )
        if match := own.search(text):
            if column.name not in _OWN_WORDS:
                text = text[: match.start()] + wanted + text[match.end() :]
        else:
            before = rf"^      - name: {previous}\n(?:        .*\n)*"
            place = re.search(before, text, re.MULTILINE)
            if place is None:
                raise ValueError(f"{column.name} has no column before it")
            text = text[: place.end()] + wanted + text[place.end() :]
        previous = column.name
    return text


def _column(column: FactColumn, *, indent: int) -> str:
    margin = " " * indent
    return (
        f"{margin}- name: {column.name}\n"
        f"{margin}  data_type: {_TYPES.get(column.type, column.type)}\n"
        f"{margin}  description: \"{{{{ doc('{_block(column)}') }}}}\"\n"
    )


def _block(column: FactColumn) -> str:
    return f"fact_{column.name}"


def _words(column: FactColumn) -> str:
    return f"{column.description} ({column.unit})" if column.unit else column.description
