"""The rate limit of a PACS that holds across processes: its pace, its pause and its load are files.

Every request of every process passes here, so that a range run started in the UI, the sensors and
the command line together ask no faster than one of them. The state is small, is written in place
under a lock, and is created again if it is damaged; a pause is a file of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from protocol_assets.lake.zones import RESTRICTED_FILE, Lake
from protocol_assets.settings.hours import next_opening
from protocol_assets.sources.errors import Kind
from protocol_assets.sources.rate_limit.pacing import (
    MOST_OPENINGS,
    Exchange,
    HeldError,
    Pace,
    RateLimits,
    start_steady_clock,
)
from protocol_assets.storage.files import delete, write_bytes, write_in_place
from protocol_assets.storage.locks import exclusive_file

__all__ = [
    "HourLoad",
    "SharedRateLimit",
    "pause",
    "paused_since",
    "read_failure",
    "read_load",
    "read_waits",
    "resume",
]

_PACE: Final = "pace.json"
_KEPT_HOURS: Final = 8 * 24
_HOUR: Final = "%Y-%m-%dT%H"
_LARGEST_BYTES: Final = 1_000_000
_SHORT_HOLD_S: Final = 60.0
"""A request waits for its turn so long; where the PACS asked for more, nothing is begun."""


@dataclass
class HourLoad:
    """What a PACS was asked within one hour.

    Attributes:
        requests: Requests sent, further tries included.
        retries: Further tries among them.
        received: Bytes received.
        seconds: Time that requests were under way, added up.
        busy: Answers 429 and 503.
        failed: Requests without a good answer.
    """

    requests: int = 0
    retries: int = 0
    received: int = 0
    seconds: float = 0.0
    busy: int = 0
    failed: int = 0

    def add(self, exchange: Exchange) -> None:
        """Counts one request."""
        self.requests += 1
        self.retries += exchange.retry
        self.received += exchange.received
        self.seconds = round(self.seconds + exchange.seconds, 3)
        self.busy += exchange.status in (429, 503)
        self.failed += exchange.kind is not None


@dataclass
class _State:
    pace: Pace = field(default_factory=Pace)
    load: dict[str, HourLoad] = field(default_factory=dict)

    @classmethod
    def decode(cls, text: bytes) -> _State:
        try:
            content = orjson.loads(text)
            load = {hour: HourLoad(**one) for hour, one in content["load"].items()}
            pace = Pace(**content["pace"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return cls()
        return cls(pace, load) if _is_sound(pace) else cls()

    def encode(self) -> bytes:
        recent = dict(sorted(self.load.items())[-_KEPT_HOURS:])
        return orjson.dumps({"pace": self.pace, "load": recent})


def _is_sound(pace: Pace) -> bool:
    """Whether every value is of its kind: a damaged state must not stop anybody."""
    is_typed = all(
        type(getattr(pace, one.name)) in _TYPES.get(str(one.type), (object,))
        for one in fields(pace)
    )
    return (
        is_typed
        and 0 < pace.factor <= 1
        and 0 <= pace.opened <= MOST_OPENINGS
        and all(
            isinstance(wait, list) and [type(moment) for moment in wait] == [float, float]
            for wait in pace.waits.values()
        )
        and all(isinstance(one, str) for one in pace.busy)
    )


_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "float": (float, int),
    "int": (int,),
    "str": (str,),
    "dict[str, list[float]]": (dict,),
    "list[str]": (list,),
}


class SharedRateLimit:
    """The rate limit of one PACS as one process sees it; all processes share its files.

    Args:
        lake: The lake.
        pacs: Name of the PACS.
        rate_limits: How it wants to be asked.
        workers: Most requests at the same time.
        now: Seconds since the epoch; by default they go on evenly from now on, however the
            machine's clock is set meanwhile.
    """

    def __init__(
        self,
        lake: Lake,
        pacs: str,
        rate_limits: RateLimits,
        workers: int,
        *,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._lake, self._name, self._rate_limits = lake, pacs, rate_limits
        self._workers, self._now = workers, now or start_steady_clock()
        self._zone = ZoneInfo(rate_limits.timezone)
        self._factor = 1.0
        self._under_way, self._free = 0, threading.Condition()

    def hold(self) -> str | None:
        """Why nothing may be asked now: a pause, the hours, the circuit, or a Retry-After."""
        if reason := self._closed():
            return reason
        with self._state() as state:
            return self._broken(state.pace) or self._asked(state.pace)

    def insist(self) -> None:
        """Forget failures and waits: a person asks and may know more.

        The next failures count again, and a pause and the hours hold all the same.
        """
        with self._state(write=True) as state:
            state.pace.forget_failures()
            state.pace.forget_waits()

    def waits(self) -> dict[str, dt.datetime]:
        """Until when the PACS asked for no requests about single studies; see ``Exchange``."""
        now, longest = self._now(), self._rate_limits.max_wait_s
        with self._state() as state:
            return _ends_of_waits(state.pace, now, self._zone, longest)

    def reserve(self, subject: str = "", patience: float = math.inf) -> float:
        """Takes a place in the queue that all processes share.

        Raises:
            HeldError: Nothing may be asked now.
        """
        if reason := self._closed():
            raise HeldError(reason)
        rate_limits = self._rate_limits
        with self._state(write=True) as state:
            if reason := self._broken(state.pace):
                raise HeldError(reason)
            wait = state.pace.reserve(
                self._now(),
                rate_limits.requests_per_second,
                subject,
                patience,
                rate_limits.max_wait_s,
            )
            self._factor = state.pace.factor
        return wait

    def _closed(self) -> str | None:
        if pausing := paused_since(self._lake, self._name):
            return f"paused since {pausing.astimezone(self._zone):%Y-%m-%d %H:%M}"
        rate_limits = self._rate_limits
        if not rate_limits.hours and not rate_limits.maintenance:
            return None
        moment = dt.datetime.fromtimestamp(self._now(), self._zone)
        opening = next_opening(moment, rate_limits.hours, rate_limits.maintenance)
        if opening is None:
            return "its hours leave no time at all; change hours and maintenance"
        if opening > moment:
            return f"outside its hours, until {opening:%Y-%m-%d %H:%M}"
        return None

    def _broken(self, pace: Pace) -> str | None:
        is_open = pace.is_open(self._now(), self._rate_limits.max_wait_s)
        return pace.words(self._zone) if is_open else None

    def _asked(self, pace: Pace) -> str | None:
        now = self._now()
        left = pace.held_for(now, longest=self._rate_limits.max_wait_s)
        if left <= _SHORT_HOLD_S:
            return None
        until = dt.datetime.fromtimestamp(now + left, self._zone)
        return f"it asked for no requests until {until:%H:%M:%S}"

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the workers, fewer where the PACS was busy."""
        with self._free:
            self._free.wait_for(lambda: self._under_way < self._most)
            self._under_way += 1
        try:
            yield
        finally:
            with self._free:
                self._under_way -= 1
                self._free.notify_all()

    @property
    def _most(self) -> int:
        return max(1, round(self._workers * self._factor))

    def record(self, exchange: Exchange) -> None:
        """Counts a request and sets the pace by it."""
        now = self._now()
        hour = dt.datetime.fromtimestamp(now, self._zone).strftime(_HOUR)
        with self._state(write=True) as state:
            state.load.setdefault(hour, HourLoad()).add(exchange)
            state.pace.record(now, exchange, self._rate_limits.max_wait_s)
            if exchange.kind is None:
                state.pace.settled(now, None, exchange.status)

    def settled(self, kind: Kind | None, status: int | None, subject: str = "") -> None:
        """Opens the circuit after failures; good answers were counted already."""
        if kind is not None:
            longest = self._rate_limits.max_wait_s
            with self._state(write=True) as state:
                state.pace.settled(self._now(), kind, status, subject, longest)

    @contextmanager
    def _state(self, *, write: bool = False) -> Iterator[_State]:
        with _locked_state(self._lake, self._name, write=write) as state:
            yield state


