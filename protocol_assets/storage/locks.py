"""Locks between processes on one machine."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from protocol_assets.faults import Fault
from protocol_assets.storage.files import make_directory

__all__ = ["LockedError", "editing", "exclusive", "exclusive_file", "is_editing"]


class LockedError(Fault):
    """Another process holds the lock."""


@contextmanager
def exclusive(path: Path, *, wait: bool, what: str) -> Iterator[None]:
    """Hold an exclusive lock; the kernel frees it when the process ends, however it ends.

    Args:
        path: The lock file.
        wait: Wait for the other process, or refuse at once.
        what: Named in the error.

    Raises:
        LockedError: The lock is held and ``wait`` is false.
    """
    descriptor = _opened(path)
    try:
        refused = False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            refused = True
        if refused:
            raise LockedError(f"{what} is worked on by another run; wait for it, then run again")
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_file(path: Path) -> Iterator[int]:
    """A small restricted file that is read and written in place by one process at a time.

    Yields:
        Its descriptor, at the beginning. The file is made where it is not there.
    """
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


class _Edited(threading.local):
    """The files that this thread is editing."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()


_EDITED: Final = _Edited()


@contextmanager
def editing(path: Path) -> Iterator[None]:
    """Hold a file from reading it to writing it, so that no edit of another process is lost.

    Others that edit the file wait; whoever only reads does not. May be nested.

    Args:
        path: The file, which is replaced whole; the lock file is beside it.
    """
    if is_editing(path):
        yield
        return
    with exclusive(path.with_name(f".{path.name}.lock"), wait=True, what=path.name):
        _EDITED.paths.add(path)
        try:
            yield
        finally:
            _EDITED.paths.remove(path)


def is_editing(path: Path) -> bool:
    """Whether this thread holds the file by ``editing``."""
    return path in _EDITED.paths


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        make_directory(path.parent, 0o700)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
