"""The guard alone, before an application that writes down what reaches it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from protocol_assets.webserver.audit import AuditLog
from protocol_assets.webserver.guard import MAX_BODY, Guard, Role
from protocol_assets.webserver.origins import Origins

HOST = "protocol-assets.example.org"
ORIGIN = f"https://{HOST}"
READ = json.dumps({"query": "{version}"}).encode()
WIPE = json.dumps({"query": "mutation { wipeAssets }"}).encode()

Pairs = list[tuple[str, str]]
PROXIED: Pairs = [("X-Protocol-Assets-User", "maria"), ("X-Protocol-Assets-Role", "engineer")]
POSTED: Pairs = [("Host", HOST), ("Origin", ORIGIN), ("Content-Type", "application/json")]


class App:
    """Answers all, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Scope, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            self.asked.append((scope, b""))
            await send({"type": "websocket.accept"})
            return
        message = await receive()
        self.asked.append((scope, message.get("body", b"")))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answer"})


@pytest.fixture
def app() -> App:
    return App()


def guard(app: App, folder: Path, *, role: Role = Role.ENGINEER, proxied: bool = True) -> Guard:
    return Guard(app, Origins([ORIGIN]), role, AuditLog(folder / "audit"), is_behind_proxy=proxied)


def ask(
    guard: Guard,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]],
    parts: Sequence[bytes] = (b"",),
    **more: Any,
) -> list[Message]:
    """What the guard sends to a request."""
    sent: list[Message] = []
    pending = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"query=mutation",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        **more,
    }

    async def receive() -> Message:
        return pending.pop(0) if pending else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


