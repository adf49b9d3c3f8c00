"""What the libraries below us raise, and empty answers, in our own words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.pacs.client import PacsClient
from protocol_assets.pacs.errors import PacsError

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
