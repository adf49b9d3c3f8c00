"""The guarded session against a server that misbehaves on the wire."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.session import GuardedSession
from protocol_assets.sources.errors import PacsError

UID = "1.2.826.0.1.3680043.9.7777.1"
ROWS = [{"0020000D": {"vr": "UI", "Value": [UID]}}]
NewClient = Callable[..., PacsClient]


def fetch(client: PacsClient) -> list[dict[str, Any]]:
    return client.study_metadata(UID)


def failure(client: PacsClient) -> PacsError:
    with pytest.raises(PacsError) as caught:
        fetch(client)
    error = caught.value
    assert UID not in str(error)
    assert "CANARY" not in str(error)
    assert "127.0.0.1" not in str(error)
    assert "\n" not in str(error)
    assert str(error).startswith("PACS main ")
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


# Status


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_status"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (410, "gone"),
        (413, "too_large"),
        (206, "bad_status"),
        (501, "bad_status"),
    ],
)
def test_final_statuses_are_not_tried_again(
    pacs: Any, reply: Any, new_client: NewClient, status: int, kind: str
) -> None:
    pacs.answers(reply(status, body=b"CANARY " + UID.encode()))
    error = failure(new_client())
    assert (error.kind, error.status) == (kind, status)
    assert len(pacs.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_statuses_are_tried_four_times(
    pacs: Any, reply: Any, new_client: NewClient, slept: list[float], status: int
) -> None:
    pacs.answers(reply(status, body=b"x" * 200_000))
    assert failure(new_client()).status == status
    assert len(pacs.requests) == 4
    assert all(wait <= bound for wait, bound in zip(slept, (0.5, 1.0, 2.0), strict=True))


def test_a_good_answer_after_a_bad_one(pacs: Any, reply: Any, new_client: NewClient) -> None:
    # Drained small, dropped large: neither may be taken for the next answer.
    for body in (b"down", b"x" * 300_000):
        pacs.answers(reply(500, body=body), reply(503, body=body), reply(body=ROWS))
        client = new_client()
        assert fetch(client) == ROWS
        assert client.last_answer.tries == 3


def test_waits_as_long_as_it_is_told(
    pacs: Any, reply: Any, new_client: NewClient, slept: list[float]
) -> None:
    pacs.answers(reply(429, headers={"Retry-After": "7"}), reply(body=ROWS))
    assert fetch(new_client()) == ROWS
    assert slept == [7.0]


def test_waits_until_the_date_it_is_told(pacs: Any, reply: Any, slept: list[float]) -> None:
    now = datetime(2024, 3, 5, 12, tzinfo=UTC)
    later = format_datetime(datetime(2024, 3, 5, 12, 0, 9, tzinfo=UTC), usegmt=True)
    pacs.answers(reply(503, headers={"Retry-After": later}), reply(body=ROWS))
    endpoint = Endpoint("main", pacs.url)
    with GuardedSession(endpoint, sleep=slept.append, now=lambda: now) as session:
        assert session.get(pacs.url).json() == ROWS
    assert slept == [9.0]


@pytest.mark.parametrize("garbage", ["soon", "-5", "1e3", "", "Tue, 99 Foo 2024"])
def test_garbage_in_retry_after_is_ignored(
    pacs: Any, reply: Any, new_client: NewClient, slept: list[float], garbage: str
) -> None:
    pacs.answers(reply(429, headers={"Retry-After": garbage}), reply(body=ROWS))
    assert fetch(new_client()) == ROWS
    assert slept[0] <= 0.5


def test_does_not_wait_longer_than_the_budget(
    pacs: Any, reply: Any, new_client: NewClient, slept: list[float]
) -> None:
    pacs.answers(reply(503, headers={"Retry-After": "50"}))
    assert failure(new_client()).kind == "busy"
    assert slept == [50.0]  # a second one would exceed 90 s
    pacs.answers(reply(503, headers={"Retry-After": "3600"}))
    assert failure(new_client()).kind == "busy"
    assert slept == [50.0]


def test_redirects_are_not_followed(pacs: Any, reply: Any, new_client: NewClient) -> None:
    for target in ("/dicom-web/studies", "http://127.0.0.1:9/elsewhere"):
        pacs.requests.clear()
        pacs.answers(reply(302, headers={"Location": target}))
        assert failure(new_client()).kind == "redirect"
        assert len(pacs.requests) == 1


def test_204_is_an_empty_answer(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(204, body=b""))
    assert fetch(new_client()) == []


# Body


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Log in, CANARY</html>", "not_json"),
        (ROWS[0], "not_dicom"),
        (None, "not_dicom"),
        ("CANARY", "not_dicom"),
    ],
)
def test_200_proves_nothing(
    pacs: Any, reply: Any, new_client: NewClient, body: Any, kind: str
) -> None:
    pacs.answers(reply(body=body))
    assert failure(new_client()).kind == kind
    assert len(pacs.requests) == 1


def test_gzip_is_read(pacs: Any, reply: Any, new_client: NewClient) -> None:
    packed = gzip.compress(json.dumps(ROWS).encode())
    pacs.answers(reply(body=packed, headers={"Content-Encoding": "gzip"}))
    client = new_client()
    assert fetch(client) == ROWS
    assert client.last_answer.compressed


def test_a_gzip_bomb_and_a_huge_body_are_too_large(
    pacs: Any, reply: Any, new_client: NewClient
) -> None:
    bomb = gzip.compress(b"[" + b" " * 20_000_000 + b"]")
    pacs.answers(reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    assert failure(new_client(max_body_mb=1)).kind == "too_large"
    pacs.answers(reply(body=b"[" + b" " * 2_000_000 + b"]"))
    assert failure(new_client(max_body_mb=1)).kind == "too_large"
    assert len(pacs.requests) == 2


def wire(*chunks: bytes) -> Callable[[Any], None]:
    def write(handler: Any) -> None:
        for chunk in chunks:
            handler.wfile.write(chunk)

    return write


BODY = json.dumps(ROWS).encode()


@pytest.mark.parametrize(
    "truncated",
    [
        wire(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", BODY),
        wire(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", BODY[:5], b"\r\n"),
        wire(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", BODY[:-3]),
        wire(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\n\r\n",
            gzip.compress(BODY)[:-9],
        ),
        wire(b"HTTP/1.1 200 OK\r\nConte"),
        wire(b"nonsense\r\n\r\n"),
        wire(),
    ],
    ids=["length", "chunked", "close", "gzip", "headers", "nonsense", "reset"],
)
def test_a_truncated_answer_is_tried_again(
    pacs: Any, reply: Any, new_client: NewClient, truncated: Any
) -> None:
    pacs.answers(reply(raw=truncated), reply(body=ROWS))
    assert fetch(new_client()) == ROWS
    pacs.answers(reply(raw=truncated))
    assert failure(new_client()).kind == "interrupted"


# Time


def dripping(released: threading.Event, start: bytes, drop: bytes) -> Callable[[Any], None]:
    def write(handler: Any) -> None:
        handler.wfile.write(start)
        while not released.wait(0.03):
            handler.wfile.write(drop)

    return write


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 500 Down\r\nContent-Length: 9999\r\n\r\n", b" "),
    ],
    ids=["hang", "headers", "body", "chunk size", "error body"],
)
def test_a_slow_server_cannot_hold_us(
    pacs: Any, reply: Any, new_client: NewClient, start: bytes, drop: bytes
) -> None:
    pacs.answers(reply(raw=dripping(pacs.released, start, drop)))
    began = time.monotonic()
    error = failure(new_client(deadline_s=0.4))
    # Without the deadline the server would hold the client until the test ends.
    assert time.monotonic() - began < 30
    assert error.kind in ("timeout", "bad_status")


def test_silence_times_out_before_the_deadline(
    pacs: Any, reply: Any, new_client: NewClient
) -> None:
    hang = reply(raw=dripping(pacs.released, b"", b""))
    pacs.answers(hang, reply(body=ROWS))
    assert fetch(new_client(request_timeout_s=0.2)) == ROWS


# Connection


def test_an_unreachable_port_is_tried_again(new_client: NewClient, slept: list[float]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert failure(new_client(url=f"http://127.0.0.1:{port}/rs")).kind == "unreachable"
    assert len(slept) == 3


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate and its key for 127.0.0.1, in one file."""
    path = tmp_path / "pacs.pem"
    try:
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-nodes",
                "-days",
                "1",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-subj",
                "/CN=pacs",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-keyout",
                str(path),
                "-out",
                str(tmp_path / "certificate.pem"),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("makes its certificate with openssl")
    path.write_text(path.read_text() + (tmp_path / "certificate.pem").read_text())
    return path


