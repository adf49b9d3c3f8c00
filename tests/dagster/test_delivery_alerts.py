"""The alert sensors on a real instance: one message a thing, whatever runs again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.defs.delivery.alerts import (
    failure_sensor,
    findings_sensor,
    partitions_sensor,
)
from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.ingest.arrivals import ARRIVALS
from protocol_assets.defs.ingest.sensors import range_tags
from protocol_assets.defs.resources import DeploymentResource, NotifyResource
from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.faults import Fault
from protocol_assets.ingest.attempts import begin_attempt, record_problem, settle_attempt
from protocol_assets.lake.parquet import write_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.settings import CONFIG_VARIABLE, Settings

FIRST = dt.date(2026, 2, 2)
PARTITION, OTHER = Partition(FIRST, "north"), Partition(FIRST, "south")
LONG_AGO = dt.timedelta(hours=2)


class People:
    """Whoever is to be told, and what they were told."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []
        self.problem: str = ""
        self.are_there = True

    def __call__(self, _audience: str) -> dict[str, Any]:
        return {"mail": self._send} if self.are_there else {}

    def _send(self, lines: Sequence[str]) -> None:
        if self.problem:
            raise DeliveryError("unreachable", self.problem, is_passing=True)
        self.messages.append(list(lines))


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "protocol_assets.toml"
    tables = "".join(
        f'[[pacs]]\nname = "{name}"\nurl = "https://{name}.example/rs"\n'
        for name in ("north", "south")
    )
    path.write_text(f'home = "home"\nstart_date = {FIRST}\n{tables}')
    settings = Settings.load({CONFIG_VARIABLE: str(path)})
    Lake(settings.home).prepare()
    return settings


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings.home)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def tick(settings: Settings, people: People, instance: dg.DagsterInstance) -> Any:
    """A tick of a sensor; gives the messages that it sent and why it asked for no run."""

    def tick(sensor: dg.SensorDefinition) -> tuple[list[list[str]], str]:
        before = len(people.messages)
        here = DeploymentResource.of(Deployment(settings))
        resources = {"deployment": here, "notify": people}
        keys = sensor.required_resource_keys
        context = dg.build_sensor_context(
            instance, resources={key: resources[key] for key in keys}, sensor_name=sensor.name
        )
        done = sensor(context)
        assert isinstance(done, dg.SkipReason)
        return people.messages[before:], str(done.skip_message)

    return tick


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


# Partitions


def fail(lake: Lake, partition: Partition = PARTITION, ago: dt.timedelta = LONG_AGO) -> None:
    begin_attempt(lake, partition, now() - ago)


def test_a_partition_that_fails_twice_is_one_message_and_recovered_and_again_another(
    lake: Lake, tick: Any
) -> None:
    for _ in range(2):
        fail(lake)
        tick(partitions_sensor())
    assert tick(partitions_sensor()) == ([], "no new alerts")
    settle_attempt(lake, PARTITION)
    assert tick(partitions_sensor())[0] == []
    fail(lake)
    ((line,),) = tick(partitions_sensor())[0]
    assert line.startswith("partition 2026-02-02 of north was refused or its run ended")
    assert tick(partitions_sensor())[0] == []


def test_the_line_tells_why_a_day_could_not_be_listed(lake: Lake, tick: Any) -> None:
    fail(lake)
    record_problem(lake, PARTITION, "bad_status", 503)
    ((line,),) = tick(partitions_sensor())[0]
    assert "north could not be listed (bad_status 503); tried again from " in line


def test_partitions_that_fail_together_are_one_message(lake: Lake, tick: Any) -> None:
    fail(lake)
    fail(lake, OTHER)
    (lines,) = tick(partitions_sensor())[0]
    assert len(lines) == 2


def test_a_partition_that_is_just_being_landed_is_no_news(
    lake: Lake, tick: Any, instance: dg.DagsterInstance
) -> None:
    fail(lake, ago=dt.timedelta(minutes=1))
    assert tick(partitions_sensor())[0] == []
    fail(lake)
    run = instance.create_run_for_job(
        dg.define_asset_job("land").resolve(
            asset_graph=dg.Definitions(assets=[an_asset("raw")]).resolve_asset_graph()
        ),
        status=dg.DagsterRunStatus.STARTED,
        tags=range_tags("north", FIRST, FIRST),
    )
    assert tick(partitions_sensor())[0] == [], "its run works still"
    instance.report_run_failed(run)
    assert len(tick(partitions_sensor())[0]) == 1


