"""The session that dicomweb-client is given: bounded in time, size and tries, and strict.

What reaches dicomweb-client is an array of JSON objects or a PacsError, nothing else.
"""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from importlib.metadata import version
from typing import Any, Final

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from protocol_assets.sources.dicomweb.answers import (
    Answer,
    Failure,
    Message,
    ObjectsResponse,
    asked_wait,
    judge,
    read,
)
from protocol_assets.sources.dicomweb.body import BodyError, Row, whole
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.login import LoginError, choose_login
from protocol_assets.sources.dicomweb.transport import (
    Reading,
    guard_session,
    kept_deadline,
    silence_libraries,
)
from protocol_assets.sources.dicomweb.transport_errors import transport_kind
from protocol_assets.sources.errors import Kind, PacsError
from protocol_assets.sources.rate_limit.pacing import (
    Exchange,
    HeldError,
    RateLimit,
    Unhurried,
    study_subject,
)

__all__ = ["Effort", "GuardedSession", "StoppedError"]

TRIES: Final = 4
_BACKOFF_S, _BACKOFF_CAP_S = 0.5, 30.0
_RETRY_BUDGET_S = 90.0
_DRAIN_BYTES = 65_536
_STUDY: Final = re.compile(r"/studies/([0-9.]+)(?:/|$)|[?&](?:StudyInstanceUID|0020000D)=([0-9.]+)")


class StoppedError(Exception):
    """The run is being stopped: the PACS is asked nothing more."""


@dataclass(frozen=True)
class Effort:
    """What a session has cost the PACS.

    Attributes:
        requests: Requests sent, further tries included.
        retries: Further tries among them.
        received: Bytes of answers over the wire.
    """

    requests: int = 0
    retries: int = 0
    received: int = 0


