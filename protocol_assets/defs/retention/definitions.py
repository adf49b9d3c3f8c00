"""The nightly purge and compaction: their job and their schedule."""

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import PURGE_JOB
from protocol_assets.settings.schedule import PURGE_CRON, PURGE_SCHEDULE


@dg.definitions
def defs() -> dg.Definitions:
    """Return the job, and its schedule in the deployment's time zone."""
    return dg.Definitions(
        jobs=[
            dg.define_asset_job(
                PURGE_JOB,
                selection=dg.AssetSelection.assets("retention_purge", "compacted_months"),
                description="Deletes data whose retention period has ended, and compacts months.",
            )
        ],
        schedules=[
            dg.ScheduleDefinition(
                name=PURGE_SCHEDULE,
                job_name=PURGE_JOB,
                cron_schedule=PURGE_CRON,
                execution_timezone=Deployment.current().settings.timezone,
                default_status=dg.DefaultScheduleStatus.RUNNING,
                description="Runs the purge and the compaction every night.",
            )
        ],
    )
