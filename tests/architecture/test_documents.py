"""What the documents and specifications say agrees with what is there."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from docs.generate.__main__ import MODULES
from protocol_assets.data import data_files, read_table
from protocol_assets.deidentify.policy import fact_columns, facts_schema
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.settings import PacsSettings, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [
        link
        for link in links
        if not link.startswith(("http://", "https://")) and not (document.parent / link).exists()
    ]
    assert not missing


def test_readme_names_make_targets_and_verbs_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z0-9-]*)\b", readme)) - {"are"} <= targets
    verbs = set(re.findall(r"bin/protocol-assets ([a-z]+)", readme))
    from protocol_assets.cli import cli

    assert verbs
    assert verbs <= set(cli.commands)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_what_is_generated_is_up_to_date(module: ModuleType) -> None:
    for path, content in module.outputs().items():
        assert path.read_text(encoding="utf-8") == content, "run 'make generate'"


def test_every_vendor_table_is_in_its_document() -> None:
    text = (ROOT / "docs" / "vendors.md").read_text(encoding="utf-8")
    tables = [path for name, path in data_files().items() if name.startswith("vendors_")]
    assert tables
    assert not [table.name for table in tables if f"`{table.name}`" not in text]


def test_every_renamed_column_is_in_the_upgrade_notes() -> None:
    text = (ROOT / "docs" / "upgrade.md").read_text(encoding="utf-8")
    for row in read_table("renamed_columns.csv"):
        assert f"| `{row['table']}` | `{row['old']}` | `{row['new']}` |" in text
        (model,) = (ROOT / "dbt_project" / "models").rglob(f"{row['table']}.yml")
        described = re.findall(r"- name: (\w+)", model.read_text(encoding="utf-8"))
        assert row["new"] in described
        assert row["old"] not in described


def test_dbt_reads_exactly_the_facts() -> None:
    text = (ROOT / "dbt_project/models/mr/staging/_series_facts.yml").read_text(encoding="utf-8")
    sources: list[dict[str, Any]] = yaml.safe_load(text)["sources"]
    tables = {table["name"]: table for source in sources for table in source["tables"]}
    (facts,) = (table for name, table in tables.items() if "series" in name)
    assert [column["name"] for column in facts["columns"]] == facts_schema(MR.facts_columns).names


def test_dbt_describes_a_column_in_one_place() -> None:
    """What several tables say of a column is a block of documentation that they refer to."""
    found: Counter[tuple[str, str]] = Counter()
    for path in (ROOT / "dbt_project" / "models").rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, path.name
        content = yaml.safe_load(text)
        tables = [table for one in content.get("sources", []) for table in one["tables"]]
        for table in [*content.get("models", []), *tables]:
            for column in table.get("columns", []):
                if "description" in column and "doc(" not in column["description"]:
                    found[column["name"], column["description"]] += 1
    assert not [column for column, times in found.items() if times > 1]


KEYS = {
    "device_key",
    "protocol_key",
    "study_date",
    "month_start",
    "pacs",
    "vendor",
    "tag",
    "exclusion_reason",
    "clock_flag",
    "effective_averages_state",
    "column_name",
    "reason",
}


def test_every_kpi_is_defined() -> None:
    text = (ROOT / "docs" / "kpis.md").read_text(encoding="utf-8")
    sections = re.split(r"^##+ ", text, flags=re.MULTILINE)
    models = sorted((ROOT / "dbt_project" / "models").rglob("kpi_*.yml"))
    assert models
    for path in models:
        (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        own = [part for part in sections if f"`{model['name']}`" in part.partition("\n")[0]]
        assert len(own) == 1, f"{model['name']} needs a heading in docs/kpis.md"
        defined = {
            name
            for row in re.findall(r"^\| (`[^|]*)\|", own[0], re.MULTILINE)
            for name in re.findall(r"`(\w+)`", row)
        }
        measures = {column["name"] for column in model["columns"]} - KEYS
        assert measures <= defined, (model["name"], measures - defined)


def test_the_contract_of_fct_series_holds_every_fact() -> None:
    text = (ROOT / "dbt_project/models/mr/marts/fct_series.yml").read_text(encoding="utf-8")
    (model,) = yaml.safe_load(text)["models"]
    types = {column["name"]: column["data_type"] for column in model["columns"]}
    named = {"integer": "bigint"}
    facts = {one.name: named.get(one.type, one.type) for one in fact_columns(MR.facts_columns)}
    assert {name: types.get(name) for name in facts} == facts


def test_the_example_configuration_loads() -> None:
    settings = Settings.load({"PROTOCOL_ASSETS_CONFIG": str(ROOT / "protocol_assets.example.toml")})
    assert settings.pacs[0].name == "main"
    text = (ROOT / "protocol_assets.example.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(text)["pacs"][0]) <= set(PacsSettings.model_fields)


def test_the_lock_has_hashes_and_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pinned = re.findall(r"^\S+==", lock, re.MULTILINE)
    assert len(pinned) > 100
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert re.search(r"^dbt-core==1\.11\.", lock, re.MULTILINE)


def test_every_dependency_states_its_reason_and_is_bounded() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    names = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for name in names:
        assert re.search(rf'"{re.escape(name)}",\s+# \S', text), name
        assert ">=" in name, name


def test_files_stay_readable() -> None:
    long = {
        relative(path): lines
        for folder in ("protocol_assets", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_vocabularies_of_the_policy_exist() -> None:
    vocabularies = {row["vocabulary"] for row in read_table("terms.csv")}
    used = {row["argument"] for row in read_table("facts_columns.csv") if row["action"] == "term"}
    assert used <= vocabularies