class GuardedSession(requests.Session):
    """Reads one PACS, carefully.

    TLS is always verified, the environment (proxies, CA bundles, ~/.netrc) is not consulted,
    redirects are not followed, and nothing but GET is sent. Thread-safe for ``endpoint.workers``
    threads; ``last`` is kept for each thread.

    Args:
        endpoint: The PACS.
        rate_limit: What is kept to in asking it.
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
        self._uniform, self._now = uniform, now
        self._budget_ends_at = clock() + budget_s
        self._thread = threading.local()
        self._effort, self._counting = Effort(), threading.Lock()
        self._limit = int(endpoint.max_body_mb * 1_000_000)
        guard_session(self, endpoint)
        self.headers["User-Agent"] = f"protocol-assets/{version('protocol-assets')}"
        self.headers["Accept-Encoding"] = "gzip"
        self._login = choose_login(endpoint)

    @property
    def last(self) -> Answer:
        """The last good answer of this thread."""
        return getattr(self._thread, "last", Answer())

    @property
    def effort(self) -> Effort:
        """What has been asked so far, by all threads."""
        return self._effort

    def stop(self) -> None:
        """Ends the requests and waits of all threads; each of them gets a ``StoppedError``."""
        self._stopped.set()
        self._reading.end()

    @contextmanager
    def unless(self, etag: str) -> Iterator[None]:
        """Within, this thread asks only for what is no longer as ``etag`` names it."""
        self._thread.etag = etag
        try:
            yield
        finally:
            self._thread.etag = ""

    @contextmanager
    def refusals(self, *statuses: int) -> Iterator[None]:
        """Within, these statuses are this thread's answer to a question and no trouble.

        They are not tried again and do not count as failures of the PACS.
        """
        before: frozenset[int] = getattr(self._thread, "refusals", frozenset())
        self._thread.refusals = before | set(statuses)
        try:
            yield
        finally:
            self._thread.refusals = before

    @contextmanager
    def taking(self, take: Callable[[Row], Any]) -> Iterator[None]:
        """Within, this thread's answers hold what ``take`` gives of each object."""
        self._thread.take = take
        try:
            yield
        finally:
            self._thread.take = whole

    def request(  # type: ignore[override]
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **_: object
    ) -> requests.Response:
        """Prepares and sends a request: this session's headers and cookies, the caller's headers.

        Nothing else is ever merged in; looking for it takes as long as the sending.
        """
        merged = CaseInsensitiveDict(self.headers)
        merged.update(headers or {})
        prepared = requests.PreparedRequest()
        prepared.prepare(method=method, url=url, headers=merged, cookies=self.cookies)
        return self.send(prepared)

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        """Sends ``request`` until it is answered, and gives the checked answer.

        Options of the caller are not heeded: they could only loosen what is guarded here.

        Raises:
            PacsError: No good answer within tries, waiting budget and deadline; kind ``held``
                where the PACS is not to be asked now.
        """
        if request.method != "GET":
            raise PacsError(self.endpoint.name, "unexpected", None, "only GET is ever sent")
        request.headers.pop("Host", None)  # dicomweb-client's lacks the port
        if etag := getattr(self._thread, "etag", ""):
            request.headers["If-None-Match"] = etag
        outcome = self._tried(request)
        subject = _subject(request)
        if isinstance(outcome, ObjectsResponse):
            self.rate_limit.settled(None, outcome.status_code, subject)
            self._thread.last = outcome.answer
            return outcome
        if outcome.kind not in ("held", "waiting") and not self._is_refusal(outcome):
            self.rate_limit.settled(outcome.kind, outcome.status, subject)
        raise PacsError(
            self.endpoint.name,
            outcome.kind,
            outcome.status,
            outcome.detail,
            is_put_off=outcome.kind == "busy" and bool(subject and self._asked(outcome)),
        )

    def _tried(self, request: requests.PreparedRequest) -> ObjectsResponse | Failure:
        """The answer after as many tries as it takes, or the last failure."""
        ends_at = min(self._clock() + self.endpoint.deadline_s, self._budget_ends_at)
        waited, attempt, renewed = 0.0, 1, False
        while isinstance(outcome := self._attempt(request, ends_at, attempt), Failure):
            refused = request.headers.get("Authorization", "")
            if outcome.status == 401 and not renewed and self._renew(refused):
                renewed = True
                continue
            wait = self._wait(outcome, attempt)
            left = min(_RETRY_BUDGET_S - waited, ends_at - self._clock())
            may_pass = outcome.may_pass and not self._is_refusal(outcome)
            if not may_pass or attempt >= self._tries or wait > left:
                break
            self._sleep(wait)
            waited += wait
            attempt += 1
        return outcome

    def _is_refusal(self, failure: Failure) -> bool:
        return failure.status in getattr(self._thread, "refusals", ())

    def _renew(self, refused: str) -> bool:
        return self._login is not None and self._login.renew(refused)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: not followed, and its body is not read without bounds to look."""

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
            message = self._exchange(request, ends_at)
            seconds = self._clock() - began
        self._go_on()
        # The PACS is free for the next request while this thread reads what came.
        outcome = self._judged(request, message, tries)
        received = len(message.body) if isinstance(message, Message) else 0
        with self._counting:
            total = self._effort
            self._effort = Effort(
                total.requests + 1, total.retries + (tries > 1), total.received + received
            )
        failure = outcome if isinstance(outcome, Failure) else None
        self.rate_limit.told(
            Exchange(
                status=failure.status if failure else 200,
                kind=failure.kind if failure else None,
                seconds=seconds,
                received=received,
                retry=tries > 1,
                retry_after=self._asked(failure) if failure else None,
                subject=subject,
            )
        )
        return outcome

    def _not_yet(self, turn: float, subject: str) -> Failure:
        """Why a request is not sent: the study has to wait, or the PACS as a whole."""
        is_of_study = bool(subject) and self.rate_limit.hold() is None
        kind: Kind = "waiting" if is_of_study else "held"
        return Failure(kind, None, f"it asked to be left alone for {turn:.0f} s more")

    def _go_on(self) -> None:
        """Raises StoppedError once stopped: what broke off then is no fault of the PACS."""
        if self._stopped.is_set():
            raise StoppedError

    def _judged(
        self, request: requests.PreparedRequest, message: Message | Failure, tries: int
    ) -> ObjectsResponse | Failure:
        if isinstance(message, Failure):
            return message
        try:
            take = getattr(self._thread, "take", whole)
            return judge(request, message, tries, self._limit, take)
        except BodyError as problem:
            return Failure(problem.args[0], 200, problem.args[1])

    def _exchange(self, request: requests.PreparedRequest, ends_at: float) -> Message | Failure:
        """One request. Library errors end here, for they carry the URL."""
        left = ends_at - self._clock()
        if left <= 0:
            return Failure("timeout")
        idle = min(self.endpoint.request_timeout_s, left)
        try:
            with kept_deadline(
                self.endpoint.request_timeout_s, ends_at, self._clock, self._reading
            ):
                if self._login is not None:
                    request.headers["Authorization"] = self._login.header()
                response = super().send(
                    request,
                    stream=True,
                    timeout=(idle, idle),
                    verify=self.verify,
                    allow_redirects=False,
                    proxies={},
                )
                try:
                    return read(response, self._limit)
                finally:
                    self._give_back(response)
        except LoginError as problem:
            return Failure(*problem.args)
        except BodyError as problem:
            return Failure(problem.args[0], 200, problem.args[1])
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            return Failure(*transport_kind(error))

    @staticmethod
    def _give_back(response: requests.Response) -> None:
        """Back to the pool if little is left to read, otherwise closed.

        Unread bytes would be taken for the next answer.
        """
        try:
            rest = response.raw.read(_DRAIN_BYTES, decode_content=False)
            if len(rest) == _DRAIN_BYTES:
                response.raw.close()
        except (urllib3.exceptions.HTTPError, HTTPException, OSError):
            response.raw.close()
        response.raw.release_conn()

    def _wait(self, failure: Failure, attempt: int) -> float:
        """Seconds until the next try: what the server asked for, else full jitter."""
        asked = self._asked(failure)
        if asked:
            return asked
        return self._uniform(0.0, min(_BACKOFF_CAP_S, _BACKOFF_S * 2 ** (attempt - 1)))

    def _asked(self, failure: Failure) -> float | None:
        """Seconds that the server asked for, within the bound; None where it asked for none."""
        asked = asked_wait(failure.retry_after, self._now())
        return None if asked is None else min(asked, self.endpoint.rate_limits.max_wait_s)


def _subject(request: requests.PreparedRequest) -> str:
    """The study that a request is about; empty where it is about the PACS as a whole."""
    found = _STUDY.search(request.url or "")
    return study_subject(found[1] or found[2]) if found else ""
