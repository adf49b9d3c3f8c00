"""Faults at every operation on the disk: the n-th one fails, or ends the process.

``protocol_assets.storage.operations`` is the only way to the disk. Here each of its functions is
counted, in a child process that is forked from this one, and at the chosen one

- ``kill`` ends the process before it (a sync is not counted: it changes nothing that is seen),
- ``torn`` ends it in the midst of a write, with a part of the bytes in the file (writes alone are
  counted),
- ``power`` ends it, and what was written but never synced is gone, as after a loss of power (where
  there is anything of that kind),
- ``EIO`` lets this one fail,
- ``ENOSPC`` lets it and every later one fail that needs room: the disk stays full.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import protocol_assets.storage.operations as operations
from protocol_assets.faults import Fault

__all__ = ["KINDS", "Ended", "count_operations", "run_with_fault"]

KINDS: Final = ("kill", "torn", "power", "EIO", "ENOSPC")
_NEEDS_ROOM: Final = {"write", "make_directory", "link", "symlink", "copy"}
_SEEN_BY_OTHERS: Final = set(operations.__all__) - {"sync"}
_WHOLE, _REFUSED, _WRONG = 0, 3, 4
_FIRST_DESCRIPTOR: Final = 3


@dataclass
class _Faulty:
    """Counts the operations, and lets one fail."""

    kind: str
    moment: int
    count: int = 0
    unsynced: dict[tuple[int, int], Path] = field(default_factory=dict)

    def wrap(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        counted = {"torn": {"write"}, "ENOSPC": _NEEDS_ROOM, "kill": _SEEN_BY_OTHERS}.get(self.kind)

        def operation(*arguments: Any) -> Any:
            is_same_as_kill = self.kind == "power" and not self.unsynced
            if (counted is None or name in counted) and not is_same_as_kill:
                self.count += 1
                self._fail(name, arguments)
            if self.kind == "power":
                self._remember(name, arguments)
            return plain(*arguments)

        return operation

    def _fail(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self.kind == "ENOSPC" and self.count >= self.moment:
            if name == "write" and self.count == self.moment:
                _write_half(*arguments)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.count != self.moment:
            return
        if self.kind == "EIO":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.kind == "torn":
            _write_half(*arguments)
        if self.kind == "power":
            for path in self.unsynced.values():
                if path.exists():
                    os.truncate(path, path.stat().st_size // 2)
        if self.kind in ("kill", "torn", "power"):
            os.kill(os.getpid(), signal.SIGKILL)

    def _remember(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "write":
            found = os.fstat(arguments[0])
            path = Path(f"/proc/self/fd/{arguments[0]}").readlink()
            self.unsynced[found.st_dev, found.st_ino] = path
        elif name == "sync":
            found = os.fstat(arguments[0])
            self.unsynced.pop((found.st_dev, found.st_ino), None)
        elif name == "replace":
            found = arguments[0].lstat()
            if (found.st_dev, found.st_ino) in self.unsynced:
                self.unsynced[found.st_dev, found.st_ino] = arguments[1]


def _write_half(descriptor: int, content: bytes | memoryview) -> None:
    os.write(descriptor, memoryview(content)[: len(content) // 2])


@dataclass(frozen=True)
class Ended:
    """How a child ended: it ran through, it was killed, or it said what failed.

    Attributes:
        is_whole: It did not come to the operation; there are no more points.
        text: What it said of an error.
    """

    is_whole: bool
    text: str = ""


def run_with_fault(work: Callable[[], None], kind: str, moment: int) -> Ended:
    """Do some work in a child with a fault at its ``moment``-th operation on the disk.

    Raises:
        AssertionError: It ended with an error that is no fault of the disk.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # no other thread is at work here
        child = os.fork()
    if child == 0:
        _in_child(work, kind, moment, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return Ended(is_whole=False)
    code = os.WEXITSTATUS(status)
    assert code in (_WHOLE, _REFUSED), text
    return Ended(is_whole=code == _WHOLE and text == "whole", text=text)


def _in_child(work: Callable[[], None], kind: str, moment: int, writer: int) -> None:
    code, text = _WRONG, ""
    try:
        faulty = _install(kind, moment)
        try:
            work()
        except (OSError, Fault) as error:
            was_injected = faulty.count >= moment
            code = _REFUSED if was_injected else _WRONG
            text = f"{type(error).__name__}: {error}"
        else:
            code, text = _WHOLE, "whole" if faulty.count < moment else "bore it"
    except BaseException:
        text = traceback.format_exc()
    finally:
        os.write(writer, text.encode())
        sys.stderr.flush()
        os._exit(code)


def _install(kind: str, moment: int) -> _Faulty:
    faulty = _Faulty(kind, moment)
    for name in operations.__all__:
        setattr(operations, name, faulty.wrap(name, getattr(operations, name)))
    return faulty


def count_operations(work: Callable[[], None]) -> int:
    """Operations on the disk that some work takes when nothing fails."""
    plain = {name: getattr(operations, name) for name in operations.__all__}
    faulty = _install("none", 0)
    try:
        work()
    finally:
        for name, function in plain.items():
            setattr(operations, name, function)
    return faulty.count
