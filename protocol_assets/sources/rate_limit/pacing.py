"""Rate limiting of a PACS: a pure state machine, and the interface that a client uses.

- a token bucket spaces requests;
- 429 and 503 halve the pace and the number of requests at the same time, once in ten seconds; ten
  seconds of good answers give an eighth of it back;
- a Retry-After applies to what was requested: one study waits, and the others go on; if a listing
  or several studies in a row were refused, every request waits;
- after five failures in a row, or one refusal of the credentials (directories lock accounts), the
  circuit opens: no requests for a minute, then two, at most fifteen; then one answer decides;
- outside its hours, in maintenance and while paused there are no requests at all.

No wait is longer than ``RateLimits.max_wait_s``, whatever the server asks for and however the clock
is set: each wait is stored with its beginning, and one that began in the future is over and is
forgotten with the next request. ``CLOCK_SLACK_S`` may be added, because the clocks of two processes
differ a little. ``store`` keeps the state and shares it among all processes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Protocol

from protocol_assets.settings.hours import Hours
from protocol_assets.settings.pacs import MAX_WAIT_S
from protocol_assets.sources.errors import Kind

__all__ = [
    "CLOCK_SLACK_S",
    "FAILURES_THAT_OPEN",
    "MOST_OPENINGS",
    "STUDIES_THAT_SLOW",
    "Exchange",
    "HeldError",
    "Pace",
    "RateLimit",
    "RateLimits",
    "Unhurried",
    "start_steady_clock",
    "study_subject",
]

FAILURES_THAT_OPEN: Final = 5
STUDIES_THAT_SLOW: Final = 3
"""So many different studies that are refused in a row say that the PACS as a whole is busy."""
_OPEN_S: Final = 60.0
_SLOWEST: Final = 1 / 16
_GAIN: Final = 1 / 8
_STEP_S: Final = 10.0
_BURST_S: Final = 1.0
CLOCK_SLACK_S: Final = 5.0
"""The clocks of two processes may differ by so much; a wait that began later was never begun."""
_MOST_WAITS: Final = 1000
MOST_OPENINGS: Final = 10

_BUSY_STATUSES: Final = frozenset({429, 503})
# Failures of the PACS as a whole, not of one study.
_TROUBLE: Final[frozenset[Kind]] = frozenset(
    {
        "unreachable",
        "timeout",
        "interrupted",
        "tls",
        "expired",
        "handshake",
        "plain_http",
        "busy",
        "unauthorized",
    }
)


@dataclass(frozen=True)
class RateLimits:
    """The limits of one PACS.

    Attributes:
        requests_per_second: Most requests a second over all processes.
        hours: When it may be asked; none means always.
        maintenance: When it may not be asked, even within its hours.
        timezone: The time zone of both.
        wake_nearline: Retrieve studies that are not online, too.
        recheck_days: Days after which a landed day is checked for overwritten instances.
        max_wait_s: Longest wait after it asks for one, or after failures.
    """

    requests_per_second: float = 20.0
    hours: tuple[Hours, ...] = ()
    maintenance: tuple[Hours, ...] = ()
    timezone: str = "UTC"
    wake_nearline: bool = False
    recheck_days: float = 7.0
    max_wait_s: float = MAX_WAIT_S


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its result.

    Attributes:
        status: HTTP status; None if none came.
        kind: Kind of the failure, None of a good answer.
        seconds: How long it took.
        received: Bytes over the wire.
        retry: Whether it was a further try.
        retry_after: Seconds that the server asked to wait; None if it did not.
        subject: The study that was asked about, as ``study_subject`` names it; empty if the
            request was about the PACS as a whole.
    """

    status: int | None
    kind: Kind | None
    seconds: float
    received: int = 0
    retry: bool = False
    retry_after: float | None = None
    subject: str = ""


def study_subject(study_uid: str) -> str:
    """A name of a study for the state of the pace, which is kept in the restricted zone."""
    return hashlib.sha256(study_uid.encode()).hexdigest()[:16]


