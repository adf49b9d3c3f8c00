"""The operations that change a file system, one function each.

This package changes the disk through these functions only, so a test can count the changes, let
each one fail, or end the process before or during it. They add nothing to the operating system.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = [
    "change_mode",
    "copy",
    "link",
    "make_directory",
    "remove_directory",
    "replace",
    "symlink",
    "sync",
    "touch",
    "truncate",
    "unlink",
    "write",
]


def write(descriptor: int, content: bytes | memoryview) -> int:
    """Write to an open file; like ``os.write`` it may write less than all of it."""
    return os.write(descriptor, content)


def sync(descriptor: int) -> None:
    """Return when an open file or directory survives a loss of power."""
    os.fsync(descriptor)


def truncate(descriptor: int, size: int) -> None:
    """Truncate an open file to ``size`` bytes."""
    os.ftruncate(descriptor, size)


def change_mode(path: Path | int, mode: int) -> None:
    """Set the permission bits of a path or an open file."""
    os.chmod(path, mode)  # noqa: PTH101 - also of open files


def copy(source: Path, target: Path) -> None:
    """Copy the content of a file to another one."""
    shutil.copyfile(source, target)


def touch(path: Path) -> None:
    """Set the time of a file or directory to now."""
    os.utime(path)


def replace(source: Path, target: Path) -> None:
    """Give a file or directory another name; a file of that name is replaced."""
    source.replace(target)


def link(source: Path, target: Path) -> None:
    """Give a file a second name.

    Raises:
        FileExistsError: The name is taken.
    """
    target.hardlink_to(source)


def symlink(path: Path, target: Path) -> None:
    """Make a symbolic link at ``path`` that leads to ``target``."""
    path.symlink_to(target)


def unlink(path: Path) -> None:
    """Remove one name of a file."""
    path.unlink()


def make_directory(path: Path) -> None:
    """Create one directory; an existing one is not changed."""
    path.mkdir(exist_ok=True)


def remove_directory(path: Path) -> None:
    """Remove an empty directory."""
    path.rmdir()
