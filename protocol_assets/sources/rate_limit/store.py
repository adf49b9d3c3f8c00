"""The rate limit of a PACS across processes, which share its state, its pause and its load.

Every request of every process passes here, so that a range run started in the UI, the sensors and
the command line together ask no faster than one of them. The state is small, is updated under a
lock, and is created again if it is damaged; a pause is an object of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from protocol_assets.lake.zones import Lake
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

_KEPT_HOURS: Final = 8 * 24
_HOUR: Final = "%Y-%m-%dT%H"
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
        state = _read_state(self._lake, self._name)
        return self._broken(state.pace) or self._asked(state.pace)

    def insist(self) -> None:
        """Forget failures and waits: a person asks and may know more.

        The next failures count again, and a pause and the hours hold all the same.
        """
        with self._state() as state:
            state.pace.forget_failures()
            state.pace.forget_waits()

    def waits(self) -> dict[str, dt.datetime]:
        """Until when the PACS asked for no requests about single studies; see ``Exchange``."""
        now, longest = self._now(), self._rate_limits.max_wait_s
        pace = _read_state(self._lake, self._name).pace
        return _ends_of_waits(pace, now, self._zone, longest)

    def reserve(self, subject: str = "", patience: float = math.inf) -> float:
        """Takes a place in the queue that all processes share.

        Raises:
            HeldError: Nothing may be asked now.
        """
        if reason := self._closed():
            raise HeldError(reason)
        rate_limits = self._rate_limits
        with self._state() as state:
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
        with self._state() as state:
            state.load.setdefault(hour, HourLoad()).add(exchange)
            state.pace.record(now, exchange, self._rate_limits.max_wait_s)
            if exchange.kind is None:
                state.pace.settled(now, None, exchange.status)

    def settled(self, kind: Kind | None, status: int | None, subject: str = "") -> None:
        """Opens the circuit after failures; good answers were counted already."""
        if kind is not None:
            longest = self._rate_limits.max_wait_s
            with self._state() as state:
                state.pace.settled(self._now(), kind, status, subject, longest)

    def _state(self) -> AbstractContextManager[_State]:
        return _updated_state(self._lake, self._name)


@contextmanager
def _updated_state(lake: Lake, pacs: str) -> Iterator[_State]:
    with lake.storage.states.locked(_state_key(lake, pacs)) as locked:
        state = _State.decode(locked.content)
        yield state
        locked.update(state.encode())


def _read_state(lake: Lake, pacs: str) -> _State:
    return _State.decode(lake.storage.states.read(_state_key(lake, pacs)) or b"")


def _state_key(lake: Lake, pacs: str) -> str:
    return f"{lake.pacs(pacs)}/pace.json"


def read_load(lake: Lake, pacs: str) -> dict[str, HourLoad]:
    """The load of the last days by local hour, ``2026-03-02T14``."""
    return _read_state(lake, pacs).load


def read_failure(lake: Lake, pacs: str) -> str:
    """Kind of the last failure where no good answer came after it, else empty."""
    return _read_state(lake, pacs).pace.failure


def read_waits(lake: Lake, pacs: str, now: dt.datetime) -> dict[str, dt.datetime]:
    """Until when a PACS asked for no requests about single studies; see ``Exchange``."""
    pace = _read_state(lake, pacs).pace
    return _ends_of_waits(pace, now.timestamp(), now.tzinfo or dt.UTC, math.inf)


def _ends_of_waits(
    pace: Pace, now: float, zone: dt.tzinfo, longest: float
) -> dict[str, dt.datetime]:
    ends = {}
    for subject in pace.waits:
        alone = Pace(waits={subject: pace.waits[subject]})
        if left := alone.held_for(now, subject, longest):
            ends[subject] = dt.datetime.fromtimestamp(now + left, zone)
    return ends


def _pause_key(lake: Lake, pacs: str) -> str:
    return f"{lake.pacs(pacs)}/paused.json"


def paused_since(lake: Lake, pacs: str) -> dt.datetime | None:
    """When a PACS was paused; None if it is not.

    A damaged file is a pause: somebody wanted one.
    """
    objects, key = lake.storage.objects, _pause_key(lake, pacs)
    text = objects.read(key)
    if text is None:
        return None
    try:
        content: Any = json.loads(text)
        return dt.datetime.fromisoformat(content["since"])
    except (ValueError, KeyError, TypeError):
        found = objects.describe(key)
    return dt.datetime.fromtimestamp(found.modified, dt.UTC) if found else None


def pause(lake: Lake, pacs: str, now: dt.datetime) -> None:
    """Ask nothing more of a PACS, in any process, from the next request on."""
    if paused_since(lake, pacs) is None:
        content = json.dumps({"since": now.isoformat(timespec="seconds")})
        lake.storage.objects.write(_pause_key(lake, pacs), content.encode())


def resume(lake: Lake, pacs: str) -> None:
    """End a pause, and forget the failures of a PACS and the waits that it asked for."""
    lake.storage.objects.delete(_pause_key(lake, pacs))
    with _updated_state(lake, pacs) as state:
        state.pace.forget_failures()
        state.pace.forget_waits()
