"""The state of the automation in Dagster's instance."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
)
from dagster._daemon.types import DaemonHeartbeat

from protocol_assets.defs.automation_state import read_automation_state
from protocol_assets.lake.zones import Lake

MOMENT = dt.datetime(2026, 3, 6, 8, 30, tzinfo=dt.UTC)


def state(name: str, status: InstigatorStatus) -> InstigatorState:
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "all")
    data = SensorInstigatorData(last_tick_timestamp=MOMENT.timestamp())
    origin = RemoteInstigatorOrigin(repository, name)
    return InstigatorState(origin, InstigatorType.SENSOR, status, data)


def test_an_instance_that_was_never_used_is_not_made(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert read_automation_state(lake).heard_at is None
    lake.dagster_home.mkdir()
    (lake.dagster_home / "dagster.yaml").touch()
    assert read_automation_state(lake).heard_at is None
    assert [path.name for path in lake.dagster_home.iterdir()] == ["dagster.yaml"]


def test_heartbeats_ticks_and_what_is_turned_off(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.dagster_home.mkdir()
    (lake.dagster_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(lake.dagster_home)) as instance:
        for seconds, kind in ((0, "SENSOR"), (-40, "SCHEDULER")):
            beat = DaemonHeartbeat(MOMENT.timestamp() + seconds, kind, "one")
            instance.add_daemon_heartbeat(beat)
        instance.add_instigator_state(state("watch_main", InstigatorStatus.STOPPED))
        instance.add_instigator_state(state("alerts", InstigatorStatus.DECLARED_IN_CODE))
    found = read_automation_state(lake)
    assert found.heard_at == MOMENT
    assert found.last_ticks == {"watch_main": MOMENT, "alerts": MOMENT}
    assert found.stopped == {"watch_main"}
