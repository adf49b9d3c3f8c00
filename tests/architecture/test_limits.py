"""Each limit is written once: what else holds it was generated, or says the same number."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.generate import limit_copies
from protocol_assets.analysis.limits import limit as analysis_limit
from protocol_assets.data import data_files, read_table
from protocol_assets.data.limits import dbt_variables, plausible_range, read_limits
from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.governance import targets
from protocol_assets.modalities.shared.limits import duration

ROOT = Path(__file__).parents[2]
DBT = ROOT / "dbt_project"
TABLES = sorted(name for name in data_files() if name.endswith("_limits.csv"))
PROJECT: dict[str, Any] = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))


def sources(*patterns: str) -> Iterator[Path]:
    """Files of the dbt project, without what dbt made of them."""
    for folder in ("models", "macros", "tests"):
        for pattern in patterns:
            yield from sorted((DBT / folder).rglob(pattern))


@pytest.mark.parametrize("table", TABLES)
def test_a_limit_has_unit_reason_and_source_once(table: str) -> None:
    rows = read_table(table)
    assert len({row["limit"] for row in rows}) == len(rows) == len(read_limits(table))
    for row in rows:
        assert all(row[name] for name in ("value", "unit", "reason", "source")), row["limit"]


def test_dbt_has_the_numbers_of_python() -> None:
    assert PROJECT["vars"]["min_patients"] == K_PATIENTS
    assert PROJECT["vars"]["exam_break_s"] == duration("longest_gap").total_seconds()
    assert PROJECT["vars"]["exam_span_limit_s"] == duration("longest_exam").total_seconds()
    for name in ("current_days", "rare_days", "rare_level_days", "verify_days"):
        assert PROJECT["vars"][name] == analysis_limit(name)
    classes = PROJECT["vars"]["field_strength_classes"]
    assert tuple(one["class_t"] for one in classes) == targets._fields()
    assert [one["below_t"] for one in classes] == sorted(one["below_t"] for one in classes)


def test_dbt_has_every_variable_that_it_uses_and_no_other() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sources("*.sql", "*.yml"))
    used = set(re.findall(r"(?<!env_)var\('(\w+)'\)", text))
    assert used == set(PROJECT["vars"])
    assert used == {*dbt_variables(), "field_strength_classes"}


# Rounding, shares in per cent, seconds a minute, letters of a key, terms: no limits.
NO_LIMITS = {"0", "1", "2", "3", "6", "60", "100"}
NO_LIMITS_IN = {
    "is_weekend.sql": {"5", "7"},
    "dim_scanner.sql": {"10"},
    "dim_protocol.sql": {"0.5", "1.0", "1.5", "3.0", "7.0"},
    "int_classified_series.sql": {"0.5", "1.0", "1.5", "3.0", "7.0"},
}


@pytest.mark.parametrize("path", list(sources("*.sql")), ids=lambda path: path.name)
def test_no_model_holds_a_limit_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|--[^\n]*|'[^']*'", "", text, flags=re.DOTALL)
    numbers = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", text))
    assert not numbers - NO_LIMITS - NO_LIMITS_IN.get(path.name, set())


def test_no_test_of_a_mart_holds_a_limit_of_its_own() -> None:
    """Unit tests have numbers: they say what comes of them."""
    known = {f"{value:g}" for value, _ in dbt_variables().values() if value > 1}
    for path in sources("*.yml"):
        text = path.read_text(encoding="utf-8").partition("unit_tests:")[0]
        for bound in re.findall(r"(?:min_value|max_value|values): (.*)", text):
            numbers = re.findall(r"(?<![\w.'])\d+(?:\.\d+)?", re.sub(r"\{\{.*?\}\}", "", bound))
            assert not known & set(numbers), f"{path.name}: {bound}"


# Numbers that mean something else where they are.
OTHERS = {
    ("alerts.py", 90),  # days that an alert is remembered
    ("charts.py", 90),  # pixels
    ("load_page.py", 11),  # a position in a text
    ("paging.py", 20_000),  # rows of a listing
    ("probe_judgements.py", 45),  # elements of an instance
    ("roles.py", 45),  # degrees
    ("session.py", 90),  # seconds
}


def test_no_python_holds_the_number_of_a_limit() -> None:
    seconds = {duration(name).total_seconds() for name in ("longest_gap", "longest_exam")}
    days = {analysis_limit(name) for name in ("current_days", "rare_days", "verify_days")}
    highest = {plausible_range(name)[1] for name in ("tr_ms", "scan_time_s")}
    wanted = {K_PATIENTS, 45, *seconds, *days, *highest}
    found = set()
    for path in (ROOT / "protocol_assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                found |= {(path.name, node.value)} if node.value in wanted else set()
    assert found <= OTHERS


def test_a_changed_limit_reaches_the_suite() -> None:
    suite = json.loads(limit_copies._SUITE.read_text(encoding="utf-8"))
    ranges = [
        one["kwargs"]
        for one in suite["expectations"]
        if one["type"] == "expect_column_values_to_be_between"
        and one["kwargs"]["column"] in {row["column"] for row in read_table("plausible_values.csv")}
    ]
    assert {one["column"] for one in ranges} >= {"nex", "tr_ms", "te_ms", "scan_time_s"}
    true = limit_copies._SUITE.read_text(encoding="utf-8")
    for one in ranges:
        one["min_value"] = -1
    assert limit_copies._with_bounds(json.dumps(suite)) == true


def test_a_changed_limit_reaches_dbt() -> None:
    text = limit_copies._PROJECT.read_text(encoding="utf-8")
    outdated = text.replace("min_patients: 11", "min_patients: 5").replace(
        "verify_days", "old_days"
    )
    assert outdated != text
    assert limit_copies._with_variables(outdated) == text


# Sentences of documents and specifications that say a limit: all of them, with its number.
PATIENTS = r"(?:fewer than|[Aa]t least|by|fewer than|of) (\d+) (?:distinct )?patients"
SAID = [
    ("docs/kpis.md", PATIENTS, K_PATIENTS),
    ("docs/analysts.md", PATIENTS, K_PATIENTS),
    ("docs/deidentification.md", PATIENTS, K_PATIENTS),
    ("docs/report.md", PATIENTS, K_PATIENTS),
    ("docs/kpis.md", r"(\d+) minutes at(?: |\n)most|(\d+) minutes apart", 45),
    ("docs/kpis.md", r"of more than (\d+) h\b", 3),
    ("docs/findings.md", r"trailing (\d+) days", analysis_limit("current_days")),
    ("docs/findings.md", r"read over (\d+) days", analysis_limit("rare_level_days")),
    ("docs/findings.md", r"compares (\d+) days before", analysis_limit("verify_days")),
    ("docs/findings.md", r"ran fewer than (\d+) times", analysis_limit("least_n")),
    ("docs/findings.md", r"at least (\d+) patients|each time where (\d+) have", K_PATIENTS),
    ("docs/chiefs.md", r"in the (\d+) days after it", analysis_limit("verify_days")),
    ("protocol_assets/modalities/mr/data/facts_columns.csv", r"within (\d+) minutes", 45),
    ("protocol_assets/data/analysis_columns.csv", r"of the trailing (\d+) days", 90),
    ("protocol_assets/data/analysis_columns.csv", r": (\d+), or (?:180|365) where", 90),
    ("protocol_assets/data/analysis_columns.csv", r": 90, or (\d+) where fewer than 8 exams", 180),
    ("protocol_assets/data/analysis_columns.csv", r": 90, or (\d+) where fewer than 8 acq", 365),
    ("protocol_assets/data/texts_en.csv", r"last (\d+) days \(365", 90),
    ("dbt_project/models/mr/marts/fct_exam.yml", r"(\d+) minutes apart|over (\d+) minutes", 45),
    ("dbt_project/models/findings/marts/opportunities.yml", r"trailing (\d+) days\b", 90),
    ("docs/findings.md", r"within (\d+) days \(`together_days`\)", analysis_limit("together_days")),
    ("protocol_assets/data/texts_en.csv", r"within (\d+) days", analysis_limit("together_days")),
    ("dbt_project/models/mr/semantic/acquisitions.yml", r"fewer than (\d+) may leave", K_PATIENTS),
]


def test_the_numbers_of_the_sentences_below_are_the_limits() -> None:
    assert duration("longest_gap").total_seconds() == 45 * 60
    assert duration("longest_exam").total_seconds() == 3 * 3600
    days = [analysis_limit(name) for name in ("current_days", "verify_days", "rare_days")]
    assert [*days, analysis_limit("rare_level_days")] == [90, 90, 180, 365]


@pytest.mark.parametrize(("document", "sentence", "number"), SAID)
def test_what_is_said_of_a_limit_is_its_number(document: str, sentence: str, number: float) -> None:
    text = " ".join((ROOT / document).read_text(encoding="utf-8").split())
    found = [next(filter(None, match.groups())) for match in re.finditer(sentence, text)]
    assert found, f"{document} does not say it any more: take it off the list"
    assert set(found) == {f"{number:g}"}
