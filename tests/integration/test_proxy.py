"""Who may do what: the shipped nginx site before real web servers, and what ``make dev`` starts."""

from __future__ import annotations

import json
import ssl
import stat
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.integration.conftest import KEY, absent
from tests.integration.web_attacks import (
    EVIL,
    HANDED_OUT,
    JSON,
    LAUNCH,
    PATHS,
    QUERY,
    REFUSED,
    START,
    WEBSOCKETS,
    state,
)
from tests.integration.web_deployment import (
    ENGINEER,
    NOBODY,
    PASSWORD,
    VIEWER,
    WebDeployment,
    basic,
    deployed,
    session,
)
from tests.integration.web_site import NAME, Headers, Target, nginx_program

PROXIES = ("basic", "oidc")
ALL = ("dev", "basic")
"""What is attacked; the other login differs in who somebody is, not in what is let through."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDeployment]:
    if nginx_program() is None:
        absent("nginx is not installed; apt-get install nginx-light")
    with deployed(tmp_path_factory.mktemp("web"), KEY) as one:
        yield one


@pytest.fixture(scope="module", params=ALL)
def target(request: pytest.FixtureRequest, deployment: WebDeployment) -> Target:
    """An address that an engineer uses: what is forged comes with the engineer's login."""
    name: str = request.param
    return deployment.targets[name]


@pytest.fixture
def unchanged(target: Target) -> Iterator[None]:
    before = state(target)
    yield
    assert state(target) == before


@pytest.mark.parametrize("attack", REFUSED)
def test_a_forged_request_is_refused(target: Target, unchanged: None, attack: str) -> None:
    answer = REFUSED[attack](target)
    assert answer.status == 0 or 400 <= answer.status < 500, answer
    assert b'"data"' not in answer.body


@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_of_the_path_reaches_graphql_by_a_get(
    target: Target, unchanged: None, path: str
) -> None:
    for headers in ({}, {"Accept": JSON}, {"Origin": target.origin}):
        answer = target.ask("GET", f"{path}?{QUERY}", headers=headers)
        assert answer.status < 500
        assert b'"data"' not in answer.body
        assert b"graphiql" not in answer.body.lower()


@pytest.mark.parametrize("path", HANDED_OUT)
def test_endpoints_that_nobody_needs_are_not_there(target: Target, path: str) -> None:
    page = target.ask("GET", "/runs")
    answer = target.ask("GET", path)
    assert page.status == 200
    assert len(answer.body) == len(page.body)
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("attack", WEBSOCKETS)
def test_a_foreign_websocket_is_refused(target: Target, attack: str) -> None:
    assert target.upgrade().status == 101
    assert target.upgrade(headers=WEBSOCKETS[attack](target)).status in {400, 403, 421, 0}


def test_a_websocket_elsewhere_is_refused(target: Target) -> None:
    assert target.upgrade("/graphql/").status in {403, 404}
    assert target.upgrade("/").status in {403, 404}


@pytest.mark.parametrize("text", [LAUNCH, f"subscription S {{ __typename }} {LAUNCH}"])
def test_a_websocket_changes_nothing(target: Target, unchanged: None, text: str) -> None:
    answers = subscribed(target, text, operation="Harmless")
    assert answers[0] == {"type": "connection_ack"}
    assert answers[-1]["type"] == "error"


def test_a_websocket_follows_what_happens(target: Target) -> None:
    text = "subscription { locationStateChangeEvents { event { message } } }"
    assert subscribed(target, text, wait=False) == [{"type": "connection_ack"}]


def subscribed(
    target: Target, text: str, *, operation: str | None = None, wait: bool = True
) -> list[dict[str, object]]:
    """Messages of the server: the greeting, and one more where ``wait``."""
    uri = f"ws{'s' if target.context else ''}://{target.host}/graphql"
    with (
        target.connect() as sock,
        connect(
            uri.replace("wss", "ws"),  # the connection has its TLS already
            sock=sock,
            origin=Origin(target.origin),
            additional_headers=dict(target.login),
            subprotocols=[Subprotocol("graphql-ws")],
            proxy=None,
        ) as socket,
    ):
        socket.send(json.dumps({"type": "connection_init", "payload": {}}))
        received = [json.loads(socket.recv(timeout=20))]
        payload: dict[str, Any] = {"query": text, "operation_name": operation, "variables": {}}
        socket.send(json.dumps({"type": "start", "id": "1", "payload": payload}))
        if wait:
            received.append(json.loads(socket.recv(timeout=20)))
    return received


