"""The ledger of publications as files: tables named by their content, and one commit mark.

``safe/publications/ledger.json`` names the tables that are in force, each with the digest of its
file. A change writes new tables beside the old ones, then replaces this document, then deletes what
it no longer names: whoever reads gets all tables of before, or all of after.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from protocol_assets.faults import Fault
from protocol_assets.lake.key_record import known_key_id
from protocol_assets.lake.parquet import encode_part, part_versions, read_part
from protocol_assets.lake.turns import publications_turn
from protocol_assets.lake.zones import RESTRICTED_FILE, Lake
from protocol_assets.storage.documents import DamagedDocumentError, Documents
from protocol_assets.storage.files import delete, read_bytes, sync, write_bytes
from protocol_assets.storage.posix import PosixObjects

__all__ = ["PublicationLedger", "ledger_mark", "open_ledger"]

_DIGITS: Final = 16
_ENDING: Final = ".parquet"
_MARK: Final = "ledger.json"
_IS_OF_A_COMMIT: Final = re.compile(rf"-[0-9a-f]{{{_DIGITS}}}$")
_RESTORE: Final = "restore the folder safe/publications from the back-up, then run again"


class PublicationLedger:
    """The tables of the ledger; ``open_ledger`` opens it.

    Attributes:
        is_of_older_release: Whether the tables were written one after the other, without a mark.
    """

    def __init__(self, folder: Path, key_id: str) -> None:
        self._folder, self._key_id = folder, key_id
        marked = _read_mark(folder)
        self.is_of_older_release = marked is None
        if marked is None:
            names = [path.stem for path in folder.glob(f"*{_ENDING}")]
            # Tables of a commit that was killed before its mark are not in force.
            marked = {name: "" for name in sorted(names) if not _IS_OF_A_COMMIT.search(name)}
        self._digests = marked
        self._changed: dict[str, bytes | None] = {}
        self._read: dict[str, pa.Table] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables in force."""
        return tuple(sorted(self._digests))

    def read(self, name: str) -> pa.Table | None:
        """A table as it was committed; None where there is none of that name.

        Raises:
            Fault: The file is missing or damaged.
        """
        if name not in self._digests:
            return None
        if name not in self._read:
            self._read[name] = read_part(self._checked(name))
        return self._read[name]

    def versions(self, name: str) -> dict[str, str]:
        """The versions that a table carries."""
        return part_versions(self._checked(name))

    def put(self, name: str, table: pa.Table, versions: Mapping[str, str] | None = None) -> None:
        """Replace a table once the ledger is committed; one without rows is left out of it.

        Args:
            name: Name of the table.
            table: Its rows.
            versions: What it carries; by default the key that the lake was made with.
        """
        versions = {"key_id": self._key_id} if versions is None else versions
        self._changed[name] = encode_part(table, versions=versions) if table.num_rows else None

    def commit(self) -> None:
        """Put all changes in force at once."""
        contents: dict[str, bytes | None] = dict(self._changed)
        if self.is_of_older_release:
            contents = {one: read_bytes(self._path(one)) for one in self.names} | contents
        digests = dict(self._digests)
        for name, content in contents.items():
            digests.pop(name, None)
            if content is not None:
                digests[name] = hashlib.sha256(content).hexdigest()
                self._write(name, digests[name], content)
        if digests != self._digests or (self.is_of_older_release and digests):
            if self._folder.exists():
                sync(self._folder)
            _documents(self._folder).write(_MARK, {"tables": digests})
            self.is_of_older_release = False
        self._digests = digests
        self._changed.clear()
        self._read.clear()
        self._sweep()

    def _write(self, name: str, digest: str, content: bytes) -> None:
        path = self._folder / _file_name(name, digest)
        if read_bytes(path) != content:
            write_bytes(path, content, mode=RESTRICTED_FILE, sync_name=False)

    def _sweep(self) -> None:
        """Delete tables that are in force no more, and those of a run that was killed."""
        if self.is_of_older_release:
            return
        named = {_file_name(name, digest) for name, digest in self._digests.items()}
        for path in sorted(self._folder.glob(f"*{_ENDING}")):
            if path.name not in named:
                delete(path, sync_name=False)

    def _path(self, name: str) -> Path:
        return self._folder / _file_name(name, self._digests[name])

    def _checked(self, name: str) -> Path:
        path, digest = self._path(name), self._digests[name]
        content = read_bytes(path)
        if content is None or (digest and hashlib.sha256(content).hexdigest() != digest):
            state = "missing" if content is None else "damaged"
            raise Fault(f"the table {name} of the ledger of publications is {state}; {_RESTORE}")
        return path


@contextmanager
def open_ledger(lake: Lake) -> Iterator[PublicationLedger]:
    """The ledger; another process that opens it waits until the block ends.

    What is ``put`` and not committed when the block ends is dropped.

    Raises:
        Fault: The ledger is damaged.
    """
    with publications_turn(lake):
        yield PublicationLedger(lake.publications, known_key_id(lake) or "")


def ledger_mark(lake: Lake) -> dict[str, Path]:
    """The files in force by name of the table, without their content being read.

    Raises:
        Fault: The mark is damaged.
    """
    digests = _read_mark(lake.publications) or {}
    return {name: lake.publications / _file_name(name, digest) for name, digest in digests.items()}


def _documents(folder: Path) -> Documents:
    return Documents(PosixObjects(folder))


def _file_name(name: str, digest: str) -> str:
    return f"{name}-{digest[:_DIGITS]}{_ENDING}" if digest else f"{name}{_ENDING}"


def _read_mark(folder: Path) -> dict[str, str] | None:
    """Digest by name of the table; None where an older release wrote the ledger, or nobody."""
    damaged = False
    try:
        mark = _documents(folder).read(_MARK)
        if mark is None:
            return None
        return {str(name): str(digest) for name, digest in mark["tables"].items()}
    except (DamagedDocumentError, KeyError, AttributeError):
        damaged = True
    if damaged:
        raise Fault(f"the mark of the ledger of publications is damaged; {_RESTORE}")
    return None
