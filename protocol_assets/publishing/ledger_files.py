"""Storage of the ledger of publications: tables named by their content, and one commit mark.

``safe/publications/ledger.json`` names the current tables, each with the digest of its file. A
change writes new tables next to the old ones, then replaces this document, then deletes the tables
that it no longer names. A reader gets all old tables or all new ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from protocol_assets.faults import Fault
from protocol_assets.lake.key_record import known_key_id
from protocol_assets.lake.parquet import encode_part, part_versions, read_part
from protocol_assets.lake.turns import publications_turn
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.documents import DamagedDocumentError

__all__ = ["PublicationLedger", "ledger_mark", "open_ledger"]

_DIGITS: Final = 16
_ENDING: Final = ".parquet"
_IS_OF_A_COMMIT: Final = re.compile(rf"-[0-9a-f]{{{_DIGITS}}}$")
_RESTORE: Final = "restore the folder safe/publications from the back-up, then run again"


class PublicationLedger:
    """The tables of the ledger; ``open_ledger`` opens it.

    Attributes:
        is_of_older_release: Whether the tables were written one after the other, without a mark.
    """

    def __init__(self, lake: Lake, key_id: str) -> None:
        self._lake, self._objects, self._key_id = lake, lake.storage.objects, key_id
        marked = _read_mark(lake)
        self.is_of_older_release = marked is None
        if marked is None:
            names = [
                key.rpartition("/")[2].removesuffix(_ENDING)
                for key in self._objects.list_keys(f"{lake.publications}/*{_ENDING}")
            ]
            # Tables of a commit that was killed before its mark are not current.
            marked = {name: "" for name in sorted(names) if not _IS_OF_A_COMMIT.search(name)}
        self._digests = marked
        self._changed: dict[str, bytes | None] = {}
        self._read: dict[str, pa.Table] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the current tables."""
        return tuple(sorted(self._digests))

    def read(self, name: str) -> pa.Table | None:
        """A table as it was committed; None if there is none of that name.

        Raises:
            Fault: The file is missing or damaged.
        """
        if name not in self._digests:
            return None
        if name not in self._read:
            self._read[name] = read_part(self._lake, self._checked(name))
        return self._read[name]

    def versions(self, name: str) -> dict[str, str]:
        """The versions that a table carries."""
        return part_versions(self._lake, self._checked(name))

    def put(self, name: str, table: pa.Table, versions: Mapping[str, str] | None = None) -> None:
        """Replace a table with the next commit; a table without rows is removed.

        Args:
            name: Name of the table.
            table: Its rows.
            versions: Its versions; by default the key that the lake was made with.
        """
        versions = {"key_id": self._key_id} if versions is None else versions
        self._changed[name] = encode_part(table, versions=versions) if table.num_rows else None

    def commit(self) -> None:
        """Make all changes current at once."""
        contents: dict[str, bytes | None] = dict(self._changed)
        if self.is_of_older_release:
            contents = {one: self._objects.read(self._key(one)) for one in self.names} | contents
        digests = dict(self._digests)
        for name, content in contents.items():
            digests.pop(name, None)
            if content is not None:
                digests[name] = hashlib.sha256(content).hexdigest()
                self._write(name, digests[name], content)
        if digests != self._digests or (self.is_of_older_release and digests):
            if digests:
                self._objects.flush(self._lake.publications)
            self._lake.storage.documents.write(_mark(self._lake), {"tables": digests})
            self.is_of_older_release = False
        self._digests = digests
        self._changed.clear()
        self._read.clear()
        self._sweep()

    def _write(self, name: str, digest: str, content: bytes) -> None:
        key = _table(self._lake, name, digest)
        if self._objects.read(key) != content:
            self._objects.write(key, content, flush=False)

    def _sweep(self) -> None:
        """Delete tables that are no longer current, and those of a run that was killed."""
        if self.is_of_older_release:
            return
        named = {_table(self._lake, name, digest) for name, digest in self._digests.items()}
        for key in self._objects.list_keys(f"{self._lake.publications}/*{_ENDING}"):
            if key not in named:
                self._objects.delete(key, flush=False)

    def _key(self, name: str) -> str:
        return _table(self._lake, name, self._digests[name])

    def _checked(self, name: str) -> str:
        key, digest = self._key(name), self._digests[name]
        content = self._objects.read(key)
        if content is None or (digest and hashlib.sha256(content).hexdigest() != digest):
            state = "missing" if content is None else "damaged"
            raise Fault(f"the table {name} of the ledger of publications is {state}; {_RESTORE}")
        return key


@contextmanager
def open_ledger(lake: Lake) -> Iterator[PublicationLedger]:
    """The ledger; another process that opens it waits until the block ends.

    Changes that were not committed when the block ends are discarded.

    Raises:
        Fault: The ledger is damaged.
    """
    with publications_turn(lake):
        yield PublicationLedger(lake, known_key_id(lake) or "")


def ledger_mark(lake: Lake) -> dict[str, str]:
    """The keys of the current tables by name; their content is not read.

    Raises:
        Fault: The mark is damaged.
    """
    digests = _read_mark(lake) or {}
    return {name: _table(lake, name, digest) for name, digest in digests.items()}


def _mark(lake: Lake) -> str:
    return f"{lake.publications}/ledger.json"


def _table(lake: Lake, name: str, digest: str) -> str:
    stem = f"{name}-{digest[:_DIGITS]}" if digest else name
    return f"{lake.publications}/{stem}{_ENDING}"


def _read_mark(lake: Lake) -> dict[str, str] | None:
    """Digest by name of the table; None if there is no ledger, or an older release wrote it."""
    damaged = False
    try:
        mark = lake.storage.documents.read(_mark(lake))
        if mark is None:
            return None
        return {str(name): str(digest) for name, digest in mark["tables"].items()}
    except (DamagedDocumentError, KeyError, AttributeError):
        damaged = True
    if damaged:
        raise Fault(f"the mark of the ledger of publications is damaged; {_RESTORE}")
    return None
