"""The session that dicomweb-client is given: bounded in time, size and tries, and strict.

What reaches dicomweb-client is an array of JSON objects or a PacsError, nothing else.
"""

from __future__ import annotations

import math
import random
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from importlib.metadata import version
from typing import Any, Final

import requests
import urllib3

from protocol_assets.pacs.body import BodyError, inflate, parse_objects, read_bounded
from protocol_assets.pacs.endpoint import Endpoint
from protocol_assets.pacs.errors import Kind, PacsError
from protocol_assets.pacs.transport import DeadlineAdapter, kept_deadline, silence_libraries

__all__ = ["Answer", "GuardedSession"]

TRIES: Final = 4
_BACKOFF_S, _BACKOFF_CAP_S = 0.5, 30.0
_RETRY_BUDGET_S = 90.0
_DRAIN_BYTES = 65_536
_MORE_RESULTS: Final = re.compile(r"299.*(result|exceed|limit|maximum)", re.IGNORECASE)

_STATUS_KINDS: Final[dict[int, Kind]] = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    410: "gone",
    413: "too_large",
    429: "busy",
    503: "busy",
    504: "timeout",
}
_RETRIED_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
_RETRIED_KINDS: Final = frozenset({"unreachable", "timeout", "interrupted"})


@dataclass(frozen=True)
class Answer:
    """What is known of the last good answer besides its rows.

    Attributes:
        warned: Its Warning header tells of further results (PS3.18 8.3.4.4).
        compressed: It came compressed.
        tries: Requests that it took.
    """

    warned: bool = False
    compressed: bool = False
    tries: int = 0


@dataclass(frozen=True)
class _Failure:
    kind: Kind
    status: int | None = None
    detail: str | None = None
    retry_after: str | None = None

    @property
    def may_pass(self) -> bool:
        if self.status is not None and self.status != 200:
            return self.status in _RETRIED_STATUSES
        return self.kind in _RETRIED_KINDS


