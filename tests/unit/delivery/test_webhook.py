"""The webhook over a loopback HTTP server: what is posted, and what each answer means."""

from __future__ import annotations

import errno
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from protocol_assets.delivery import webhook as module
from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.delivery.webhook import Webhook, post

TOKEN = "T0KEN"


class Server(ThreadingHTTPServer):
    """Answers as it is told, and keeps what came."""

    status: int = 200
    location: str = ""
    is_silent: bool = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.came: list[tuple[str, str | None, bytes]] = []

    @property
    def webhook(self) -> Webhook:
        return Webhook(f"http://127.0.0.1:{self.server_port}/services/{TOKEN}?thread=1")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        self.server.came.append((self.path, self.headers["Content-Type"], body))
        if self.server.is_silent:
            return
        self.send_response(self.server.status, "no such chief@hospital.example")
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def refusal(webhook: Webhook) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        post(webhook, "line")
    error = caught.value
    assert TOKEN not in str(error)
    assert "chief@" not in str(error)
    assert error.__context__ is None
    return error


def test_a_line_is_json_with_a_text(server: Server) -> None:
    committed: list[int] = []
    post(server.webhook, "MR 1: größer", commit=lambda: committed.append(len(server.came)))
    ((path, kind, body),) = server.came
    assert (path, kind) == (f"/services/{TOKEN}?thread=1", "application/json")
    assert json.loads(body) == {"text": "MR 1: größer"}
    assert committed == [0], "before it may have been sent"


def test_a_label_calls_nobody_and_links_nowhere(server: Server) -> None:
    post(server.webhook, "<!channel> <https://x.example|MR 1> @all & [a](b) `c` \x1b\u202e more")
    text = json.loads(server.came[0][2])["text"]
    assert not set("<>@&[]`\x1b\u202e") & set(text)


@pytest.mark.parametrize(
    ("status", "kind", "is_passing"),
    [
        (302, "redirect", False),
        (400, "rejected", False),
        (404, "rejected", False),
        (429, "busy", True),
        (500, "busy", True),
        (503, "busy", True),
    ],
)
def test_what_an_answer_means(server: Server, status: int, kind: str, is_passing: bool) -> None:
    server.status = status
    server.location = f"http://127.0.0.1:{server.server_port}/elsewhere"
    error = refusal(server.webhook)
    assert (error.kind, error.is_passing, error.is_unknown) == (kind, is_passing, False)
    assert len(server.came) == 1, "neither followed nor tried again here"


def test_a_full_disk_is_no_fault_of_the_webhook(server: Server) -> None:
    def commit() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        post(server.webhook, "a line", commit=commit)
    assert not server.came


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file or directory"), ("no PEM", "it holds no certificate")]
)
def test_a_file_of_authorities_that_cannot_be_used(
    tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DeliveryError, match=why) as caught:
        post(Webhook("https://hook.example/x", path), "a line")
    assert caught.value.kind == "ca_file"
    assert str(tmp_path) not in str(caught.value)


def test_where_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/{TOKEN}"
    error = refusal(Webhook(url))
    assert (error.kind, error.is_passing) == ("unreachable", True)


def test_no_answer_is_unknown(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.is_silent = True
    assert refusal(server.webhook).is_unknown
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setattr(module, "_TIMEOUT_S", 0.2)
        error = refusal(Webhook(f"http://127.0.0.1:{mute.getsockname()[1]}/{TOKEN}"))
        assert error.is_unknown


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example/T0KEN",
        "http://127.0.0.1.chat.example/T0KEN",
        "ftp://chat.example/T0KEN",
        "https:///T0KEN",
        "T0KEN",
        "",
        "https://chat.example/T0KEN\r\nHost: x",
        "https://chat.example/T0KEN x",
        "https://[::1/T0KEN",
    ],
)
def test_what_would_be_sent_in_the_clear_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="webhook's URL") as caught:
        Webhook(url)
    assert TOKEN not in str(caught.value)


def test_it_does_not_show_its_url() -> None:
    assert TOKEN not in repr(Webhook(f"https://chat.example/{TOKEN}"))
