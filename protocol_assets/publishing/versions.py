"""Publishing: the published tables as Parquet files, each version put in place by a link."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.lake.parquet import encode_part
from protocol_assets.lake.reading import read_warehouse
from protocol_assets.lake.turns import publications_turn
from protocol_assets.lake.zones import Grid, Lake
from protocol_assets.publishing.ledger_files import open_ledger
from protocol_assets.publishing.publications import Publications, settle
from protocol_assets.publishing.rolling_publications import RollingPublications, settle_rolling
from protocol_assets.publishing.settled import read_settled
from protocol_assets.storage.files import (
    OPEN_FILE,
    delete_folder,
    make_directory,
    move,
    staging_directory,
    touch,
    write_bytes,
)
from protocol_assets.storage.links import replace_link

__all__ = ["Published", "publish_marts", "published_rows", "version_name"]

_SCHEMA: Final = "published"
_KEPT_VERSIONS: Final = 5


@dataclass(frozen=True, slots=True)
class Published:
    """What was published.

    Attributes:
        rows: Rows by table.
        least_patients: Fewest patients behind a row; None if there is none.
        withheld: Periods and rows that wait or have too few patients.
        kept: Periods and rows that stay as they were published before.
    """

    rows: Mapping[str, int]
    least_patients: int | None
    withheld: int
    kept: int


def publish_marts(lake: Lake, grid: Grid) -> Published:
    """Write the tables of the schema ``published`` and point ``publish/marts`` at them.

    A version is named by its content: publishing the same rows again changes nothing, whatever
    their order in the warehouse.

    Args:
        lake: The lake.
        grid: The partitions of the deployment.
    """
    with publications_turn(lake):
        return _publish(lake, grid)


def _publish(lake: Lake, grid: Grid) -> Published:
    versions = lake.publish / "versions"
    make_directory(versions, 0o755)
    with open_ledger(lake) as ledger, staging_directory(versions) as staging:
        with read_warehouse(lake) as connection:
            settled = read_settled(lake, connection, grid)
            publications = settle(ledger, connection, settled)
            rolling = settle_rolling(ledger, connection, settled)
            rows = _write_tables(connection, publications, rolling, staging)
        ledger.commit()  # first, so that nobody can read rows that the ledger does not contain
        version = versions / version_name(staging)
        if version.exists() and version_name(version) != version.name:
            delete_folder(version)  # another program has changed it
        if not version.exists():
            move(staging, version, mode=0o755)
        replace_link(lake.marts, version)
        touch(version)
        _forget_old(versions)
    counts = Counter(publications.decisions.values())
    least = [
        one for one in (publications.least_patients, rolling.least_patients) if one is not None
    ]
    return Published(
        rows,
        min(least, default=None),
        counts["withhold"] + rolling.withheld,
        counts["keep"] + rolling.kept,
    )


def _write_tables(
    connection: duckdb.DuckDBPyConnection,
    publications: Publications,
    rolling: RollingPublications,
    directory: Path,
) -> dict[str, int]:
    governed = {**publications.tables, **rolling.tables}
    rows = {}
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? order by 1",
        [_SCHEMA],
    ).fetchall()
    for (name,) in names:
        table: pa.Table = governed.get(name)
        if table is None:
            table = connection.sql(f'from {_SCHEMA}."{name}"').to_arrow_table()
        path = directory / f"{name}.parquet"
        write_bytes(path, encode_part(_in_order(table), versions={}), mode=OPEN_FILE)
        rows[name] = table.num_rows
    return rows


def _in_order(table: pa.Table) -> pa.Table:
    """The rows sorted by their values in one chunk, so the same rows give the same bytes."""
    by = [(name, "ascending") for name in table.column_names]
    return table.combine_chunks().sort_by(by).combine_chunks()


def version_name(directory: Path) -> str:
    """The name of a version: the digest of its tables."""
    digest = hashlib.sha256()
    for path in sorted(directory.iterdir()):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _forget_old(versions: Path) -> None:
    """Delete old versions, and versions that were changed after they were published."""
    found = sorted(
        (path for path in versions.iterdir() if not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
    )
    kept = found[-_KEPT_VERSIONS:]
    for path in found:
        if path not in kept or version_name(path) != path.name:
            delete_folder(path)


def published_rows(lake: Lake, name: str) -> list[dict[str, object]]:
    """The rows of one published table; none if it does not exist yet."""
    path = lake.marts / f"{name}.parquet"
    if not path.exists():
        return []
    with pq.ParquetFile(path) as file:
        rows: list[dict[str, object]] = file.read().to_pylist()
    return rows
