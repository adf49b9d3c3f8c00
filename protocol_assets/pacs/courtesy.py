"""How gently a PACS is asked: a pure machine over a small state, and the courtesy a client keeps.

- a token bucket spaces requests;
- 429 and 503 halve the pace and the number of requests at the same time, once in ten seconds; ten
  seconds of good answers give an eighth of it back; a Retry-After holds up everybody, not its
  request alone;
- after five answers in a row that did not come, or one refusal of the credentials (directories
  lock accounts), the circuit opens: nothing is asked for a minute, then two, at most fifteen, and
  then one answer decides;
- outside its hours, in maintenance and while paused nothing is asked at all.

Where the state is kept, and that it holds for all processes, is the business of the cells.
"""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final, Protocol

from protocol_assets.pacs.errors import Kind
from protocol_assets.pacs.hours import Hours

__all__ = ["Courtesy", "Exchange", "HeldError", "Manners", "Pace", "Unhurried"]

FAILURES_THAT_OPEN: Final = 5
_OPEN_S: Final = 60.0
_OPEN_CAP_S: Final = 900.0
_SLOWEST: Final = 1 / 16
_GAIN: Final = 1 / 8
_STEP_S: Final = 10.0
_BURST_S: Final = 1.0
_LONGEST_HOLD_S: Final = 600.0

_BUSY_STATUSES: Final = frozenset({429, 503})
# What says that the PACS as a whole is in trouble, not one study of it.
_TROUBLE: Final[frozenset[Kind]] = frozenset(
    {
        *("unreachable", "timeout", "interrupted", "tls", "handshake", "plain_http", "busy"),
        "unauthorized",
    }
)


@dataclass(frozen=True)
class Manners:
    """How one PACS wants to be asked.

    Attributes:
        requests_per_second: Most requests a second over all processes.
        hours: When it may be asked; none means always.
        maintenance: When it may not be asked all the same.
        timezone: Of both.
        wake_nearline: Retrieve studies that are not online, too.
        recheck_days: Days after which a landed day is checked for overwritten instances.
    """

    requests_per_second: float = 20.0
    hours: tuple[Hours, ...] = ()
    maintenance: tuple[Hours, ...] = ()
    timezone: str = "UTC"
    wake_nearline: bool = False
    recheck_days: float = 7.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what became of it.

    Attributes:
        status: HTTP status, None where none came.
        kind: Kind of the failure, None of a good answer.
        seconds: It took.
        received: Bytes over the wire.
        retry: Whether it was a further try.
        retry_after: Seconds the server asked to be left alone, None where it did not.
    """

    status: int | None
    kind: Kind | None
    seconds: float
    received: int = 0
    retry: bool = False
    retry_after: float | None = None


class HeldError(Exception):
    """Nothing may be asked now; ``args[0]`` says why, in words."""


class Courtesy(Protocol):
    """What a client keeps to."""

    def hold(self) -> str | None:
        """Why nothing may be asked now, in words; None where asking is allowed."""
        ...

    def reserve(self) -> float:
        """Takes a place in the queue.

        Returns:
            Seconds until its turn.

        Raises:
            HeldError: Nothing may be asked now.
        """
        ...

    def slot(self) -> AbstractContextManager[None]:
        """One of the requests that may be under way at the same time; waits for a free one."""
        ...

    def told(self, exchange: Exchange) -> None:
        """Learns what became of a request."""
        ...

    def settled(self, kind: Kind | None, status: int | None) -> None:
        """Learns what an answer came to after all its tries."""
        ...


class Unhurried:
    """No courtesy beyond the session's own: for what is asked once, such as a token."""

    def hold(self) -> str | None:
        """Never."""
        return None

    def reserve(self) -> float:
        """At once."""
        return 0.0

    def slot(self) -> AbstractContextManager[None]:
        """Any number."""
        return nullcontext()

    def told(self, exchange: Exchange) -> None:
        """Forgets it."""

    def settled(self, kind: Kind | None, status: int | None) -> None:
        """Forgets it."""


@dataclass
class Pace:
    """The state: times are seconds since the epoch, for it outlives processes.

    Attributes:
        tokens: Requests that may go at once; below zero where places are taken ahead.
        at: When ``tokens`` held.
        factor: Share of the pace and of the workers that is used, 1 where all is well.
        good_since: Since when every answer was good, for the way back.
        slowed_at: When it was halved last.
        not_before: The server asked to be left alone until then.
        failures: Answers in a row that did not come.
        failure: Kind of the last of them.
        open_until: Until when the circuit is open.
        opened: Times in a row that it opened.
    """

    tokens: float = 0.0
    at: float = 0.0
    factor: float = 1.0
    good_since: float = 0.0
    slowed_at: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    failure: str = ""
    open_until: float = 0.0
    opened: int = 0

    def is_open(self, now: float) -> bool:
        """Whether the circuit is open."""
        return 0 < self.open_until - now <= _OPEN_CAP_S  # more is a clock that was set back

    def reserve(self, now: float, rate: float) -> float:
        """Takes one token, from the future where there is none.

        Returns:
            Seconds until it may be used.
        """
        pace = rate * self.factor
        # A clock that was set back must not stop us until it has caught up.
        passed = max(0.0, now - self.at)
        self.tokens = min(max(1.0, rate * _BURST_S * self.factor), self.tokens + passed * pace)
        self.at = now
        self.tokens -= 1
        wait = max(0.0, -self.tokens / pace)
        return max(wait, min(self.not_before - now, _LONGEST_HOLD_S))

    def told(self, now: float, exchange: Exchange) -> None:
        """Slows down and speeds up."""
        if exchange.status in _BUSY_STATUSES:
            if abs(now - self.slowed_at) >= _STEP_S:
                self.factor = max(_SLOWEST, self.factor / 2)
                self.slowed_at = now
            self.good_since = now
            if exchange.retry_after is not None:
                longest = now + min(exchange.retry_after, _LONGEST_HOLD_S)
                self.not_before = max(self.not_before, longest)
        elif exchange.kind is not None:
            self.good_since = now
        elif self.factor < 1 and abs(now - self.good_since) >= _STEP_S:
            self.factor = min(1.0, self.factor + _GAIN)
            self.good_since = now

    def settled(self, now: float, kind: Kind | None, status: int | None) -> None:
        """Opens and closes the circuit. A fault of one study alone does neither."""
        if kind is None:
            self.forget_failures()
        elif kind in _TROUBLE or (status or 0) >= 500:
            self.failures += 1
            self.failure = kind
            is_over = self.opened > 0 and not self.is_open(now)  # this answer was to decide
            if self.failures >= FAILURES_THAT_OPEN or kind == "unauthorized" or is_over:
                self.open_until = now + min(_OPEN_CAP_S, _OPEN_S * 2**self.opened)
                self.opened = min(self.opened + 1, 10)

    def forget_failures(self) -> None:
        """Closes the circuit."""
        self.failures, self.failure, self.opened, self.open_until = 0, "", 0, 0.0

    def words(self, zone: dt.tzinfo) -> str:
        """Why and until when the circuit is open."""
        until = dt.datetime.fromtimestamp(self.open_until, zone)
        return (
            f"left alone until {until:%H:%M:%S}; failed answers in a row: {self.failures}, "
            f"the last one {self.failure}"
        )
