"""The partitions: study day x PACS."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from protocol_assets.lake.zones import Partition
from protocol_assets.settings import Settings

__all__ = ["partitions_of", "study_day_partitions"]


def study_day_partitions(settings: Settings) -> dg.MultiPartitionsDefinition:
    """Create one partition per study day and PACS, from ``start_date`` on.

    A study day is a DICOM date and not a UTC window. Only days that have ended are partitions, so
    the newest one is yesterday in the deployment's time zone, or ``end_date`` if that is earlier.
    """
    end = settings.end_date + dt.timedelta(days=1) if settings.end_date else None
    days = dg.DailyPartitionsDefinition(
        start_date=settings.start_date.isoformat(),
        end_date=end.isoformat() if end else None,
        timezone=settings.timezone,
    )
    pacs = dg.StaticPartitionsDefinition([one.name for one in settings.pacs])
    return dg.MultiPartitionsDefinition({"day": days, "pacs": pacs})


def partitions_of(context: dg.AssetExecutionContext) -> list[Partition]:
    """Return the partitions of a run in the order of their days."""
    return sorted(Partition.from_key(key) for key in context.partition_keys)
