"""Errors for a full disk: which folder, how many bytes are missing, and what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from protocol_assets.faults import Fault

__all__ = ["DiskFullError", "describe_full_disk", "explain_full_disk", "has_no_room"]

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_UNITS: Final = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_LEAST: Final = 4096
"""One block, the smallest amount that a file system allocates."""
_NO_ROOM: Final = 1 << 20
"""Below this many free bytes, an error without a named cause is attributed to the full disk."""
_SQLITE_FILES: Final = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


class DiskFullError(Fault, OSError):
    """The disk, or the quota of this user, is full."""

    def __init__(self, text: str, number: int = errno.ENOSPC) -> None:
        super().__init__(text)
        self.errno = number


@contextmanager
def explain_full_disk(folder: Path, needed: Callable[[], int] = lambda: 0) -> Iterator[None]:
    """Turn the system's error for a full disk into one that a person can act on.

    Args:
        folder: The folder that is written to.
        needed: Bytes that are still to be written there, if known.

    Raises:
        DiskFullError: The disk is full.
    """
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        number = _full_number(error, folder)
        if number is None:
            raise
        text = describe_full_disk(folder, needed())
        raise DiskFullError(text, number) from error


def _full_number(error: Exception, folder: Path) -> int | None:
    """The error number if a full disk caused the error, else None. SQLite has its own numbers."""
    if isinstance(error, OSError):
        return error.errno if error.errno in _FULL else None
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, sqlite3.Error):
            code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the other bits are details
            is_about_files = code in _SQLITE_FILES and has_no_room(folder)
            return errno.ENOSPC if code == sqlite3.SQLITE_FULL or is_about_files else None
        cause = cause.__cause__
    return None


def has_no_room(folder: Path) -> bool:
    """Whether the disk that holds a folder is practically full."""
    return _free(folder) < _NO_ROOM


def describe_full_disk(folder: Path, needed: int) -> str:
    """The message for a person: the folder, how much is missing, and what to do.

    Args:
        folder: The folder that was written to; it is named relative to the home.
        needed: Bytes that were still to be written.
    """
    missing = max(needed - _free(folder), _LEAST)
    return (
        f"the disk that holds {_name(folder)} is full: at least {_words(missing)} more are needed; "
        "free more than that, or move the home to a larger disk, then run again"
    )


def _free(folder: Path) -> int:
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    found = os.statvfs(existing)
    return found.f_bavail * found.f_frsize


def _name(folder: Path) -> str:
    """The folder relative to the home, which is the directory with zones."""
    if folder.name.endswith(".partial"):
        folder = folder.parent  # the name of a temporary folder says nothing
    for parent in folder.parents:
        if (parent / "restricted").is_dir():
            return f"the folder {folder.relative_to(parent).as_posix()}"
    return f"the folder {folder.name}"


def _words(size: int) -> str:
    name, unit = next((one for one in _UNITS if size >= one[1]), _UNITS[-1])
    return f"{size / unit:.1f} {name}"
