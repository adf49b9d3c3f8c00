"""The ports in memory: a second implementation, for tests alone."""

from __future__ import annotations

import io
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import BinaryIO

from protocol_assets.storage.deployment import Storage
from protocol_assets.storage.locks import LockedError
from protocol_assets.storage.ports import LockedState, ObjectInfo

__all__ = ["open_memory_storage"]


def open_memory_storage() -> Storage:
    return Storage(MemoryObjects(), MemoryLocks(), MemoryStates(), MemoryLogs())


@dataclass
class MemoryObjects:
    contents: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def read(self, key: str) -> bytes | None:
        found = self.contents.get(key)
        return found and found[0]

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        content = self.read(key)
        if content is None:
            raise FileNotFoundError(key)
        return io.BytesIO(content)

    def exists(self, key: str) -> bool:
        return key in self.contents

    def describe(self, key: str) -> ObjectInfo | None:
        found = self.contents.get(key)
        return ObjectInfo(len(found[0]), found[1]) if found else None

    def write(self, key: str, content: bytes, *, flush: bool = True) -> None:
        self.contents[key] = (content, time.time())

    def flush(self, prefix: str) -> None:
        pass

    def create(self, key: str, content: bytes) -> bool:
        return self.contents.setdefault(key, new := (content, time.time())) is new

    def delete(self, key: str, *, flush: bool = True) -> bool:
        return self.contents.pop(key, None) is not None

    def delete_many(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)

    def move(self, source: str, target: str) -> None:
        if source not in self.contents:
            raise FileNotFoundError(source)
        self.contents[target] = self.contents.pop(source)

    def copy(self, source: str, target: str) -> None:
        if source not in self.contents:
            raise FileNotFoundError(source)
        self.contents.setdefault(target, self.contents[source])

    def delete_leftovers(self, prefix: str) -> None:
        pass

    def list_keys(self, pattern: str) -> list[str]:
        return sorted(one for one in list(self.contents) if matches(one, pattern))

    def list_prefixes(self, pattern: str) -> list[str]:
        parts = [key.split("/") for key in list(self.contents)]
        prefixes = {"/".join(one[:count]) for one in parts for count in range(1, len(one))}
        return sorted(one for one in prefixes if matches(one, pattern))


def matches(key: str, pattern: str) -> bool:
    if any(one.startswith(".") for one in key.split("/")):
        return False
    regex = re.escape(pattern).replace(r"\*\*/", "(?:[^/]+/)*").replace(r"\*", "[^/]*")
    return re.fullmatch(regex, key) is not None


@dataclass
class MemoryLocks:
    guard: threading.Condition = field(default_factory=threading.Condition)
    owners: dict[str, int] = field(default_factory=dict)
    readers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @contextmanager
    def exclusive(self, name: str, *, wait: bool, what: str) -> Iterator[None]:
        me = threading.get_ident()
        if self.owners.get(name) == me:
            yield
            return
        with self.guard:
            if not wait and (name in self.owners or self.readers[name]):
                raise LockedError(what)
            self.guard.wait_for(lambda: name not in self.owners and not self.readers[name])
            self.owners[name] = me
        try:
            yield
        finally:
            with self.guard:
                del self.owners[name]
                self.guard.notify_all()

    @contextmanager
    def shared(self, name: str, *, what: str) -> Iterator[None]:
        if self.owners.get(name) == threading.get_ident():
            yield
            return
        with self.guard:
            self.guard.wait_for(lambda: name not in self.owners)
            self.readers[name] += 1
        try:
            yield
        finally:
            with self.guard:
                self.readers[name] -= 1
                self.guard.notify_all()

    def hold_until_exit(self, name: str) -> None:
        self.owners[name] = 0  # what ends with the process needs no release

    def find_abandoned(self, prefix: str) -> list[str]:
        return []

    def forget_abandoned(self, name: str) -> None:
        pass


@dataclass
class MemoryState:
    content: bytes = b""

    def update(self, content: bytes) -> None:
        self.content = content


@dataclass
class MemoryStates:
    states: dict[str, MemoryState] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def locked(self, key: str) -> Iterator[LockedState]:
        with self.guard:
            yield self.states.setdefault(key, MemoryState())

    def read(self, key: str) -> bytes | None:
        with self.guard if key in self.states else nullcontext():
            found = self.states.get(key)
            return found.content if found else None


@dataclass
class MemoryLogs:
    lines: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def append(self, key: str, line: bytes) -> None:
        self.lines[key].append(line)
