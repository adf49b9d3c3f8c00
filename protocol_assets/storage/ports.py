"""Ports: what the platform needs from whatever stores its data.

Code outside this package names data by key and reaches them through these Protocols. ``posix``
implements them with files. An implementation for S3 and PostgreSQL needs the same three:
``Documents`` and ``Tables`` are written once, on top of ``ObjectStore``.

A **key** is a relative path with forward slashes, such as ``restricted/key_id``. Its first segment
is the zone, which decides who may read the object. Segments are not empty, are not ``..``, and do
not begin with a dot: such names belong to the implementation and are never listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol

__all__ = ["LockedState", "Locks", "Logs", "ObjectInfo", "ObjectStore", "StateStore"]


class ObjectInfo(NamedTuple):
    """What is known about an object without reading it.

    Attributes:
        size: Bytes.
        modified: When it was last written, in seconds since the epoch.
    """

    size: int
    modified: float


class ObjectStore(Protocol):
    """Objects: whole sequences of bytes under a key.

    A reader gets all of an object as one ``write`` or ``create`` wrote it, or nothing; never a
    mixture of two, and never a part. A process that ends during a write leaves the object as it
    was. A read that begins after a write has returned, in any process, gets what was written then
    or later.

    Every operation may raise ``OSError`` (``DiskFullError`` where there is no room left), and then
    the object is as it was before or as it would be after, never in between.
    """

    def read(self, key: str) -> bytes | None:
        """The content of an object; None where there is none."""
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """An object as a seekable stream, to avoid reading it into memory as a whole.

        Raises:
            FileNotFoundError: There is no such object.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def describe(self, key: str) -> ObjectInfo | None:
        """Size and time of an object without reading it; None where there is none."""
        ...

    def write(self, key: str, content: bytes, *, flush: bool = True) -> None:
        """Write or replace an object atomically.

        Args:
            key: The object.
            content: All of it.
            flush: Whether the object survives a loss of power once this has returned. Pass False
                where many objects are written under one prefix, and call ``flush`` after the last.
                The object is whole for every reader either way.
        """
        ...

    def flush(self, prefix: str) -> None:
        """Return when all writes and deletions directly under a prefix survive a loss of power.

        Args:
            prefix: All of a key before its last slash.
        """
        ...

    def create(self, key: str, content: bytes) -> bool:
        """Write an object only where there is none: of several writers exactly one succeeds.

        Returns:
            True for the one that wrote. False for the others; the object is not changed.
        """
        ...

    def delete(self, key: str, *, flush: bool = True) -> bool:
        """Delete an object; it is no error if there is none.

        Args:
            key: The object.
            flush: As for ``write``.

        Returns:
            Whether there was one.
        """
        ...

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete objects in this order, and return when that survives a loss of power.

        Folders that this leaves empty are deleted too, where an implementation has folders.
        """
        ...

    def move(self, source: str, target: str) -> None:
        """Give an object another key, and return when that survives a loss of power.

        An object under the new key is replaced atomically. A process that ends in between leaves
        the object under its old key, its new one, or both.

        Raises:
            FileNotFoundError: There is no object to move.
        """
        ...

    def copy(self, source: str, target: str) -> None:
        """Store the content of an object under another key too, unless that key is taken.

        Raises:
            FileNotFoundError: There is no object to copy.
        """
        ...

    def delete_leftovers(self, prefix: str) -> None:
        """Delete what killed writers left directly under a prefix; running ones are unaffected."""
        ...

    def list_keys(self, pattern: str) -> list[str]:
        """The keys that match a pattern, complete, sorted by code point, without duplicates.

        Args:
            pattern: A key in which ``*`` stands for any characters within a segment, and a segment
                ``**`` for any number of segments, none included.
        """
        ...

    def list_prefixes(self, pattern: str) -> list[str]:
        """The prefixes that match a pattern and have objects below them; sorted.

        An implementation with folders may add empty ones.

        Args:
            pattern: As for ``list_keys``, without ``**``; no slash at the end.
        """
        ...


class Locks(Protocol):
    """Named locks between the processes of a deployment.

    A lock is released when its block ends or its process ends, however it ends; no lock has to be
    removed by hand. A POSIX lock cannot be lost while its holder lives. An implementation that can
    lose one (a broken connection) must make the holder's next write fail.
    """

    def exclusive(self, name: str, *, wait: bool, what: str) -> AbstractContextManager[None]:
        """Hold a lock that no other thread or process holds. A thread that holds it keeps it.

        Args:
            name: The lock.
            wait: Wait for the other process and log that, or refuse at once.
            what: What the lock protects, for the error and the log. It must identify nobody.

        Raises:
            LockedError: It is held by another thread or process, and ``wait`` is false.
        """
        ...

    def shared(self, name: str, *, what: str) -> AbstractContextManager[None]:
        """Hold a lock together with others; an ``exclusive`` holder waits for all of them.

        Args:
            name: The lock.
            what: As for ``exclusive``.
        """
        ...

    def hold_until_exit(self, name: str) -> None:
        """Hold a lock for the lifetime of this process."""
        ...

    def find_abandoned(self, prefix: str) -> list[str]:
        """Names of locks that a process took with ``hold_until_exit`` before it was killed; sorted.

        Args:
            prefix: What the names begin with.
        """
        ...

    def forget_abandoned(self, name: str) -> None:
        """Remove an abandoned lock from the list; it is no error if it is not there."""
        ...


class LockedState(Protocol):
    """A state that only this process holds.

    Attributes:
        content: What the last holder left; empty where there was none.
    """

    content: bytes

    def update(self, content: bytes) -> None:
        """Leave another content for the next holder."""
        ...


class StateStore(Protocol):
    """Small states that many processes update many times a second, such as a rate limit.

    Updates are serialised, but they need not survive a loss of power: a reader must be able to
    continue with an empty state if it is missing or damaged.
    """

    def locked(self, key: str) -> AbstractContextManager[LockedState]:
        """A state from reading it to updating it; other processes wait until the block ends."""
        ...

    def read(self, key: str) -> bytes | None:
        """A state as the last holder left it; None where there was none."""
        ...


class Logs(Protocol):
    """Logs of lines that several processes append to, such as the log of accesses."""

    def append(self, key: str, line: bytes) -> None:
        """Append a line, and return when it survives a loss of power.

        Lines of several processes do not mix, and a line that a crash cut off does not damage the
        next one.

        Args:
            key: The log; it begins with its first line.
            line: Without a newline.
        """
        ...
