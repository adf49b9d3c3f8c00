"""``retention_purge`` deletes data whose time has ended; ``compacted_months`` stores old months."""

import datetime as dt
from collections import Counter

import dagster as dg

from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import DeploymentResource
from protocol_assets.ingest.retention.compaction import compact_settled
from protocol_assets.ingest.retention.purging import Retention, purge_expired
from protocol_assets.lake.compaction import Compacted

__all__ = ["compacted_months", "retention_purge"]


@dg.asset(group_name="restricted", kinds={"dicom"}, owners=["team:data-engineering"])
@redact_errors
def retention_purge(deployment: DeploymentResource) -> dg.MaterializeResult[None]:
    """Deletes data whose retention period has ended, and keeps a record of counts and digests."""
    here = deployment.deployment
    keep = Retention(**here.settings.retention.model_dump())
    deletion = purge_expired(here.lake, here.pseudonyms(), keep, dt.datetime.now(dt.UTC))
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


@dg.asset(
    deps=[retention_purge],
    group_name="restricted",
    kinds={"parquet"},
    owners=["team:data-engineering"],
)
@redact_errors
def compacted_months(deployment: DeploymentResource) -> dg.MaterializeResult[None]:
    """Stores each settled month as one part per data set instead of one per partition.

    The data do not change. A month that somebody is working on waits for the next night.
    """
    here = deployment.deployment
    keep = Retention(**here.settings.retention.model_dump())
    now = dt.datetime.now(dt.UTC)
    found = compact_settled(here.lake, here.grid(now), keep, now)
    total = sum(found.done.values(), Compacted())
    return dg.MaterializeResult(
        metadata={
            "months": len(found.done),
            "parts_replaced": total.parts,
            "bytes_before": total.bytes_before,
            "bytes_after": total.bytes_after,
            **{f"skipped/{month:%Y-%m}": why for month, why in found.skipped.items()},
        }
    )
