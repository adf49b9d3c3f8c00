"""The ports on POSIX files: the default storage, for one machine with one local file system.

An object is the file with the name of its key below the root. Atomic writes, locks and their
guarantees are those of ``files`` and ``locks``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, Final, cast

from protocol_assets.storage import locks
from protocol_assets.storage.deployment import Storage
from protocol_assets.storage.files import (
    OPEN_FILE,
    RESTRICTED_FILE,
    add_name,
    append_line,
    create_bytes,
    delete,
    delete_empty_directories,
    move,
    read_bytes,
    sync,
    write_bytes,
    write_in_place,
)
from protocol_assets.storage.leftovers import delete_leftover, find_leftovers
from protocol_assets.storage.ports import LockedState, ObjectInfo

__all__ = ["PosixLocks", "PosixLogs", "PosixObjects", "PosixStates", "open_posix_storage"]

_LOCKS: Final = "restricted/locks"
_ENDING: Final = ".lock"
_OPEN_ZONE: Final = "publish/"
"""Other users may read what is published; only this user may read the rest."""
_LARGEST_STATE: Final = 1_000_000


def open_posix_storage(root: Path) -> Storage:
    """The storage below a directory, which need not exist yet.

    Args:
        root: The home of a deployment.
    """
    return Storage(
        PosixObjects(root), PosixLocks(root / _LOCKS), PosixStates(root), PosixLogs(root)
    )


@dataclass(frozen=True, slots=True)
class PosixObjects:
    """Objects as files.

    Attributes:
        root: The directory that keys are relative to.
    """

    root: Path

    def read(self, key: str) -> bytes | None:
        """See ``ObjectStore``."""
        return read_bytes(self.local_path(key))

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """See ``ObjectStore``."""
        return cast("BinaryIO", self.local_path(key).open("rb"))

    def exists(self, key: str) -> bool:
        """See ``ObjectStore``; one ``stat``."""
        return self.local_path(key).is_file()

    def describe(self, key: str) -> ObjectInfo | None:
        """See ``ObjectStore``; one ``stat``."""
        try:
            found = self.local_path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return ObjectInfo(found.st_size, found.st_mtime)

    def write(self, key: str, content: bytes, *, flush: bool = True) -> None:
        """See ``ObjectStore``; directories are created as needed."""
        write_bytes(self.local_path(key), content, mode=_mode(key), sync_name=flush)

    def flush(self, prefix: str) -> None:
        """See ``ObjectStore``."""
        sync(self.local_path(prefix))

    def create(self, key: str, content: bytes) -> bool:
        """See ``ObjectStore``."""
        return create_bytes(self.local_path(key), content, mode=_mode(key))

    def delete(self, key: str, *, flush: bool = True) -> bool:
        """See ``ObjectStore``."""
        return delete(self.local_path(key), sync_name=flush)

    def delete_many(self, keys: Iterable[str]) -> None:
        """See ``ObjectStore``; each directory is synced once."""
        paths = [self.local_path(key) for key in keys]
        for path in paths:
            delete(path, sync_name=False)
        for directory in dict.fromkeys(path.parent for path in paths):
            if directory.is_dir():
                sync(directory)
                delete_empty_directories(directory, self.root)

    def move(self, source: str, target: str) -> None:
        """See ``ObjectStore``; a rename, which takes no room."""
        move(self.local_path(source), self.local_path(target), mode=_mode(target))

    def copy(self, source: str, target: str) -> None:
        """See ``ObjectStore``; a hard link, which takes no room."""
        add_name(self.local_path(source), self.local_path(target))

    def delete_leftovers(self, prefix: str) -> None:
        """See ``ObjectStore``; temporary files that no process has locked."""
        for one in find_leftovers(self.local_path(prefix), deep=False):
            delete_leftover(one)

    def list_keys(self, pattern: str) -> list[str]:
        """See ``ObjectStore``; reads directories only. ``**`` follows no link."""
        return sorted(_matching(str(self.root), "", pattern.split("/"), is_file=True))

    def list_prefixes(self, pattern: str) -> list[str]:
        """See ``ObjectStore``; empty directories are listed too."""
        return sorted(_matching(str(self.root), "", pattern.split("/"), is_file=False))

    def local_path(self, key: str) -> Path:
        """The file of an object: for programs that need one, and only on POSIX.

        Raises:
            ValueError: The key is not a relative path below the root.
        """
        if key.startswith("/") or ".." in key.split("/"):
            raise ValueError("a key is a relative path without '..'")
        return self.root / key


@dataclass(frozen=True, slots=True)
class PosixLocks:
    """Locks as ``flock`` on files; the kernel releases them when the process ends.

    Attributes:
        folder: Where the lock files are.
    """

    folder: Path

    def exclusive(self, name: str, *, wait: bool, what: str) -> AbstractContextManager[None]:
        """See ``Locks``."""
        return locks.exclusive(self._path(name), wait=wait, what=what)

    def shared(self, name: str, *, what: str) -> AbstractContextManager[None]:
        """See ``Locks``."""
        return locks.shared(self._path(name), what=what)

    def hold_until_exit(self, name: str) -> None:
        """See ``Locks``; an exit removes the file, and a killed process leaves it."""
        locks.hold_until_exit(self._path(name))

    def find_abandoned(self, prefix: str) -> list[str]:
        """See ``Locks``: files that no process has locked."""
        files = sorted(self.folder.glob(f"{prefix}*{_ENDING}"))
        return [one.name.removesuffix(_ENDING) for one in files if not locks.is_held(one)]

    def forget_abandoned(self, name: str) -> None:
        """See ``Locks``."""
        delete(self._path(name), sync_name=False)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_ENDING}"


@dataclass(frozen=True, slots=True)
class PosixStates:
    """States as locked files, written in place and not synced.

    Attributes:
        root: The directory that keys are relative to.
    """

    root: Path

    @contextmanager
    def locked(self, key: str) -> Iterator[LockedState]:
        """See ``StateStore``."""
        with locks.exclusive_file(self.root / key) as descriptor:
            yield _LockedFile(descriptor, os.pread(descriptor, _LARGEST_STATE, 0))

    def read(self, key: str) -> bytes | None:
        """See ``StateStore``."""
        return locks.read_locked(self.root / key, _LARGEST_STATE)


@dataclass(frozen=True, slots=True)
class PosixLogs:
    """Logs as files that are locked while a line is appended.

    Attributes:
        root: The directory that keys are relative to.
    """

    root: Path

    def append(self, key: str, line: bytes) -> None:
        """See ``Logs``; a link in the place of the file is refused."""
        path = self.root / key
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        is_new = not path.exists()
        with locks.exclusive_file(path) as descriptor:
            append_line(descriptor, line)
        if is_new:
            sync(path.parent)


@dataclass(slots=True)
class _LockedFile:
    descriptor: int
    content: bytes

    def update(self, content: bytes) -> None:
        write_in_place(self.descriptor, content)
        self.content = content


def _mode(key: str) -> int:
    return OPEN_FILE if key.startswith(_OPEN_ZONE) else RESTRICTED_FILE


def _matching(folder: str, prefix: str, segments: list[str], *, is_file: bool) -> Iterator[str]:
    """Keys below a folder that match; literal segments cost no listing."""
    first, *rest = segments
    if "*" not in first:
        path, key = f"{folder}/{first}", f"{prefix}{first}"
        if rest:
            yield from _matching(path, f"{key}/", rest, is_file=is_file)
        elif os.path.isfile(path) if is_file else os.path.isdir(path):  # noqa: PTH112, PTH113
            yield key
    elif first == "**":
        yield from _matching(folder, prefix, rest, is_file=is_file)
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                below = f"{prefix}{entry.name}/"
                yield from _matching(entry.path, below, segments, is_file=is_file)
    else:
        for entry in _entries(folder):
            if fnmatchcase(entry.name, first.replace("[", "[[]")):
                yield from _of_entry(entry, f"{prefix}{entry.name}", rest, is_file=is_file)


def _of_entry(
    entry: os.DirEntry[str], key: str, rest: list[str], *, is_file: bool
) -> Iterator[str]:
    if rest:
        if entry.is_dir():
            yield from _matching(entry.path, f"{key}/", rest, is_file=is_file)
    elif entry.is_file() if is_file else entry.is_dir():
        yield key


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [one for one in entries if not one.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
