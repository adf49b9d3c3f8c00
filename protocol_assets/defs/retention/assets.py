"""``retention_purge``: what has outlived its retention is dropped, once a day."""

import datetime as dt
from collections import Counter
from typing import Final

import dagster as dg

from protocol_assets.defs.failures import tells_plainly
from protocol_assets.ingest.retention.purging import Retention, purge_expired
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import Settings

__all__ = ["NIGHTLY", "PURGE_JOB", "purge_schedule", "retention_purge"]

PURGE_JOB: Final = "purge_expired"
NIGHTLY: Final = "30 3 * * *"


@dg.asset(group_name="restricted", kinds={"dicom"}, owners=["team:data-engineering"])
@tells_plainly
def retention_purge(
    lake: dg.ResourceParam[Lake], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Drops what has outlived its retention; a record of counts and digests stays."""
    keep = Retention(**settings.retention.model_dump())
    deletion = purge_expired(lake, settings.pseudonyms(), keep, dt.datetime.now(dt.UTC))
    files: Counter[str] = Counter()
    for one in deletion.entries:
        files[one.data_set] += one.files
    return dg.MaterializeResult(
        metadata={
            "files": files.total(),
            "bytes": sum(one.bytes for one in deletion.entries),
            **{f"files/{data_set}": count for data_set, count in sorted(files.items())},
        }
    )


def purge_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Every night."""
    return dg.ScheduleDefinition(
        name="purge_nightly",
        job_name=PURGE_JOB,
        cron_schedule=NIGHTLY,
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Drops what has outlived its retention.",
    )
