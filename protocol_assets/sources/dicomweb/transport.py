"""The HTTP connection below the session: every read ends by a deadline.

A timeout of the standard library is per read, so a server that drips a byte a second holds a
client forever. Here the deadline is checked at the socket, headers and chunk marks included.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.transport_errors import (
    UnusableFileError,
    unusable_certificates,
)

__all__ = ["DeadlineAdapter", "Reading", "guard_session", "kept_deadline", "silence_libraries"]

# These name URLs, query strings and UIDs, in some warnings too ("Failed to parse headers (url=").
_TALKATIVE = (
    "dicomweb_client.web",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.response",
    "urllib3.util.retry",
    "retrying",
)


class Reading:
    """The sockets that threads read at the moment, so that another thread can end it."""

    def __init__(self) -> None:
        self._by_thread: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        self._has_ended = False

    def begin(self, sock: socket.socket) -> None:
        """This thread reads a socket.

        Raises:
            TimeoutError: All reading has been ended.
        """
        with self._lock:
            if self._has_ended:
                raise TimeoutError("stopped")
            self._by_thread[threading.get_ident()] = sock

    def done(self) -> None:
        """This thread reads no longer."""
        with self._lock:
            self._by_thread.pop(threading.get_ident(), None)

    def end(self) -> None:
        """Ends what is being read, and lets nothing begin."""
        with self._lock:
            self._has_ended = True
            for sock in self._by_thread.values():
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class _Limits(threading.local):
    """Limits of the request that this thread makes: longest silence, end by ``clock``."""

    idle_s: float = 60.0
    ends_at: float = float("inf")
    clock: Callable[[], float] = staticmethod(time.monotonic)
    reading: Reading | None = None


_limits = _Limits()


@contextlib.contextmanager
def kept_deadline(
    idle_s: float, ends_at: float, clock: Callable[[], float], reading: Reading
) -> Iterator[None]:
    """Within, every read of this thread ends by ``ends_at`` (as ``clock`` tells it)."""
    _limits.idle_s, _limits.ends_at, _limits.clock = idle_s, ends_at, clock
    _limits.reading = reading
    try:
        yield
    finally:
        reading.done()
        _limits.__dict__.clear()


class _DeadlineReader(io.RawIOBase):
    def __init__(self, raw: Any, sock: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _limits.ends_at - _limits.clock()
        if left <= 0:
            raise TimeoutError("deadline")
        self._sock.settimeout(min(left, _limits.idle_s))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        if _limits.reading is not None:
            _limits.reading.begin(sock)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_DeadlineReader(raw, sock))


class _Connection(HTTPConnection):
    response_class = _DeadlineResponse


class _SecureConnection(HTTPSConnection):
    response_class = _DeadlineResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class DeadlineAdapter(HTTPAdapter):
    """Connections whose reads keep to ``kept_deadline``; at most ``workers`` of them."""

    def __init__(self, workers: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=workers, max_retries=0, pool_block=True)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        """Called by requests, also when a session is unpickled."""
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **options
        )
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def close(self) -> None:
        """Closes idle connections now; urllib3 would leave them to the garbage collector."""
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118  # the container forbids plain iteration
            pools[key].close()
        super().close()


def guard_session(session: requests.Session, endpoint: Endpoint) -> None:
    """TLS verified, nothing taken from the environment, every read within its deadline.

    Raises:
        UnusableFileError: A file named by ``endpoint`` is not there or cannot be used.
    """
    for what, path in (
        ("ca_file", endpoint.ca_file),
        ("client_cert_file", endpoint.client_cert_file),
        ("client_key_file", endpoint.client_key_file),
    ):
        if path is not None and not path.is_file():
            raise UnusableFileError(f"pacs {endpoint.name}: {what} is not there; name a PEM file")
    if problem := unusable_certificates(endpoint):
        raise UnusableFileError(f"pacs {endpoint.name}: {problem}")
    session.trust_env = False
    session.verify = str(endpoint.ca_file) if endpoint.ca_file else True
    if endpoint.client_cert_file is not None:
        key = endpoint.client_key_file or endpoint.client_cert_file
        session.cert = (str(endpoint.client_cert_file), str(key))
    adapter = DeadlineAdapter(endpoint.workers)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


class _ErrorsOnly(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR


_ERRORS_ONLY = _ErrorsOnly()


def silence_libraries() -> None:
    """Keeps URLs out of every log: the libraries below us say nothing short of an error."""
    for family in ("dicomweb_client", "urllib3", "retrying"):
        logging.getLogger(family).setLevel(logging.WARNING)
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_ERRORS_ONLY)
