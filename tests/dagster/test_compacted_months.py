"""The nightly job compacts a month; dbt, the commands and a repair go on as before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import PURGE_JOB
from protocol_assets.cli import cli
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import DATA_SETS, Lake, Partition
from protocol_assets.runner import Runner
from protocol_assets.settings import Settings

from .conftest import FIRST

PARTITIONS = [Partition(FIRST + dt.timedelta(days=n), "north") for n in range(2)]


def marts(lake: Lake) -> dict[str, list[Any]]:
    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'marts' and table_type = 'BASE TABLE' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f"select * from marts.{name} order by all").fetchall()
            for (name,) in names
        }


def test_nobody_notices_that_a_month_is_compacted(
    deployment: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Runner(Deployment(deployment))
    lake = Lake(deployment.home)
    outcomes = runner.ingest("north", PARTITIONS[0].day, PARTITIONS[1].day)
    assert [one.state for one in outcomes] == ["landed", "landed"]
    assert runner.report() is None
    before = marts(lake)
    facts = [read_part(lake, lake.facts(one)) for one in PARTITIONS]

    # The fleet has five days; the rest of a month would take long to land.
    monkeypatch.setattr("protocol_assets.ingest.retention.compaction._is_over", lambda *_: True)
    with dg.DagsterInstance.ephemeral() as instance:
        job = runner.definitions.resolve_job_def(PURGE_JOB)
        done = job.execute_in_process(instance=instance)
    (made,) = done.asset_materializations_for_node("compacted_months")
    assert made.metadata["months"].value == 1
    months = [lake.month_part(data_set, FIRST.replace(day=1)) for data_set in DATA_SETS]
    assert all(map(lake.has, months))
    assert not any(lake.has(lake.facts(one)) for one in PARTITIONS)

    assert runner.report() is None
    assert marts(lake) == before
    assert CliRunner().invoke(cli, ["verify"], standalone_mode=False).return_value == 0

    monkeypatch.setattr(Runner, "report", lambda _: None)
    path = lake.local_path(months[2])
    path.write_bytes(path.read_bytes()[:-100])
    found = CliRunner().invoke(cli, ["verify"], standalone_mode=False)
    assert found.return_value == 1
    assert f"facts of {PARTITIONS[0].key}" in found.output
    repaired = CliRunner().invoke(cli, ["verify", "--repair"], standalone_mode=False)
    assert repaired.return_value == 0, repaired.output
    assert [read_part(lake, lake.facts(one)) for one in PARTITIONS] == facts
