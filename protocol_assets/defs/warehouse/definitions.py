"""The dbt models of both runs, and the job that builds everything after the facts."""

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import REPORT_JOB
from protocol_assets.defs.automation import FOLLOWERS
from protocol_assets.defs.warehouse.dbt import findings_assets, warehouse_assets


@dg.definitions
def defs() -> dg.Definitions:
    """Return the models of the current dbt project."""
    deployment = Deployment.current()
    return dg.Definitions(
        assets=[warehouse_assets(deployment), findings_assets(deployment)],
        jobs=[
            dg.define_asset_job(
                REPORT_JOB,
                selection=FOLLOWERS,
                description="Builds the warehouse from all facts, publishes, and writes reports.",
            )
        ],
    )
