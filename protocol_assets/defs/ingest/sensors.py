"""One sensor per PACS finds new, late, changed and deleted studies, and days that never landed.

A tick lists days within its time budget and requests runs. It holds no lock and waits for no run,
so a slow PACS delays only its own ticks.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import time
from collections.abc import Iterator, Sequence
from typing import Final

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.ingest.assets import LARGEST_RUN
from protocol_assets.faults import Fault
from protocol_assets.ingest.watch import Watch, Watched, Window, consecutive
from protocol_assets.lake.zones import Partition
from protocol_assets.settings import PacsSettings, Settings
from protocol_assets.settings.schedule import PACS_INTERVAL_S, sensor_name
from protocol_assets.sources.dicomweb.client import PacsClient

__all__ = ["PACS_TAG", "days_in_flight", "pacs_sensors", "range_tags"]

BUDGET_S: Final = 40.0
"""How long a tick may query the PACS; Dagster stops a tick after 60 s."""

PACS_TAG: Final = "protocol_assets/pacs"
"""On every run of one PACS; dagster.yaml allows one at a time. Dagster has no tag for ranges."""

_UNFINISHED: Final = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
_PARTITION: Final = "dagster/partition"
_RANGE_START: Final = "dagster/asset_partition_range_start"
_RANGE_END: Final = "dagster/asset_partition_range_end"


def range_tags(pacs: str, first: dt.date, last: dt.date) -> dict[str, str]:
    """Return the tags of a run over the days ``first`` to ``last`` of one PACS."""
    return {
        _RANGE_START: Partition(first, pacs).key,
        _RANGE_END: Partition(last, pacs).key,
        PACS_TAG: pacs,
    }


def pacs_sensors(deployment: Deployment, *, job: str) -> list[dg.SensorDefinition]:
    """Create the sensors of a deployment.

    Args:
        deployment: The deployment.
        job: Name of the job that lands partitions.
    """
    return [_sensor(deployment, one, job) for one in deployment.settings.pacs]


def _sensor(deployment: Deployment, pacs: PacsSettings, job: str) -> dg.SensorDefinition:
    @dg.sensor(
        name=sensor_name(pacs.name),
        job_name=job,
        minimum_interval_seconds=PACS_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Queries {pacs.name} for new, late, changed and deleted studies of the last "
        f"{deployment.settings.lookback_days} days, and for days that never landed.",
    )
    @redact_errors
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return _tick(context, deployment, pacs)

    return sensor


def _tick(
    context: dg.SensorEvaluationContext, deployment: Deployment, pacs: PacsSettings
) -> dg.SensorResult:
    settings = deployment.settings
    now = _now(settings)
    window = Window.at(now.date(), settings.start_date, settings.end_date, settings.lookback_days)
    if window is None:
        return dg.SensorResult(skip_reason=f"start_date {settings.start_date} has not ended yet")
    problem = ""
    try:
        watched = _watch(context, deployment, pacs, window, now)
    except Fault as fault:
        problem = str(fault)
    if problem:
        return dg.SensorResult(skip_reason=problem, cursor=context.cursor)
    cursor = watched.resume_at.isoformat() if watched.resume_at else ""
    requests = list(_requests(pacs.name, watched, now.date()))
    if not requests:
        return dg.SensorResult(skip_reason=_words(pacs.name, watched), cursor=cursor)
    for line in watched.trouble:
        context.log.warning(line)
    return dg.SensorResult(run_requests=requests, cursor=cursor)


def _now(settings: Settings) -> dt.datetime:
    return dt.datetime.now(settings.zone)


def _watch(
    context: dg.SensorEvaluationContext,
    deployment: Deployment,
    pacs: PacsSettings,
    window: Window,
    now: dt.datetime,
) -> Watched:
    endpoint = dataclasses.replace(deployment.endpoint(pacs.name), deadline_s=BUDGET_S)
    pseudonyms = deployment.pseudonyms()
    rate_limit = deployment.rate_limit(pacs.name)
    with PacsClient(endpoint, rate_limit=rate_limit, tries=1, budget_s=BUDGET_S) as client:
        return Watch(
            client=client,
            lake=deployment.lake,
            pseudonyms=pseudonyms,
            window=window,
            in_flight=days_in_flight(context.instance, pacs.name, deployment.pacs_names),
            most=LARGEST_RUN,
            now=now,
            ends_at=time.monotonic() + BUDGET_S,
        ).tick(dt.date.fromisoformat(context.cursor) if context.cursor else None)


def _requests(pacs: str, watched: Watched, today: dt.date) -> Iterator[dg.RunRequest]:
    """Yield one run request per range of adjacent days.

    The run key contains the state of each partition, so the same state is requested only once. It
    also contains today's date, so a run that was cancelled before it began does not block a
    partition permanently.
    """
    for first, last in consecutive(watched.wanted, LARGEST_RUN):
        states = [state for day, state in watched.wanted.items() if first <= day <= last]
        digest = hashlib.sha256("|".join([*states, today.isoformat()]).encode()).hexdigest()
        yield dg.RunRequest(
            run_key=f"{pacs}:{first}:{last}:{digest[:16]}", tags=range_tags(pacs, first, last)
        )


def _words(pacs: str, watched: Watched) -> str:
    if watched.trouble:
        return " ".join(watched.trouble)
    days = f"{watched.listed} {'day' if watched.listed == 1 else 'days'} of {pacs} listed"
    if watched.resume_at:
        return f"{days}, nothing new; the next tick continues at {watched.resume_at}"
    return f"{days}, nothing new"


def days_in_flight(instance: dg.DagsterInstance, pacs: str, names: Sequence[str]) -> set[dt.date]:
    """Return the days of one PACS in queued or running runs, however they were launched.

    Args:
        instance: Dagster's instance.
        pacs: Name of the PACS.
        names: Names of all PACS in the order of the partitions; a range may include several.
    """
    days: set[dt.date] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=list(_UNFINISHED))):
        start = run.tags.get(_RANGE_START) or run.tags.get(_PARTITION, "")
        end = run.tags.get(_RANGE_END) or start
        try:
            first, last = Partition.from_key(start), Partition.from_key(end)
            crossed = names[names.index(first.pacs) : names.index(last.pacs) + 1]
        except ValueError:  # a run without partitions, or of a PACS that is no longer configured
            continue
        if pacs in crossed:
            length = (last.day - first.day).days + 1
            days |= {first.day + dt.timedelta(days=n) for n in range(length)}
    return days
