"""The settings of a PACS are checked, and the error says what to do."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.errors import KINDS, PacsError


def endpoint(**changes: Any) -> Endpoint:
    return Endpoint(**{"name": "main", "url": "https://pacs.example/dicom-web", **changes})


@pytest.mark.parametrize(
    "url",
    [
        "https://pacs.example/rs",
        "https://pacs.example:8443",
        "http://127.0.0.1:8042/dicom-web",
        "http://localhost/rs",
        "http://[::1]:8042/rs",
    ],
)
def test_accepts_https_and_loopback(url: str) -> None:
    assert endpoint(url=url).url == url


def test_drops_the_trailing_slash() -> None:
    assert endpoint(url="https://pacs.example/rs//").url == "https://pacs.example/rs"


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"url": "http://pacs.example/rs"}, "https://"),
        ({"url": "http://127.0.0.1.evil.example/rs"}, "https://"),
        ({"url": "https://reader:S3CRET@pacs.example/rs"}, "username_env"),
        ({"url": "https://pacs.example/rs?key=S3CRET"}, "without ?"),
        ({"url": "pacs.example/rs"}, "https://"),
        ({"url": "https://pacs.example:port/rs"}, "https://"),
        ({"url": "https://[pacs/rs"}, "https://"),
        ({"url": ""}, "https://"),
        ({"name": "Main PACS"}, "a-z"),
        ({"username": "reader"}, "together"),
        ({"password": "S3CRET"}, "together"),
        ({"username": "reader", "password": "S3CRET", "token": "S3CRET"}, "not both"),
        ({"username": "rea:der", "password": "S3CRET"}, "colon"),
        ({"token": "S3CRET\n"}, "line end"),
        ({"workers": 0}, "1 to 4"),
        ({"workers": 5}, "1 to 4"),
        ({"page_size": 0}, "page_size"),
        ({"deadline_s": 0}, "deadline_s"),
        ({"request_timeout_s": float("nan")}, "request_timeout_s"),
        ({"max_body_mb": float("inf")}, "max_body_mb"),
        ({"modalities": ()}, "modalities"),
        ({"modalities": ("mr",)}, "modalities"),
    ],
)
def test_refuses_with_advice_and_without_secrets(changes: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValueError, match="pacs") as caught:
        endpoint(**changes)
    assert advice in str(caught.value)
    assert "S3CRET" not in str(caught.value)


def test_shows_no_secret() -> None:
    assert "S3CRET" not in repr(endpoint(username="reader", password="S3CRET"))
    assert "S3CRET" not in repr(endpoint(token="S3CRET"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_one_line_with_name_and_advice_and_survives_pickling(kind: Any) -> None:
    error = PacsError("main", kind, 418, "a detail")
    text = str(error)
    assert text.startswith("PACS main ")
    assert "\n" not in text
    assert error.advice in text
    assert "HTTP 418, a detail" in text
    assert str(pickle.loads(pickle.dumps(error))) == text