@contextmanager
def _locked_state(lake: Lake, pacs: str, *, write: bool) -> Iterator[_State]:
    with exclusive_file(lake.pacs(pacs) / _PACE) as descriptor:
        state = _State.decode(os.pread(descriptor, _LARGEST_BYTES, 0))
        yield state
        if write:
            # In place and not synced: a state that is lost with the machine is no loss.
            write_in_place(descriptor, state.encode())


def read_load(lake: Lake, pacs: str) -> dict[str, HourLoad]:
    """The load of the last days by local hour, ``2026-03-02T14``."""
    with _locked_state(lake, pacs, write=False) as state:
        return state.load


def read_failure(lake: Lake, pacs: str) -> str:
    """Kind of the last failure where no good answer came after it, else empty."""
    if not (lake.pacs(pacs) / _PACE).exists():
        return ""
    with _locked_state(lake, pacs, write=False) as state:
        return state.pace.failure


def read_waits(lake: Lake, pacs: str, now: dt.datetime) -> dict[str, dt.datetime]:
    """Until when a PACS asked for no requests about single studies; see ``Exchange``."""
    if not (lake.pacs(pacs) / _PACE).exists():
        return {}
    with _locked_state(lake, pacs, write=False) as state:
        return _ends_of_waits(state.pace, now.timestamp(), now.tzinfo or dt.UTC, math.inf)


def _ends_of_waits(
    pace: Pace, now: float, zone: dt.tzinfo, longest: float
) -> dict[str, dt.datetime]:
    ends = {}
    for subject in pace.waits:
        alone = Pace(waits={subject: pace.waits[subject]})
        if left := alone.held_for(now, subject, longest):
            ends[subject] = dt.datetime.fromtimestamp(now + left, zone)
    return ends


def _pause_file(lake: Lake, pacs: str) -> Path:
    return lake.pacs(pacs) / "paused.json"


def paused_since(lake: Lake, pacs: str) -> dt.datetime | None:
    """When a PACS was paused; None where it is not.

    A damaged file is a pause: somebody wanted one.
    """
    path = _pause_file(lake, pacs)
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return dt.datetime.fromisoformat(content["since"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)


def pause(lake: Lake, pacs: str, now: dt.datetime) -> None:
    """Ask nothing more of a PACS, in any process, from the next request on."""
    if paused_since(lake, pacs) is None:
        content = json.dumps({"since": now.isoformat(timespec="seconds")})
        write_bytes(_pause_file(lake, pacs), content.encode(), mode=RESTRICTED_FILE)


def resume(lake: Lake, pacs: str) -> None:
    """End a pause, and forget the failures of a PACS and the waits that it asked for."""
    delete(_pause_file(lake, pacs))
    with _locked_state(lake, pacs, write=True) as state:
        state.pace.forget_failures()
        state.pace.forget_waits()
