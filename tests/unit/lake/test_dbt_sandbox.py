"""dbt's DuckDB opens what stands beside the warehouse and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials

from protocol_assets.lake.dbt_sandbox import Plugin
from protocol_assets.lake.warehouse_file import escape_glob


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    """A safe zone whose path needs quoting, beside a restricted one, each with a file."""
    home = tmp_path / "st john's [mr] *"
    for zone in ("safe", "restricted"):
        (home / zone).mkdir(parents=True)
        pq.write_table(pa.table({"number": [1]}), home / zone / "part.parquet")
    return home / "safe"


@pytest.fixture
def fenced(safe: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = str(safe / "warehouse.building.duckdb")
    with duckdb.connect(path) as connection:
        credentials = DuckDBCredentials(database="warehouse", schema="marts", path=path)
        Plugin("fence", {}, credentials).configure_connection(connection)
        yield connection


def test_the_safe_zone_is_open(fenced: duckdb.DuckDBPyConnection, safe: Path) -> None:
    parts = f"{escape_glob(safe)}/*.parquet"
    assert fenced.cursor().read_parquet(parts).fetchall() == [(1,)]
    assert fenced.cursor().read_parquet(str(safe / "part.parquet")).fetchall() == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_parquet('../restricted/part.parquet')",
        "select * from read_parquet('{safe}/../restricted/part.parquet')",
        "select * from read_parquet('{safe}/../restricted/*.parquet')",
        "select * from read_parquet('{pattern}/../restricted/*.parquet')",
        "select * from read_parquet('{pattern}*/../restricted/*.parquet')",
        "select * from read_text('/etc/hostname')",
        "select * from glob('{safe}/../restricted/*')",
        "attach '{safe}/../restricted/other.duckdb' as other",
        "copy (select 1) to '{safe}/../restricted/out.csv'",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set temp_directory = '/'",
    ],
)
def test_the_rest_is_closed(fenced: duckdb.DuckDBPyConnection, safe: Path, query: str) -> None:
    safe_text, pattern = (one.replace("'", "''") for one in (str(safe), escape_glob(safe)))
    sql = query.format(safe=safe_text, pattern=pattern)
    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
        fenced.cursor().execute(sql)


def test_a_warehouse_in_memory_is_refused() -> None:
    credentials = DuckDBCredentials(database="memory", schema="marts", path=":memory:")
    with duckdb.connect() as connection, pytest.raises(ValueError, match="must be a file"):
        Plugin("fence", {}, credentials).configure_connection(connection)
