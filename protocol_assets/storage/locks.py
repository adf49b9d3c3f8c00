"""Locks between processes on one machine."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from protocol_assets.faults import Fault
from protocol_assets.storage.files import delete, make_directory

__all__ = [
    "LockedError",
    "editing",
    "exclusive",
    "exclusive_file",
    "hold_until_exit",
    "is_editing",
    "is_held",
    "read_locked",
    "shared",
]

_LOG: Final = logging.getLogger(__name__)


class LockedError(Fault):
    """Another process holds the lock."""


@contextmanager
def exclusive(path: Path, *, wait: bool, what: str) -> Iterator[None]:
    """Hold an exclusive lock; the kernel frees it when the process ends, however it ends.

    A thread that holds it already goes on holding it.

    Args:
        path: The lock file.
        wait: Wait for the other process, and say so, or refuse at once.
        what: Named in the error and while waiting: nothing that identifies anybody.

    Raises:
        LockedError: The lock is held and ``wait`` is false.
    """
    if path in _HELD.paths:
        yield
        return
    with _locked(path, fcntl.LOCK_EX, wait=wait, what=what):
        _HELD.paths.add(path)
        try:
            yield
        finally:
            _HELD.paths.discard(path)


@contextmanager
def shared(path: Path, *, what: str) -> Iterator[None]:
    """Hold a lock together with others; whoever wants it ``exclusive`` waits, and is waited for.

    Args:
        path: The lock file.
        what: As of ``exclusive``.
    """
    if path in _HELD.paths:
        yield
        return
    with _locked(path, fcntl.LOCK_SH, wait=True, what=what):
        yield


@contextmanager
def _locked(path: Path, kind: int, *, wait: bool, what: str) -> Iterator[None]:
    descriptor = _opened(path)
    try:
        is_held = False
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            is_held = True
        if is_held and not wait:
            raise LockedError(f"{what} is worked on by another run; wait for it, then run again")
        if is_held:
            _LOG.warning("waiting for another run, which works on %s", what)
            fcntl.flock(descriptor, kind)
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


def read_locked(path: Path, most: int) -> bytes | None:
    """What a file of ``exclusive_file`` holds between two writes; None where there is no file.

    Args:
        path: The file.
        most: Bytes that are read at most.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return os.pread(descriptor, most, 0)
    finally:
        os.close(descriptor)


def hold_until_exit(path: Path) -> None:
    """Hold the lock of a file as long as this process lives, and delete the file when it exits.

    A process that is killed leaves the file, which ``is_held`` then tells from one in use.
    """
    descriptor = _opened(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    owner = os.getpid()

    def release() -> None:
        if os.getpid() == owner:  # not in a child that was forked
            delete(path, sync_name=False)

    atexit.register(release)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a file; False where there is no file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


class _Paths(threading.local):
    """Files of one thread."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()


_EDITED: Final = _Paths()
_HELD: Final = _Paths()


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
