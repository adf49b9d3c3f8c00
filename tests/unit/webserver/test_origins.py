from __future__ import annotations

import pytest

from protocol_assets.faults import Fault
from protocol_assets.webserver.origins import Origins

SITE = Origins(["https://Protocol-Assets.example.org"])


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("protocol-assets.example.org", True),
        ("PROTOCOL-ASSETS.example.org", True),
        ("protocol-assets.example.org:443", True),
        ("protocol-assets.example.org:80", False),
        ("protocol-assets.example.org:8443", False),
        ("protocol-assets.example.org.", False),
        ("x.protocol-assets.example.org", False),
        ("protocol-assets.example.org.evil.example", False),
        ("protocol-assets.example.org@evil.example", False),
        ("localhost", False),
        ("127.0.0.1:3000", False),
        ("", False),
    ],
)
def test_only_the_name_and_port_of_an_origin_is_a_host(host: str, allowed: bool) -> None:
    assert SITE.is_host_allowed(host) is allowed


def test_a_page_is_its_own_hosts_alone() -> None:
    both = Origins(["https://a.example", "https://b.example", "http://[::1]:3000"])
    assert both.is_own("https://a.example", "a.example")
    assert both.is_own("https://a.example", "a.example:443")
    assert both.is_own("HTTPS://A.example", "A.EXAMPLE")
    assert both.is_own("http://[::1]:3000", "[::1]:3000")
    for origin, host in [
        ("https://a.example", "b.example"),
        ("http://a.example", "a.example"),
        ("https://a.example:443", "a.example"),  # no browser writes the scheme's own port
        ("https://a.example/", "a.example"),
        ("null", "a.example"),
        ("", "a.example"),
        ("https://c.example", "c.example"),
    ]:
        assert not both.is_own(origin, host), (origin, host)


def test_loopback_has_three_names_and_one_port() -> None:
    local = Origins(Origins.loopback(3000))
    for name in ("127.0.0.1", "localhost", "[::1]"):
        assert local.is_own(f"http://{name}:3000", f"{name}:3000")
        assert not local.is_host_allowed(name)
        assert not local.is_own(f"http://{name}:3001", f"{name}:3000")
    assert not local.is_own("http://localhost:3000", "127.0.0.1:3000")


@pytest.mark.parametrize(
    "text",
    [
        "protocol-assets.example.org",
        "https://",
        "https://*",
        "https://*.example.org",
        "https://a.example/",
        "https://a.example/dagster",
        "https://a.example?x",
        "https://user@a.example",
        "https://a.example:port",
        "https://a.example:99999",
        "https://a.example:",
        "ftp://a.example",
        "null",
        "*",
        "",
        " https://a.example",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(Fault, match="is not an origin"):
        Origins([text])


def test_a_server_without_an_origin_is_refused() -> None:
    with pytest.raises(Fault, match="--origin"):
        Origins([])
