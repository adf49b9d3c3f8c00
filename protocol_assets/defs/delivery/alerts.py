"""Alerts: what went wrong or is new, told once to whoever is to be told, in lines about nobody.

Three sensors fill the ledger of alerts and send what waits in it. A line that cannot be sent waits
for the next tick; where nobody is to be told, nothing is written down.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal

import dagster as dg

from protocol_assets.defs.failures import tells_plainly
from protocol_assets.defs.ingest.arrivals import ARRIVALS, first_asked
from protocol_assets.defs.ingest.sensors import days_in_flight
from protocol_assets.delivery.alerts import keep_findings
from protocol_assets.delivery.message import mailbox
from protocol_assets.delivery.notify import channels
from protocol_assets.delivery.outbox import (
    Channels,
    Outbox,
    Told,
    deliver,
    keep_standing,
    open_outbox,
)
from protocol_assets.ingest.attempts import Attempt, read_attempt
from protocol_assets.ingest.completeness import describe_shortfall
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.publishing.versions import published_rows
from protocol_assets.settings import Settings

__all__ = ["Notify", "alert_sensors", "failure_line", "notifier"]

Audience = Literal["engineers", "physicists"]
Notify = Callable[[Audience], Channels]
"""The ways to an audience; the resource ``notify``."""

PARTITIONS_INTERVAL_S: Final = 120
FINDINGS_INTERVAL_S: Final = 300

_WILL_RETRY: Final = "dagster/will_retry"
_LONGEST: Final = 1000
_GRACE: Final = dt.timedelta(minutes=10)
"""So long after a try began, the failed run is left to tell its reason first."""
_REMEMBERED: Final = dt.timedelta(days=90)
_NOBODY: Final = "nobody is to be told: neither [webhook] nor addresses in [alerts]"


def notifier(settings: Settings) -> Notify:
    """The resource ``notify`` of a deployment."""
    addresses = {
        "engineers": tuple(map(mailbox, settings.alerts.engineers)),
        "physicists": tuple(map(mailbox, settings.alerts.physicists)),
    }
    return lambda audience: channels(settings.outlets, addresses[audience])


def alert_sensors() -> list[dg.SensorDefinition]:
    """The sensors of a deployment."""
    return [failure_sensor(), partitions_sensor(), findings_sensor()]


def failure_sensor() -> dg.SensorDefinition:
    """Tells of failed runs that Dagster does not run again by itself."""

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Logs one line for each failed run, and alerts engineers where it is new: a "
        "partition that was not refused before, or a reason that has not failed this job since its "
        "last success.",
    )
    @tells_plainly
    def alert(
        context: dg.RunFailureSensorContext,
        lake: dg.ResourceParam[Lake],
        notify: dg.ResourceParam[Notify],
    ) -> dg.SkipReason:
        run = context.dagster_run
        if run.tags.get(_WILL_RETRY) == "true":
            return dg.SkipReason("the run is run again")
        failures = context.get_step_failure_events()
        line = failure_line(run, failures)
        context.log.error(line)
        ways = notify("engineers")
        if not ways:
            return dg.SkipReason(_NOBODY)
        refused = _refused_partitions(failures)
        with open_outbox(lake, "partitions" if refused else "runs") as entries:
            if refused:
                _keep_refused(entries, refused, line, ways)
            else:
                _keep_run(context.instance, entries, run, line, ways)
            return _told(context, entries.values(), ways)

    return alert


def partitions_sensor() -> dg.SensorDefinition:
    """Reports incomplete partitions, days that have not landed, and messages that waited."""

    @dg.sensor(
        name="alert_on_partitions",
        minimum_interval_seconds=PARTITIONS_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Alerts engineers once about a partition that is incomplete or refused, until "
        "it has recovered, and about a day that has not landed in time.",
    )
    @tells_plainly
    def alert(
        context: dg.SensorEvaluationContext,
        lake: dg.ResourceParam[Lake],
        settings: dg.ResourceParam[Settings],
        notify: dg.ResourceParam[Notify],
    ) -> dg.SkipReason:
        ways = notify("engineers")
        if not ways:
            return dg.SkipReason(_NOBODY)
        in_flight = _in_flight(context.instance, settings)
        with (
            open_outbox(lake, "partitions") as partitions,
            open_outbox(lake, "arrivals") as arrivals,
            open_outbox(lake, "runs") as runs,
        ):
            _keep_partitions(lake, partitions, in_flight, ways)
            _keep_arrivals(context.instance, settings, arrivals, ways)
            return _told(context, [*partitions.values(), *arrivals.values(), *runs.values()], ways)

    return alert


def findings_sensor() -> dg.SensorDefinition:
    """Tells of new drifts and relapses, as they are published."""

    @dg.sensor(
        name="alert_on_findings",
        minimum_interval_seconds=FINDINGS_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells physicists of each new drift and relapse, once in its life.",
    )
    @tells_plainly
    def alert(
        context: dg.SensorEvaluationContext,
        lake: dg.ResourceParam[Lake],
        settings: dg.ResourceParam[Settings],
        notify: dg.ResourceParam[Notify],
    ) -> dg.SkipReason:
        ways = notify("physicists")
        if not ways:
            return dg.SkipReason(_NOBODY)
        with open_outbox(lake, "findings") as entries:
            rows = published_rows(lake, "published_findings")
            keep_findings(entries, rows, ways, settings.language)
            return _told(context, entries.values(), ways)

    return alert


def _told(context: Any, entries: Collection[Told], ways: Channels) -> dg.SkipReason:
    """Send what waits, and say in the tick what became of it."""
    waiting = sum(bool(entry.waits_for) for entry in entries)
    problems = deliver(entries, ways)
    for problem in problems:
        context.log.warning(problem)
    if problems:
        return dg.SkipReason(f"tried again on the next tick: {'; '.join(problems)}")
    return dg.SkipReason(f"{waiting} told" if waiting else "nothing new")


def _refused_partitions(failures: Sequence[dg.DagsterEvent]) -> list[str]:
    """Keys of the partitions that a run refused."""
    partitions: list[str] = []
    for event in failures:
        failure = event.step_failure_data.user_failure_data
        refused = (failure.metadata if failure else {}).get("refused")
        if isinstance(refused, dg.JsonMetadataValue) and isinstance(refused.data, dict):
            partitions += map(str, refused.data)
    return partitions


def _keep_refused(entries: Outbox, refused: Sequence[str], line: str, ways: Channels) -> None:
    new = [partition for partition in refused if partition not in entries]
    for partition in new:
        entries[partition] = Told(line)
    if new:  # one line tells of them all
        entries[new[0]].waits_for = list(ways)


def _keep_run(
    instance: dg.DagsterInstance, entries: Outbox, run: dg.DagsterRun, line: str, ways: Channels
) -> None:
    """Add a failed run whose job has not failed for this reason since it last succeeded."""
    now = dt.datetime.now(dt.UTC)
    _, _, reason = line.partition(" failed: ")
    parts = [_job(run), *sorted(key.to_user_string() for key in run.asset_selection or ()), reason]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    for old in [one for one, told in entries.items() if told.since < _iso(now - _REMEMBERED)]:
        del entries[old]
    told = entries.get(key)
    if told is None or _has_succeeded(instance, run, since=dt.datetime.fromisoformat(told.since)):
        entries[key] = Told(line, _iso(now), waits_for=list(ways))
    else:
        told.since = _iso(now)


def _has_succeeded(instance: dg.DagsterInstance, run: dg.DagsterRun, since: dt.datetime) -> bool:
    runs = instance.get_runs(
        dg.RunsFilter(
            job_name=run.job_name, statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since
        )
    )
    wanted = run.asset_selection or frozenset()
    return any(one.asset_selection is None or one.asset_selection >= wanted for one in runs)


def _in_flight(instance: dg.DagsterInstance, settings: Settings) -> set[Partition]:
    names = [one.name for one in settings.pacs]
    return {Partition(day, name) for name in names for day in days_in_flight(instance, name, names)}


def _keep_partitions(
    lake: Lake, entries: Outbox, in_flight: set[Partition], ways: Channels
) -> None:
    now = dt.datetime.now(dt.UTC)
    unsettled = {
        partition: attempt
        for partition in lake.tried_partitions()
        if (attempt := read_attempt(lake, partition)) is not None and not attempt.is_settled
    }
    standing = {
        partition.key: _partition_line(lake, partition, attempt)
        for partition, attempt in unsettled.items()
        if partition.key in entries
        or (partition not in in_flight and attempt.recent[-1] + _GRACE <= now)
    }
    keep_standing(entries, standing, ways)


def _partition_line(lake: Lake, partition: Partition, attempt: Attempt) -> str:
    manifest = read_manifest(lake, partition)
    again = f"; tried again from {attempt.next_try:%Y-%m-%d %H:%M} UTC"
    if attempt.problem:
        status = f" {attempt.status}" if attempt.status else ""
        what = f"could not be listed ({attempt.problem}{status})"
    elif manifest is not None and not manifest.is_complete:
        what = f"is incomplete: {describe_shortfall(manifest)}"
    elif attempt.refusal:
        what = f"was refused: {attempt.refusal}"
    else:
        what = "was refused or its run ended: see the checks of its last run"
    return f"partition {partition.day} of {partition.pacs} {what}{again}"


def _keep_arrivals(
    instance: dg.DagsterInstance, settings: Settings, entries: Outbox, ways: Channels
) -> None:
    """Add the day that the check found missing, asked when it had to be there."""
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
    """One line: which run, over which partitions, and why in our own words.

    Only the text of a ``dg.Failure`` is quoted, for it was written to be read; any other may hold
    a value of a patient.
    """
    reasons = []
    for event in failures:
        failure = event.step_failure_data.user_failure_data
        text = failure.description if failure and failure.description else "a step failed"
        reasons.append("; ".join(text.splitlines()))
    what = " | ".join(reasons) or "it could not start or its process ended; see its events"
    first = run.tags.get("dagster/asset_partition_range_start") or run.tags.get("dagster/partition")
    last = run.tags.get("dagster/asset_partition_range_end", first)
    partitions = "" if first is None else f" ({first if first == last else f'{first} to {last}'})"
    line = f"run {run.run_id[:8]} of {_job(run)}{partitions} failed: {what}"
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _job(run: dg.DagsterRun) -> str:
    return "selected assets" if run.job_name.startswith("__ASSET_JOB") else run.job_name


def _iso(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")
