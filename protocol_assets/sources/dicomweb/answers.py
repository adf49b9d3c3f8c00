"""One answer of a PACS: its result, and the response that dicomweb-client gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests

from protocol_assets.sources.dicomweb.body import Row, inflate, parse_objects, read_bounded
from protocol_assets.sources.errors import Kind

__all__ = ["Answer", "Failure", "Message", "ObjectsResponse", "asked_wait", "judge", "read"]

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
_BLANK: Final = 16
"""Bytes of white space that still count as an empty body."""
_RETRIED_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
_RETRIED_KINDS: Final = frozenset({"unreachable", "timeout", "interrupted"})
_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_DATE: Final = re.compile(
    r"\b[A-Za-z]{3,9},? +(?:[0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{2,4}|[A-Za-z]{3} +[0-9]{1,2})"
    r" +[0-9:]{8}(?: +(?:[0-9]{4}|GMT|UTC|[+-][0-9]{4}))?",
    re.ASCII,
)
"""The three forms of RFC 9110 section 5.6.7."""
_MORE_RESULTS: Final = re.compile(r"299.*(result|exceed|limit|maximum)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """Properties of the last good answer, besides its rows.

    Attributes:
        warned: Its Warning header reports further results (PS3.18 8.3.4.4).
        compressed: It came compressed.
        tries: Requests that it took.
        received: Bytes over the wire.
        etag: Its strong ETag (RFC 9110 8.8.3); empty if it has none.
        unchanged: Status 304: the ETag of If-None-Match is still valid; there are no rows.
    """

    warned: bool = False
    compressed: bool = False
    tries: int = 0
    received: int = 0
    etag: str = ""
    unchanged: bool = False


@dataclass(frozen=True)
class Failure:
    """A request without a usable answer.

    Attributes:
        kind: What went wrong.
        status: HTTP status; None if none came.
        detail: More, free of identifiers.
        retry_after: The header as it was sent.
    """

    kind: Kind
    status: int | None = None
    detail: str | None = None
    retry_after: str | None = None

    @property
    def may_pass(self) -> bool:
        """Whether another try may succeed."""
        if self.status is not None and self.status != 200:
            return self.status in _RETRIED_STATUSES
        return self.kind in _RETRIED_KINDS


class ObjectsResponse(requests.Response):
    """An answer already read and checked; ``json`` hands on what was taken of it."""

    def __init__(self, request: requests.PreparedRequest, rows: list[Any], answer: Answer) -> None:
        super().__init__()
        self.status_code = 200
        self.request = request
        self.answer = answer
        self._content = b"[]"  # dicomweb-client only asks whether there is any
        self._rows = rows

    def json(self, **_: Any) -> list[Any]:
        """What was taken of each object."""
        return self._rows


@dataclass(frozen=True)
class Message:
    """An answer as it came over the wire: the connection is free for the next request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read(response: requests.Response, limit: int) -> Message | Failure:
    """Reads an answer within ``limit`` bytes; only of a good one the body.

    Raises:
        BodyError: It is too large.
    """
    status, headers = response.status_code, response.headers
    if status != 200:
        return Message(status, headers, b"")
    declared = headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > limit:
        return Failure("too_large", 200)
    raw = response.raw
    body = read_bounded(lambda size: raw.read(size, decode_content=False), limit)
    if not body and not declared and not _ends_by_itself(response):
        return Failure("interrupted", 200, "an empty answer that states no length")
    return Message(status, headers, body)


def _ends_by_itself(response: requests.Response) -> bool:
    """Whether an answer without Content-Length marks its end, so that a cut is noticed.

    A chunked one does (RFC 9112 section 7.1); HTTP/1.0 knows no other end than the connection's.
    """
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    return chunked or response.raw.version == 10


def judge(
    request: requests.PreparedRequest,
    message: Message,
    tries: int,
    limit: int,
    take: Callable[[Row], Any],
) -> ObjectsResponse | Failure:
    """Takes an answer, of each of its objects what ``take`` gives, or refuses it.

    An empty body has no objects: PS3.18 section 8.6.2 allows it where nothing matches a search.

    Raises:
        BodyError: Its body cannot be used.
    """
    status, headers = message.status, message.headers
    encoding = headers.get("Content-Encoding", "")
    rows: list[Any] = []
    if status == 200:
        body = inflate(message.body, encoding, limit)
        rows = parse_objects(body, take) if body[:_BLANK].strip() or body[_BLANK:] else []
    elif status == 304 and "If-None-Match" not in request.headers:
        return Failure("bad_status", 304)
    elif 300 <= status < 400 and status != 304:
        return Failure("redirect", status)
    elif status not in (204, 304):
        kind = _STATUS_KINDS.get(status, "bad_status")
        return Failure(kind, status, None, headers.get("Retry-After"))
    answer = Answer(
        warned=_MORE_RESULTS.search(headers.get("Warning", "")) is not None,
        compressed=bool(encoding),
        tries=tries,
        received=len(message.body),
        etag=_strong(headers.get("ETag", "")),
        unchanged=status == 304,
    )
    return ObjectsResponse(request, rows, answer)


def _strong(etag: str) -> str:
    """The ETag where it promises the same bytes and may be sent back as it is."""
    is_fit = len(etag) <= 256 and etag.isascii() and etag.isprintable()
    return etag if is_fit and etag.startswith('"') and etag.endswith('"') else ""


def asked_wait(retry_after: str | None, now: datetime) -> float | None:
    """Retry-After (RFC 9110 10.2.3) in seconds; None if it says nothing readable.

    Several headers come as one with commas between; the longest wait counts. A number with a
    decimal point is read as well.
    """
    text = retry_after or ""
    waits = [wait for one in _DATE.findall(text) if (wait := _until(one, now)) is not None]
    parts = (part.strip() for part in _DATE.sub("", text).split(","))
    waits += [float(part) for part in parts if _SECONDS.fullmatch(part)]
    return max(waits, default=None)


def _until(date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