@pytest.mark.parametrize("name", PROXIES)
def test_a_viewer_looks_and_changes_nothing(deployment: WebDeployment, name: str) -> None:
    viewer = deployment.of(name, VIEWER)
    before = state(viewer)
    page = viewer.ask("GET", "/assets")
    assert page.status == 200
    assert b"Dagster" in page.body
    lines = len(deployment.audit(name))
    for text in (LAUNCH, START, f"query Q {{ version }} {LAUNCH}"):
        answer = viewer.graphql(text, operationName="Q" if "Q" in text.split() else None)
        assert answer.status == 403, answer
    hidden = "mutation { ...F } fragment F on Mutation { " + LAUNCH.partition("{")[2]
    assert viewer.graphql(hidden).status == 403
    written = deployment.audit(name)[lines:]
    assert {
        (line["user"].partition("@")[0], line["role"], line["outcome"]) for line in written
    } == {(VIEWER, "viewer", "refused")}
    assert [line["changes"] for line in written].count(["launchRun"]) == 3
    assert state(viewer) == before


@pytest.mark.parametrize("name", PROXIES)
def test_dagster_itself_lets_a_viewer_do_nothing(deployment: WebDeployment, name: str) -> None:
    text = "{ permissions { permission value } }"
    held = {
        user: {one["value"] for one in answer.json()["data"]["permissions"]}
        for user in (VIEWER, ENGINEER)
        if (answer := deployment.of(name, user).graphql(text)).status == 200
    }
    assert held[VIEWER] == {False}
    assert True in held[ENGINEER]


@pytest.mark.parametrize("name", ["dev", *PROXIES])
def test_an_engineer_launches_and_the_audit_log_says_so(
    deployment: WebDeployment, name: str
) -> None:
    engineer = deployment.targets[name]
    lines = len(deployment.audit(name))
    answer = engineer.graphql(LAUNCH, operationName="Harmless")
    assert answer.json() == {"data": {"launchRun": {"__typename": "LaunchRunSuccess"}}}
    (line,) = deployment.audit(name)[lines:]
    who = {"dev": "local", "basic": ENGINEER, "oidc": f"{ENGINEER}@example.org"}[name]
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "user": who,
        "role": "engineer",
        "outcome": "accepted",
        "operation": "Harmless",
        "changes": ["launchRun"],
        "targets": ["small", "scan", "scanned"],
    }


@pytest.mark.parametrize("name", ["dev", "basic"])
def test_the_audit_log_is_its_owners_alone(deployment: WebDeployment, name: str) -> None:
    engineer = deployment.targets[name]
    assert engineer.graphql(START).status == 200
    folder = deployment.homes[name] / "dagster" / "audit"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_what_cannot_be_recorded_is_not_done(deployment: WebDeployment) -> None:
    engineer = deployment.targets["dev"]
    folder = deployment.homes["dev"] / "dagster" / "audit"
    engineer.graphql(START)
    before = state(engineer)
    moved = folder.with_name("moved")
    folder.rename(moved)
    try:
        folder.write_text("in the way")
        answer = engineer.graphql(LAUNCH)
    finally:
        folder.unlink()
        moved.rename(folder)
    assert answer.status == 503
    assert "audit log" in answer.json()["errors"][0]["message"]
    assert state(engineer) == before


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize("user", [NOBODY, "unknown", "", None])
def test_whoever_has_no_role_sees_nothing(
    deployment: WebDeployment, name: str, user: str | None
) -> None:
    one = deployment.anonymous(name) if user is None else deployment.of(name, user)
    refused = {403} if user == NOBODY else {401, 403}
    for path in ("/", "/server_info", "/dashboard/", "/js/x.js", "/nothing"):
        assert one.ask("GET", path).status in refused, path
    assert one.graphql("{ version }").status in refused
    assert one.upgrade().status in refused
    assert one.upgrade("/dashboard/_stcore/stream").status in refused


def test_a_wrong_password_opens_nothing(deployment: WebDeployment) -> None:
    for login in (
        basic(ENGINEER, PASSWORD + "x"),
        basic("Maria"),
        basic("maria "),
        session("maria"),
    ):
        one = replace(deployment.targets["basic"], login=login)
        assert one.ask("GET", "/server_info").status == 401


