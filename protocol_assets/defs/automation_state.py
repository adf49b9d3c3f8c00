"""Read the state of the automation from Dagster: heartbeats, and each sensor's last tick."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from protocol_assets.lake.zones import Lake
from protocol_assets.status.automation import AutomationState
from protocol_assets.storage.full_disk import DiskFullError, explain_full_disk

__all__ = ["read_automation_state"]


def read_automation_state(lake: Lake) -> AutomationState:
    """Read the state of one deployment. An instance that was never used is not created."""
    home = lake.dagster_home
    if not (home / "dagster.yaml").exists() or not (home / "history").is_dir():
        return AutomationState(None, {}, frozenset())
    try:
        # Opening Dagster's databases writes files beside them.
        with explain_full_disk(home), dg.DagsterInstance.from_config(str(home)) as instance:
            beats = [one.timestamp for one in instance.get_daemon_heartbeats().values()]
            states = list(instance.all_instigator_state())
    except DiskFullError as error:
        return AutomationState(None, {}, frozenset(), problem=str(error))
    ticks = {
        one.instigator_name: getattr(one.instigator_data, "last_tick_timestamp", None)
        for one in states
    }
    return AutomationState(
        heard_at=_utc(max(beats)) if beats else None,
        last_ticks={name: _utc(at) for name, at in ticks.items() if at is not None},
        stopped=frozenset(one.instigator_name for one in states if not one.is_running),
    )


def _utc(timestamp: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)
