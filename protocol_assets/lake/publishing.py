"""Publishing: the tables that may leave, as Parquet, each version swapped in by a link."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.lake.atomic import make_directory
from protocol_assets.lake.parquet import write_part
from protocol_assets.lake.zones import Lake

__all__ = ["publish_marts", "published_rows"]

_SCHEMA: Final = "published"
_KEPT_VERSIONS: Final = 5


def publish_marts(lake: Lake) -> dict[str, int]:
    """Write the tables of the schema ``published`` and point ``publish/marts`` at them.

    A version is named by its content: publishing the same tables again changes nothing.

    Returns:
        Rows by table.
    """
    versions = lake.publish / "versions"
    make_directory(versions, 0o755)
    staging = Path(tempfile.mkdtemp(dir=versions, prefix="."))
    try:
        rows = _write_tables(lake.warehouse, staging)
        version = versions / _digest(staging)
        if not version.exists():
            staging.chmod(0o755)
            staging.rename(version)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _point(lake.marts, version)
    version.touch()
    _forget_old(versions)
    return rows


def _write_tables(warehouse: Path, directory: Path) -> dict[str, int]:
    rows = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set enable_external_access = false")
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = ? order by 1",
            [_SCHEMA],
        ).fetchall()
        for (name,) in names:
            table: pa.Table = connection.sql(
                f'select * from {_SCHEMA}."{name}" order by all'  # noqa: S608
            ).to_arrow_table()
            write_part(directory / f"{name}.parquet", table, versions={})
            rows[name] = table.num_rows
    return rows


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(directory.iterdir()):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _point(link: Path, version: Path) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version.relative_to(link.parent))
    temporary.replace(link)


def _forget_old(versions: Path) -> None:
    found = sorted(
        (path for path in versions.iterdir() if not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
    )
    for path in found[:-_KEPT_VERSIONS]:
        shutil.rmtree(path)


def published_rows(lake: Lake, name: str) -> list[dict[str, object]]:
    """The rows of one published table; none where it is not there yet."""
    path = lake.marts / f"{name}.parquet"
    if not path.exists():
        return []
    with pq.ParquetFile(path) as file:
        rows: list[dict[str, object]] = file.read().to_pylist()
    return rows
