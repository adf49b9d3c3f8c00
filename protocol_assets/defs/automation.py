"""The automation of warehouse, marts and report: after partitions have landed, and daily."""

from collections.abc import Iterable
from typing import Final

import dagster as dg

from protocol_assets.defs.ingest.arrivals import ARRIVALS
from protocol_assets.defs.ingest.assets import PARTITION_ASSETS
from protocol_assets.defs.publishing.assets import PUBLISHED_MODELS
from protocol_assets.settings import Settings
from protocol_assets.settings.schedule import (
    AUTOMATION_INTERVAL_S,
    AUTOMATION_SENSOR,
    REPORT_CRON,
    REPORT_DEADLINE_CRON,
    REPORT_DEADLINE_WINDOW,
)

__all__ = ["FOLLOWERS", "WAREHOUSE_TAG", "automate", "partitions_have_landed"]

WAREHOUSE_TAG: Final = "protocol_assets/warehouse"
"""On every automatic run of the marts; dagster.yaml allows one at a time."""

_LAST: Final = "chief_report"
_SHOWN: Final = (*PUBLISHED_MODELS, "published_marts", _LAST)
"""The assets that people see; they must be refreshed by the daily deadline."""

NOT_FOLLOWERS: Final = (*PARTITION_ASSETS, "retention_purge", "compacted_months")
FOLLOWERS: Final = dg.AssetSelection.all() - dg.AssetSelection.assets(*NOT_FOLLOWERS)
"""The assets that are refreshed after partitions have landed."""


@dg.definitions
def defs() -> dg.Definitions:
    """The sensor that evaluates the automation conditions."""
    return dg.Definitions(
        sensors=[
            dg.AutomationConditionSensorDefinition(
                AUTOMATION_SENSOR,
                target=FOLLOWERS | dg.AssetSelection.checks(ARRIVALS),
                default_status=dg.DefaultSensorStatus.RUNNING,
                minimum_interval_seconds=AUTOMATION_INTERVAL_S,
                run_tags={WAREHOUSE_TAG: "true"},
                description="Refreshes marts and report after partitions have landed, and at 6:00.",
            )
        ],
    )


def partitions_have_landed(settings: Settings) -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition: partitions have landed since the last request, or a day has passed.

    It is false while a report is being made, and before the first facts exist.

    Each asset looks at the partitions themselves instead of at its own upstream assets, so all of
    them become true on the same tick and run as one run. A run that lands partitions does not block
    them: partitions are replaced completely, and a slow PACS must not delay the marts of the
    others.
    """
    requested = dg.AutomationCondition.newly_requested()
    updated = dg.AutomationCondition.newly_updated()
    landed = dg.AutomationCondition.asset_matches("raw_dicomweb", updated).since(requested)
    described = dg.AutomationCondition.asset_matches("series_facts", updated).since(requested)
    daily = dg.AutomationCondition.cron_tick_passed(REPORT_CRON, settings.timezone).since(requested)
    is_busy = dg.AutomationCondition.asset_matches(_LAST, dg.AutomationCondition.in_progress())
    has_facts = dg.AutomationCondition.asset_matches(
        "series_facts", ~dg.AutomationCondition.missing()
    )
    landed_or_daily = (
        landed.with_label("partitions have landed")
        | described.with_label("facts were made")
        | daily.with_label("daily")
    )
    condition = (
        landed_or_daily
        & has_facts.with_label("there are facts")
        & ~is_busy.with_label("a report is being made")
    )
    return condition.with_label("follows partitions")


def automate(
    assets: Iterable[dg.AssetsDefinition], settings: Settings
) -> list[dg.AssetsDefinition]:
    """Add the automation condition to followers, and a deadline to the assets that people see.

    Args:
        assets: All assets of the deployment.
        settings: The settings of the deployment.
    """
    condition = partitions_have_landed(settings)
    deadline = dg.FreshnessPolicy.cron(
        deadline_cron=REPORT_DEADLINE_CRON,
        lower_bound_delta=REPORT_DEADLINE_WINDOW,
        timezone=settings.timezone,
    )

    def follow(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        if name in NOT_FOLLOWERS:
            return spec
        spec = spec.replace_attributes(automation_condition=condition)
        return spec.replace_attributes(freshness_policy=deadline) if name in _SHOWN else spec

    return [one.map_asset_specs(follow) for one in assets]