class _ObjectsResponse(requests.Response):
    """An answer already read and checked; ``json`` hands on the rows without a second parse."""

    def __init__(self, request: requests.PreparedRequest, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self.status_code = 200
        self.request = request
        self._content = b"[]"  # dicomweb-client only asks whether there is any
        self._rows = rows

    def json(self, **_: Any) -> list[dict[str, Any]]:
        return self._rows


class _Authorization(requests.auth.AuthBase):
    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


def _authorization(endpoint: Endpoint) -> _Authorization | None:
    if endpoint.token is not None:
        return _Authorization(f"Bearer {endpoint.token}")
    if endpoint.username is not None:
        # RFC 7617 in UTF-8; requests would encode as Latin-1.
        pair = f"{endpoint.username}:{endpoint.password}".encode()
        return _Authorization(f"Basic {b64encode(pair).decode()}")
    return None


class GuardedSession(requests.Session):
    """Reads one PACS, carefully.

    TLS is always verified, the environment (proxies, CA bundles, ~/.netrc) is not consulted,
    redirects are not followed, and nothing but GET is sent. Thread-safe for ``endpoint.workers``
    threads; ``last`` is kept for each thread.

    Args:
        endpoint: The PACS.
        tries: Most requests for one answer.
        budget_s: Longest all requests together may take from now on.
        sleep: Waits so many seconds.
        clock: Monotonic seconds.
        uniform: A random number between two bounds.
        now: The time of day, for a Retry-After that is a date.

    Raises:
        ValueError: ``endpoint.ca_file`` is not there.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        tries: int = TRIES,
        budget_s: float = math.inf,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        silence_libraries()
        if endpoint.ca_file is not None and not endpoint.ca_file.is_file():
            raise ValueError(f"pacs {endpoint.name}: ca_file is not there; name a PEM file")
        self.endpoint = endpoint
        self._tries = tries
        self._sleep, self._clock, self._uniform, self._now = sleep, clock, uniform, now
        self._budget_ends_at = clock() + budget_s
        self._answers = threading.local()
        self._limit = int(endpoint.max_body_mb * 1_000_000)
        self.trust_env = False
        self.verify = str(endpoint.ca_file) if endpoint.ca_file else True
        self.headers["User-Agent"] = f"protocol-assets/{version('protocol-assets')}"
        self.headers["Accept-Encoding"] = "gzip"
        self.auth = _authorization(endpoint)
        adapter = DeadlineAdapter(endpoint.workers)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @property
    def last(self) -> Answer:
        """The last good answer of this thread."""
        return getattr(self._answers, "last", Answer())

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """Sends ``request`` until it is answered, and gives the checked answer.

        Options of the caller are not heeded: they could only loosen what is guarded here.

        Raises:
            PacsError: No good answer within tries, waiting budget and deadline.
        """
        if request.method != "GET":
            raise PacsError(self.endpoint.name, "unexpected", None, "only GET is ever sent")
        request.headers.pop("Host", None)  # dicomweb-client's lacks the port
        ends_at = min(self._clock() + self.endpoint.deadline_s, self._budget_ends_at)
        waited, attempt = 0.0, 1
        while isinstance(outcome := self._attempt(request, ends_at, attempt), _Failure):
            wait = self._wait(outcome, attempt)
            left = min(_RETRY_BUDGET_S - waited, ends_at - self._clock())
            if not outcome.may_pass or attempt >= self._tries or wait > left:
                break
            self._sleep(wait)
            waited += wait
            attempt += 1
        else:
            return outcome
        raise PacsError(self.endpoint.name, outcome.kind, outcome.status, outcome.detail)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: not followed, and its body is not read without bounds to look."""

    def _attempt(
        self, request: requests.PreparedRequest, ends_at: float, tries: int
    ) -> requests.Response | _Failure:
        """One request. Library errors end here, for they carry the URL."""
        left = ends_at - self._clock()
        if left <= 0:
            return _Failure("timeout")
        idle = min(self.endpoint.request_timeout_s, left)
        try:
            with kept_deadline(self.endpoint.request_timeout_s, ends_at, self._clock):
                response = super().send(
                    request,
                    stream=True,
                    timeout=(idle, idle),
                    verify=self.verify,
                    allow_redirects=False,
                    proxies={},
                )
                try:
                    return self._judge(request, response, tries)
                finally:
                    self._give_back(response)
        except BodyError as problem:
            return _Failure(problem.args[0], 200, problem.args[1])
        except requests.exceptions.SSLError:
            return _Failure("tls")
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            return _Failure("timeout")
        except requests.ConnectionError as error:
            never_there = isinstance(next(iter(error.args), None), urllib3.exceptions.MaxRetryError)
            return _Failure("unreachable" if never_there else "interrupted")
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            if isinstance(error, requests.RequestException):
                return _Failure("unexpected", None, type(error).__name__)
            return _Failure("interrupted")

    def _judge(
        self, request: requests.PreparedRequest, response: requests.Response, tries: int
    ) -> requests.Response | _Failure:
        status = response.status_code
        encoding = response.headers.get("Content-Encoding", "")
        if status == 200:
            declared = response.headers.get("Content-Length", "")
            if declared.isdecimal() and int(declared) > self._limit:
                return _Failure("too_large", 200)
            raw = response.raw
            wire = read_bounded(lambda size: raw.read(size, decode_content=False), self._limit)
            if not wire and not declared:
                return _Failure("interrupted", 200, "an empty answer")
            rows = parse_objects(inflate(wire, encoding, self._limit))
        elif status == 204:
            rows = []
        elif 300 <= status < 400:
            return _Failure("redirect", status)
        else:
            after = response.headers.get("Retry-After")
            return _Failure(_STATUS_KINDS.get(status, "bad_status"), status, None, after)
        warned = _MORE_RESULTS.search(response.headers.get("Warning", "")) is not None
        self._answers.last = Answer(warned, bool(encoding), tries)
        return _ObjectsResponse(request, rows)

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

    def _wait(self, failure: _Failure, attempt: int) -> float:
        """Seconds until the next try: what the server asked for, else full jitter."""
        asked = self._asked_wait(failure.retry_after)
        if asked is not None:
            return asked
        return self._uniform(0.0, min(_BACKOFF_CAP_S, _BACKOFF_S * 2 ** (attempt - 1)))

    def _asked_wait(self, retry_after: str | None) -> float | None:
        """Retry-After (RFC 9110 10.2.3) in seconds, None where it says nothing readable."""
        text = (retry_after or "").strip()
        if text.isascii() and text.isdecimal():
            return float(text[:9])
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self._now()).total_seconds())
