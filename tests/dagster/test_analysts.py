"""What docs/analysts.md shows works, and the semantic models say what the tables hold."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.lake.reading import read_warehouse
from protocol_assets.lake.zones import Lake
from protocol_assets.runner import Runner
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from protocol_assets_simulator import Fleet, SimulatedPacs

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
FIRST, LAST = dt.date(2026, 1, 20), dt.date(2026, 2, 3)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A site with a closed month, landed, built and published."""
    folder = tmp_path_factory.mktemp("analysts")
    fleet = Fleet(seed=5, scanners=2, studies=90, start=FIRST, end=LAST)
    path = folder / "protocol_assets.toml"
    with SimulatedPacs(fleet) as server, pytest.MonkeyPatch.context() as patch:
        pacs = "".join(
            f'[[pacs]]\nname = "{site}"\nurl = "{server.url(site)}"\nrequests_per_second = 1000\n'
            for site in fleet.sites
        )
        path.write_text(
            f'home = "home"\nstart_date = {FIRST}\nend_date = {LAST}\n{pacs}', encoding="utf-8"
        )
        patch.setenv(CONFIG_VARIABLE, str(path))
        patch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        patch.delenv(HOME_VARIABLE, raising=False)
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        settings = Settings.load()
        runner = Runner(Deployment(settings))
        for site in fleet.sites:
            assert {one.state for one in runner.ingest(site, FIRST, LAST)} == {"landed"}
        assert runner.report() is None
        yield settings


def block(language: str, first_line: str) -> str:
    """The code block of that language whose first line holds the text."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (only,) = (one for one in found if first_line in one.partition("\n")[0])
    return str(only)


def test_duckdb_reads_what_is_published(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(settings.home.parent)
    with duckdb.connect() as connection:
        rows = connection.execute(block("sql", "duckdb:")).fetchall()
    ((month, mean, coverage),) = rows
    assert month == dt.date(2026, 1, 1)
    assert 1 <= mean < 5
    assert 0 < coverage <= 1


def test_pandas_reads_what_is_published(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(settings.home.parent)
    told = io.StringIO()
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(told):
        exec(block("python", "pandas:"), names)
    assert len(names["hours"]) > 0
    assert names["hours"].min() > 0
    assert "2026-01-01" in told.getvalue()


def test_the_reading_copy_answers(settings: Settings) -> None:
    with duckdb.connect(str(Lake(settings.home).reading_copy), read_only=True) as connection:
        rows = connection.execute(block("sql", "warehouse:")).fetchall()
    assert 0 < len(rows) <= 10
    assert rows == sorted(rows, key=lambda row: -row[3])


def test_a_new_mart_is_ten_lines(settings: Settings, tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    ignored = shutil.ignore_patterns("target", "logs")
    shutil.copytree(ROOT / "dbt_project", project, ignore=ignored)
    sql, contract = (
        block("sql", "role_minutes_monthly"),
        block("yaml", "role_minutes_monthly"),
    )
    assert len(sql.splitlines()) <= 11  # ten, and the name of the file
    for text in (sql, contract):
        name = text.partition("\n")[0].split(maxsplit=1)[1]
        (tmp_path / name).write_text(text.partition("\n")[2], encoding="utf-8")
    home = tmp_path / "home"
    (home / "safe").mkdir(parents=True)
    building = home / "safe" / "warehouse.building.duckdb"
    shutil.copy(Lake(settings.home).warehouse, building)
    folders: list[str | Path] = ["--project-dir", project, "--profiles-dir", project]
    folders += ["--target-path", tmp_path / "t", "--log-path", tmp_path / "l"]
    dbt = [Path(sys.executable).with_name("dbt"), "--quiet", "build", *folders]
    # A process of its own: dbt keeps the warehouse open until it ends.
    environment = os.environ | {HOME_VARIABLE: str(home)}
    built = subprocess.run([*dbt, "--select", "role_minutes_monthly"], env=environment)
    assert built.returncode == 0
    with duckdb.connect(str(building), read_only=True) as connection:
        query = "select sum(acquisitions), sum(scan_minutes) from marts.role_minutes_monthly"
        mart = connection.execute(query).fetchall()
        query = "select count(*), sum(scan_time_s) / 60 from marts.fct_acquisition"
        assert mart == [pytest.approx(row) for row in connection.execute(query).fetchall()]


SEMANTIC = [
    yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "dbt_project" / "models" / "mr" / "semantic").glob("*.yml"))
]
AGGREGATIONS = {
    "sum": "sum({})",
    "average": "avg({})",
    "median": "median({})",
    "count_distinct": "count(distinct {})",
}
# Metric: the table that holds the same number, the column, and the grain in table and facts.
TABLES = {
    "acquisitions": ("kpi_nex_daily", "device_key, protocol_key, study_date"),
    "exams": ("kpi_exam_daily", "device_key, study_date"),
}


def metrics(model: dict[str, Any]) -> dict[str, str]:
    """Each metric of a file as SQL."""
    (semantic,) = model["semantic_models"]
    measures = {
        one["name"]: AGGREGATIONS[one["agg"]].format(one["expr"]) for one in semantic["measures"]
    }
    found = {}
    for metric in model["metrics"]:
        parameters = metric["type_params"]
        if metric["type"] == "simple":
            found[metric["name"]] = measures[parameters["measure"]]
        else:
            above, below = (measures[parameters[name]] for name in ("numerator", "denominator"))
            found[metric["name"]] = f"{above} / nullif({below}, 0)"
    return found


@pytest.mark.parametrize("model", SEMANTIC, ids=lambda one: one["semantic_models"][0]["name"])
def test_a_metric_is_the_column_of_its_name(settings: Settings, model: dict[str, Any]) -> None:
    (semantic,) = model["semantic_models"]
    facts = re.findall(r"ref\('(\w+)'\)", semantic["model"])[0]
    table, grain = TABLES[semantic["name"]]
    with read_warehouse(Lake(settings.home)) as connection:
        described = connection.execute(f"describe marts.{table}").fetchall()
        shared = [name for name in metrics(model) if name in {row[0] for row in described}]
        assert len(shared) >= 8
        expressions = ", ".join(f"{metrics(model)[name]} as {name}" for name in shared)
        query = f"select {grain}, {expressions} from marts.{facts} where device_key is not null"
        computed = connection.execute(f"{query} group by {grain} order by {grain}").fetchall()
        query = f"select {grain}, {', '.join(shared)} from marts.{table} order by {grain}"
        held = connection.execute(query).fetchall()
    keys = grain.count(",") + 1
    told = {row[:keys]: row[keys:] for row in computed}
    assert len(held) > 20
    for row in held:
        for name, ours, theirs in zip(shared, told[row[:keys]], row[keys:], strict=True):
            same = (ours is None and theirs is None) or math.isclose(ours, theirs, abs_tol=1e-6)
            assert same, (name, row[:keys], ours, theirs)
    # Every column is compared where it says something.
    assert all(any(row[keys + n] is not None for row in held) for n in range(len(shared)))
