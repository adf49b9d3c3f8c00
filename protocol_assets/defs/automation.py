"""What follows by itself: warehouse, marts and report after the partitions, and once a day."""

from __future__ import annotations

import datetime as dt
from typing import Final

import dagster as dg

from protocol_assets.defs.publishing.assets import PUBLISHED_MODELS
from protocol_assets.settings import Settings

__all__ = ["WAREHOUSE_TAG", "automation_sensor", "follow_partitions", "partitions_have_landed"]

DAILY: Final = "0 6 * * *"
"""When marts and report are made whatever happened: a month may have closed, a name changed."""
DEADLINE: Final = "0 8 * * *"
"""When the day's report must stand."""
INTERVAL_S: Final = 120

WAREHOUSE_TAG: Final = "protocol_assets/warehouse"
"""On every automatic run of the marts; dagster.yaml allows one at a time."""

_LAST: Final = "chief_report"
_SHOWN: Final = (*PUBLISHED_MODELS, "published_marts", _LAST)
"""What people see: it must be of today by the deadline."""


def partitions_have_landed(settings: Settings) -> dg.AutomationCondition[dg.AssetKey]:
    """True when partitions have landed since the last request, and daily; not during a report.

    Before the first facts there is nothing to make.

    Each asset looks at the partitions themselves instead of at its own upstream assets, so that all
    of them become true on the same tick and run as one run. A run that lands partitions does not
    hold them
    up: partitions are replaced whole, and a slow PACS must not delay the marts of the others.
    """
    requested = dg.AutomationCondition.newly_requested()
    updated = dg.AutomationCondition.newly_updated()
    landed = dg.AutomationCondition.asset_matches("raw_dicomweb", updated).since(requested)
    described = dg.AutomationCondition.asset_matches("series_facts", updated).since(requested)
    daily = dg.AutomationCondition.cron_tick_passed(DAILY, settings.timezone).since(requested)
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


def follow_partitions(
    settings: Settings, assets: list[dg.AssetsDefinition]
) -> list[dg.AssetsDefinition]:
    """The same assets with the condition, and what people see with its deadline."""
    condition = partitions_have_landed(settings)
    deadline = dg.FreshnessPolicy.cron(
        deadline_cron=DEADLINE, lower_bound_delta=dt.timedelta(hours=8), timezone=settings.timezone
    )

    def follow(spec: dg.AssetSpec) -> dg.AssetSpec:
        spec = spec.replace_attributes(automation_condition=condition)
        if spec.key.to_user_string() in _SHOWN:
            spec = spec.replace_attributes(freshness_policy=deadline)
        return spec

    return [one.map_asset_specs(follow) for one in assets]


def automation_sensor(selection: dg.AssetSelection) -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions of ``selection``."""
    return dg.AutomationConditionSensorDefinition(
        "follow_partitions",
        target=selection,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=INTERVAL_S,
        run_tags={WAREHOUSE_TAG: "true"},
        description="Makes marts and report after partitions have landed, and daily at 6.",
    )
