from __future__ import annotations

import datetime as dt
import stat
from dataclasses import astuple
from pathlib import Path

import duckdb
import pytest

from protocol_assets.lake.reading import quarters, read_warehouse, share_below_k, write_reading_copy
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
    assert stat.S_IMODE(lake.reading_copy.stat().st_mode) == 0o400
    lake.warehouse.unlink()
    with duckdb.connect(str(lake.reading_copy), read_only=True) as connection:
        connection.execute("set enable_external_access = false")
        assert connection.sql("select count(*) from marts.fct_series").fetchall() == [(20,)]
        schemas = connection.sql("select distinct table_schema from information_schema.tables")
        assert sorted(schemas.fetchall()) == [("marts",), ("published",)]


def test_the_share_of_facts_that_few_patients_share(lake: Lake) -> None:
    assert share_below_k(lake) == 0.5


def test_the_quarters_that_can_be_read(lake: Lake) -> None:
    """Of three quarters one stands by name in one of its months, one in `other`, one nowhere."""
    with duckdb.connect(str(lake.warehouse)) as connection:
        connection.execute(
            """
            create schema intermediate;
            create table marts.dim_date as select day::date as study_date,
                date_trunc('month', day)::date as month_start, day < '2026-07-01' as is_closed_month
                from range('2026-01-01'::date, '2026-08-01'::date, interval 1 day) as days(day);
            create table marts.dim_scanner as from (values ('d', 'MR 1', true), ('d', 'old', false))
                as scanners(device_key, scanner_label, is_latest);
            create table marts.fct_acquisition as from (values
                ('2026-01-05'::date, 'd', 'a'), ('2026-02-05'::date, 'd', 'a'),
                ('2026-02-05'::date, 'd', 'b'), ('2026-05-05'::date, 'd', 'a'),
                ('2026-07-05'::date, 'd', 'a')) as facts(study_date, device_key, protocol_key);
            create table intermediate.int_nex_publication_cells as from (values
                ('d', '2026-01-01'::date, 'a', 'a'), ('d', '2026-02-01'::date, 'a', 'other'),
                ('d', '2026-02-01'::date, 'b', 'other'), ('d', '2026-05-01'::date, 'a', null))
                as partitions(device_key, month_start, protocol_key, published_protocol_key);
            """
        )
    row = {"scanner_label": "MR 1"}
    january = row | {"month_start": dt.date(2026, 1, 1), "protocol_key": "a"}
    february = row | {"month_start": dt.date(2026, 2, 1), "protocol_key": "other"}
    assert astuple(quarters(lake, [january, february])) == pytest.approx((2 / 3, 1 / 3))
    assert quarters(lake, [february]).by_name == 0
