"""Homes for the injected faults: how they look as a whole, and whether they are sound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.raw import read_stamp, read_study
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.ledger_files import open_ledger
from protocol_assets.storage.posix import PosixObjects

__all__ = ["check_manifests", "check_published", "content_of", "files_of", "find_bytes"]

_OF_THE_RUN: Final = {
    "landed_at",
    "verified_at",
    "seconds",
    "fetched",
    "requests",
    "retries",
    "received",
    "tries",
    "first_seen",
    "last_seen",
    "at",
    "overwritten",
    "sha256",
}
_NOT_COMPARED: Final = {"locks", "deletions", "attempt.json", "leftovers.json", "pace.json"}


def files_of(home: Path) -> Iterator[Path]:
    """Every file and link of a home."""
    yield from (one for one in sorted(home.rglob("*")) if one.is_symlink() or one.is_file())


def content_of(home: Path) -> dict[str, Any]:
    """What a home holds by path, without times and what a run cost."""
    found: dict[str, Any] = {}
    for path in files_of(home):
        name = path.relative_to(home).as_posix()
        if _NOT_COMPARED & set(path.relative_to(home).parts) or name.startswith("publish/pacs/"):
            continue
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.suffix == ".duckdb":
            found[name] = rows_of(path)
        elif path.suffix == ".json":
            found[name] = without_times(json.loads(path.read_bytes()))
        else:
            found[name] = path.read_bytes()
    return found


def without_times(content: Any) -> Any:
    if isinstance(content, dict):
        return {k: without_times(v) for k, v in content.items() if k not in _OF_THE_RUN}
    return [without_times(one) for one in content] if isinstance(content, list) else content


def rows_of(database: Path) -> dict[str, list[Any]]:
    """The tables of a DuckDB file, whose bytes hold times and chance."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables order by all"
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(
                f"select * from {schema}.{name} order by all"
            ).fetchall()
            for schema, name in tables
        }


def find_bytes(home: Path, words: set[bytes]) -> list[str]:
    """Files, and names of files, in which one of the words is found; Parquet is decoded too."""
    found = []
    for path in files_of(home):
        content = b"" if path.is_symlink() else path.read_bytes()
        if path.suffix == ".parquet":
            content += str(read_part(Lake(path.parent), path.name).to_pylist()).encode()
        folder = PosixObjects(path.parent)
        stamp = read_stamp(folder, path.name) if path.name.endswith(".ndjson.zst") else None
        if stamp is not None:
            content += str(list(read_study(folder, path.name, stamp.content_hash))).encode()
        content += path.name.encode()
        if any(word in content for word in words):
            found.append(path.relative_to(home).as_posix())
    return found


def check_manifests(lake: Lake) -> None:
    """No partition claims more than it holds: each study with data is there, whole and readable."""
    for partition in lake.landed_partitions():
        manifest = read_manifest(lake, partition)
        assert manifest is not None
        for entry in manifest.with_data:
            objects, key = lake.storage.objects, lake.study(partition, entry.name)
            stamp = read_stamp(objects, key)
            assert stamp is not None, entry.name
            read = sum(1 for _ in read_study(objects, key, stamp.content_hash))
            assert stamp.instances == read >= entry.instances


def check_published(lake: Lake, states: list[dict[str, int]]) -> None:
    """Readers find one of the states whole, and so does the next publication in its ledger."""
    shown = {
        path.stem: read_part(Lake(path.parent), path.name).num_rows
        for path in sorted(lake.marts.glob("*.parquet"))
    }
    assert shown in states
    with open_ledger(lake) as ledger:
        names = ("members", "nex_monthly", "fleet_daily")
        tables = [ledger.read(name) for name in names]
    members, months, days = (
        {row["period"] for row in table.to_pylist()} for table in tables if table is not None
    )
    assert members == months | days, "who stands behind a row is known, and the row is there"
