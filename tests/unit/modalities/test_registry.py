"""Specification, policy, suites, dbt models and documents of each registered modality agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from pydicom.uid import UID

from protocol_assets.data import data_files, read_table
from protocol_assets.modalities.registry import MODALITIES, modality_of
from protocol_assets.modalities.spec import Modality
from protocol_assets.reports.content.report import SECTIONS

ROOT = Path(__file__).parents[3]

each = pytest.mark.parametrize("modality", MODALITIES, ids=lambda one: one.code)


def test_codes_and_folders_are_unique() -> None:
    assert len({one.code for one in MODALITIES}) == len(MODALITIES)
    assert len({one.folder for one in MODALITIES}) == len(MODALITIES)


@each
def test_its_sop_classes_store_its_images(modality: Modality) -> None:
    assert modality.sop_classes
    for one in modality.sop_classes:
        assert UID(one).keyword.endswith("ImageStorage")


@each
def test_the_report_knows_its_sections(modality: Modality) -> None:
    assert set(modality.report_sections) <= SECTIONS.keys()
    assert len(set(modality.report_sections)) == len(modality.report_sections)


def test_a_data_set_belongs_to_one_modality() -> None:
    assert [modality_of(one.data_set) for one in MODALITIES] == list(MODALITIES)


@each
def test_its_specifications_are_in_its_folder(modality: Modality) -> None:
    folder = ROOT / "protocol_assets" / "modalities" / modality.folder
    assert (folder / "spec.py").is_file()
    for name in (modality.series_columns, modality.facts_columns):
        assert data_files()[name].parent == folder / "data"


@each
def test_its_suites_judge_the_columns_of_its_specifications(modality: Modality) -> None:
    facts = [row["column"] for row in read_table(modality.facts_columns)]
    path = ROOT / "expectations" / f"{modality.suite('series_facts')}.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    (ordered,) = (
        one["kwargs"]["column_list"]
        for one in suite["expectations"]
        if one["type"] == "expect_table_columns_to_match_ordered_list"
    )
    assert ordered[: len(facts)] == facts
    assert (ROOT / "expectations" / f"{modality.suite('series')}.json").is_file()


@each
def test_its_models_read_its_facts(modality: Modality) -> None:
    facts = [row["column"] for row in read_table(modality.facts_columns)]
    folder = ROOT / "dbt_project" / "models" / modality.folder
    (sources,) = folder.glob("staging/_*_facts.yml")
    content = yaml.safe_load(sources.read_text(encoding="utf-8"))
    tables = [table for source in content["sources"] for table in source["tables"]]
    assert facts in [[column["name"] for column in table["columns"]] for table in tables]


@each
def test_its_columns_are_in_the_dictionary(modality: Modality) -> None:
    text = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    names = [row["column"] for row in read_table(modality.facts_columns)]
    assert not [name for name in names if f"| {name} |" not in text]


@each
def test_it_describes_nothing_as_nothing(modality: Modality) -> None:
    assert modality.describe([], None) == []
    assert modality.rules_version()
