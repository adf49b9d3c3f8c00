"""Alerts about failures and new findings, each sent once, in lines that identify nobody.

Three sensors fill the ledger of alerts and send its waiting lines. A line that cannot be sent waits
for the next tick. If no recipient is configured, nothing is recorded.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import dagster as dg

from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.ingest.arrivals import ARRIVALS, first_asked
from protocol_assets.defs.ingest.sensors import days_in_flight
from protocol_assets.defs.resources import Audience, DeploymentResource
from protocol_assets.delivery.alerts import keep_findings
from protocol_assets.delivery.outbox import (
    Channels,
    Outbox,
    Told,
    deliver,
    keep_standing,
    open_outbox,
)
from protocol_assets.delivery.partition_alerts import (
    keep_partitions,
    keep_refused,
    run_key,
    run_line,
)
from protocol_assets.lake.zones import Partition
from protocol_assets.publishing.versions import published_rows
from protocol_assets.settings import Settings

__all__ = ["Notify", "failure_line", "failure_sensor", "findings_sensor", "partitions_sensor"]

Notify = Callable[[Audience], Channels]
"""Returns the channels to an audience; the resource ``notify``."""

PARTITIONS_INTERVAL_S: Final = 120
FINDINGS_INTERVAL_S: Final = 300

_WILL_RETRY: Final = "dagster/will_retry"
"""Dagster sets this tag to ``true`` on a failed run that it will retry."""
_REMEMBERED: Final = dt.timedelta(days=90)
_NOBODY: Final = "No alert recipients are configured. Set [webhook], or add addresses to [alerts]."


def failure_sensor() -> dg.SensorDefinition:
    """Create the sensor for failed runs that Dagster does not retry."""

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Logs one line for each failed run. Alerts engineers if the failure is new: a "
        "partition that was not refused before, or a reason that this job has not had since its "
        "last success.",
    )
    @redact_errors
    def alert(
        context: dg.RunFailureSensorContext,
        deployment: DeploymentResource,
        notify: dg.ResourceParam[Notify],
    ) -> dg.SkipReason:
        run = context.dagster_run
        if run.tags.get(_WILL_RETRY) == "true":
            return dg.SkipReason("Dagster will retry the run.")
        failures = context.get_step_failure_events()
        line = failure_line(run, failures)
        context.log.error(line)
        ways = notify("engineers")
        if not ways:
            return dg.SkipReason(_NOBODY)
        refused = _refused_partitions(failures)
        lake = deployment.deployment.lake
        with open_outbox(lake, "partitions" if refused else "runs") as entries:
            if refused:
                keep_refused(entries, refused, line, ways)
            else:
                _keep_run(context.instance, entries, run, line, ways)
            return _send(context, entries.values(), ways)

    return alert


def partitions_sensor() -> dg.SensorDefinition:
    """Create the sensor for incomplete partitions and days that have not landed."""

    @dg.sensor(
        name="alert_on_partitions",
        minimum_interval_seconds=PARTITIONS_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Alerts engineers once about each partition that is incomplete or refused, and "
        "once about each day that has not landed in time.",
    )
    @redact_errors
    def alert(
        context: dg.SensorEvaluationContext,
        deployment: DeploymentResource,
        notify: dg.ResourceParam[Notify],
    ) -> dg.SkipReason:
        ways = notify("engineers")
        if not ways:
            return dg.SkipReason(_NOBODY)
        here = deployment.deployment
        in_flight = _in_flight(context.instance, here.pacs_names)
        lake = here.lake
        with (
            open_outbox(lake, "partitions") as partitions,
            open_outbox(lake, "arrivals") as arrivals,
            open_outbox(lake, "runs") as runs,
        ):
            keep_partitions(lake, partitions, in_flight, ways, dt.datetime.now(dt.UTC))
            _keep_arrivals(context.instance, here.settings, arrivals, ways)
            return _send(context, [*partitions.values(), *arrivals.values(), *runs.values()], ways)

    return alert


def findings_sensor() -> dg.SensorDefinition:
    """Create the sensor for newly published drifts and relapses."""

    @dg.sensor(
        name="alert_on_findings",
        minimum_interval_seconds=FINDINGS_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Alerts physicists once about each new drift and relapse.",
    )
    @redact_errors
    def alert(
        context: dg.SensorEvaluationContext,
        deployment: DeploymentResource,
        notify: dg.ResourceParam[Notify],
    ) -> dg.SkipReason:
        ways = notify("physicists")
        if not ways:
            return dg.SkipReason(_NOBODY)
        here = deployment.deployment
        with open_outbox(here.lake, "findings") as entries:
            rows = published_rows(here.lake, "published_findings")
            keep_findings(entries, rows, ways, here.settings.language)
            return _send(context, entries.values(), ways)

    return alert


def _send(context: Any, entries: Collection[Told], ways: Channels) -> dg.SkipReason:
    """Send the waiting alerts, and report the result in the tick."""
    waiting = sum(bool(entry.waits_for) for entry in entries)
    problems = deliver(entries, ways)
    for problem in problems:
        context.log.warning(problem)
    if problems:
        return dg.SkipReason(f"The next tick tries again: {'; '.join(problems)}")
    return dg.SkipReason(f"{waiting} alerts sent" if waiting else "no new alerts")


def _refused_partitions(failures: Sequence[dg.DagsterEvent]) -> list[str]:
    """Return the keys of the partitions that a run refused."""
    partitions: list[str] = []
    for event in failures:
        failure = event.step_failure_data.user_failure_data
        refused = (failure.metadata if failure else {}).get("refused")
        if isinstance(refused, dg.JsonMetadataValue) and isinstance(refused.data, dict):
            partitions += map(str, refused.data)
    return partitions


def _keep_run(
    instance: dg.DagsterInstance, entries: Outbox, run: dg.DagsterRun, line: str, ways: Channels
) -> None:
    """Add a failed run whose job has not failed for this reason since it last succeeded."""
    now = dt.datetime.now(dt.UTC)
    assets = (key.to_user_string() for key in run.asset_selection or ())
    key = run_key(_job(run), assets, line)
    for old in [one for one, entry in entries.items() if entry.since < _iso(now - _REMEMBERED)]:
        del entries[old]
    entry = entries.get(key)
    if entry is None or _has_succeeded(instance, run, since=dt.datetime.fromisoformat(entry.since)):
        entries[key] = Told(line, _iso(now), waits_for=list(ways))
    else:
        entry.since = _iso(now)


def _has_succeeded(instance: dg.DagsterInstance, run: dg.DagsterRun, since: dt.datetime) -> bool:
    runs = instance.get_runs(
        dg.RunsFilter(
            job_name=run.job_name, statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since
        )
    )
    wanted = run.asset_selection or frozenset()
    return any(one.asset_selection is None or one.asset_selection >= wanted for one in runs)


def _in_flight(instance: dg.DagsterInstance, names: Sequence[str]) -> set[Partition]:
    return {Partition(day, name) for name in names for day in days_in_flight(instance, name, names)}


def _keep_arrivals(
    instance: dg.DagsterInstance, settings: Settings, entries: Outbox, ways: Channels
) -> None:
    """Add the day that the check found missing, if its deadline had passed by then."""
    record = instance.get_latest_asset_check_evaluation_record(ARRIVALS)
    evaluation = record.evaluation if record is not None else None
    if record is None or not isinstance(evaluation, dg.AssetCheckEvaluation):
        return
    day = evaluation.metadata.get("day")
    standing: Mapping[str, str] = {}
    if not evaluation.passed and day is not None:
        asked = dt.datetime.fromtimestamp(record.create_timestamp, dt.UTC)
        if asked >= first_asked(dt.date.fromisoformat(str(day.value)), settings.zone):
            standing = {str(day.value): f"not in time: {evaluation.description}"}
    keep_standing(entries, standing, ways)


def failure_line(run: dg.DagsterRun, failures: Sequence[dg.DagsterEvent]) -> str:
    """Describe a failed run in one line: its job, its partitions, and the reason.

    Only the text of a ``dg.Failure`` is quoted, because we wrote it. Any other text may contain a
    value of a patient.
    """
    data = [event.step_failure_data.user_failure_data for event in failures]
    reasons = [one.description if one and one.description else "a step failed" for one in data]
    first = run.tags.get("dagster/asset_partition_range_start") or run.tags.get("dagster/partition")
    last = run.tags.get("dagster/asset_partition_range_end", first)
    partitions = "" if first is None else first if first == last else f"{first} to {last}"
    return run_line(run.run_id, _job(run), partitions, reasons)


def _job(run: dg.DagsterRun) -> str:
    return "selected assets" if run.job_name.startswith("__ASSET_JOB") else run.job_name


def _iso(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")
