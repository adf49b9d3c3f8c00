"""Finds, deletes and counts the temporary files of killed runs at the next start.

Every process that works on a home holds a lock of its own until it exits. A lock that is abandoned
belongs to a process that was killed: only then is the whole home searched. Files that a running
process is writing are never deleted.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from protocol_assets.lake.analysis import finish_analysis
from protocol_assets.lake.warehouse_file import is_open_elsewhere, write_ahead_logs
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.documents import DamagedDocumentError
from protocol_assets.storage.files import PARTIAL_NAME, delete_tree
from protocol_assets.storage.leftovers import Leftover, delete_leftover, find_leftovers
from protocol_assets.storage.locks import LockedError

__all__ = ["Leftovers", "clean_leftovers", "count_leftovers", "last_cleaned", "register_process"]

_RECORD: Final = "restricted/leftovers.json"
_PROCESS: Final = "process-"
"""Prefix of the names of the locks of processes."""
_REGISTERED: Final[set[tuple[int, Path]]] = set()


@dataclass(slots=True)
class Leftovers:
    """Temporary files of killed runs.

    Attributes:
        files: Number of files by folder of the home, such as ``restricted/candidates``.
        bytes: Their total size.
    """

    files: Counter[str] = field(default_factory=Counter)
    bytes: int = 0

    def add(self, lake: Lake, leftover: Leftover) -> None:
        """Add one."""
        self.files["/".join(leftover.path.relative_to(lake.home).parent.parts[:2])] += 1
        self.bytes += leftover.bytes

    @property
    def words(self) -> str:
        """``3 in restricted/candidates, 1 in publish/reports``; empty if there are none."""
        return ", ".join(f"{count} in {folder}" for folder, count in sorted(self.files.items()))


def register_process(lake: Lake) -> Leftovers | None:
    """Register this process with the home, and clean up after killed ones.

    Returns:
        What was deleted; None if no process was killed since the last start.
    """
    if (os.getpid(), lake.home) in _REGISTERED:
        return None
    _REGISTERED.add((os.getpid(), lake.home))
    locks = lake.storage.locks
    killed = locks.find_abandoned(_PROCESS)
    is_first = lake.storage.objects.describe(_RECORD) is None
    locks.hold_until_exit(f"{_PROCESS}{os.getpid()}-{secrets.token_hex(4)}")
    if not killed and not is_first:
        return None
    cleaned = clean_leftovers(lake)
    for name in killed:
        locks.forget_abandoned(name)
    return cleaned


def clean_leftovers(lake: Lake) -> Leftovers:
    """Delete the temporary files of killed runs in the whole home, and record their number."""
    finish_analysis(lake)
    cleaned = Leftovers()
    for leftover in _found(lake):
        if delete_leftover(leftover):
            cleaned.add(lake, leftover)
    for path in chain(_of_older_releases(lake), _of_databases(lake)):
        delete_tree(path)
        cleaned.add(lake, Leftover(path, 0))
    if cleaned.files or lake.storage.objects.describe(_RECORD) is None:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        content = {"at": now, "files": dict(cleaned.files), "bytes": cleaned.bytes}
        lake.storage.documents.write(_RECORD, content)
    return cleaned


def count_leftovers(lake: Lake) -> Leftovers:
    """Temporary files of killed runs that no start has deleted yet."""
    counted = Leftovers()
    for leftover in _found(lake):
        counted.add(lake, leftover)
    return counted


def last_cleaned(lake: Lake) -> tuple[dt.datetime, Mapping[str, int]] | None:
    """When a start last deleted something, and the number of files by folder."""
    try:
        content = lake.storage.documents.read(_RECORD) or {}
        files = {str(name): int(count) for name, count in content["files"].items()}
        return (dt.datetime.fromisoformat(content["at"]), files) if files else None
    except (DamagedDocumentError, KeyError, ValueError, TypeError, AttributeError):
        return None


def _found(lake: Lake) -> Iterator[Leftover]:
    for zone in (lake.restricted, lake.safe, lake.publish, lake.governance):
        yield from find_leftovers(zone)
    for home in (lake.home, lake.dagster_home):
        yield from find_leftovers(home, deep=False)


def _of_older_releases(lake: Lake) -> Iterator[Path]:
    """Temporary files of publishing in earlier releases, which named them differently."""
    yield from sorted(lake.publish.glob(".marts.*"))
    for path in sorted((lake.publish / "versions").glob(".*")):
        if not path.match(PARTIAL_NAME):
            yield path


def _of_databases(lake: Lake) -> Iterator[Path]:
    """Files of a build that was killed, and DuckDB's own temporary folders."""
    try:
        with lake.storage.locks.exclusive("warehouse", wait=False, what="the warehouse"):
            building = lake.warehouse_building
            sides = [*write_ahead_logs(building), _spilled(building)] if lake.safe.exists() else []
            for path in (building, *sides):
                if path.exists():
                    yield path
    except LockedError:
        pass  # another process is building
    for database in (lake.warehouse, lake.reading_copy):
        if _spilled(database).exists() and not is_open_elsewhere(database):
            yield _spilled(database)


def _spilled(database: Path) -> Path:
    """DuckDB's folder for data that do not fit into memory."""
    return database.with_name(f"{database.name}.tmp")
