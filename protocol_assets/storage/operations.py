"""The operations that change a file system, one function each.

Everything that this package does to a disk goes through these functions, so that a test can count
them, let each one fail, or end the process before or in the middle of it. They add nothing to what
the operating system does.
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
    """Return when what was written to an open file or directory outlives the machine."""
    os.fsync(descriptor)


def truncate(descriptor: int, size: int) -> None:
    """Cut an open file off after ``size`` bytes."""
    os.ftruncate(descriptor, size)


def change_mode(path: Path | int, mode: int) -> None:
    """Set the permission bits of a path or an open file."""
    os.chmod(path, mode)  # noqa: PTH101 - also of open files


def copy(source: Path, target: Path) -> None:
    """Copy what a file holds to another one."""
    shutil.copyfile(source, target)


def touch(path: Path) -> None:
    """Give a file or directory the time of now."""
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
    """Make one directory; one that is there is left as it is."""
    path.mkdir(exist_ok=True)


def remove_directory(path: Path) -> None:
    """Remove an empty directory."""
    path.rmdir()