def start_steady_clock() -> Callable[[], float]:
    """Seconds since the epoch that advance evenly, however the machine's clock is set meanwhile."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class HeldError(Exception):
    """Nothing may be asked now; ``args[0]`` says why, in words."""


class RateLimit(Protocol):
    """The limits that a client follows."""

    def hold(self) -> str | None:
        """Why nothing may be asked now, in words; None if asking is allowed."""
        ...

    def reserve(self, subject: str = "", patience: float = math.inf) -> float:
        """Takes a place in the queue.

        Args:
            subject: The study that is asked about; see ``Exchange``.
            patience: Seconds that the caller can wait. No place is taken if its turn is later.

        Returns:
            Seconds until its turn.

        Raises:
            HeldError: Nothing may be asked now.
        """
        ...

    def slot(self) -> AbstractContextManager[None]:
        """One of the requests that may be under way at the same time; waits for a free one."""
        ...

    def record(self, exchange: Exchange) -> None:
        """Records the result of a request."""
        ...

    def settled(self, kind: Kind | None, status: int | None, subject: str = "") -> None:
        """Records the result of all tries of a request."""
        ...


class Unhurried:
    """No limits: for single requests, such as one for a token."""

    def hold(self) -> str | None:
        """Never."""
        return None

    def reserve(self, subject: str = "", patience: float = math.inf) -> float:  # noqa: ARG002
        """At once."""
        return 0.0

    def slot(self) -> AbstractContextManager[None]:
        """Any number."""
        return nullcontext()

    def record(self, exchange: Exchange) -> None:
        """Forgets it."""

    def settled(self, kind: Kind | None, status: int | None, subject: str = "") -> None:
        """Forgets it."""


@dataclass
class Pace:
    """The state: times are seconds since the epoch, because it outlives processes.

    Attributes:
        tokens: Requests that may go at once; below zero where places are taken ahead.
        at: When ``tokens`` was computed.
        factor: Share of the pace and of the workers that is used; 1 if all is well.
        good_since: Since when every answer was good; then the factor grows again.
        slowed_at: When it was halved last.
        not_before: The server asked for no requests until then.
        held_since: When it asked for that.
        waits: Studies about which the server asked for no requests: since when, until when.
        busy: The studies that were refused since the last good answer.
        failures: Failed requests in a row.
        failure: Kind of the last of them.
        failed_subject: The study that the last of them was about.
        open_until: Until when the circuit is open.
        open_since: When it opened.
        opened: Times in a row that it opened.
    """

    tokens: float = 0.0
    at: float = 0.0
    factor: float = 1.0
    good_since: float = 0.0
    slowed_at: float = 0.0
    not_before: float = 0.0
    held_since: float = 0.0
    waits: dict[str, list[float]] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)
    failures: int = 0
    failure: str = ""
    failed_subject: str = ""
    open_until: float = 0.0
    open_since: float = 0.0
    opened: int = 0

    def open_for(self, now: float, longest: float = MAX_WAIT_S) -> float:
        """Seconds that the circuit is open from now on."""
        return _left(self.open_since, self.open_until, now, longest)

    def is_open(self, now: float, longest: float = MAX_WAIT_S) -> bool:
        """Whether the circuit is open."""
        return self.open_for(now, longest) > 0

    def held_for(self, now: float, subject: str = "", longest: float = MAX_WAIT_S) -> float:
        """Seconds from now for which the server asked for no requests, or none about a study."""
        since, until = self.waits.get(subject, (0.0, 0.0))
        return max(
            _left(self.held_since, self.not_before, now, longest),
            _left(since, until, now, longest),
        )

    def reserve(
        self,
        now: float,
        rate: float,
        subject: str = "",
        patience: float = math.inf,
        longest: float = MAX_WAIT_S,
    ) -> float:
        """Takes one token, from the future if there is none and the caller can wait for it.

        Returns:
            Seconds until it may be used.
        """
        self._forget_the_future(now)
        pace = rate * self.factor
        # A clock that was set back must not stop us until it has caught up.
        passed = max(0.0, now - self.at)
        tokens = min(max(1.0, rate * _BURST_S * self.factor), self.tokens + passed * pace)
        tokens = max(tokens, -longest * pace)
        self.at = now
        wait = max(0.0, (1 - tokens) / pace, self.held_for(now, subject, longest))
        self.tokens = tokens - 1 if wait < patience else tokens
        return min(wait, longest)

    def record(self, now: float, exchange: Exchange, longest: float = MAX_WAIT_S) -> None:
        """Slows down and speeds up."""
        if exchange.status in _BUSY_STATUSES:
            self._told_busy(now, exchange, longest)
            return
        if exchange.kind is not None:
            self.good_since = now
            return
        self.busy.clear()
        self.waits.pop(exchange.subject, None)
        if self.factor < 1 and abs(now - self.good_since) >= _STEP_S:
            self.factor = min(1.0, self.factor + _GAIN)
            self.good_since = now

    def _told_busy(self, now: float, exchange: Exchange, longest: float) -> None:
        subject, asked = exchange.subject, min(exchange.retry_after or 0.0, longest)
        if subject and subject not in self.busy:
            self.busy = [*self.busy, subject][-STUDIES_THAT_SLOW:]
        is_of_one_study = bool(subject) and len(self.busy) < STUDIES_THAT_SLOW
        if asked and subject:
            self.waits[subject] = [now, now + asked]
            self._forget_old_waits(now, longest)
        if asked and is_of_one_study:
            return
        if abs(now - self.slowed_at) >= _STEP_S:
            self.factor = max(_SLOWEST, self.factor / 2)
            self.slowed_at = now
        self.good_since = now
        if asked > _left(self.held_since, self.not_before, now, longest):
            self.held_since, self.not_before = now, now + asked

    def _forget_the_future(self, now: float) -> None:
        """Forgets waits that began later than now: once over, they must not return."""
        newest = now + CLOCK_SLACK_S
        if self.held_since > newest:
            self.held_since, self.not_before = 0.0, 0.0
        if self.open_since > newest:
            self.open_since, self.open_until = 0.0, 0.0
        self.waits = {one: wait for one, wait in self.waits.items() if wait[0] <= newest}

    def _forget_old_waits(self, now: float, longest: float) -> None:
        left = {
            subject: _left(since, until, now, longest)
            for subject, (since, until) in self.waits.items()
        }
        kept = sorted((one for one in left if left[one] > 0), key=left.__getitem__)
        self.waits = {one: self.waits[one] for one in kept[-_MOST_WAITS:]}

    def settled(
        self,
        now: float,
        kind: Kind | None,
        status: int | None,
        subject: str = "",
        longest: float = MAX_WAIT_S,
    ) -> None:
        """Opens and closes the circuit. A fault of one study alone does neither."""
        if kind is None:
            self.forget_failures()
        elif kind in _TROUBLE or (status or 0) >= 500:
            if kind == "busy" and subject and self.failures and self.failed_subject == subject:
                return  # it is still busy for this study, but not for others
            self.failures += 1
            self.failure, self.failed_subject = kind, subject
            is_over = self.opened > 0 and not self.is_open(now, longest)  # this answer decides
            if self.failures >= FAILURES_THAT_OPEN or kind == "unauthorized" or is_over:
                self.open_since = now
                self.open_until = now + min(longest, _OPEN_S * 2**self.opened)
                self.opened = min(self.opened + 1, MOST_OPENINGS)

    def forget_failures(self) -> None:
        """Closes the circuit."""
        self.failures, self.failure, self.failed_subject = 0, "", ""
        self.opened, self.open_since, self.open_until = 0, 0.0, 0.0

    def forget_waits(self) -> None:
        """Ends the waits that the server asked for."""
        self.held_since, self.not_before = 0.0, 0.0
        self.waits.clear()
        self.busy.clear()

    def words(self, zone: dt.tzinfo) -> str:
        """Why and until when the circuit is open."""
        until = dt.datetime.fromtimestamp(self.open_until, zone)
        return (
            f"no requests until {until:%H:%M:%S}; failed answers in a row: {self.failures}, "
            f"the last one {self.failure}"
        )


def _left(since: float, until: float, now: float, longest: float) -> float:
    """Seconds that are left of a wait, never more than its full length.

    One that began in the future is over: the clock was set back.
    """
    if since > now + CLOCK_SLACK_S:
        return 0.0
    return max(0.0, min(until - now, until - since, longest))
