"""What follows partitions by itself, the check of yesterday, and the line about a failed run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import INGEST_JOB
from protocol_assets.definitions import build_definitions
from protocol_assets.defs.delivery.alerts import failure_line, failure_sensor
from protocol_assets.defs.resources import DeploymentResource
from protocol_assets.runner import Runner
from protocol_assets.settings import Settings
from protocol_assets.settings.schedule import REPORT_CRON
from protocol_assets_simulator import Answer

from .conftest import FIRST, LAST, WilfulPacs

# The partitions are followed, and the purge and the compaction have their own schedule.
NOT_FOLLOWING = {
    dg.AssetKey(name)
    for name in ("raw_dicomweb", "series", "series_facts", "retention_purge", "compacted_months")
}
CHECK = dg.AssetCheckKey(dg.AssetKey("raw_dicomweb"), "yesterday_has_landed")


@pytest.fixture(scope="module")
def runner(deployment: Settings) -> Runner:
    return Runner(Deployment(deployment))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


class Clockwork:
    """Evaluates the conditions tick by tick, as the daemon does."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.definitions, self.instance = definitions, instance
        self.cursor: object = None

    def tick(self, at: dt.datetime | None = None) -> set[dg.AssetKey | dg.AssetCheckKey]:
        done = dg.evaluate_automation_conditions(
            self.definitions,
            self.instance,
            asset_selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
            cursor=self.cursor,  # type: ignore[arg-type]
            evaluation_time=at,
        )
        self.cursor = done.cursor
        return {result.key for result in done.results if not result.true_subset.is_empty}


def report_facts(instance: dg.DagsterInstance, day: dt.date, pacs: str = "north") -> None:
    for asset in ("raw_dicomweb", "series_facts"):
        event = dg.AssetMaterialization(asset, partition=f"{day}|{pacs}")
        instance.report_runless_asset_event(event)


def test_everything_partitions_have_landed_at_once_and_once(
    runner: Runner, instance: dg.DagsterInstance
) -> None:
    followers = runner.definitions.resolve_all_asset_keys()
    clockwork = Clockwork(runner.definitions, instance)
    assert clockwork.tick() == set()
    report_facts(instance, FIRST)
    report_facts(instance, FIRST, "south")
    assert clockwork.tick() == set(followers) - NOT_FOLLOWING, "one tick, hence one run"
    report_facts(instance, LAST)
    assert clockwork.tick() == set(followers) - NOT_FOLLOWING
    assert clockwork.tick() == set()


def test_partitions_that_land_while_a_report_is_made_are_followed_after_it(
    runner: Runner, instance: dg.DagsterInstance
) -> None:
    clockwork = Clockwork(runner.definitions, instance)
    clockwork.tick()
    report_facts(instance, FIRST)
    assert clockwork.tick()
    job = runner.definitions.resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(
        job,
        asset_selection=frozenset({dg.AssetKey("chief_report")}),
        status=dg.DagsterRunStatus.STARTED,
    )
    report_facts(instance, LAST)
    assert clockwork.tick() == set()
    assert clockwork.tick() == set()
    instance.report_run_failed(run)
    assert dg.AssetKey("chief_report") in clockwork.tick()


def test_marts_and_report_are_made_daily_whatever_happened(
    runner: Runner, instance: dg.DagsterInstance, deployment: Settings
) -> None:
    hour = int(REPORT_CRON.split()[1])
    early = dt.datetime(2026, 3, 1, hour - 1, tzinfo=ZoneInfo(deployment.timezone))
    new = Clockwork(runner.definitions, instance)
    new.tick(early)
    assert new.tick(early + dt.timedelta(minutes=61)) == set(), "there are no facts yet"
    report_facts(instance, FIRST)
    clockwork = Clockwork(runner.definitions, instance)
    assert clockwork.tick(early) == set()
    assert dg.AssetKey("chief_report") in clockwork.tick(early + dt.timedelta(minutes=61))
    assert clockwork.tick(early + dt.timedelta(minutes=62)) == set()
    assert CHECK in clockwork.tick(early + dt.timedelta(hours=3))


def check_yesterday(runner: Runner) -> dg.AssetCheckEvaluation:
    job = runner.definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        result = job.get_subset(asset_selection=set(), asset_check_selection={CHECK})
        done = result.execute_in_process(instance=instance)
    (evaluation,) = done.get_asset_check_evaluations()
    return evaluation


def test_the_check_names_the_pacs_whose_day_has_not_landed(
    runner: Runner, pacs: WilfulPacs, deployment: Settings
) -> None:
    list(runner.ingest("north", LAST, LAST))
    pacs.spoil = lambda _request, _answer: Answer(401)
    list(runner.ingest("south", LAST, LAST))
    pacs.spoil = None
    evaluation = check_yesterday(runner)
    assert not evaluation.passed
    assert evaluation.description == f"{LAST} has not landed for south"
    table = str(evaluation.metadata["partitions"].value)
    assert "| south | 2026-02-06 | not landed | never | 1 |" in table
    Deployment(deployment).rate_limit("south").insist()
    list(runner.ingest("south", LAST, LAST))
    assert check_yesterday(runner).passed


def test_a_failed_run_is_told_in_one_line_to_whoever_is_to_be_told(
    runner: Runner, pacs: WilfulPacs, deployment: Settings
) -> None:
    pacs.spoil = lambda _request, _answer: Answer(401)
    list(runner.ingest("north", FIRST, LAST, force=True))
    pacs.spoil = None
    told: list[str] = []
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name=INGEST_JOB), limit=1)
        (record,) = instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE
        ).records
        event = record.event_log_entry.dagster_event
        assert event is not None

        def alert(run: dg.DagsterRun) -> None:
            context = dg.build_run_status_sensor_context(
                sensor_name="alert_on_failure",
                dagster_instance=instance,
                dagster_run=run,
                dagster_event=event,
                resources={
                    "deployment": DeploymentResource.of(Deployment(deployment)),
                    "notify": lambda _audience: {"mail": told.extend},
                },
            )
            failure_sensor()(context.for_run_failure())

        alert(run.with_tags({**run.tags, "dagster/will_retry": "true"}))
        assert told == []
        alert(run)
        alert(run)
    (line,) = told
    assert line.startswith(
        f"run {run.run_id[:8]} of {INGEST_JOB} ({FIRST}|north to {LAST}|north) failed: "
        "5 of 5 partitions refused"
    )
    assert "PACS north refused the credentials" in line
    assert "\n" not in line
    assert line == failure_line(run, []).split(" failed: ")[0] + line[line.index(" failed: ") :]
    assert "it could not start or its process ended" in failure_line(run, [])


def test_sensors_run_by_themselves(deployment: Settings) -> None:
    repository = build_definitions(Deployment(deployment)).get_repository_def()
    assert {one.name for one in repository.sensor_defs} == {
        "alert_on_partitions",
        "alert_on_failure",
        "alert_on_findings",
        "follow_partitions",
        "watch_north",
        "watch_south",
    }
    running = dg.DefaultSensorStatus.RUNNING
    assert all(one.default_status == running for one in repository.sensor_defs)
