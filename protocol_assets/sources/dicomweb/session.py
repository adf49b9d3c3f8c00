"""The session that dicomweb-client is given: bounded in time, size and tries, and strict.

dicomweb-client gets an array of JSON objects or a PacsError, nothing else.
"""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import requests
from requests.structures import CaseInsensitiveDict

from protocol_assets.sources.dicomweb.answers import Answer, Failure, Message, ObjectsResponse
from protocol_assets.sources.dicomweb.backoff import Backoff
from protocol_assets.sources.dicomweb.effort import Effort, EffortCounter
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.exchange import Exchanger
from protocol_assets.sources.dicomweb.login import choose_login
from protocol_assets.sources.dicomweb.request_context import RequestContext
from protocol_assets.sources.dicomweb.transport import Reading, guard_session, silence_libraries
from protocol_assets.sources.errors import Kind, PacsError
from protocol_assets.sources.rate_limit.pacing import (
    Exchange,
    HeldError,
    RateLimit,
    Unhurried,
    study_subject,
)

__all__ = ["GuardedSession", "StoppedError"]

TRIES: Final = 4
_RETRY_BUDGET_S = 90.0
_STUDY: Final = re.compile(r"/studies/([0-9.]+)(?:/|$)|[?&](?:StudyInstanceUID|0020000D)=([0-9.]+)")


class StoppedError(Exception):
    """The run is being stopped: no more requests are sent to the PACS."""


