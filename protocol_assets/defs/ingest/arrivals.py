"""The check that the newest study day of each PACS has landed."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import dagster as dg

from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import DeploymentResource
from protocol_assets.ingest.watch import PartitionRecord, Window, read_record
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.plain_text import escape_markdown
from protocol_assets.settings import Settings
from protocol_assets.settings.schedule import ARRIVALS_CRON

__all__ = ["ARRIVALS", "arrivals_check", "first_asked"]

ARRIVALS: Final = dg.AssetCheckKey(dg.AssetKey("raw_dicomweb"), "yesterday_has_landed")


def first_asked(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the deadline of a study day: the daily check on the next day."""
    minute, hour = map(int, ARRIVALS_CRON.split()[:2])
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(hour, minute), zone)


def arrivals_check(settings: Settings) -> dg.AssetChecksDefinition:
    """Create the daily check of a deployment."""
    daily: dg.AutomationCondition[dg.AssetCheckKey] = dg.AutomationCondition.cron_tick_passed(
        ARRIVALS_CRON, settings.timezone
    )

    @dg.asset_check(
        asset=ARRIVALS.asset_key,
        name=ARRIVALS.name,
        description="The newest study day of each PACS has landed and was not refused.",
        automation_condition=daily,
    )
    @redact_errors
    def yesterday_has_landed(
        deployment: DeploymentResource,
    ) -> dg.AssetCheckResult:
        here = deployment.deployment
        lake, settings = here.lake, here.settings
        today = dt.datetime.now(settings.zone).date()
        window = Window.at(today, settings.start_date, settings.end_date, settings.lookback_days)
        if window is None:
            return dg.AssetCheckResult(passed=True, description="The first day has not ended yet.")
        names = here.pacs_names
        partitions = {name: read_record(lake, Partition(window.newest, name)) for name in names}
        absent = [name for name, record in partitions.items() if not record.is_stored]
        holds = {name: here.rate_limit(name).hold() or "" for name in names}
        return dg.AssetCheckResult(
            passed=not absent,
            severity=dg.AssetCheckSeverity.ERROR,
            description=f"{window.newest} has not landed for {', '.join(absent)}"
            if absent
            else f"{window.newest} has landed for all PACS",
            metadata={
                "day": window.newest.isoformat(),
                "partitions": dg.MetadataValue.md(_table(lake, window, partitions, holds)),
            },
        )

    return yesterday_has_landed


def _table(
    lake: Lake, window: Window, partitions: dict[str, PartitionRecord], holds: dict[str, str]
) -> str:
    lines = [
        "| PACS | day | studies | latest landed day | failures | next attempt | requests paused |"
    ]
    lines.append("|---|---|--:|---|--:|---|---|")
    landed = lake.landed_partitions()
    for name, record in partitions.items():
        manifest, attempt = record.manifest, record.attempt
        studies = f"{manifest.count('landed')} of {manifest.expected}" if manifest else "not landed"
        latest = max(
            (partition.day for partition in landed if partition.pacs == name), default="never"
        )
        is_open = attempt is not None and not attempt.is_settled
        failures = attempt.failures if attempt else 0
        again = f"{attempt.next_try:%Y-%m-%d %H:%M} UTC" if attempt and is_open else ""
        values = [name, window.newest, studies, latest, failures, again, holds[name]]
        lines.append(f"| {' | '.join(map(escape_markdown, values))} |")
    return "\n".join(lines)
