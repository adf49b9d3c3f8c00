"""What runs next: what each sensor will retrieve, and what the schedules do."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.ingest.watch import PartitionRecord, Window, read_record
from protocol_assets.lake.manifest import Manifest, read_manifest
from protocol_assets.lake.parquet import has_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.settings.schedule import (
    AUTOMATION_SENSOR,
    PACS_INTERVAL_S,
    PURGE_CRON,
    PURGE_SCHEDULE,
    REPORT_CRON,
    sensor_name,
)
from protocol_assets.status.automation import AutomationState

__all__ = ["SILENT", "NextRun", "next_daily", "upcoming_runs"]

SILENT: Final = dt.timedelta(minutes=5)
"""Without a heartbeat for this long, the daemon does not run; it sends one every 30 seconds."""


@dataclass(frozen=True, slots=True)
class NextRun:
    """Something that will run.

    Attributes:
        name: The sensor or schedule, or what runs.
        at: When; None if no daemon runs, or it is turned off.
        words: What it will do, as far as this is known without asking a PACS.
    """

    name: str
    at: dt.datetime | None
    words: str


def upcoming_runs(
    deployment: Deployment, automation: AutomationState, now: dt.datetime
) -> list[NextRun]:
    """Everything that runs automatically, in the order of the configuration.

    Args:
        deployment: The deployment.
        automation: The state of Dagster's automation.
        now: An aware time.
    """
    return [
        *(_tick(deployment, one.name, automation, now) for one in deployment.settings.pacs),
        _by_the_clock(
            AUTOMATION_SENSOR,
            REPORT_CRON,
            deployment,
            automation,
            now,
            words="marts and report; also whenever partitions have landed",
        ),
        _purge(deployment, automation, now),
    ]


def next_daily(cron: str, zone: dt.tzinfo, now: dt.datetime) -> dt.datetime:
    """The next time of a daily cron line.

    Raises:
        ValueError: The line has more than minute and hour.
    """
    minute, hour, *others = cron.split()
    if others != ["*", "*", "*"]:
        raise ValueError(f"{cron} is not daily")
    local = now.astimezone(zone)
    today = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return today if today > local else today + dt.timedelta(days=1)


def _tick(
    deployment: Deployment, pacs: str, automation: AutomationState, now: dt.datetime
) -> NextRun:
    name = sensor_name(pacs)
    window = Window.at(
        now.astimezone(deployment.settings.zone).date(),
        deployment.settings.start_date,
        deployment.settings.end_date,
        deployment.settings.lookback_days,
    )
    if window is None:
        return NextRun(name, None, f"waits for start_date {deployment.settings.start_date} to end")
    last = automation.last_ticks.get(name)
    due = last.astimezone(now.tzinfo) + dt.timedelta(seconds=PACS_INTERVAL_S) if last else now
    words = "; ".join(_words(deployment.lake, pacs, window, now))
    return NextRun(name, _unless_off(name, max(due, now), automation, now), words)


def _words(lake: Lake, pacs: str, window: Window, now: dt.datetime) -> Iterator[str]:
    records = dict(_records(lake, pacs, window))
    landed = [day for day, record in records.items() if record.manifest is not None]
    again = [day for day in landed if day >= window.looked_back_to]
    yield f"lists {_days(again)} again" if again else "lists no day again"
    never = [day for day, record in records.items() if record.manifest is None]
    due = [day for day in never if records[day].is_due(now)]
    if due:
        yield f"lands {_days(due)} for the first time"
    broken = [day for day in landed if records[day].is_due(now) and day < window.looked_back_to]
    if broken:
        yield f"{_days(broken)} before the look-back not whole: materialize by hand"
    waiting = [
        record.attempt.next_try
        for day, record in records.items()
        if record.attempt and not record.attempt.is_settled and not record.is_due(now)
    ]
    if waiting:
        first = min(waiting).astimezone(now.tzinfo)
        yield f"{_count(len(waiting), 'day')} that failed from {first:%Y-%m-%d %H:%M} on"


def _records(lake: Lake, pacs: str, window: Window) -> Iterator[tuple[dt.date, PartitionRecord]]:
    for day in window.days:
        try:
            yield day, read_record(lake, Partition(day, pacs))
        except Fault:
            continue  # reported as a damaged partition


def _purge(deployment: Deployment, automation: AutomationState, now: dt.datetime) -> NextRun:
    at = next_daily(PURGE_CRON, deployment.settings.zone, now)
    keep = Retention(**deployment.settings.retention.model_dump())
    found: Counter[str] = Counter()
    for manifest in _manifests(deployment.lake):
        outlived = keep.outlived(manifest, at)
        found.update(one for one in outlived if _is_stored(deployment.lake, manifest, one))
    dropped = ", ".join(f"{name} of {_count(count, 'partition')}" for name, count in found.items())
    words = f"drops {dropped or 'nothing'}"
    return _by_the_clock(PURGE_SCHEDULE, PURGE_CRON, deployment, automation, now, words=words)


def _is_stored(lake: Lake, manifest: Manifest, name: str) -> bool:
    """Whether a partition has any ``raw``, ``series`` or ``facts``."""
    if name == "raw":
        return bool(manifest.with_data)
    key = lake.series if name == "series" else lake.facts
    return has_part(lake, key(manifest.partition))


def _manifests(lake: Lake) -> Iterator[Manifest]:
    for partition in lake.landed_partitions():
        try:
            manifest = read_manifest(lake, partition)
        except Fault:
            continue
        if manifest is not None:
            yield manifest


def _by_the_clock(
    name: str,
    cron: str,
    deployment: Deployment,
    automation: AutomationState,
    now: dt.datetime,
    *,
    words: str,
) -> NextRun:
    at = next_daily(cron, deployment.settings.zone, now)
    return NextRun(name, _unless_off(name, at, automation, now), words)


def _unless_off(
    name: str, at: dt.datetime, automation: AutomationState, now: dt.datetime
) -> dt.datetime | None:
    runs = automation.heard_at is not None and now - automation.heard_at < SILENT
    return at if runs and name not in automation.stopped else None


def _days(days: Iterable[dt.date]) -> str:
    ordered = sorted(days)
    if len(ordered) == 1:
        return ordered[0].isoformat()
    return f"{len(ordered)} days ({ordered[0]} to {ordered[-1]})"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