class GuardedSession(requests.Session):
    """Reads one PACS, carefully.

    TLS is always verified, the environment (proxies, CA bundles, ~/.netrc) is not consulted,
    redirects are not followed, and nothing but GET is sent. Thread-safe for ``endpoint.workers``
    threads; each thread has its own ``context``.

    Args:
        endpoint: The PACS.
        rate_limit: When requests may be sent.
        tries: Most requests for one answer.
        budget_s: Longest all requests together may take from now on.
        sleep: Waits so many seconds; by default until ``stop`` at the latest.
        clock: Monotonic seconds.
        uniform: A random number between two bounds.
        now: The time of day, for a Retry-After that is a date.

    Raises:
        UnusableFileError: A file named by ``endpoint`` is not there or cannot be used.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        rate_limit: RateLimit | None = None,
        tries: int = TRIES,
        budget_s: float = math.inf,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        silence_libraries()
        self.endpoint = endpoint
        self.rate_limit: RateLimit = rate_limit or Unhurried()
        self._tries = tries
        self._stopped, self._reading = threading.Event(), Reading()
        self._sleep, self._clock = sleep or self._stopped.wait, clock
        self._backoff = Backoff(endpoint.rate_limits.max_wait_s, uniform, now)
        self._budget_ends_at = clock() + budget_s
        self.context = RequestContext()
        self._effort = EffortCounter()
        guard_session(self, endpoint)
        self.headers["User-Agent"] = f"protocol-assets/{version('protocol-assets')}"
        self.headers["Accept-Encoding"] = "gzip"
        self._login = choose_login(endpoint)
        self._exchanger = Exchanger(
            self._send_once,
            endpoint.request_timeout_s,
            int(endpoint.max_body_mb * 1_000_000),
            clock,
            self._reading,
            self._login,
        )

    @property
    def last(self) -> Answer:
        """The last good answer of this thread."""
        return self.context.last

    @property
    def effort(self) -> Effort:
        """The requests of all threads so far."""
        return self._effort.total

    def stop(self) -> None:
        """Ends the requests and waits of all threads; each of them gets a ``StoppedError``."""
        self._stopped.set()
        self._reading.end()

    def request(  # type: ignore[override]
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **_: object
    ) -> requests.Response:
        """Prepares and sends a request: this session's headers and cookies, the caller's headers.

        Settings of the environment are not merged in: looking for them takes as long as sending.
        """
        merged = CaseInsensitiveDict(self.headers)
        merged.update(headers or {})
        prepared = requests.PreparedRequest()
        prepared.prepare(method=method, url=url, headers=merged, cookies=self.cookies)
        return self.send(prepared)

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        """Sends ``request`` until it is answered, and gives the checked answer.

        Options of the caller are ignored, because they could only weaken the protection.

        Raises:
            PacsError: No good answer within tries, waiting budget and deadline; kind ``held``
                if the PACS must not be asked now.
        """
        if request.method != "GET":
            raise PacsError(self.endpoint.name, "unexpected", None, "only GET is ever sent")
        request.headers.pop("Host", None)  # dicomweb-client's lacks the port
        if self.context.etag:
            request.headers["If-None-Match"] = self.context.etag
        outcome = self._tried(request)
        subject = _subject(request)
        if isinstance(outcome, ObjectsResponse):
            self.rate_limit.settled(None, outcome.status_code, subject)
            self.context.last = outcome.answer
            return outcome
        if outcome.kind not in ("held", "waiting") and not self.context.is_refusal(outcome):
            self.rate_limit.settled(outcome.kind, outcome.status, subject)
        raise PacsError(
            self.endpoint.name,
            outcome.kind,
            outcome.status,
            outcome.detail,
            is_put_off=outcome.kind == "busy"
            and bool(subject and self._backoff.requested_s(outcome)),
        )

    def _tried(self, request: requests.PreparedRequest) -> ObjectsResponse | Failure:
        """The answer after as many tries as it takes, or the last failure."""
        ends_at = min(self._clock() + self.endpoint.deadline_s, self._budget_ends_at)
        waited, attempt, renewed = 0.0, 1, False
        while isinstance(outcome := self._attempt(request, ends_at, attempt), Failure):
            refused = request.headers.get("Authorization", "")
            if outcome.status == 401 and not renewed and self._login is not None:
                renewed = self._login.renew(refused)
                if renewed:
                    continue
            wait = self._backoff.wait_s(outcome, attempt)
            left = min(_RETRY_BUDGET_S - waited, ends_at - self._clock())
            may_pass = outcome.may_pass and not self.context.is_refusal(outcome)
            if not may_pass or attempt >= self._tries or wait > left:
                break
            self._sleep(wait)
            waited += wait
            attempt += 1
        return outcome

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: redirects are not followed, and their bodies are not read without a limit."""

    def _attempt(
        self, request: requests.PreparedRequest, ends_at: float, tries: int
    ) -> ObjectsResponse | Failure:
        """One request, when its turn has come."""
        self._go_on()
        left = ends_at - self._clock()
        if left <= 0:
            return Failure("timeout")
        subject = _subject(request)
        try:
            turn = self.rate_limit.reserve(subject, left)
        except HeldError as held:
            return Failure("held", None, held.args[0])
        if turn >= left:
            return self._not_yet(turn, subject)
        if turn > 0:
            self._sleep(turn)
        with self.rate_limit.slot():
            self._go_on()
            began = self._clock()
            message = self._exchanger.exchange(request, ends_at)
            seconds = self._clock() - began
        self._go_on()
        # The PACS is free for the next request while this thread reads the answer.
        outcome = self._exchanger.judge(request, message, tries, self.context.take)
        received = len(message.body) if isinstance(message, Message) else 0
        self._effort.add(is_retry=tries > 1, received=received)
        failure = outcome if isinstance(outcome, Failure) else None
        self.rate_limit.record(
            Exchange(
                status=failure.status if failure else 200,
                kind=failure.kind if failure else None,
                seconds=seconds,
                received=received,
                retry=tries > 1,
                retry_after=self._backoff.requested_s(failure) if failure else None,
                subject=subject,
            )
        )
        return outcome

    def _not_yet(self, turn: float, subject: str) -> Failure:
        """Why a request is not sent: the study has to wait, or the PACS as a whole."""
        is_of_study = bool(subject) and self.rate_limit.hold() is None
        kind: Kind = "waiting" if is_of_study else "held"
        return Failure(kind, None, f"it asked for no requests for another {turn:.0f} s")

    def _go_on(self) -> None:
        """Raises StoppedError once stopped: an answer cut off then is no failure of the PACS."""
        if self._stopped.is_set():
            raise StoppedError

    def _send_once(self, request: requests.PreparedRequest, idle_s: float) -> requests.Response:
        return super().send(
            request,
            stream=True,
            timeout=(idle_s, idle_s),
            verify=self.verify,
            allow_redirects=False,
            proxies={},
        )


def _subject(request: requests.PreparedRequest) -> str:
    """The study that a request is about; empty if it is about the PACS as a whole."""
    found = _STUDY.search(request.url or "")
    return study_subject(found[1] or found[2]) if found else ""
