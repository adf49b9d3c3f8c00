"""One request and its answer over the wire, within a deadline and without library errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final

import requests
import urllib3

from protocol_assets.sources.dicomweb.answers import Failure, Message, ObjectsResponse, judge, read
from protocol_assets.sources.dicomweb.body import BodyError, Row
from protocol_assets.sources.dicomweb.login import Login, LoginError
from protocol_assets.sources.dicomweb.transport import Reading, kept_deadline
from protocol_assets.sources.dicomweb.transport_errors import transport_kind

__all__ = ["Exchanger", "Send"]

Send = Callable[[requests.PreparedRequest, float], requests.Response]
"""Sends a request; no read may take more than so many seconds."""

_DRAIN_BYTES: Final = 65_536


@dataclass(frozen=True)
class Exchanger:
    """Exchanges one request for one answer.

    Attributes:
        send: Sends a request and reads the head of the answer.
        timeout_s: Longest wait for a read.
        limit: Most bytes of a body.
        clock: Monotonic seconds.
        reading: Ends the reads of all threads when the session is stopped.
        login: Authorises the requests; None if the PACS needs no login.
    """

    send: Send
    timeout_s: float
    limit: int
    clock: Callable[[], float]
    reading: Reading
    login: Login | None

    def exchange(self, request: requests.PreparedRequest, ends_at: float) -> Message | Failure:
        """Send one request. Errors of libraries end here, because they contain the URL."""
        left = ends_at - self.clock()
        if left <= 0:
            return Failure("timeout")
        try:
            with kept_deadline(self.timeout_s, ends_at, self.clock, self.reading):
                if self.login is not None:
                    request.headers["Authorization"] = self.login.header()
                response = self.send(request, min(self.timeout_s, left))
                try:
                    return read(response, self.limit)
                finally:
                    _give_back(response)
        except LoginError as problem:
            return Failure(*problem.args)
        except BodyError as problem:
            return Failure(problem.args[0], 200, problem.args[1])
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            return Failure(*transport_kind(error))

    def judge(
        self,
        request: requests.PreparedRequest,
        message: Message | Failure,
        tries: int,
        take: Callable[[Row], Any],
    ) -> ObjectsResponse | Failure:
        """What a message comes to.

        Args:
            request: What it answers.
            message: From ``exchange``.
            tries: Requests that it took.
            take: Applied to each object.
        """
        if isinstance(message, Failure):
            return message
        try:
            return judge(request, message, tries, self.limit, take)
        except BodyError as problem:
            return Failure(problem.args[0], 200, problem.args[1])


def _give_back(response: requests.Response) -> None:
    """Return the connection to the pool if little is left to read, otherwise close it.

    Unread bytes would be taken for the next answer.
    """
    try:
        rest = response.raw.read(_DRAIN_BYTES, decode_content=False)
        if len(rest) == _DRAIN_BYTES:
            response.raw.close()
    except (urllib3.exceptions.HTTPError, HTTPException, OSError):
        response.raw.close()
    response.raw.release_conn()
