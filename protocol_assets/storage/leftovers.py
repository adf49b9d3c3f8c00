"""Temporary files and folders of killed processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol_assets.storage.files import PARTIAL_NAME, delete, delete_tree

_WITH_SIDE_FILES: Final = f"{PARTIAL_NAME}*"
"""DuckDB names its temporary files after the database."""

__all__ = ["Leftover", "delete_leftover", "find_leftovers"]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A temporary file or folder whose writer has ended.

    Attributes:
        path: The file or folder.
        bytes: Its size; the size of a folder is that of its files.
    """

    path: Path
    bytes: int


def find_leftovers(folder: Path, *, deep: bool = True) -> Iterator[Leftover]:
    """The leftovers in a folder, without the files that another process is writing.

    Args:
        folder: Where to look; it need not exist.
        deep: Whether to search the folders below it too.
    """
    for path in sorted(folder.rglob(_WITH_SIDE_FILES) if deep else folder.glob(_WITH_SIDE_FILES)):
        if any(one.match(_WITH_SIDE_FILES) for one in path.relative_to(folder).parents[:-1]):
            continue  # deleted together with its folder
        descriptor = _lock(path)
        if descriptor is not None:
            os.close(descriptor)
            yield Leftover(path, _size(path))


def delete_leftover(leftover: Leftover) -> bool:
    """Delete a leftover; False if it is gone, or another process is deleting it."""
    descriptor = _lock(leftover.path)
    if descriptor is None:
        return False
    try:
        if leftover.path.is_dir():
            delete_tree(leftover.path)
            return True
        return delete(leftover.path)
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int | None:
    """Take the lock of a writer; None if a writer holds it, or the file is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(one.lstat().st_size for one in files if not one.is_dir())
