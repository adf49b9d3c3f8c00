from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest

from protocol_assets.lake.reading import few_alike, read_warehouse, write_reading_copy
from protocol_assets.lake.zones import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "it's home")
    lake.prepare()
    (lake.safe / "part.csv").write_text("a\n1\n")
    safe = str(lake.safe).replace("'", "''")
    with duckdb.connect(str(lake.warehouse)) as connection:
        connection.execute(
            f"""
            create schema marts; create schema staging; create schema published;
            create view staging.stg as from read_csv('{safe}/part.csv');
            create table marts.fct_series as
                select '2026-02-02'::date as study_date, 'd' || (n % 2) as device_key,
                       'p' || (case when n % 2 = 0 then n else 1 end) as patient_key
                from range(20) as rows(n);
            create table published.fleet_daily as select 1 as patients;
            """
        )
    return lake


@pytest.mark.parametrize(
    "query",
    [
        "from read_csv('/etc/passwd')",
        "set enable_external_access = true",
        "attach '/tmp/other.duckdb'",
        "copy (select 1) to '/tmp/out.csv'",
        "insert into marts.fct_series values (null, 'x', 'y')",
        "from staging.stg",
    ],
)
def test_the_warehouse_is_all_that_can_be_read_and_nothing_can_be_written(
    lake: Lake, query: str
) -> None:
    with read_warehouse(lake) as connection:
        assert connection.sql("select count(*) from marts.fct_series").fetchall() == [(20,)]
        with pytest.raises(duckdb.Error):
            connection.execute(query)


def test_the_reading_copy_holds_the_marts_and_needs_no_other_file(lake: Lake) -> None:
    assert write_reading_copy(lake) == 2
    assert write_reading_copy(lake) == 2
    assert stat.S_IMODE(lake.reading_copy.stat().st_mode) == 0o444
    lake.warehouse.unlink()
    with duckdb.connect(str(lake.reading_copy), read_only=True) as connection:
        connection.execute("set enable_external_access = false")
        assert connection.sql("select count(*) from marts.fct_series").fetchall() == [(20,)]
        schemas = connection.sql("select distinct table_schema from information_schema.tables")
        assert sorted(schemas.fetchall()) == [("marts",), ("published",)]


def test_the_share_of_facts_that_few_patients_share(lake: Lake) -> None:
    assert few_alike(lake) == 0.5
