"""Atomic writes to local files: temporary file, sync, rename, sync of the folder.

A temporary file or folder is called ``.<random>.partial``, is next to its destination, and is
locked by its writer. The kernel releases the lock however the writer ends, so ``leftovers`` can
distinguish the file of a killed process from one that is still being written.
"""

from __future__ import annotations

import fcntl
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

from protocol_assets.storage import operations
from protocol_assets.storage.full_disk import explain_full_disk

__all__ = [
    "OPEN_FILE",
    "PARTIAL_NAME",
    "RESTRICTED_FILE",
    "add_name",
    "append_line",
    "append_to_log",
    "atomic_file",
    "copy_content",
    "create_bytes",
    "delete",
    "delete_empty_directories",
    "delete_folder",
    "delete_tree",
    "make_directory",
    "move",
    "read_bytes",
    "staging_directory",
    "sync",
    "tighten",
    "touch",
    "write_bytes",
    "write_in_place",
]

RESTRICTED_FILE: Final = 0o600
OPEN_FILE: Final = 0o644

_PREFIX: Final = "."
_SUFFIX: Final = ".partial"
PARTIAL_NAME: Final = f"{_PREFIX}*{_SUFFIX}"
"""Pattern of the names of temporary files and folders."""

_BLOCK: Final = 1 << 20


def read_bytes(path: Path) -> bytes | None:
    """The content of a file; None if it does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@contextmanager
def atomic_file(target: Path, *, mode: int, sync_name: bool = True) -> Iterator[BinaryIO]:
    """An open file that replaces ``target`` when the block ends without an error.

    Args:
        target: The file to write; its directory is created with the execute bits of ``mode``.
        mode: Permission bits of the file.
        sync_name: Whether the file survives a loss of power under its name once the block has
            ended. Pass False to write many files into one directory, and ``sync`` the directory
            after the last. Either way, the name never refers to a part of the content.
    """
    writer = _Writer()
    with (
        explain_full_disk(target.parent, lambda: writer.needed),
        _temporary_file(target, mode) as (descriptor, temporary),
    ):
        writer.descriptor = descriptor
        with io.BufferedWriter(writer, _BLOCK) as file:
            yield cast("BinaryIO", file)
        operations.change_mode(descriptor, mode)
        operations.sync(descriptor)
        operations.replace(temporary, target)
    if sync_name:
        sync(target.parent)


def write_bytes(target: Path, content: bytes, *, mode: int, sync_name: bool = True) -> None:
    """Write a whole file; for the arguments see ``atomic_file``."""
    with atomic_file(target, mode=mode, sync_name=sync_name) as file:
        file.write(content)


def create_bytes(target: Path, content: bytes, *, mode: int) -> bool:
    """Write a whole file unless one of that name exists.

    Returns:
        False if another process was first; its file is not changed.
    """
    with (
        explain_full_disk(target.parent, lambda: len(content)),
        _temporary_file(target, mode) as (descriptor, temporary),
    ):
        _write_all(descriptor, content)
        operations.change_mode(descriptor, mode)
        operations.sync(descriptor)
        try:
            operations.link(temporary, target)
        except FileExistsError:
            return False
        finally:
            operations.unlink(temporary)
    sync(target.parent)
    return True


@contextmanager
def staging_directory(parent: Path) -> Iterator[Path]:
    """A temporary folder in ``parent``, for several files or for files that other programs write.

    Files that are moved out of it stay, and so does the folder if it is moved itself. Everything
    else is deleted when the block ends.
    """
    make_directory(parent, 0o700)
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=_PREFIX, suffix=_SUFFIX))
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists():
            break
        os.close(descriptor)  # deleted as a leftover before it was locked
    try:
        yield folder
    finally:
        try:
            delete_tree(folder)
        finally:
            os.close(descriptor)


def move(source: Path, target: Path, *, mode: int, sync_content: bool = False) -> None:
    """Move a complete file, or a folder of complete files, into place.

    Args:
        source: On the same file system.
        target: A file of that name is replaced; a folder of that name must not exist.
        mode: Its permission bits; missing directories are created with execute bits added.
        sync_content: Whether the file was written by another program, which may not have synced it.
    """
    with explain_full_disk(target.parent):
        make_directory(target.parent, _directory_mode(mode))
        operations.change_mode(source, mode)
        if sync_content or source.is_dir():
            sync(source)
        operations.replace(source, target)
        sync(target.parent)


def add_name(source: Path, target: Path) -> None:
    """Give a file a second name, unless that name is taken."""
    with suppress(FileExistsError):
        operations.link(source, target)
    sync(target.parent)


def copy_content(source: Path, target: Path) -> None:
    """Copy a file; the copy is incomplete until this has returned."""
    with explain_full_disk(target.parent, lambda: source.stat().st_size):
        operations.copy(source, target)


def touch(path: Path) -> None:
    """Set the time of a file or directory to now."""
    operations.touch(path)


def append_line(descriptor: int, line: bytes) -> None:
    """Append a line to an open, locked file, and return when it survives a loss of power.

    If a crash has cut off the last line, a newline is added first, so the two do not merge.
    """
    size = os.lseek(descriptor, 0, os.SEEK_END)
    is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    _write_all(descriptor, (b"\n" if is_torn else b"") + line + b"\n")
    operations.sync(descriptor)


def append_to_log(path: Path, line: bytes) -> None:
    """Append a line to a log that several processes write to, without a sync."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, RESTRICTED_FILE)
    try:
        operations.write(descriptor, line + b"\n")  # one write: lines of processes do not mix
    finally:
        os.close(descriptor)


