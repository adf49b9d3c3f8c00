"""Writes that are there whole or not at all: temporary file, fsync, rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_path", "make_directory", "write_bytes"]


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
    make_directory(target.parent, mode | ((mode & 0o444) >> 2))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".partial")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        _fsync(temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _fsync(target.parent)


def write_bytes(target: Path, content: bytes, *, mode: int) -> None:
    """Write a whole file atomically."""
    with atomic_path(target, mode=mode) as temporary:
        temporary.write_bytes(content)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
