"""Dagster's UI and the dashboard through the shipped nginx site, and a foreign page's attacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.conftest import KEY, absent
from tests.integration.web_attacks import LAUNCH, state
from tests.integration.web_deployment import ENGINEER, PASSWORD, VIEWER, WebDeployment, deployed
from tests.integration.web_site import nginx_program

_WAIT_MS = 60_000

# What a page can send elsewhere without asking: all of it goes out with the reader's login.
ATTACK = """async ([target, query]) => {
  const post = (type) => fetch(target + "/graphql?query=" + encodeURIComponent(query), {
    method: "POST", mode: "no-cors", credentials: "include",
    headers: {"Content-Type": type}, body: JSON.stringify({query}),
  }).then(() => "sent", () => "failed");
  const sent = [];
  for (const type of ["text/plain", "text/plain; x=application/json",
                      "application/x-www-form-urlencoded"])
    sent.push(await post(type));
  sent.push(await fetch(target + "/graphql?query=" + encodeURIComponent(query),
    {mode: "no-cors", credentials: "include"}).then(() => "sent", () => "failed"));
  const asked = await fetch(target + "/graphql", {method: "POST", credentials: "include",
    headers: {"Content-Type": "application/json"}, body: JSON.stringify({query})})
    .then(() => "read", () => "refused");
  const socket = await new Promise((resolve) => {
    const one = new WebSocket(target.replace("http", "ws") + "/graphql", "graphql-ws");
    one.onopen = () => resolve("open");
    one.onerror = () => resolve("refused");
  });
  return {sent, asked, socket};
}"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDeployment]:
    if nginx_program() is None:
        absent("nginx is not installed; apt-get install nginx-light")
    with deployed(tmp_path_factory.mktemp("web"), KEY) as one:
        yield one


@contextmanager
def opened(browser: Browser, user: str, *, quiet: bool = True) -> Iterator[Page]:
    """A page of somebody who is logged in; unless it attacks its console stays free of errors."""
    problems: list[str] = []
    context = browser.new_context(
        ignore_https_errors=True, http_credentials={"username": user, "password": PASSWORD}
    )
    page = context.new_page()
    page.set_default_timeout(_WAIT_MS)
    page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not quiet or problems == []


def test_an_engineer_launches_in_the_ui(browser: Browser, deployment: WebDeployment) -> None:
    target = deployment.targets["basic"]
    with opened(browser, ENGINEER) as page:
        page.goto(f"{target.origin}/assets/scanned")
        page.get_by_role("button", name=re.compile("Materialize$")).click()
        expect(page.get_by_text(re.compile("Launched run")).first).to_be_visible(timeout=_WAIT_MS)
    (line,) = deployment.audit("basic")
    assert (line["user"], line["outcome"]) == (ENGINEER, "accepted")
    assert "scanned" in line["targets"]


def test_a_viewer_sees_the_ui_and_cannot_launch(
    browser: Browser, deployment: WebDeployment
) -> None:
    with opened(browser, VIEWER) as page:
        page.goto(f"{deployment.targets['basic'].origin}/assets/scanned")
        button = page.get_by_role("button", name="Materialize")
        expect(button).to_be_visible(timeout=_WAIT_MS)
        expect(button).to_be_disabled()


@pytest.mark.parametrize("user", [ENGINEER, VIEWER])
def test_the_dashboard_opens_behind_the_proxy(
    browser: Browser, deployment: WebDeployment, user: str
) -> None:
    with opened(browser, user) as page:
        page.goto(f"{deployment.targets['basic'].origin}/dashboard/")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=_WAIT_MS)


@pytest.mark.parametrize("name", ["dev", "basic"])
@pytest.mark.parametrize("foreign", ["127.0.0.1", "evil.example"])
def test_a_foreign_page_changes_and_reads_nothing(
    browser: Browser, deployment: WebDeployment, name: str, foreign: str
) -> None:
    target = deployment.targets[name]
    before = state(target)
    with opened(browser, ENGINEER, quiet=False) as page, foreign_page(foreign) as address:
        page.goto(f"{target.origin}/runs")
        page.goto(address)
        found = page.evaluate(ATTACK, [target.origin, LAUNCH])
        assert found["asked"] == "refused"
        assert found["socket"] == "refused"
        page.evaluate("([url, query]) => { document.forms[0].action = url + '/graphql';"
                      "document.forms[0].query.value = query; document.forms[0].submit(); }",
                      [target.origin, LAUNCH])  # fmt: skip
        expect(page.get_by_text("LaunchRunSuccess")).to_have_count(0)
        page.goto(f"{target.origin}/graphql?query={quote(LAUNCH)}")
        expect(page.get_by_text("LaunchRunSuccess")).to_have_count(0)
    assert state(target) == before


def test_a_rebound_name_reads_nothing(browser: Browser, deployment: WebDeployment) -> None:
    """The browser takes evil.example for our address, and its page for one of ours."""
    target = deployment.targets["dev"]
    before = state(target)
    with opened(browser, ENGINEER, quiet=False) as page:
        answer = page.goto(f"http://evil.example:{target.port}/")
        assert answer is not None
        assert answer.status == 421
        found = page.evaluate(ATTACK, [f"http://evil.example:{target.port}", LAUNCH])
        assert found["socket"] == "refused"
    assert state(target) == before


class _Foreign(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        form = b"<form method=post><input name=query></form>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(form)))
        self.end_headers()
        self.wfile.write(form)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def foreign_page(name: str) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Foreign) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{name}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
