"""The guard in front of Dagster's web server, as ASGI middleware.

It decides by what a browser always sends and a foreign page cannot forge: the Host, the Origin, the
method and the content type. Every request that is not known to be harmless is refused.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from protocol_assets.faults import explain_os_error
from protocol_assets.webserver.audit import AuditLog, Outcome
from protocol_assets.webserver.changes import Change, UnreadableRequestError, read_request
from protocol_assets.webserver.origins import Origins

__all__ = ["GRAPHQL", "MAX_BODY", "ROLE_HEADER", "USER_HEADER", "Guard", "Role"]

GRAPHQL: Final = "/graphql"
USER_HEADER: Final = "x-protocol-assets-user"
ROLE_HEADER: Final = "x-protocol-assets-role"
MAX_BODY: Final = 4 * 1024 * 1024
"""Maximum size of a request. A backfill of ten years and four PACS takes 400 KB."""

_LOCAL_USER: Final = "local"
_LONGEST_USER: Final = 256
_READING: Final = frozenset({"GET", "HEAD"})
_ALLOW: Final = {"Allow": "GET, HEAD, POST"}
_SECURITY_HEADERS: Final = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_LOGGER = logging.getLogger("dagster-webserver")  # which the log format is set for


class Role(StrEnum):
    """What the users of one web server may do."""

    VIEWER = "viewer"
    ENGINEER = "engineer"


class _Refusal(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuses requests that our own pages never send, and records every change.

    Attributes:
        app: Dagster's application.
        origins: The addresses under which browsers use it.
        role: The role of everyone who reaches this server.
        audit: The log of changes.
        is_behind_proxy: Whether only a proxy reaches this server and names the user. Otherwise the
            user is ``local``, and a header that names a user is ignored.
    """

    app: ASGIApp
    origins: Origins
    role: Role
    audit: AuditLog
    is_behind_proxy: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            user = self._check(scope)
            if scope["type"] == "http" and scope["method"] == "POST":
                scope, receive = await self._admit_post(scope, receive, user)
        except _Refusal as refusal:
            _LOGGER.warning("refused: %s", refusal.reason)
            await _refuse(scope, send, refusal)
            return
        await self.app(scope, receive, _with_headers(send))

    def _check(self, scope: Scope) -> str:
        """Check a request and return its user.

        Raises:
            _Refusal: The request is not allowed.
        """
        headers = Headers(scope=scope)
        host = _single(headers, "host")
        if host is None or not self.origins.is_host_allowed(host):
            raise _Refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this address is not the web server's; allow it with --origin if it should be",
            )
        origin = _single(headers, "origin")
        if origin is not None and not self.origins.is_own(origin, host):
            raise _Refusal(HTTPStatus.FORBIDDEN, "the request comes from a page of another site")
        reads = scope["type"] == "http" and scope["method"] in _READING
        if scope["type"] == "http" and not reads and scope["method"] != "POST":
            raise _Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "only GET, HEAD and POST are answered")
        if origin is None and not reads:
            raise _Refusal(HTTPStatus.FORBIDDEN, "a POST or WebSocket request needs an Origin")
        if reads and scope["path"].strip("/ \t\r\n") == GRAPHQL.strip("/"):
            raise _Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "GraphQL is available by POST only")
        if scope["type"] == "websocket" and scope["path"] != GRAPHQL:
            raise _Refusal(HTTPStatus.NOT_FOUND, "there is no WebSocket at this path")
        return self._user(headers)

    def _user(self, headers: Headers) -> str:
        if not self.is_behind_proxy:
            return _LOCAL_USER
        user = _single(headers, USER_HEADER)
        if not user or len(user) > _LONGEST_USER or _single(headers, ROLE_HEADER) != self.role:
            raise _Refusal(HTTPStatus.FORBIDDEN, "the proxy names no user with this server's role")
        return user

    async def _admit_post(self, scope: Scope, receive: Receive, user: str) -> tuple[Scope, Receive]:
        """Check a POST and return it as it is passed on."""
        headers = Headers(scope=scope)
        if scope["path"] != GRAPHQL:
            raise _Refusal(HTTPStatus.NOT_FOUND, "POST is available for GraphQL only")
        if not _is_json(_single(headers, "content-type")) or "content-encoding" in headers:
            raise _Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the Content-Type must be application/json"
            )
        try:
            request = read_request(await _body(receive))
        except UnreadableRequestError as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, str(error)) from None
        if request.change is not None:
            await self._admit_change(user, request.change)
        passed = [pair for pair in scope["headers"] if pair[0] not in _REWRITTEN]
        passed += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(request.body)).encode()),
        ]
        return (
            {**scope, "headers": passed, "query_string": b""},
            _replay(request.body, receive),
        )

    async def _admit_change(self, user: str, change: Change) -> None:
        allowed = self.role is Role.ENGINEER
        outcome: Outcome = "accepted" if allowed else "refused"
        try:
            await run_in_threadpool(
                self.audit.write, user=user, role=self.role, outcome=outcome, change=change
            )
        except OSError as error:
            why = explain_os_error(error) or "the operating system refused the operation"
            raise _Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"the audit log cannot be written, so nothing was changed: {why}",
            ) from None
        if not allowed:
            raise _Refusal(
                HTTPStatus.FORBIDDEN, "viewers cannot change anything; ask for the role engineer"
            )


_REWRITTEN: Final = frozenset({b"content-type", b"content-length", b"transfer-encoding"})


def _single(headers: Headers, name: str) -> str | None:
    """Return the value of a header that may occur once.

    Raises:
        _Refusal: It occurs twice, so two readers could use different values.
    """
    values = headers.getlist(name)
    if len(values) > 1:
        raise _Refusal(HTTPStatus.BAD_REQUEST, f"the header {name} occurs more than once")
    return values[0] if values else None


def _is_json(content_type: str | None) -> bool:
    media, _, parameters = (content_type or "").lower().partition(";")
    return media.strip() == "application/json" and parameters.strip() in {"", "charset=utf-8"}


async def _body(receive: Receive) -> bytes:
    """Read the whole body, up to the maximum size."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the client closed the connection")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise _Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the request is larger than {MAX_BODY // 1024 // 1024} MiB",
            )
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a reader that delivers the body again, and then what the client sends."""
    pending: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def read() -> Message:
        message = next(pending, None)
        return message if message is not None else await receive()

    return read


def _with_headers(send: Send) -> Send:
    async def write(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY_HEADERS.items():
                headers[name] = value
            # Dagster's page has its own policy too; a browser applies both.
            headers.append("Content-Security-Policy", "frame-ancestors 'none'")
        await send(message)

    return write


async def _refuse(scope: Scope, send: Send, refusal: _Refusal) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.reason})
        return
    body = json.dumps({"errors": [{"message": refusal.reason}]}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    if refusal.status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers |= _ALLOW
    start = {
        "type": "http.response.start",
        "status": int(refusal.status),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await _with_headers(send)(start)
    await send({"type": "http.response.body", "body": body})
