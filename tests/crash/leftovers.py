"""What a killed process leaves, at each kind of place; the canary calls ``leave_leftovers``."""

from __future__ import annotations

import datetime as dt
import os
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.storage.files import atomic_file, staging_directory

__all__ = ["leave_leftovers"]


def leave_leftovers(lake: Lake, partition: Partition, content: bytes) -> list[Path]:
    """Let a process be killed while it writes, at each kind of place; the files that it leaves.

    Args:
        lake: The home.
        partition: A partition, for the places that belong to one.
        content: What the process was writing: a token that must not survive.
    """
    day = dt.date(2026, 1, 1)
    keys = [
        *(lake.candidate(name, partition) for name in ("series", "series_facts", "labels")),
        lake.study(partition, "study"),
        lake.manifest(partition),
        lake.series(partition),
        lake.label_registry(partition),
        lake.facts(partition),
        lake.completeness(partition),
        f"{lake.publications}/members-0000000000000000.parquet",
        f"{lake.deliveries}/alerts/arrivals.json",
        f"{lake.deliveries}/reports/chiefs/{partition.day}.json",
        f"{lake.report(day)}/report.html",
        f"{lake.report(day)}/scanners/mr_1.html",
        lake.labels,
        lake.reference("terms"),
        lake.analysis("next/potential"),
        "governance/do_not_process.csv",
        f"{lake.pacs('main')}/profile.json",
        lake.key_record,
        f"{lake.deletions}/1.json",
        lake.load_page("main"),
    ]
    targets = [lake.local_path(key) for key in keys]
    before = set(lake.home.rglob("*"))
    for target in targets:
        _in_a_child(lambda target=target: _write_and_die(target, content))  # type: ignore[misc]
    for parent in (lake.publish / "versions", lake.reading_copy.parent, lake.publish):
        _in_a_child(lambda parent=parent: _stage_and_die(parent, content))  # type: ignore[misc]
    _in_a_child(lambda: _build_and_die(lake, content))
    made = (path for path in set(lake.home.rglob("*")) - before if path.is_file())
    return sorted(path for path in made if content in path.read_bytes())


def _write_and_die(target: Path, content: bytes) -> NoReturn:
    with atomic_file(target, mode=0o600) as file:
        file.write(content)
        file.flush()
        _die()


def _stage_and_die(parent: Path, content: bytes) -> NoReturn:
    with staging_directory(parent) as folder:
        (folder / "warehouse.duckdb").write_bytes(content)
        (folder / "warehouse.duckdb.wal").write_bytes(content)
        _die()


def _build_and_die(lake: Lake, content: bytes) -> NoReturn:
    """dbt's DuckDB, which writes its own files."""
    building = lake.warehouse_building
    building.parent.mkdir(parents=True, exist_ok=True)
    building.write_bytes(content)
    building.with_name(f"{building.name}.wal").write_bytes(content)
    for database in (building, lake.warehouse):
        spilled = database.with_name(f"{database.name}.tmp")
        spilled.mkdir(exist_ok=True)
        (spilled / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(content)
    _die()


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _in_a_child(work: Callable[[], NoReturn]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of other threads
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
