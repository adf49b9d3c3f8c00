"""Logging in: headers, tokens that end in mid-run, and secrets that are never shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import ClientGrant, Endpoint
from protocol_assets.sources.errors import PacsError

UID = "1.2.826.0.1.3680043.9.7777.1"
ROWS = [{"0020000D": {"vr": "UI", "Value": [UID]}}]
NewClient = Callable[..., PacsClient]


class Tokens:
    """A token endpoint; ``answer`` is its status and what it says."""

    def __init__(self) -> None:
        self.given = 0
        self.forms: list[dict[str, list[str]]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: tuple[int, Any] | None = None
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                tokens.forms.append(parse_qs(self.rfile.read(length).decode()))
                tokens.headers.append(dict(self.headers))
                tokens.given += 1
                good = {"access_token": f"T{tokens.given}", "token_type": "Bearer"}
                status, content = tokens.answer or (200, {**good, "expires_in": 3600})
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def grant(self) -> ClientGrant:
        url = f"http://127.0.0.1:{self.server.server_port}/token"
        return ClientGrant(url, "monitor", "S3CRET", "dicom.read")


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    one = Tokens()
    yield one
    one.server.shutdown()
    one.server.server_close()
    one.thread.join()


@pytest.fixture
def accepts(pacs: Any, reply: Any) -> Callable[[set[str]], None]:
    """Makes the PACS accept these tokens alone."""

    def accept(good: set[str]) -> None:
        def answer(request: Any) -> Any:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return reply(body=ROWS) if token in good else reply(401)

        pacs.answer = answer

    return accept


def test_a_token_is_fetched_once_and_sent(
    tokens: Tokens, accepts: Any, new_client: NewClient
) -> None:
    accepts({"T1"})
    client = new_client(oauth=tokens.grant)
    for _ in range(3):
        assert client.study_metadata(UID) == ROWS
    assert tokens.given == 1
    assert tokens.forms == [{"grant_type": ["client_credentials"], "scope": ["dicom.read"]}]
    assert tokens.headers[0]["Authorization"].startswith("Basic ")


def test_a_token_that_is_refused_in_mid_run_is_renewed(
    tokens: Tokens, accepts: Any, new_client: NewClient, slept: list[float]
) -> None:
    accepts({"T1"})
    client = new_client(oauth=tokens.grant)
    client.study_metadata(UID)
    accepts({"T2"})
    assert client.study_metadata(UID) == ROWS
    assert (tokens.given, slept) == (2, [])


def test_a_token_near_its_end_is_renewed_before(
    pacs: Any, tokens: Tokens, accepts: Any, slept: list[float]
) -> None:
    accepts({"T1", "T2"})
    now = [0.0]
    endpoint = Endpoint("main", pacs.url, oauth=tokens.grant)
    with PacsClient(endpoint, sleep=slept.append, clock=lambda: now[0]) as client:
        client._session._login._clock = lambda: now[0]  # type: ignore[union-attr]
        for now[0] in (0.0, 100.0, 3000.0):
            client.study_metadata(UID)
    assert [one.headers["Authorization"] for one in pacs.requests] == [
        "Bearer T1",
        "Bearer T1",
        "Bearer T2",
    ]


def test_a_token_that_is_refused_again_is_said_and_not_asked_for_again(
    tokens: Tokens, accepts: Any, new_client: NewClient
) -> None:
    accepts(set())
    with pytest.raises(PacsError) as caught:
        new_client(oauth=tokens.grant).study_metadata(UID)
    assert (caught.value.kind, tokens.given) == ("unauthorized", 2)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((401, {"error": "invalid_client"}), "unauthorized"),
        ((400, {"error": "invalid_scope"}), "unauthorized"),
        ((500, b"S3CRET"), "bad_status"),
        ((200, b"<html>"), "unauthorized"),
        ((200, {"access_token": ""}), "unauthorized"),
        ((200, {"access_token": "a b"}), "unauthorized"),
        ((200, {"access_token": "T", "token_type": "mac"}), "unauthorized"),
        ((200, ["T"]), "unauthorized"),
        ((200, b"x" * 1_100_000), "too_large"),
        ((302, b""), "bad_status"),
    ],
)
def test_a_token_endpoint_that_gives_none_is_named(
    answer: tuple[int, Any], kind: str, tokens: Tokens, new_client: NewClient
) -> None:
    tokens.answer = answer
    with pytest.raises(PacsError) as caught:
        new_client(oauth=tokens.grant).study_metadata(UID)
    assert caught.value.kind == kind
    assert "token" in str(caught.value)
    assert "S3CRET" not in repr(caught.value) + str(caught.value)


def test_a_token_endpoint_that_is_down_is_tried_again(
    new_client: NewClient, slept: list[float]
) -> None:
    grant = ClientGrant("http://127.0.0.1:1/token", "monitor", "S3CRET")
    with pytest.raises(PacsError) as caught:
        new_client(oauth=grant).study_metadata(UID)
    assert caught.value.kind == "unreachable"
    assert len(slept) == 3


def test_a_mounted_token_is_read_again_when_it_is_refused(
    accepts: Any, new_client: NewClient
) -> None:
    current = ["OLD"]
    accepts({"OLD"})
    client = new_client(token="OLD", read_token=lambda: current[0])
    client.study_metadata(UID)
    current[0] = "NEW"
    accepts({"NEW"})
    assert client.study_metadata(UID) == ROWS


def test_a_refused_password_is_not_sent_again(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(401))
    with pytest.raises(PacsError):
        new_client(username="reader", password="S3CRET").study_metadata(UID)
    assert len(pacs.requests) == 1


def test_no_secret_is_shown() -> None:
    grant = ClientGrant("https://login.example/token", "monitor", "S3CRET")
    assert "S3CRET" not in repr(grant)
    assert "S3CRET" not in repr(Endpoint("main", "https://pacs.example/rs", oauth=grant))


def test_the_token_endpoint_speaks_https() -> None:
    with pytest.raises(ValueError, match="oauth_token_url must begin with https"):
        Endpoint(
            "main", "https://pacs.example/rs", oauth=ClientGrant("http://login.example", "a", "b")
        )
