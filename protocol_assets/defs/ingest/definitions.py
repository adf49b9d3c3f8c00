"""The partitioned assets with their check, their sensors and their job."""

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import INGEST_JOB
from protocol_assets.defs.ingest.arrivals import arrivals_check
from protocol_assets.defs.ingest.assets import PARTITION_ASSETS, partition_assets
from protocol_assets.defs.ingest.sensors import pacs_sensors


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions for the PACS of the current deployment."""
    deployment = Deployment.current()
    return dg.Definitions(
        assets=[partition_assets(deployment)],
        asset_checks=[arrivals_check(deployment.settings)],
        sensors=pacs_sensors(deployment, job=INGEST_JOB),
        jobs=[
            dg.define_asset_job(
                INGEST_JOB,
                selection=dg.AssetSelection.assets(*PARTITION_ASSETS),
                description="Lands study days, flattens them, and makes their facts.",
            )
        ],
    )
