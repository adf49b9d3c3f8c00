"""The tests of dbt as one check for each model: what fails is named, counted, and not published."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.zones import Lake
from protocol_assets.runner import Runner
from protocol_assets.settings import Settings
from tests.dagster.conftest import FIRST, LAST, WilfulPacs

ROWS = "select series_key from {{ ref('fct_series') }} limit "
WARNING = "{{ config(severity='warn') }}\n" + ROWS + "2"
LATE = "select 1 as n from {{ ref('fct_series') }} cross join {{ ref('findings') }} where false"


@pytest.fixture(scope="module")
def project(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the dbt project, with a test that warns and one of both runs of dbt."""
    project = tmp_path_factory.mktemp("analyst") / "dbt_project"
    written = shutil.ignore_patterns("target", "logs")
    shutil.copytree(repository / "dbt_project", project, ignore=written)
    (project / "tests" / "planted_warning.sql").write_text(WARNING)
    (project / "tests" / "planted_late.sql").write_text(LATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("protocol_assets.defs.warehouse.dbt_runs._PROJECT", project)
        yield project


def run_report(
    settings: Settings,
) -> tuple[str | None, dict[str, dg.AssetCheckEvaluation], set[str]]:
    """What failed, the check of each model, and the assets that were materialized."""
    problem = Runner(Deployment(settings)).report()
    with dg.DagsterInstance.get() as instance:
        run = instance.get_runs(limit=1)[0]
        events = [one.dagster_event for one in instance.all_logs(run.run_id) if one.dagster_event]
    checks = [
        one.asset_check_evaluation_data
        for one in events
        if one.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    made = {
        one.asset_key.to_user_string()
        for one in events
        if one.is_step_materialization and one.asset_key is not None
    }
    found = [one for one in checks if one.check_name == "dbt_tests"]
    by_model = {one.asset_key.to_user_string(): one for one in found}
    assert len(by_model) == len(found)
    return problem, by_model, made


def test_a_failing_test_is_named_and_stops_what_follows(
    project: Path, deployment: Settings, pacs: WilfulPacs
) -> None:
    for site in pacs.fleet.sites:
        list(Runner(Deployment(deployment)).ingest(site, FIRST, LAST))
    lake = Lake(deployment.home)

    problem, checks, made = run_report(deployment)
    assert problem is None
    assert {"findings", "analysis", "chief_report"} & made == {
        "findings",
        "analysis",
        "chief_report",
    }
    warned = checks.pop("fct_series")
    assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert warned.metadata["failed"].value == {"planted_warning": 2}
    assert warned.description is not None
    assert warned.description.startswith("1 of ")
    count = checks["findings"].metadata["tests"].value
    assert isinstance(count, int)
    assert count > 1
    assert len(checks) > 40
    good = hashlib.sha256(lake.warehouse.read_bytes()).digest()
    published = (lake.publish / "marts").resolve()

    (project / "tests" / "planted_error.sql").write_text(ROWS + "3")
    problem, checks, made = run_report(deployment)
    assert problem is not None
    assert "the last good warehouse stays; failed: planted_error (3 failures)" in problem
    failed = checks["fct_series"]
    assert (failed.passed, failed.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert failed.metadata["failed"].value == {"planted_error": 3, "planted_warning": 2}
    assert "fct_series" in made
    assert not {"findings", "analysis", "chief_report"} & made
    assert hashlib.sha256(lake.warehouse.read_bytes()).digest() == good
    assert (lake.publish / "marts").resolve() == published
