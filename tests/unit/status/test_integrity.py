"""What is stored beside the partitions: databases, published versions, ledgers, tables."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from protocol_assets.delivery.ledger import open_deliveries
from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.lake.parquet import write_part
from protocol_assets.lake.warehouse_file import open_read_only
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.ledger_files import open_ledger
from protocol_assets.publishing.versions import version_name
from protocol_assets.status.integrity import integrity_finding, verify

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
KEEP = Retention(raw_days=30, series_days=365, facts_days=365)
ROWS = 20_000


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    with duckdb.connect(str(lake.warehouse)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            f"create table marts.fct as select i, hash(i) as h from range({ROWS}) as t(i)"
        )
    table = pa.table({"a": list(range(100))})
    for key in (
        lake.reference("targets"),
        lake.analysis("changes"),
        lake.labels,
        "publish/versions/new/opportunities.parquet",
        "safe/facts/series/schema.parquet",
    ):
        write_part(lake, key, table, versions={})
    with open_ledger(lake) as ledger:
        ledger.put("members", table)
        ledger.commit()
    with open_deliveries(lake, "chiefs", NOW.date()) as deliveries:
        deliveries.mark(["chief@hospital.example"], "sent")
    version = lake.publish / "versions" / "new"
    named = version.rename(version.with_name(version_name(version)))
    lake.marts.symlink_to(named.relative_to(lake.publish))
    return lake


def found(lake: Lake) -> list[tuple[str, str, str]]:
    return [(one.place, one.what, one.remedy) for one in verify(lake, KEEP, NOW)]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def test_nothing_is_wrong_with_what_was_just_written(lake: Lake) -> None:
    assert found(lake) == []
    assert integrity_finding([]).verdict == "ok"


def test_each_table_is_named_with_what_heals_it(lake: Lake) -> None:
    for path in lake.safe.rglob("*.parquet"):
        flip(path)
    assert {(place, remedy) for place, _, remedy in found(lake)} == {
        ("reference of targets", "report"),
        ("analysis of changes", "report"),
        ("labels of protocol_labels", "report"),
        ("columns of series", "report"),
        ("publications of members", "restore"),
    }
    finding = integrity_finding(list(verify(lake, KEEP, NOW)))
    assert finding.verdict == "fail"
    assert finding.sentence.endswith("run protocol-assets verify --repair")


def test_a_ledger_that_lacks_something_is_restored_from_a_back_up(lake: Lake) -> None:
    (table,) = lake.local_path(lake.publications).glob("members-*.parquet")
    table.unlink()
    flip(lake.local_path(lake.publications) / "ledger.json")
    (sent,) = lake.local_path(lake.deliveries).rglob("*.json")
    sent.write_text(sent.read_text().replace("sent", "refused"))
    assert {(place, remedy) for place, _, remedy in found(lake)} == {
        ("ledger of publications", "restore"),
        ("deliveries of chiefs 2026-11-30", "restore"),
    }


def test_a_table_that_the_ledger_names_is_missed(lake: Lake) -> None:
    (table,) = lake.local_path(lake.publications).glob("members-*.parquet")
    table.unlink()
    assert found(lake) == [("publications of members", "is missing", "restore")]


def test_a_published_version_is_what_its_name_says(lake: Lake) -> None:
    (path,) = lake.publish.rglob("*.parquet")
    flip(path)
    ((place, _, remedy),) = found(lake)
    assert (place, remedy) == (f"published version of {path.parent.name}", "report")
    path.unlink()
    path.parent.rmdir()
    assert found(lake) == [("published version", "is missing", "report")]


def test_a_warehouse_that_somebody_writes_to_is_not_taken_for_damaged(lake: Lake) -> None:
    with duckdb.connect(str(lake.warehouse)) as connection:
        connection.execute("create table marts.other as select 1 as a")
        log = lake.warehouse.with_name(f"{lake.warehouse.name}.wal")
        assert log.exists()
        assert found(lake) == []
        assert log.exists(), "what another program writes is left to it"


def test_a_warehouse_that_is_none_or_lacks_a_part_is_damaged(lake: Lake) -> None:
    whole = lake.warehouse.read_bytes()
    for content in (b"garbage", b"", whole[: int(0.6 * len(whole))]):
        lake.warehouse.write_bytes(content)
        assert found(lake) == [("warehouse", "is not as it was written", "report")]
    lake.warehouse.unlink()
    assert found(lake) == [("warehouse", "is missing", "report")]


def test_no_flipped_bit_of_the_warehouse_changes_a_row_unseen(lake: Lake) -> None:
    whole = lake.warehouse.read_bytes()
    chance = random.Random(1)
    damaged = 0
    for _ in range(60):
        content = bytearray(whole)
        place = chance.randrange(8 * len(content))
        content[place // 8] ^= 1 << place % 8
        lake.warehouse.write_bytes(content)
        if found(lake):
            damaged += 1
            continue
        with open_read_only(lake.warehouse) as connection:
            rows = connection.execute("select count(*), bool_and(h = hash(i)) from marts.fct")
            assert rows.fetchall() == [(ROWS, True)]
    assert damaged