def test_a_partition_that_is_tried_again_has_not_recovered(
    lake: Lake, tick: Any, instance: dg.DagsterInstance
) -> None:
    fail(lake)
    assert len(tick(partitions_sensor())[0]) == 1
    fail(lake, ago=dt.timedelta())
    assert tick(partitions_sensor())[0] == []
    fail(lake)
    assert tick(partitions_sensor())[0] == []


def test_what_is_new_on_one_tick_is_one_message(
    lake: Lake, tick: Any, instance: dg.DagsterInstance
) -> None:
    fail(lake)
    evaluate(instance, FIRST, "north")
    (lines,) = tick(partitions_sensor())[0]
    assert len(lines) == 2


def test_what_could_not_be_told_is_told_later(lake: Lake, tick: Any, people: People) -> None:
    fail(lake)
    people.problem = "the mail server cannot be reached"
    messages, reason = tick(partitions_sensor())
    assert messages == []
    assert "mail: the mail server cannot be reached" in reason
    people.problem = ""
    assert len(tick(partitions_sensor())[0]) == 1


def test_nobody_configured_is_nobody_told(
    lake: Lake, tick: Any, people: People, settings: Settings
) -> None:
    assert NotifyResource.of(Deployment(settings))("engineers") == {}
    people.are_there = False
    fail(lake)
    for sensor in (partitions_sensor(), findings_sensor()):
        assert tick(sensor) == (
            [],
            "No alert recipients are configured. Set [webhook], or add addresses to [alerts].",
        )
    assert not lake.local_path(lake.deliveries).exists()


# Days that are not there in time


def evaluate(instance: dg.DagsterInstance, day: dt.date, *absent: str) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=ARRIVALS.asset_key,
            check_name=ARRIVALS.name,
            passed=not absent,
            description=f"{day} has not landed for {', '.join(absent)}",
            metadata={"day": day.isoformat()},
        )
    )


def test_a_missed_day_is_told_once(tick: Any, instance: dg.DagsterInstance) -> None:
    day = now().date() - dt.timedelta(days=3)
    evaluate(instance, day, "north", "south")
    assert tick(partitions_sensor())[0] == [[f"not in time: {day} has not landed for north, south"]]
    assert tick(partitions_sensor())[0] == []
    evaluate(instance, day, "north")
    assert tick(partitions_sensor())[0] == []
    later = day + dt.timedelta(days=1)
    evaluate(instance, later, "north")
    assert tick(partitions_sensor())[0] == [[f"not in time: {later} has not landed for north"]]
    evaluate(instance, later)
    assert tick(partitions_sensor())[0] == []


def test_a_day_that_was_asked_for_before_its_time_is_not_missed(
    tick: Any, instance: dg.DagsterInstance
) -> None:
    evaluate(instance, now().date() + dt.timedelta(days=1), "north")
    assert tick(partitions_sensor())[0] == []


# Findings


def publish(lake: Lake, *rows: dict[str, Any]) -> None:
    schema = {
        "finding_key": pa.string(), "kind": pa.string(), "scanner_label": pa.string(),
        "site": pa.string(), "protocol_key": pa.string(), "protocol_label": pa.string(),
        "parameter": pa.string(), "finding_state": pa.string(), "is_waived": pa.bool_(),
        "is_seen": pa.bool_(), "expected": pa.float64(), "observed": pa.float64(),
        "expected_term": pa.string(), "observed_term": pa.string(),
        "share_affected": pa.float64(), "as_of": pa.date32(), "first_day": pa.date32(),
        "last_day": pa.date32(),
    }  # fmt: skip
    table = pa.Table.from_pylist(list(rows), schema=pa.schema(schema))
    write_part(Lake(lake.marts), "published_findings.parquet", table, versions={})


def drift(first: int = 0, last: int = 5, **changed: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "finding_key": "d", "kind": "drift", "scanner_label": "MR 1", "site": "North",
        "protocol_key": "k", "protocol_label": "Sagittal T2", "parameter": "tr_ms",
        "finding_state": "open", "is_waived": False, "is_seen": True, "expected": 3000.0,
        "observed": 3600.0, "share_affected": 0.8,
        "as_of": FIRST + dt.timedelta(days=last), "first_day": FIRST + dt.timedelta(days=first),
        "last_day": FIRST + dt.timedelta(days=last),
    }  # fmt: skip
    return row | changed


def test_three_days_with_the_same_drift_are_one_message_and_a_relapse_is_new(
    lake: Lake, tick: Any
) -> None:
    assert tick(findings_sensor()) == ([], "no new alerts")
    sent = []
    for day in range(3):
        publish(lake, drift(day, 5 + day))
        sent += tick(findings_sensor())[0]
    ((line,),) = sent
    assert line.startswith("Drift: MR 1, North: Sagittal T2: TR 3,000 ms → 3,600 ms, 80%, Feb 2")
    relapse = drift(kind="relapse", finding_key="r", share_affected=None)
    publish(lake, drift(3, 8), relapse)
    ((line,),) = tick(findings_sensor())[0]
    assert line.startswith("Relapse: MR 1, North")
    publish(lake, drift(3, 8, state="verified"), relapse)
    assert tick(findings_sensor())[0] == []
    publish(lake, drift(10, 14), relapse)
    assert len(tick(findings_sensor())[0]) == 1


