"""TLS through a proxy in front of Orthanc: the right authority passes, a wrong one ends at once."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.errors import PacsError
from tests.integration.certificates import Authority
from tests.integration.conftest import MakeInstance
from tests.integration.orthanc import CountingProxy, Orthanc, counting_proxy

DAY = dt.date(2026, 3, 2)

Serve = Callable[..., CountingProxy]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "right").make()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "other").make()


@pytest.fixture
def serve(orthanc: Orthanc, new_instance: MakeInstance, authority: Authority) -> Iterator[Serve]:
    """Starts a TLS proxy before an Orthanc that holds three studies."""
    for study in range(3):
        orthanc.store(new_instance(study))
    with ExitStack() as stack:

        def start(*, client_ca: Authority | None = None, **certificate: Any) -> CountingProxy:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.issue("pacs", **certificate))
            if client_ca is not None:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client_ca.certificate)
            return stack.enter_context(counting_proxy(orthanc, context))

        yield start


def listed(proxy: CountingProxy, **options: Any) -> int:
    with PacsClient(Endpoint("orthanc", proxy.url, **options)) as client:
        studies = client.list_day(DAY).studies
        for study in studies:
            found = client.retrieve(study)
            assert found is not None
            assert found.outcome.state == "landed"
        return len(studies)


def refusal(proxy: CountingProxy, **options: Any) -> PacsError:
    """The error, which must come at once and of one connection."""
    slept: list[float] = []
    with (
        PacsClient(Endpoint("orthanc", proxy.url, **options), sleep=slept.append) as client,
        pytest.raises(PacsError) as caught,
    ):
        client.list_day(DAY)
    assert slept == []
    assert proxy.connections == 1
    assert proxy.requests == []
    return caught.value


def test_the_right_authority_passes(serve: Serve, authority: Authority) -> None:
    assert listed(serve(), ca_file=authority.certificate) == 3


def test_a_wrong_authority_fails_at_once(serve: Serve, other: Authority) -> None:
    error = refusal(serve(), ca_file=other.certificate)
    assert error.kind == "tls"
    assert "ca_file" in str(error)


def test_no_authority_fails_at_once_whatever_the_environment_says(
    serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(authority.certificate))
    monkeypatch.delenv("SSL_CERT_FILE")
    assert refusal(serve()).kind == "tls"


def test_another_host_fails_at_once(serve: Serve, authority: Authority) -> None:
    proxy = serve(host="DNS:elsewhere.example")
    assert refusal(proxy, ca_file=authority.certificate).kind == "tls"


def test_a_client_certificate_opens_what_is_closed_without(
    serve: Serve, authority: Authority, other: Authority
) -> None:
    proxy = serve(client_ca=authority)
    certificate, key = authority.issue("monitor")
    ours = {"client_cert_file": certificate, "client_key_file": key}
    assert listed(proxy, ca_file=authority.certificate, **ours) == 3
    asked = len(proxy.requests)
    foreign, foreign_key = other.issue("stranger")
    choices: list[dict[str, Any]] = [
        {},
        {"client_cert_file": foreign, "client_key_file": foreign_key},
    ]
    for options in choices:
        endpoint = Endpoint("orthanc", proxy.url, ca_file=authority.certificate, **options)
        with (
            PacsClient(endpoint, sleep=lambda _: None) as client,
            pytest.raises(PacsError) as caught,
        ):
            client.list_day(DAY)
        assert caught.value.kind == "handshake"
    assert len(proxy.requests) == asked
