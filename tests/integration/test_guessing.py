"""Somebody guesses passwords at the shipped nginx site; users are not disturbed by that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.conftest import KEY, absent
from tests.integration.web_deployment import (
    ENGINEER,
    KNOWN,
    PASSWORD,
    VIEWER,
    WebDeployment,
    basic,
    deployed,
)
from tests.integration.web_site import Target, nginx_program

BURST = 20
FAIL2BAN = re.compile(
    r"^\s*\[error\] \d+#\d+: \*\d+ user \"([^\"]+|.*?)\":? (?:password mismatch|was not found in "
    r"\"[^\\\"]*\"), client: (\S+), server: \S*, request: \"\S+ \S+ HTTP/\d+\.\d+\", "
    r"host: \"\S+\"(?:, referrer: \"\S+\")?\s*$"
)
"""The rule of the filter ``nginx-http-auth`` of fail2ban 1.0.2, for a line without its date."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDeployment]:
    if nginx_program() is None:
        absent("nginx is not installed; apt-get install nginx-light")
    with deployed(tmp_path_factory.mktemp("web"), KEY) as one:
        yield one


def newcomer(deployment: WebDeployment, client: str, user: str, password: str = PASSWORD) -> Target:
    """Somebody whose browser has not logged in yet."""
    login = {"Authorization": basic(user, password)["Authorization"]}
    return replace(deployment.targets["basic"], login=login, client=client)


def test_guesses_beyond_a_few_are_not_looked_at(deployment: WebDeployment) -> None:
    client = "127.0.0.2"
    guesses = [newcomer(deployment, client, ENGINEER, f"guess {n}") for n in range(2 * BURST)]
    answered = [one.ask("GET", "/server_info").status for one in guesses]
    assert answered[: BURST + 1] == [401] * (BURST + 1)
    # One more each 5 seconds, however long a slow machine took for them.
    assert answered.count(429) >= BURST - 5
    right = newcomer(deployment, client, ENGINEER)
    assert right.ask("GET", "/server_info").status == 429, "the right one is not told either"
    others = newcomer(deployment, "127.0.0.3", VIEWER)
    assert others.ask("GET", "/server_info").status == 200


def test_a_browser_that_has_logged_in_is_not_slowed(deployment: WebDeployment) -> None:
    client = "127.0.0.4"
    first = newcomer(deployment, client, VIEWER).ask("GET", "/")
    assert first.status == 200
    cookie, *attributes = first.headers["set-cookie"].split("; ")
    assert cookie == KNOWN["Cookie"]
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"}
    browser = replace(deployment.of("basic", VIEWER), client=client)
    answers = [browser.ask("GET", "/server_info") for _ in range(3 * BURST)]
    assert {one.status for one in answers} == {200}
    assert all("set-cookie" not in one.headers for one in answers)


@pytest.mark.parametrize("cookie", ["", "protocol_assets_known=", "protocol_assets_known=x"])
def test_a_cookie_is_given_for_a_password_alone(deployment: WebDeployment, cookie: str) -> None:
    client = f"127.0.0.{10 + len(cookie)}"
    wrong = newcomer(deployment, client, ENGINEER, "a guess")
    refused = [
        wrong.ask("GET", "/server_info", headers={"Cookie": cookie}) for _ in range(2 * BURST)
    ]
    assert {one.status for one in refused} == {401, 429}
    assert all("set-cookie" not in one.headers for one in refused)
    known = replace(wrong, login={**wrong.login, **KNOWN})
    assert known.ask("GET", "/server_info").status == 401, "the cookie opens nothing"


def test_fail2ban_finds_who_guesses(
    deployment: WebDeployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    client = "127.0.0.5"
    newcomer(deployment, client, ENGINEER, "a guess").ask("GET", "/server_info")
    newcomer(deployment, client, "nobody.there", "a guess").ask("GET", "/server_info")
    (log,) = tmp_path_factory.getbasetemp().glob("web[0-9]*/basic/nginx.log")
    lines = (line.partition(" [")[1:] for line in log.read_text().splitlines())
    found = [match.groups() for line in lines if (match := FAIL2BAN.match("".join(line)))]
    assert [user for user, address in found if address == client] == [ENGINEER, "nobody.there"]
