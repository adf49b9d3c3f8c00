"""``retention_purge``: deletes data whose retention period has ended, once a day."""

import datetime as dt
from collections import Counter

import dagster as dg

from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import DeploymentResource
from protocol_assets.ingest.retention.purging import Retention, purge_expired

__all__ = ["retention_purge"]


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
