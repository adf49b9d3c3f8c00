"""Locks between the processes of one machine, as ``flock`` on files."""

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
    """Hold an exclusive lock; the kernel releases it however the process ends.

    A thread that already holds it keeps it.

    Args:
        path: The lock file.
        wait: Wait for the other process and log that, or refuse at once.
        what: What the lock protects, for the error and the log. It must identify nobody.

    Raises:
        LockedError: Another process holds the lock and ``wait`` is false.
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
    """Hold a lock together with others; an ``exclusive`` holder waits for all of them.

    Args:
        path: The lock file.
        what: As for ``exclusive``.
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
            raise LockedError(
                f"another run is working on {what}; wait until it ends, then run again"
            )
        if is_held:
            _LOG.warning("waiting for another run, which works on %s", what)
            fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_file(path: Path) -> Iterator[int]:
    """A small restricted file that one process at a time reads and writes in place.

    Yields:
        Its descriptor, at the beginning. The file is created if it does not exist.
    """
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def read_locked(path: Path, most: int) -> bytes | None:
    """The content of a file of ``exclusive_file`` between two writes; None if there is no file.

    Args:
        path: The file.
        most: The most bytes to read.
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
    """Hold the lock of a file until this process exits, and then delete the file.

    A killed process leaves the file, and ``is_held`` is then false for it.
    """
    descriptor = _opened(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    owner = os.getpid()

    def release() -> None:
        if os.getpid() == owner:  # not in a child that was forked
            delete(path, sync_name=False)

    atexit.register(release)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a file; False if there is no file."""
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
    """The files that one thread holds."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()


_EDITED: Final = _Paths()
_HELD: Final = _Paths()


@contextmanager
def editing(path: Path) -> Iterator[None]:
    """Lock a file from reading it to writing it, so that no edit of another process is lost.

    Other processes that edit the file wait; readers do not. Calls may be nested.

    Args:
        path: The file, which is replaced atomically; the lock file is next to it.
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
    """Whether this thread is within ``editing`` of the file."""
    return path in _EDITED.paths


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        make_directory(path.parent, 0o700)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
