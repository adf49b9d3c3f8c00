"""What the libraries below us raise, and empty answers, in our own words."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.probe import probe
from protocol_assets.sources.errors import PacsError

NewClient = Callable[..., PacsClient]


def fetch(client: PacsClient) -> list[dict[str, Any]]:
    return client.study_metadata("1.2.3")


def failure(client: PacsClient) -> PacsError:
    with pytest.raises(PacsError) as caught:
        fetch(client)
    return caught.value


def test_plain_http_behind_https_is_named(
    pacs: Any, new_client: NewClient, slept: list[float]
) -> None:
    error = failure(new_client(url=pacs.url.replace("http:", "https:")))
    assert error.kind == "plain_http"
    assert "certificate" not in str(error)
    assert slept == []


def openssl(*arguments: str | Path) -> None:
    try:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("makes its certificate with openssl")


def certificate(folder: Path, first: str, last: str, host: str = "IP:127.0.0.1") -> Path:
    """A certificate that signs itself and is valid from ``first`` to ``last``, with its key."""
    key, request, out = (folder / name for name in ("key.pem", "request.pem", "out.pem"))
    (folder / "index.txt").touch()
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=one\n[one]\n"
        f"database={folder}/index.txt\nrand_serial=yes\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=any\nx509_extensions=names\nunique_subject=no\n"
        f"[any]\ncommonName=supplied\n[names]\nsubjectAltName={host}\n"
        "basicConstraints=critical,CA:TRUE\n"
    )
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=pacs", "-keyout", key, "-out", request)  # fmt: skip
    openssl("ca", "-batch", "-selfsign", "-config", folder / "ca.cnf", "-keyfile", key,
            "-in", request, "-out", out, "-startdate", first, "-enddate", last)  # fmt: skip
    out.write_text(out.read_text() + key.read_text())
    return out


@pytest.mark.parametrize(
    ("first", "last", "host", "kind", "said"),
    [
        ("20200101000000Z", "20200201000000Z", "IP:127.0.0.1", "expired", "it has expired"),
        ("20700101000000Z", "20710101000000Z", "IP:127.0.0.1", "expired", "it is not valid yet"),
        ("20200101000000Z", "20700201000000Z", "DNS:a.example", "tls", "issued for another host"),
        ("20200101000000Z", "20700201000000Z", "IP:127.0.0.9", "tls", "issued for another host"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_named(
    pacs: Any,
    new_client: NewClient,
    slept: list[float],
    tmp_path: Path,
    first: str,
    last: str,
    host: str,
    kind: str,
    said: str,
) -> None:
    path = certificate(tmp_path, first, last, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    pacs.secure(context)
    client = new_client(url=pacs.url.replace("http:", "https:"), ca_file=path)
    error = failure(client)
    assert error.kind == kind
    assert said in str(error)
    assert ("has expired or is not valid yet" in str(error)) is (kind == "expired")
    assert ("ca_file" in error.advice) is (kind == "tls")
    assert slept == [], "not tried again"
    listing = [one for one in probe(client).findings if one.verdict == "fail"]
    assert said in " ".join(one.sentence for one in listing)


def test_an_issuer_that_is_not_known_is_named(
    pacs: Any, new_client: NewClient, tmp_path: Path
) -> None:
    path = certificate(tmp_path, "20200101000000Z", "20700201000000Z")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    pacs.secure(context)
    error = failure(new_client(url=pacs.url.replace("http:", "https:")))
    assert (error.kind, error.detail) == ("tls", "its issuer is not known here")


def test_an_unreachable_port_says_what_the_system_said(new_client: NewClient) -> None:
    error = failure(new_client(url="http://127.0.0.1:9/rs"))
    assert (error.kind, error.detail) == ("unreachable", "Connection refused")


def test_an_empty_body_has_no_rows(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(body=b""))
    assert fetch(new_client()) == []
    pacs.answers(reply(body=b"", headers={"Content-Encoding": "gzip"}))
    assert fetch(new_client()) == []


def test_an_empty_body_without_a_length_may_be_a_broken_connection(
    pacs: Any, reply: Any, new_client: NewClient
) -> None:
    def write(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()

    pacs.answers(reply(raw=write))
    error = failure(new_client())
    assert (error.kind, error.detail) == (
        "interrupted",
        "an empty answer that states no length",
    )


def test_a_ca_file_that_is_none_is_said_before_the_first_request(
    pacs: Any, new_client: NewClient, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ValueError, match="ca_file cannot be used"):
        new_client(ca_file=tmp_path / "ca.pem")
    with pytest.raises(ValueError, match="client_cert_file and its key cannot be used"):
        new_client(client_cert_file=tmp_path / "ca.pem")
    assert pacs.requests == []
