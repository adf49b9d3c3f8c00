"""The life of a finding, through both runs of dbt and the commands."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from protocol_assets import cli
from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import REPORT_JOB
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.lake.analysis import read_mart
from protocol_assets.lake.parquet import part_versions
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.versions import published_rows
from protocol_assets.runner import Runner
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings

from .made_facts import CHANGED_ON, EXAMS_A_DAY, LAST, OVER_AVERAGING, PROTOCOL, deployment

BEFORE = CHANGED_ON - dt.timedelta(days=1)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CONFIG_VARIABLE, str(folder / "protocol_assets.toml"))
        patch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        patch.delenv(HOME_VARIABLE, raising=False)
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        yield deployment(folder)


@pytest.fixture(scope="module")
def runner(settings: Settings) -> Runner:
    """A site whose warehouse stands as of the day before the change."""
    runner = Runner(Deployment(settings))
    assert runner.report(BEFORE) is None
    return runner


def say(*arguments: str) -> int:
    before, sys.argv = sys.argv, ["protocol-assets", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0


def mart(settings: Settings, name: str, **wanted: object) -> list[Row]:
    return [
        row
        for row in read_mart(Lake(settings.home), name)
        if all(row[column] == value for column, value in wanted.items())
    ]


def own_finding(settings: Settings) -> Row:
    (row,) = mart(settings, "findings", device_key=OVER_AVERAGING, kind="opportunity")
    return row


def test_the_one_that_averages_twice_is_an_opportunity(runner: Runner, settings: Settings) -> None:
    assessed = mart(settings, "opportunities")
    assert {row["as_of"] for row in assessed} == {BEFORE}
    assert {row["assessment_state"] for row in assessed} == {"assessable"}
    (own,) = (row for row in assessed if row["has_potential"])
    assert (own["device_key"], own["protocol_key"]) == (OVER_AVERAGING, PROTOCOL)
    assert (own["averages"], own["reference"], own["reference_averages"]) == (2, "same_field", 1)
    # April, May and June have closed: 91 days.
    assert own["volume_per_month"] == pytest.approx(91 * EXAMS_A_DAY / 3)
    # The second average takes 20 trains of 3.4 s; the preparation stays.
    assert own["minutes_per_month"] == pytest.approx(own["volume_per_month"] * 68 / 60, rel=0.02)
    assert own["snr_change_percent"] == -29
    assert own["minutes_rank"] == 1
    assert published_rows(Lake(settings.home), "published_opportunities")


def test_the_unit_tests_of_dbt_pass(runner: Runner, settings: Settings, tmp_path: Path) -> None:
    """They need the columns of the models, so they run on a copy of a built warehouse."""
    lake = Lake(settings.home)
    shutil.copy(lake.warehouse, lake.warehouse_building)
    project = Path(__file__).parents[2] / "dbt_project"
    command = [Path(sys.executable).with_name("dbt"), "--quiet", "test"]
    command += ["--resource-type", "unit_test", "--project-dir", project, "--profiles-dir", project]
    command += ["--target-path", tmp_path / "target", "--log-path", tmp_path / "logs"]
    done = subprocess.run(
        [str(part) for part in command],
        env=os.environ | {HOME_VARIABLE: str(settings.home)},
        capture_output=True,
        text=True,
    )
    lake.warehouse_building.unlink()
    assert done.returncode == 0, done.stdout
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    declared = [
        one
        for path in (project / "models").rglob("*.yml")
        for one in yaml.safe_load(path.read_text()).get("unit_tests", ())
    ]
    assert len(results) == len(declared) > 60


def test_the_tables_carry_versions(runner: Runner, settings: Settings) -> None:
    versions = part_versions(Lake(settings.home), Lake(settings.home).analysis("potential"))
    assert versions.keys() == {"analysis_version", "key_id"}


def test_a_question_to_the_calculator(
    runner: Runner, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    scanner = mart(settings, "dim_scanner", device_key=OVER_AVERAGING)[0]["scanner_label"]
    day = BEFORE.isoformat()
    assert say("what-if", "--nex", "1", "--scanner", scanner, "--as-of", day) == 0
    told = capsys.readouterr().out
    assert "-29 %" in told
    assert "a radiologist must decide" in " ".join(told.split())
    assert say("what-if", "--scanner", scanner) == 2
    assert "set at least one of" in capsys.readouterr().err
    assert say("what-if", "--nex", "1", "--scanner", "nobody") == 1
    assert "'nobody' does not match one scanner" in capsys.readouterr().err


def test_a_sheet_for_the_console(
    runner: Runner, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    scanner = mart(settings, "dim_scanner", device_key=OVER_AVERAGING)[0]["scanner_label"]
    day = BEFORE.isoformat()
    assert say("sheet", scanner, "lumbar_spine.sag_t2.*", "--as-of", day) == 0
    lines = capsys.readouterr().out.splitlines()
    starred = [line.split()[0] for line in lines if line.rstrip().endswith("*")]
    assert starred == ["Averaging", "Effective", "NEX"]
    assert any(line.startswith("Reconstruction") for line in lines)
    assert say("sheet", scanner, "brain.*") == 1
    assert "no protocol matches" in capsys.readouterr().err


def test_a_subset_leaves_the_rest_of_the_warehouse(runner: Runner, settings: Settings) -> None:
    before = mart(settings, "findings"), len(mart(settings, "fct_acquisition"))
    with dg.DagsterInstance.get() as instance:
        result = runner.definitions.resolve_job_def(REPORT_JOB).execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey("opportunities")]
        )
    assert result.success
    assert before == (mart(settings, "findings"), len(mart(settings, "fct_acquisition")))


def test_a_finding_is_accepted_changed_and_verified(
    runner: Runner, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    key = own_finding(settings)["finding_key"]
    assert say("findings", "list", "--kind", "opportunity") == 0
    assert key[:8] in capsys.readouterr().out
    assert say("findings", "change", key, "--on", CHANGED_ON.isoformat()) == 1
    assert "run 'protocol-assets findings accept' first" in capsys.readouterr().err
    assert say("findings", "accept", key, "--owner", "MR team", "--on", BEFORE.isoformat()) == 0
    assert say("findings", "change", key[:8], "--on", CHANGED_ON.isoformat()) == 0
    signing = ("--signed-by", "Dr. A", "--signed-on", LAST.isoformat())
    assert say("findings", "verify", key, *signing) == 1
    assert "this change has not been analysed yet" in capsys.readouterr().err

    assert runner.report() is None
    (change,) = mart(settings, "protocol_changes")
    assert (change["device_key"], change["kind"]) == (OVER_AVERAGING, "decrease")
    assert abs((change["changed_on"] - CHANGED_ON).days) <= 1
    (told,) = mart(settings, "change_verification")
    (visit,) = mart(settings, "exam_shifts")
    assert (visit["device_key"], visit["visit_on"]) == (OVER_AVERAGING, told["visit_on"])
    assert (visit["n_changes"], visit["n_registered"]) == (1, 1)
    assert visit["exam_span_shift_s"] == pytest.approx(-68, abs=1)
    (shown,) = published_rows(Lake(settings.home), "published_exam_shifts")
    assert shown["exam_span_shift_s"] == -68
    assert told["evidence"] == "confirmatory"
    assert (told["verification_state"], told["reason"]) == (
        "time won, quality not confirmed",
        "no image-quality sign-off on record",
    )
    assert told["guard_is_held"]
    assert told["promised_minutes_per_month"] == own_finding(settings)["promised_minutes_per_month"]
    assert told["realised_minutes_per_month"] == pytest.approx(
        told["promised_minutes_per_month"], rel=0.02
    )
    finding = own_finding(settings)
    assert (finding["finding_state"], finding["is_seen"]) == ("changed", False)

    assert say("findings", "verify", key, "--on", LAST.isoformat(), *signing) == 0
    assert runner.report() is None
    assert own_finding(settings)["finding_state"] == "verified"
    (told,) = mart(settings, "change_verification")
    assert told["verification_state"] == "verified"
    (shown,) = published_rows(Lake(settings.home), "published_verification")
    assert shown["verification_state"] == "verified"


def test_a_wrong_line_of_governance_stops_the_run(runner: Runner, settings: Settings) -> None:
    path = Lake(settings.home).governance / "targets.csv"
    path.write_text("target,version\n", encoding="utf-8")
    before = Lake(settings.home).warehouse.read_bytes()
    problem = runner.report()
    path.unlink()
    assert problem is not None
    assert "targets.csv, line 1" in problem
    assert Lake(settings.home).warehouse.read_bytes() == before