def write_in_place(descriptor: int, content: bytes) -> None:
    """Replace the content of an open, locked file, without a sync.

    Only for states that may be lost: after a crash, a reader can find a part of the content.
    """
    os.lseek(descriptor, 0, os.SEEK_SET)
    _write_all(descriptor, content)
    operations.truncate(descriptor, len(content))


def delete(path: Path, *, sync_name: bool = True) -> bool:
    """Delete a file.

    Args:
        path: The file.
        sync_name: As for ``atomic_file``.

    Returns:
        Whether it existed.
    """
    try:
        operations.unlink(path)
    except FileNotFoundError:
        return False
    if sync_name:
        sync(path.parent)
    return True


def delete_folder(folder: Path) -> None:
    """Delete a folder atomically: readers and later runs see all of it, or nothing."""
    with staging_directory(folder.parent) as away:
        operations.replace(folder, away / folder.name)
        sync(folder.parent)


def delete_tree(folder: Path) -> None:
    """Delete a folder with its content, if it exists.

    If the process ends before this returns, a part of the folder stays; see ``delete_folder``.
    """
    if folder.is_symlink() or folder.is_file():
        delete(folder)
        return
    try:
        found = sorted(folder.iterdir())
    except FileNotFoundError:
        return
    for path in found:
        if path.is_dir() and not path.is_symlink():
            delete_tree(path)
        else:
            delete(path, sync_name=False)
    with suppress(FileNotFoundError):
        operations.remove_directory(folder)


def delete_empty_directories(directory: Path, root: Path) -> None:
    """Delete a directory and its parents below ``root``, as long as they are empty."""
    while directory != root and directory.is_dir() and not any(directory.iterdir()):
        operations.remove_directory(directory)
        directory = directory.parent


def make_directory(path: Path, mode: int) -> None:
    """Create a directory and its parents; new ones get ``mode``, regardless of the umask."""
    for parent in reversed((path, *path.parents)):
        if not parent.exists():
            with explain_full_disk(parent):
                operations.make_directory(parent)
                operations.change_mode(parent, mode)


def tighten(path: Path, mode: int) -> None:
    """Set the permission bits of a file or directory."""
    operations.change_mode(path, mode)


def sync(path: Path) -> None:
    """Return when a file, or the names in a directory, survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        operations.sync(descriptor)
    finally:
        os.close(descriptor)


class _Writer(io.RawIOBase):
    """An open file, written through ``operations``.

    Attributes:
        descriptor: The file.
        needed: Bytes written so far, plus those of the current write.
    """

    descriptor: int = -1
    needed: int = 0
    _written: int = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, content: bytes | memoryview) -> int:  # type: ignore[override]
        """Write some of the content."""
        self.needed = self._written + len(content)
        count = operations.write(self.descriptor, content)
        self._written += count
        return count


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[operations.write(descriptor, rest) :]


@contextmanager
def _temporary_file(target: Path, mode: int) -> Iterator[tuple[int, Path]]:
    """An open, locked temporary file beside ``target``; deleted if the block raises."""
    descriptor, temporary = _made_and_locked(target, mode)
    try:
        yield descriptor, temporary
    except BaseException:
        # An error of the clean-up must not hide why the write failed.
        with suppress(OSError):
            operations.unlink(temporary)
        raise
    finally:
        os.close(descriptor)


def _made_and_locked(target: Path, mode: int) -> tuple[int, Path]:
    while True:
        try:
            descriptor, name = tempfile.mkstemp(_SUFFIX, _PREFIX, target.parent)
        except FileNotFoundError:
            make_directory(target.parent, _directory_mode(mode))
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # deleted as a leftover before it was locked


def _directory_mode(mode: int) -> int:
    return 0o700 | mode | ((mode & 0o444) >> 2)
