"""Deletion of stored data, with a record of counts and digests."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Final

from protocol_assets.lake.leftovers import Leftovers
from protocol_assets.lake.zones import Lake, Partition

__all__ = ["Deleted", "Deletion", "recorded_deletion"]

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted of one data set of one partition.

    Attributes:
        data_set: ``raw``, ``series``, ``labels``, ``facts``, ...
        partition: Key of the partition; empty if it belongs to none.
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
    """Run one purge; its record is written even if it ends with an error.

    Args:
        lake: The lake.
        reason: As for ``Deletion``.
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

    def drop(self, data_set: str, partition: Partition | None, keys: Iterable[str]) -> None:
        """Delete objects; those that do not exist are not counted."""
        objects = self.lake.storage.objects
        found = sorted(filter(objects.exists, keys))
        if not found:
            return
        digest, size = hashlib.sha256(), 0
        for key in found:
            with objects.open(key) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
        objects.delete_many(found)
        key = partition.key if partition else ""
        self.entries.append(Deleted(data_set, key, len(found), size, digest.hexdigest()))

    def count_leftovers(self, leftovers: Leftovers) -> None:
        """Count the temporary files of killed runs."""
        if leftovers.files:
            count = leftovers.files.total()
            self.entries.append(Deleted("leftovers", "", count, leftovers.bytes, ""))

    def rewrote(self, data_set: str, partition: Partition | None) -> None:
        """Record that a file was rewritten with less content."""
        self.entries.append(Deleted(data_set, partition.key if partition else "", 0, 0, ""))

    def _record(self, now: dt.datetime) -> None:
        """Write the record, unless nothing was deleted."""
        if not self.entries:
            return
        content = {
            "reason": self.reason,
            "at": now.isoformat(timespec="seconds"),
            "files": sum(one.files for one in self.entries),
            "bytes": sum(one.bytes for one in self.entries),
            "entries": [asdict(one) for one in self.entries],
        }
        key = f"{self.lake.deletions}/{now:%Y%m%dT%H%M%S%f}-{self.reason}.json"
        self.lake.storage.objects.write(key, json.dumps(content, indent=1).encode())
