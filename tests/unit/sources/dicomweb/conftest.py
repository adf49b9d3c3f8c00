"""A PACS that misbehaves on demand, on loopback."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint

DAY = "20240305"
ROOT = "1.2.826.0.1.3680043.9.7777"


@dataclass
class Request:
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass
class Reply:
    status: int = 200
    body: Any = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    # Writes to the socket by itself in place of all the above.
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Study:
    uid: str
    time: str | None = "090000"
    day: str = DAY
    modalities: Any = ("MR",)
    instances: Any = 4
    series: Any = 2
    tells_counts: bool = True

    def row(self) -> dict[str, Any]:
        values: dict[str, tuple[str, Any]] = {
            "00080020": ("DA", self.day),
            "00080030": ("TM", self.time),
            "00080061": ("CS", self.modalities),
            "00100010": ("PN", {"Alphabetic": "CANARY^NAME"}),
            "00100020": ("LO", "CANARY-PATIENT"),
            "0020000D": ("UI", self.uid),
            "00201206": ("IS", self.series),
            "00201208": ("IS", self.instances),
        }
        row: dict[str, Any] = {}
        for tag, (vr, value) in values.items():
            if value is not None and (self.tells_counts or tag[:6] != "002012"):
                is_list = isinstance(value, list | tuple)
                row[tag] = {"vr": vr, "Value": list(value) if is_list else [value]}
        return row

    def metadata(self) -> list[dict[str, Any]]:
        return [
            {
                "00080018": {"vr": "UI", "Value": [f"{self.uid}.{1 + i % self.series}.{i}"]},
                "00080060": {"vr": "CS", "Value": ["MR"]},
                "00180080": {"vr": "DS", "Value": [500.0]},
                "0020000D": {"vr": "UI", "Value": [self.uid]},
                "0020000E": {"vr": "UI", "Value": [f"{self.uid}.{1 + i % self.series}"]},
            }
            for i in range(self.instances)
        ]


@dataclass
class Archive:
    """A QIDO-RS and WADO-RS server over ``studies``, with the quirks of real ones."""

    studies: list[Study] = field(default_factory=list)
    cap: int | None = None  # LimitFindResults: cap + 1 rows of any query, whatever the offset
    page_cap: int | None = None
    ignores_offset: bool = False
    ignores_limit: bool = False
    ignores_date: bool = False
    ignores_time: bool = False
    finds_nothing_by_time: bool = False
    refuses_time: bool = False
    refuses_includefield: bool = False
    warns: bool = False  # where it holds more than it sends
    more: bool = field(default=False, init=False)
    empty_is_204: bool = False
    offers_study_metadata: bool = True

    def find(self, filters: dict[str, str], limit: int, offset: int) -> list[dict[str, Any]]:
        found = whole = [study for study in self.studies if self._matches(study, filters)]
        if self.cap is not None:
            found = found[: self.cap + 1]
        if not self.ignores_offset:
            found = found[offset:]
        if not self.ignores_limit:
            found = found[: min(limit, self.page_cap or limit)]
        self.more = offset + len(found) < len(whole)
        return [study.row() for study in found]

    def _matches(self, study: Study, filters: dict[str, str]) -> bool:
        day, time = filters.get("StudyDate"), filters.get("StudyTime")
        if day and not self.ignores_date:
            first, _, last = day.partition("-")
            if not first <= study.day <= (last or first):
                return False
        if filters.get("StudyInstanceUID", study.uid) != study.uid:
            return False
        if time and self.finds_nothing_by_time:
            return False
        if time and not self.ignores_time:
            low, high = time.split("-")  # compared as text, as some servers do
            return study.time is not None and low <= study.time <= high
        return True

    def __call__(self, request: Request) -> Reply:
        parts = [unquote(part) for part in request.path.strip("/").split("/")][1:]
        if parts == ["studies"]:
            return self._qido(request)
        study = next((study for study in self.studies if study.uid == parts[1]), None)
        if study is None:
            return Reply(404)
        if parts[2:] == ["metadata"]:
            return Reply(body=study.metadata()) if self.offers_study_metadata else Reply(404)
        series = sorted({row["0020000E"]["Value"][0] for row in study.metadata()})
        if parts[2:] == ["series"]:
            rows = [{"0020000E": {"vr": "UI", "Value": [uid]}} for uid in series]
            return Reply(body=rows[int(request.one("offset", "0")) :])
        rows = [row for row in study.metadata() if row["0020000E"]["Value"] == [parts[3]]]
        if parts[4:] == ["instances"]:
            first = int(request.one("offset", "0"))
            return Reply(body=rows[first : first + int(request.one("limit"))])
        if parts[4] == "instances":
            rows = [row for row in rows if row["00080018"]["Value"] == [parts[5]]]
        return Reply(body=rows) if rows else Reply(404)

    def _qido(self, request: Request) -> Reply:
        filters = {name: values[0] for name, values in request.query.items()}
        if self.refuses_time and "StudyTime" in filters:
            return Reply(400)
        if self.refuses_includefield and "includefield" in filters:
            return Reply(400)
        rows = self.find(filters, int(filters["limit"]), int(filters["offset"]))
        if not rows and self.empty_is_204:
            return Reply(204, b"")
        headers = (
            {"Warning": '299 pacs "additional results: CANARY^NAME"'}
            if self.warns and self.more
            else {}
        )
        return Reply(body=rows, headers=headers)


class FaultyPacs:
    """The server. ``answer`` decides every reply; requests are kept in ``requests``."""

    def __init__(self) -> None:
        self.answer: Callable[[Request], Reply] = Archive()
        self.requests: list[Request] = []
        self.connections = 0
        self.released = threading.Event()  # set when hanging handlers must end
        pacs = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 3
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                request = Request(url.path, parse_qs(url.query), dict(self.headers.items()))
                pacs.requests.append(request)
                reply = pacs.answer(request)
                if reply.raw is not None:
                    reply.raw(self)
                    self.close_connection = True
                    return
                body = reply.encoded()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in reply.headers and reply.status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False

            def get_request(self) -> Any:
                pacs.connections += 1
                return super().get_request()

            def handle_error(self, *_: Any) -> None:
                pass  # a client that gave up

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/dicom-web"

    def answers(self, *replies: Reply) -> None:
        """These replies in turn, the last one for ever."""
        left = list(replies)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def secure(self, context: ssl.SSLContext) -> None:
        """Speaks TLS from the next connection on."""
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def new_archive() -> type[Archive]:
    return Archive


@pytest.fixture
def new_study() -> Callable[..., Study]:
    """``new_study(3)`` is a study whose UID ends in 3."""
    return lambda number, **changes: Study(f"{ROOT}.{number}", **changes)


@pytest.fixture
def studies(pacs: Any, archive: Any, new_study: Callable[..., Any]) -> list[Any]:
    """Seven studies of the day, held by the server."""
    archive.studies = [new_study(i, time=f"{8 + i:02}0000") for i in range(7)]
    pacs.answer = archive
    held: list[Any] = archive.studies
    return held


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def pacs() -> Iterator[FaultyPacs]:
    server = FaultyPacs()
    yield server
    server.close()


@pytest.fixture
def slept() -> list[float]:
    """The waits between tries; none is waited for."""
    return []


@pytest.fixture
def new_client(pacs: FaultyPacs, slept: list[float]) -> Iterator[Callable[..., PacsClient]]:
    """Makes clients of ``pacs`` with small limits; arguments change the endpoint."""
    made: list[PacsClient] = []

    def make(**changes: Any) -> PacsClient:
        options: dict[str, Any] = {"request_timeout_s": 5.0, "deadline_s": 100.0, "page_size": 5}
        endpoint = Endpoint(**{"name": "main", "url": pacs.url, **options, **changes})
        made.append(PacsClient(endpoint, sleep=slept.append))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(autouse=True)
def nothing_identifying_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test provokes, no log record may hold a UID, a name or a query."""
    caplog.set_level("DEBUG")
    yield
    for record in caplog.get_records("setup") + caplog.get_records("call"):
        text = record.getMessage() + (record.exc_text or "")
        assert ROOT not in text
        assert "CANARY" not in text
        assert DAY not in text
