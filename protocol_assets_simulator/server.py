"""The simulated PACS: the fleet over real HTTP on loopback, as QIDO-RS and WADO-RS metadata."""

from __future__ import annotations

import base64
import gzip
import hmac
import re
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

import orjson

from protocol_assets_simulator import qido
from protocol_assets_simulator.archive import Archive
from protocol_assets_simulator.encode import serialise
from protocol_assets_simulator.fleet import Fleet

DICOM_JSON: Final = "application/dicom+json"
_ACCEPTABLE: Final = frozenset({"*/*", "application/*", DICOM_JSON, "application/json"})
_UID: Final = r"[0-9.]{1,64}"
_ROOT: Final = re.compile(r"(?:/([a-z0-9_-]+))?/dicom-web/(.+)")
_ALL_SERIES: Final = re.compile(rf"(?:studies/(?P<study>{_UID})/)?series")
_METADATA: Final = re.compile(rf"studies/(?P<study>{_UID})(?:/series/(?P<series>{_UID}))?/metadata")
_IDLE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Request:
    """A GET request: decoded path, query string as sent, headers without regard to case."""

    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: status, headers (Content-Length is added) and the body as sent."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class SimulatedPacs:
    """A DICOMweb PACS on 127.0.0.1, with a root for all sites and one for each.

    Use it as a context manager, which serves from a thread, or call `serve_forever`. Subclasses
    replace `respond` to alter any answer, and `send` to put anything at all on the wire.

    Args:
        fleet: What the PACS holds.
        port: TCP port, 0 for a free one.
        username: With `password`: Basic authentication is required.
        password: See `username`.
        token: Bearer authentication is required (or Basic, where both are given).
        as_of: The day it is: studies that arrive later are unknown. None for the end of time. It
            is an attribute too, which may be moved on while the PACS serves.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        fleet: Fleet,
        port: int = 0,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        as_of: date | None = None,
    ) -> None:
        self.fleet = fleet
        self.as_of = as_of
        self._credentials: list[str] = []
        if username is not None:
            pair = f"{username}:{password or ''}".encode()
            self._credentials.append(f"Basic {base64.b64encode(pair).decode()}")
        if token is not None:
            self._credentials.append(f"Bearer {token}")
        self._server = _Server(self, port)
        self._thread: threading.Thread | None = None

    def url(self, site: str | None = None) -> str:
        """The DICOMweb root of one site, or of all together.

        Raises:
            KeyError: The fleet has no such site.
        """
        if site is not None and site not in self.fleet.sites:
            raise KeyError(f"the fleet has no site {site!r}; it has {', '.join(self.fleet.sites)}")
        prefix = "" if site is None else f"/{site}"
        return f"http://127.0.0.1:{self._server.server_address[1]}{prefix}/dicom-web"

    def __enter__(self) -> Self:
        """Serve from a background thread."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulated-pacs", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop serving and close every connection."""
        self._server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self._server.close()

    def serve_forever(self) -> None:
        """Serve from this thread until interrupted, then close every connection."""
        try:
            self._server.serve_forever()
        finally:
            self._server.close()

    def respond(self, request: Request) -> Answer:
        """The answer to a request; compressed where the client accepts gzip."""
        return _compressed(self._respond(request), request)

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        """Write an answer to the connection (`handler.wfile`, `handler.connection`)."""
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)

    def _respond(self, request: Request) -> Answer:
        if not self._authorised(request):
            challenge = ", ".join(f'{c.split()[0]} realm="pacs"' for c in self._credentials)
            return _problem(401, "credentials are required", {"WWW-Authenticate": challenge})
        root = _ROOT.fullmatch(request.path)
        site = root[1] if root else None
        if root is None or (site is not None and site not in self.fleet.sites):
            return _problem(404, "no such resource")
        if not _accepts(request.headers.get("Accept", "*/*")):
            return _problem(406, f"only {DICOM_JSON} is served")
        try:
            return self._resource(root[2], site, request.query)
        except qido.BadQueryError as error:
            return _problem(400, str(error))

    def _resource(self, path: str, site: str | None, query_string: str) -> Answer:
        base = self.url(site)
        archive = Archive(self.fleet, site, self.as_of)
        if metadata := _METADATA.fullmatch(path):
            return _metadata(archive, metadata["study"], metadata["series"], base)
        if path == "studies":
            query = qido.parse(query_string, "study")
            found = qido.search_studies(archive, query, base)
        elif series := _ALL_SERIES.fullmatch(path):
            query = qido.parse(query_string, "series")
            found = qido.search_series(archive, query, base, series["study"])
        else:
            return _problem(404, "no such resource")
        return _data_sets(orjson.dumps(found), query)

    def _authorised(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        return not self._credentials or any(
            hmac.compare_digest(given, wanted.encode()) for wanted in self._credentials
        )


def _metadata(archive: Archive, study_uid: str, series_uid: str | None, base: str) -> Answer:
    study = archive.study(study_uid)
    if study is None:
        return _problem(404, "no such study")
    scans = archive.fleet.scans(study)
    if series_uid is not None:
        scans = tuple(scan for scan in scans if scan.series_uid == series_uid)
        if not scans:
            return _problem(404, "no such series")
    instances = chain.from_iterable(serialise(scan, base) for scan in scans)
    return _data_sets(b"[" + b",".join(instances) + b"]")


def _data_sets(body: bytes, query: qido.Query | None = None) -> Answer:
    headers = {"Content-Type": DICOM_JSON}
    if query is not None and query.ignored:
        headers["Warning"] = '299 simulator: "a matching key is not supported and was ignored"'
    return Answer(200, body, headers)


def _problem(status: int, reason: str, headers: dict[str, str] | None = None) -> Answer:
    content = {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}
    return Answer(status, f"{reason}\n".encode(), content)


def _accepts(accept: str) -> bool:
    ranges = (part.split(";")[0].strip().lower() for part in accept.split(","))
    return not _ACCEPTABLE.isdisjoint(ranges)


def _compressed(answer: Answer, request: Request) -> Answer:
    codings = request.headers.get("Accept-Encoding", "").replace(" ", "").lower().split(",")
    if "gzip" not in (coding for coding in codings if not coding.endswith(";q=0")):
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Answer(answer.status, gzip.compress(answer.body, 1, mtime=0), headers)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SimulatedPacs"
    sys_version = ""
    timeout = _IDLE_S
    # headers and body are two writes; without this each answer waits for an acknowledgement
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        pacs = self.server.pacs
        request = Request(unquote(path), query, self.headers)  # type: ignore[arg-type]
        pacs.send(self, pacs.respond(request))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  -- inherited
        """Nothing: a DICOMweb URL identifies a patient."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pacs: SimulatedPacs, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.pacs = pacs
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away; a traceback of anything else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Close the listening socket, and every connection so that its thread ends."""
        self.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
