"""Ways to log in to a PACS: HTTP Basic, a bearer token, OAuth2 client credentials.

A client certificate belongs to the connection and may be combined with any of these. Secrets are
kept here and shown nowhere.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final, Protocol

import orjson
import requests
import urllib3

from protocol_assets.sources.dicomweb.body import BodyError, read_bounded
from protocol_assets.sources.dicomweb.endpoint import ClientGrant, Endpoint
from protocol_assets.sources.dicomweb.transport import guard_session
from protocol_assets.sources.dicomweb.transport_errors import transport_kind
from protocol_assets.sources.errors import Kind

__all__ = ["Basic", "Bearer", "ClientCredentials", "Login", "LoginError", "choose_login"]

_LARGEST_BYTES: Final = 1_000_000
_SHORTEST_LIFE_S: Final = 30.0
_LIFE_S: Final = 300.0
"""Assumed life of a token that reports none (RFC 6749 section 5.1)."""


class LoginError(Exception):
    """No token; ``args`` are a kind of PacsError, an HTTP status or None, and what was wrong."""


class Login(Protocol):
    """Makes the Authorization header."""

    def header(self) -> str:
        """The header's value.

        Raises:
            LoginError: None can be had.
        """
        ...

    def renew(self, refused: str) -> bool:
        """Whether another header than the ``refused`` one can be had; called after a 401."""
        ...


@dataclass(frozen=True)
class Basic:
    """HTTP Basic (RFC 7617) in UTF-8; requests would encode as Latin-1."""

    username: str
    password: str = field(repr=False)

    def header(self) -> str:
        """The header's value."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {b64encode(pair).decode()}"

    def renew(self, refused: str) -> bool:  # noqa: ARG002  -- of the protocol
        """Never: trying again would lock the account."""
        return False


class Bearer:
    """A token (RFC 6750) that is read again when it is refused: mounted tokens are replaced.

    Args:
        read: Gives the token as it is now.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._header = f"Bearer {read()}"

    def header(self) -> str:
        """The header's value."""
        return self._header

    def renew(self, refused: str) -> bool:
        """Whether the token is another by now."""
        self._header = f"Bearer {self._read()}"
        return self._header != refused


class ClientCredentials:
    """OAuth2 client credentials (RFC 6749 section 4.4); renewed before its end and when refused.

    Args:
        session: Sends the request for a token, guarded as the PACS's own session is.
        grant: Sent as HTTP Basic, which every server must take (section 2.3.1).
        timeout_s: Longest silence of the token endpoint.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        session: requests.Session,
        grant: ClientGrant,
        timeout_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._url, self._scope = session, grant.token_url, grant.scope
        self._basic = Basic(grant.client_id, grant.client_secret)
        self._timeout_s, self._clock = timeout_s, clock
        self._lock = threading.Lock()
        self._header = ""
        self._ends_at = 0.0

    def header(self) -> str:
        """The header's value; fetched where there is none or it is about to end.

        Raises:
            LoginError: The token endpoint gave none.
        """
        with self._lock:
            if not self._header or self._clock() >= self._ends_at:
                token, life_s = self._fetch()
                self._header = f"Bearer {token}"
                self._ends_at = self._clock() + max(_SHORTEST_LIFE_S, 0.8 * life_s)
            return self._header

    def renew(self, refused: str) -> bool:
        """Always once: the token may have been revoked before its end."""
        with self._lock:
            if self._header == refused:
                self._header = ""
            return True

    def _fetch(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"} | (
            {"scope": self._scope} if self._scope else {}
        )
        try:
            response = self._session.post(
                self._url,
                data=form,
                headers={"Authorization": self._basic.header(), "Accept": "application/json"},
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            )
            with response:
                body = read_bounded(
                    lambda size: response.raw.read(size, decode_content=True), _LARGEST_BYTES
                )
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            failed, _, detail = transport_kind(error)
            raise LoginError(failed, None, f"{_WHERE}, {detail}" if detail else _WHERE) from None
        except BodyError:
            raise LoginError("too_large", response.status_code, _WHERE) from None
        if response.status_code != 200:
            kind: Kind = "unauthorized" if response.status_code in (400, 401, 403) else "bad_status"
            raise LoginError(kind, response.status_code, _WHERE)
        return _token_of(body)


_WHERE: Final = "at the token endpoint"


def _token_of(body: bytes) -> tuple[str, float]:
    """Token and seconds of life from the answer of RFC 6749 section 5.1."""
    try:
        answer = orjson.loads(body)
        token = answer["access_token"]
        if str(answer.get("token_type", "bearer")).lower() != "bearer":
            raise LoginError("unauthorized", 200, "the token is no bearer token")
        if not isinstance(token, str) or not token or not token.isascii() or " " in token:
            raise LoginError("unauthorized", 200, "the token endpoint gave no token")
        return token, float(answer.get("expires_in", _LIFE_S))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise LoginError("unauthorized", 200, "the token endpoint gave no token") from None


def choose_login(endpoint: Endpoint) -> Login | None:
    """The way that the configuration names to log in to a PACS; None if it names none."""
    if endpoint.oauth is not None:
        session = requests.Session()
        guard_session(session, endpoint)
        return ClientCredentials(session, endpoint.oauth, endpoint.request_timeout_s)
    if endpoint.token is not None:
        token = endpoint.token
        return Bearer(endpoint.read_token or (lambda: token))
    if endpoint.username is not None:
        return Basic(endpoint.username, endpoint.password or "")
    return None
