"""Writes that are there whole or not at all: temporary file, fsync, rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_path", "make_directory", "sync", "write_bytes"]


def make_directory(path: Path, mode: int) -> None:
    """Create a directory with its parents; new ones get ``mode`` whatever the umask."""
    for parent in reversed((path, *path.parents)):
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            parent.chmod(mode)


@contextmanager
def atomic_path(target: Path, *, mode: int) -> Iterator[Path]:
    """A temporary path beside ``target`` that replaces it when the block ends without an error.

    Args:
        target: Where the file shall stand; its directory is created with the execute bits of
            ``mode`` added.
        mode: Permission bits of the file.
    """
    with _replacing(target, mode) as (_, temporary):
        yield temporary
        temporary.chmod(mode)
        sync(temporary)  # by its name: whoever wrote may have made it anew
    sync(target.parent)


def write_bytes(target: Path, content: bytes, *, mode: int, sync_name: bool = True) -> None:
    """Write a whole file atomically.

    Args:
        target: As of ``atomic_path``.
        content: What shall stand in it.
        mode: Permission bits of the file.
        sync_name: Whether the file outlives the machine under its new name when this returns.
            False where many are written into one directory: ``sync`` it after the last. The name
            never stands without the whole content either way.
    """
    with _replacing(target, mode) as (handle, _):
        with open(handle, "wb", closefd=False) as file:
            file.write(content)
        os.fchmod(handle, mode)
        os.fsync(handle)
    if sync_name:
        sync(target.parent)


@contextmanager
def _replacing(target: Path, mode: int) -> Iterator[tuple[int, Path]]:
    """An open temporary file and its path; it replaces ``target`` if the block raises nothing."""
    handle, name = _temporary(target, mode)
    temporary = Path(name)
    try:
        yield handle, temporary
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def _temporary(target: Path, mode: int) -> tuple[int, str]:
    try:
        return tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".partial")
    except FileNotFoundError:
        make_directory(target.parent, mode | ((mode & 0o444) >> 2))
    return tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".partial")


def sync(path: Path) -> None:
    """Return when a file, or the names in a directory, outlive the machine."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