def test_certificates_are_verified_against_ca_file(
    pacs: Any,
    reply: Any,
    new_client: NewClient,
    slept: list[float],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    pacs.secure(context)
    pacs.answers(reply(body=ROWS))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    url = pacs.url.replace("http:", "https:")
    assert failure(new_client(url=url)).kind == "tls"
    assert slept == []
    assert fetch(new_client(url=url, ca_file=certificate)) == ROWS


def test_a_missing_ca_file_is_said_at_once(new_client: NewClient, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ca_file"):
        new_client(ca_file=tmp_path / "absent.pem")


def test_the_environment_is_not_consulted(
    pacs: Any,
    reply: Any,
    new_client: NewClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "absent.pem"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    pacs.answers(reply(body=ROWS))
    assert fetch(new_client(token="S3CRET")) == ROWS
    assert pacs.requests[-1].headers["Authorization"] == "Bearer S3CRET"


def test_headers(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(body=ROWS))
    fetch(new_client(username="müller", password="pässword"))
    headers = pacs.requests[-1].headers
    assert headers["Host"] == pacs.url.split("/")[2]
    assert headers["User-Agent"].startswith("protocol-assets/")
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["Authorization"] == "Basic bcO8bGxlcjpww6Rzc3dvcmQ="


def test_connections_are_reused_and_bounded(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(500, body=b"down"), reply(body=ROWS))
    client = new_client(workers=1)
    threads = [threading.Thread(target=fetch, args=(client,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(pacs.requests) == 5
    assert pacs.connections == 1


def test_nothing_but_get_is_sent(pacs: Any) -> None:
    session = GuardedSession(Endpoint("main", pacs.url))
    with session, pytest.raises(PacsError, match="GET"):
        session.post(pacs.url, data=b"x")
    assert pacs.requests == []


def test_a_warning_is_noticed_and_not_logged(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(body=ROWS, headers={"Warning": '299 pacs "12 more results, CANARY"'}))
    client = new_client()
    assert fetch(client) == ROWS
    assert client.last_answer.warned


def test_broken_headers_are_not_logged(pacs: Any, reply: Any, new_client: NewClient) -> None:
    # urllib3 warns of these with the URL.
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nBad Header CANARY\r\n\r\n" % len(BODY)
    pacs.answers(reply(raw=wire(head, BODY)))
    assert fetch(new_client()) == ROWS


def test_library_errors_do_not_pass(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> requests.Response:
        raise RuntimeError(f"CANARY {UID}")

    monkeypatch.setattr(requests.Session, "send", broken)
    error = failure(new_client())
    assert (error.kind, error.detail) == ("unexpected", "RuntimeError")