def test_a_drift_that_could_not_be_told_waits(lake: Lake, tick: Any, people: People) -> None:
    publish(lake, drift())
    people.problem = "the mail server refused the login (535)"
    assert "refused the login" in tick(findings_sensor())[1]
    people.problem = ""
    assert len(tick(findings_sensor())[0]) == 1
    assert tick(findings_sensor())[0] == []


# Failed runs


def an_asset(name: str, problem: Exception | None = None) -> dg.AssetsDefinition:
    @dg.asset(name=name)
    @redact_errors
    def asset() -> None:
        if problem is not None:
            raise problem

    return asset


def ran(
    instance: dg.DagsterInstance, name: str, problem: Exception | None = None
) -> tuple[dg.DagsterRun, list[dg.DagsterEvent]]:
    """A run of one of some assets, as the UI and the automation launch it; its failure."""
    assets = [
        an_asset(one, problem if one == name else None) for one in ("report", "series", "warehouse")
    ]
    done = (
        dg.Definitions(assets=assets)
        .resolve_implicit_global_asset_job_def()
        .execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(name)], raise_on_error=False
        )
    )
    run = instance.get_run_by_id(done.run_id)
    assert run is not None
    return run, [one for one in done.all_events if one.event_type_value == "PIPELINE_FAILURE"]


@pytest.fixture
def failed(settings: Settings, people: People, instance: dg.DagsterInstance) -> Any:
    """A run of one asset that fails for a reason; gives the messages sent."""

    def failed(name: str, problem: Exception) -> list[list[str]]:
        before = len(people.messages)
        here = DeploymentResource.of(Deployment(settings))
        run, (event,) = ran(instance, name, problem)
        context = dg.build_run_status_sensor_context(
            sensor_name="alert_on_failure",
            dagster_instance=instance,
            dagster_run=run,
            dagster_event=event,
            resources={"deployment": here, "notify": people},
        )
        failure_sensor()(context.for_run_failure())
        return people.messages[before:]

    return failed


def test_a_run_that_fails_for_the_same_reason_is_told_once_until_it_has_succeeded(
    failed: Any, instance: dg.DagsterInstance
) -> None:
    reason = Fault("the last good warehouse stays; failed: unique_series")
    ((line,),) = failed("warehouse", reason)
    assert line.endswith(f" of selected assets failed: {reason}")
    assert failed("warehouse", reason) == []
    assert len(failed("warehouse", Fault("another reason"))) == 1
    assert len(failed("report", reason)) == 1, "another run"
    ran(instance, "report")
    assert failed("warehouse", reason) == []
    ran(instance, "warehouse")
    assert len(failed("warehouse", reason)) == 1


def test_an_unforeseen_error_is_told_without_its_text(failed: Any) -> None:
    ((line,),) = failed("series", RuntimeError("Doe^John"))
    assert "Doe" not in line
    assert "unexpected RuntimeError" in line


def test_a_failed_run_that_could_not_be_told_is_told_by_the_next_tick(
    failed: Any, tick: Any, people: People
) -> None:
    people.problem = "the mail server cannot be reached"
    assert failed("warehouse", Fault("reason")) == []
    people.problem = ""
    ((line,),) = tick(partitions_sensor())[0]
    assert line.endswith("failed: reason")


def test_a_refused_partition_is_told_by_its_run_or_by_the_partition_and_not_by_both(
    lake: Lake, failed: Any, tick: Any
) -> None:
    def refusal(*partitions: Partition) -> dg.Failure:
        reasons = {partition.key: "PACS north could not be reached" for partition in partitions}
        return dg.Failure(f"{len(partitions)} partitions refused", metadata={"refused": reasons})

    fail(lake)
    ((line,),) = failed("series", refusal(PARTITION))
    assert "1 partitions refused" in line
    fail(lake)
    assert failed("series", refusal(PARTITION)) == []
    assert tick(partitions_sensor())[0] == []
    fail(lake, OTHER)
    assert len(failed("series", refusal(PARTITION, OTHER))) == 1
    settle_attempt(lake, PARTITION)
    assert tick(partitions_sensor())[0] == []
    fail(lake)
    assert len(failed("series", refusal(PARTITION))) == 1