SPOOFED: dict[str, str | list[str] | None] = {
    "X-Protocol-Assets-Role": "engineer",
    "X_Protocol_Assets_Role": "engineer",
    "X-Protocol-Assets-User": ENGINEER,
    "X-Auth-Request-Groups": "protocol-assets-engineers",
    "X-Auth-Request-Email": ENGINEER,
    "X-Forwarded-User": ENGINEER,
    "X-Forwarded-Groups": "protocol-assets-engineers",
    "Remote-User": ENGINEER,
}


@pytest.mark.parametrize("name", PROXIES)
def test_a_header_makes_nobody_an_engineer(deployment: WebDeployment, name: str) -> None:
    viewer = deployment.of(name, VIEWER)
    before, lines = state(viewer), len(deployment.audit(name))
    assert viewer.graphql(LAUNCH, headers=SPOOFED).status == 403
    doubled: Headers = {**SPOOFED, "X-Protocol-Assets-Role": ["viewer", "engineer"]}
    assert viewer.graphql(LAUNCH, headers=doubled).status == 403
    written = deployment.audit(name)[lines:]
    assert [line["user"].partition("@")[0] for line in written] == [VIEWER] * 2
    assert deployment.of(name, NOBODY).graphql("{ version }", headers=SPOOFED).status == 403
    anonymous = deployment.anonymous(name)
    assert anonymous.graphql("{ version }", headers=SPOOFED).status in {401, 403}
    assert state(viewer) == before


@pytest.mark.parametrize("name", ["dev", "basic"])
def test_the_audit_log_names_who_is_logged_in_not_who_is_written(
    deployment: WebDeployment, name: str
) -> None:
    engineer = deployment.targets[name]
    headers: Headers = {"X-Protocol-Assets-User": "somebody.else"}
    assert engineer.graphql(START, headers=headers).status == 200
    assert deployment.audit(name)[-1]["user"] == ("local" if name == "dev" else ENGINEER)


@pytest.mark.parametrize("name", PROXIES)
def test_the_dashboard_is_behind_the_same_login(deployment: WebDeployment, name: str) -> None:
    stream = "/dashboard/_stcore/stream"
    for user in (VIEWER, ENGINEER):
        reader = deployment.of(name, user)
        assert reader.ask("GET", "/dashboard/").status == 200
        assert reader.upgrade(stream).status == 101
        for attack in WEBSOCKETS.values():
            assert reader.upgrade(stream, headers=attack(reader)).status in {400, 403, 421, 0}


def test_the_dashboard_on_loopback_answers_no_foreign_page(deployment: WebDeployment) -> None:
    stream = "/dashboard/_stcore/stream"
    dashboard = deployment.targets["dashboard"]
    assert dashboard.upgrade(stream).status == 101
    for attack in ("foreign Origin", "null Origin", "foreign Host", "rebound name"):
        headers = WEBSOCKETS[attack](dashboard)
        assert dashboard.upgrade(stream, headers=headers).status == 403, attack


def test_pages_cannot_be_framed_read_or_cached_elsewhere(deployment: WebDeployment) -> None:
    for name in ("dev", *PROXIES):
        for path in ("/", "/server_info", "/dashboard/" if name != "dev" else "/runs"):
            headers = deployment.targets[name].ask("GET", path).headers
            assert headers["x-frame-options"] == "DENY"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "access-control-allow-origin" not in headers
            assert ("strict-transport-security" in headers) == (name != "dev")
            assert "server" not in headers or headers["server"] == "nginx"


def test_a_link_from_a_mail_opens_a_page(target: Target) -> None:
    headers: Headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert target.ask("GET", "/runs", headers=headers).status == 200
    assert target.ask("GET", "/runs", headers={"Origin": EVIL}).status == 403


@pytest.mark.parametrize("name", PROXIES)
def test_another_name_gets_no_certificate_and_plain_http_no_page(
    deployment: WebDeployment, name: str
) -> None:
    one = deployment.targets[name]
    assert one.context is not None
    with pytest.raises(ssl.SSLError), one.connect_as("evil.example"):
        pass
    plain = replace(deployment.anonymous(name), context=None, port=deployment.plain_ports[name])
    answer = replace(plain, host=NAME).ask("GET", "/runs?x=1")
    assert answer.status == 301
    assert answer.headers["location"] == f"{one.origin}/runs?x=1"
    assert replace(plain, host="evil.example").ask("GET", "/runs").status == 0