def lines(folder: Path) -> list[dict[str, Any]]:
    paths = sorted((folder / "audit").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_what_was_checked_is_what_is_passed_on(app: App, tmp_path: Path) -> None:
    body = b'{"query": "mutation { wipeAssets }", "query": "{version}", "more": 1}'
    headers = [*POSTED, *PROXIED, ("Content-Length", str(len(body)))]
    (start, _) = ask(guard(app, tmp_path), "POST", "/graphql", headers, [body[:5], body[5:]])
    assert start["status"] == 200
    ((scope, passed),) = app.asked
    assert json.loads(passed)["query"] == "{version}"
    assert scope["query_string"] == b""
    found = [value for name, value in scope["headers"] if name == b"content-length"]
    assert found == [str(len(passed)).encode()]
    assert lines(tmp_path) == []


def test_a_change_is_recorded_before_it_is_passed_on(app: App, tmp_path: Path) -> None:
    (start, _) = ask(guard(app, tmp_path), "POST", "/graphql", [*POSTED, *PROXIED], [WIPE])
    assert start["status"] == 200
    (line,) = lines(tmp_path)
    assert (line["user"], line["changes"], line["outcome"]) == ("maria", ["wipeAssets"], "accepted")


def test_a_change_that_cannot_be_recorded_is_not_passed_on(app: App, tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("in the way")
    (start, _) = ask(guard(app, tmp_path), "POST", "/graphql", [*POSTED, *PROXIED], [WIPE])
    assert start["status"] == 503
    assert app.asked == []


def test_the_audit_log_does_not_follow_a_link(app: App, tmp_path: Path) -> None:
    one = guard(app, tmp_path)
    ask(one, "POST", "/graphql", [*POSTED, *PROXIED], [WIPE])
    (path,) = (tmp_path / "audit").iterdir()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    (start, _) = ask(one, "POST", "/graphql", [*POSTED, *PROXIED], [WIPE])
    assert start["status"] == 503
    assert len(app.asked) == 1


def test_a_viewer_reads_and_is_refused_a_change(app: App, tmp_path: Path) -> None:
    headers = [*POSTED, PROXIED[0], ("X-Protocol-Assets-Role", "viewer")]
    one = guard(app, tmp_path, role=Role.VIEWER)
    assert ask(one, "POST", "/graphql", headers, [READ])[0]["status"] == 200
    assert ask(one, "POST", "/graphql", headers, [WIPE])[0]["status"] == 403
    assert len(app.asked) == 1
    assert [line["outcome"] for line in lines(tmp_path)] == ["refused"]


@pytest.mark.parametrize(
    "named",
    [
        [],
        PROXIED[:1],
        PROXIED[1:],
        [("X-Protocol-Assets-User", ""), PROXIED[1]],
        [("X-Protocol-Assets-User", "m" * 257), PROXIED[1]],
        [*PROXIED, PROXIED[0]],
        [*PROXIED, ("X-Protocol-Assets-Role", "engineer")],
        [PROXIED[0], ("X-Protocol-Assets-Role", "viewer")],
        [PROXIED[0], ("X-Protocol-Assets-Role", "nobody")],
    ],
)
def test_without_a_user_of_its_role_nothing_is_answered(
    app: App, tmp_path: Path, named: Pairs
) -> None:
    one = guard(app, tmp_path)
    assert ask(one, "GET", "/", [("Host", HOST), *named])[0]["status"] in {400, 403}
    assert ask(one, "POST", "/graphql", [*POSTED, *named], [READ])[0]["status"] in {400, 403}
    assert app.asked == []


def test_on_loopback_nobody_names_himself(app: App, tmp_path: Path) -> None:
    one = guard(app, tmp_path, proxied=False)
    assert ask(one, "POST", "/graphql", [*POSTED, *PROXIED], [WIPE])[0]["status"] == 200
    assert [line["user"] for line in lines(tmp_path)] == ["local"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "QUERY"])
def test_other_methods_are_refused(app: App, tmp_path: Path, method: str) -> None:
    (start, _) = ask(guard(app, tmp_path), method, "/graphql", [*POSTED, *PROXIED], [READ])
    assert start["status"] == 405
    assert (b"allow", b"GET, HEAD, POST") in start["headers"]
    assert app.asked == []


def test_a_body_is_bounded_whatever_its_length_says(app: App, tmp_path: Path) -> None:
    parts = [b" " * (MAX_BODY // 4)] * 5
    headers = [*POSTED, *PROXIED, ("Content-Length", "2")]
    (start, _) = ask(guard(app, tmp_path), "POST", "/graphql", headers, parts)
    assert start["status"] == 413
    assert app.asked == []


def test_a_client_that_goes_away_changes_nothing(app: App, tmp_path: Path) -> None:
    sent = ask(guard(app, tmp_path), "POST", "/graphql", [*POSTED, *PROXIED], [])
    assert sent[0]["status"] == 400
    assert app.asked == []


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/graphql", [("Host", HOST)]),
        ("/graphql", [("Host", HOST), ("Origin", "null")]),
        ("/graphql", [("Host", "evil.example"), ("Origin", ORIGIN)]),
        ("/graphql\n", [("Host", HOST), ("Origin", ORIGIN)]),
        ("/", [("Host", HOST), ("Origin", ORIGIN)]),
    ],
)
def test_a_websocket_is_held_to_the_same(
    app: App, tmp_path: Path, path: str, headers: Pairs
) -> None:
    one = guard(app, tmp_path)
    own = [("Host", HOST), ("Origin", ORIGIN), *PROXIED]
    assert ask(one, "", "/graphql", own, type="websocket") == [{"type": "websocket.accept"}]
    (closed,) = ask(one, "", path, [*headers, *PROXIED], type="websocket")
    assert closed["type"] == "websocket.close"
    assert len(app.asked) == 1


def test_the_start_and_end_of_the_server_are_passed_on(app: App, tmp_path: Path) -> None:
    sent = ask(guard(app, tmp_path), "", "", [], type="lifespan")
    assert sent[-1]["body"] == b"answer"


def test_answers_and_refusals_cannot_be_framed(app: App, tmp_path: Path) -> None:
    for path, status in (("/", 200), ("/graphql", 405)):
        (start, _) = ask(guard(app, tmp_path), "GET", path, [("Host", HOST), *PROXIED])
        assert start["status"] == status
        assert (b"x-frame-options", b"DENY") in start["headers"]
        assert (b"content-security-policy", b"frame-ancestors 'none'") in start["headers"]
