"""Deletion: files are dropped, and a record of counts and digests stays."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from protocol_assets.lake.leftovers import Leftovers
from protocol_assets.lake.zones import RESTRICTED_FILE, Lake, Partition
from protocol_assets.storage.files import (
    delete,
    delete_empty_directories,
    sync,
    write_bytes,
)

__all__ = ["Deleted", "Deletion", "recorded_deletion"]

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted of one data set of one partition.

    Attributes:
        data_set: ``raw``, ``series``, ``labels``, ``facts``, ...
        partition: Key of the partition, empty where it belongs to none.
        files: Files deleted.
        bytes: Their size.
        sha256: Digest over their contents in order of their names.
    """

    data_set: str
    partition: str
    files: int
    bytes: int
    sha256: str


@contextmanager
def recorded_deletion(lake: Lake, reason: str, now: dt.datetime) -> Iterator[Deletion]:
    """One purge; what was deleted is recorded also where it ends with an error.

    Args:
        lake: The lake.
        reason: As of ``Deletion``.
        now: UTC.
    """
    deletion = Deletion(lake, reason)
    try:
        yield deletion
    finally:
        deletion._record(now)


@dataclass
class Deletion:
    """One purge.

    Attributes:
        lake: The lake.
        reason: ``retention``, ``before`` or ``patient``; never who.
        entries: What was deleted so far.
    """

    lake: Lake
    reason: str
    entries: list[Deleted] = field(default_factory=list)

    def drop(self, data_set: str, partition: Partition | None, paths: Iterable[Path]) -> None:
        """Delete files, where they are there, and directories that this leaves empty."""
        found = sorted(path for path in paths if path.is_file())
        if not found:
            return
        digest, size = hashlib.sha256(), 0
        for path in found:
            size += path.stat().st_size
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        for path in found:
            delete(path, sync_name=False)
        for directory in {path.parent for path in found}:
            sync(directory)
            delete_empty_directories(directory, self.lake.home)
        key = partition.key if partition else ""
        self.entries.append(Deleted(data_set, key, len(found), size, digest.hexdigest()))

    def count_leftovers(self, leftovers: Leftovers) -> None:
        """Note what killed runs had left."""
        if leftovers.files:
            count = leftovers.files.total()
            self.entries.append(Deleted("leftovers", "", count, leftovers.bytes, ""))

    def rewrote(self, data_set: str, partition: Partition | None) -> None:
        """Note that a file was written anew with less in it."""
        self.entries.append(Deleted(data_set, partition.key if partition else "", 0, 0, ""))

    def _record(self, now: dt.datetime) -> Path | None:
        """Write the record; None where nothing was deleted."""
        if not self.entries:
            return None
        content = {
            "reason": self.reason,
            "at": now.isoformat(timespec="seconds"),
            "files": sum(one.files for one in self.entries),
            "bytes": sum(one.bytes for one in self.entries),
            "entries": [asdict(one) for one in self.entries],
        }
        path = self.lake.deletions / f"{now:%Y%m%dT%H%M%S%f}-{self.reason}.json"
        write_bytes(path, json.dumps(content, indent=1).encode(), mode=RESTRICTED_FILE)
        return path
