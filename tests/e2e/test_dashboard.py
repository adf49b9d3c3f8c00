"""The dashboard in a browser without a network, also while the warehouse is built and published."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from tests.dagster.made_facts import LAST, deployment
from tests.unit.dashboard.homes import configured, publish
from tests.unit.dashboard.published import HOMES, T2_LABEL, WHOLE, finding

ROOT: Final = Path(__file__).parents[2]
_START_S: Final = 120
_BUILD_S: Final = 1200
_WAIT_MS: Final = 30_000
_DESKTOP, _PHONE = 1360, 390

OPPORTUNITY: Final = {"opportunity": f"MR 1: {T2_LABEL}"}
ADDRESSES: Final = {
    "fleet": "/",
    "scanner": "/scanner?" + urlencode({"scanner": "MR 1"}),
    "protocol": "/protocol?" + urlencode({"protocol": T2_LABEL}),
    "opportunity": "/opportunity?" + urlencode(OPPORTUNITY),
    "verification": "/verification?" + urlencode({"change": f"MR 2: {T2_LABEL}: 2025-12-01"}),
    "decision": "/decision?" + urlencode({"finding": finding()["finding_key"]}),
}

# On a page's own address Streamlit looks for itself below that address first.
PROBE: Final = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")

# Writes down whom the server asks for beyond this machine.
SERVER: Final = """
import runpy, sys
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        host = args[1][0] if event == "socket.connect" and isinstance(args[1], tuple) else args[0]
        if isinstance(host, str) and host not in ("127.0.0.1", "localhost", "::1"):
            print("ASKED", event, host, file=sys.stderr, flush=True)
sys.addaudithook(watch)
runpy.run_module("protocol_assets.dashboard", run_name="__main__", alter_sys=True)
"""

# The marts of a day as the command line makes them: dbt, analysis, dbt again, publishing, report.
BUILDER: Final = """
import datetime, sys
from protocol_assets.app.deployment import Deployment
from protocol_assets.runner import Runner
sys.exit(Runner(Deployment.load()).report(datetime.date.fromisoformat(sys.argv[1])) is not None)
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(folder: Path, config: Path) -> Iterator[str]:
    """The dashboard of a configuration; it has asked nobody beyond this machine when it ends."""
    environment = os.environ | {CONFIG_VARIABLE: str(config)}
    environment.pop(HOME_VARIABLE, None)
    port = _free_port()
    command = [sys.executable, "-c", SERVER, "--server.port", str(port)]
    log = folder / "dashboard.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield _ready(f"http://127.0.0.1:{port}", server)
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    text = log.read_text(encoding="utf-8", errors="replace")
    assert "ASKED" not in text, text
    assert "Traceback" not in text, text


def _ready(url: str, server: subprocess.Popen[bytes]) -> str:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return url
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the dashboard did not start")


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dashboard")
    with served(folder, configured(folder, WHOLE)) as url:
        yield url


@contextmanager
def opened(
    browser: Browser,
    url: str,
    address: str = "/",
    *,
    width: int = _DESKTOP,
    colors: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """A page that can reach the dashboard and nothing else, and whose console stays silent.

    The reader's clock is west of UTC, where a day taken for a moment would be the day before.
    """
    asked: list[str] = []
    problems: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=colors,
        timezone_id="America/Sao_Paulo",
        accept_downloads=True,
    )
    context.route(
        lambda one: not one.startswith(url) and not one.startswith("data:"),
        lambda route: route.abort(),
    )
    page = context.new_page()
    page.set_default_timeout(_WAIT_MS)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:", 1)))
    page.on(
        "console",
        lambda one: (
            None
            if PROBE.search(one.location["url"]) or one.type not in {"error", "warning"}
            else problems.append(f"{one.text} {one.location['url']}")
        ),
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url + address)
    settled(page)
    try:
        yield page
    finally:
        context.close()
    assert [one for one in asked if not one.startswith((url, "data:", "blob:"))] == []
    assert problems == []


def settled(page: Page) -> None:
    """The script has run and the page shows it."""
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=_WAIT_MS)
    app = page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
    expect(app).to_have_count(1, timeout=_WAIT_MS)
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=_WAIT_MS)


def address_of(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_no_page_asks_the_network_or_shuts_anybody_out(
    browser: Browser, dashboard: str, name: str, colors: Literal["light", "dark"]
) -> None:
    with opened(browser, dashboard, ADDRESSES[name], colors=colors) as page:
        page.wait_for_timeout(1500)  # the charts fade in, and a faded text has no contrast
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        assert not serious, json.dumps([(one["id"], one["nodes"]) for one in serious])[:4000]
        assert page.get_by_test_id("stException").count() == 0


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_phone_is_wide_enough(browser: Browser, dashboard: str, name: str) -> None:
    with opened(browser, dashboard, ADDRESSES[name], width=_PHONE) as page:
        main = page.get_by_test_id("stMain")
        assert main.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_an_address_restores_what_was_chosen(browser: Browser, dashboard: str) -> None:
    with opened(browser, dashboard, ADDRESSES["opportunity"]) as page:
        heading = page.get_by_role("heading", level=2, name=OPPORTUNITY["opportunity"])
        expect(heading).to_be_visible()
        page.get_by_text("not assessable", exact=True).click()
        settled(page)
        expect(page).to_have_url(re.compile("show=not"))
        again = page.url
        assert address_of(page)["opportunity"] == OPPORTUNITY["opportunity"]
        page.goto(dashboard)
        settled(page)
        page.goto(again)
        settled(page)
        expect(heading).to_be_visible()
        assert address_of(page)["show"] == "not assessable"


def test_a_key_from_a_mail_opens_the_finding(browser: Browser, dashboard: str) -> None:
    key = finding()["finding_key"]
    with opened(browser, dashboard, ADDRESSES["decision"]) as page:
        expect(page.get_by_text(f"findings accept {key}")).to_be_visible()
        assert address_of(page)["finding"].endswith(key[:8])
        page.reload()
        settled(page)
        expect(page.get_by_text(f"findings accept {key}")).to_be_visible()


def test_what_narrows_the_fleet_goes_with_the_reader(browser: Browser, dashboard: str) -> None:
    with opened(browser, dashboard) as page:
        choose(page, "Scanner", "MR 2")
        expect(page).to_have_url(re.compile(r"scanner=MR"))
        page.get_by_role("link", name="Waiting for my decision").click()
        expect(page.get_by_role("heading", level=1, name="Waiting")).to_be_visible()
        settled(page)
        assert address_of(page)["scanner"] == "MR 2"
        expect(page.get_by_text("drift: 1")).to_be_visible()
        page.reload()
        settled(page)
        assert address_of(page)["scanner"] == "MR 2"
        expect(page.get_by_text("drift: 1")).to_be_visible()


def choose(page: Page, label: str, option: str) -> None:
    """By keyboard: the choice is reached by its name, its option typed."""
    box = page.get_by_role("combobox", name=label, exact=True)
    box.focus()
    page.keyboard.type(option)
    expect(page.get_by_role("option").first).to_contain_text(option)
    page.keyboard.press("Enter")
    expect(box).to_have_value(re.compile(re.escape(option)))
    settled(page)


def test_the_keyboard_reaches_pages_choices_and_downloads(browser: Browser, dashboard: str) -> None:
    with opened(browser, dashboard) as page:
        reach(page, "Opportunities")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name="Opportunities")).to_be_visible()
        settled(page)
        choose(page, "Opportunity", "MR 1")
        expect(page.get_by_role("heading", level=2, name="MR 1")).to_be_visible()
        reach(page, "Download CSV: Opportunities")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        assert download.value.suggested_filename == "opportunities.csv"
        header, *rows = text.splitlines()
        assert header.startswith("scanner,protocol,minutes_per_month")
        assert len(rows) == 2


def reach(page: Page, name: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if name in str(page.evaluate("document.activeElement.innerText")):
            return
    raise AssertionError(f"{name} cannot be reached")


def test_a_row_opens_the_scanner(browser: Browser, dashboard: str) -> None:
    with opened(browser, dashboard) as page:
        click_row(page, 0)
        expect(page.get_by_role("heading", level=1, name="MR 1")).to_be_visible()
        settled(page)
        assert urlsplit(page.url).path == "/scanner"
        assert address_of(page)["scanner"] == "MR 1"


def test_the_table_and_the_choice_agree(browser: Browser, dashboard: str) -> None:
    """Each choice lasts, whether made by name or by a row, and made after whichever other."""
    first, second = f"MR 1: {T2_LABEL}", "MR 2: Knee"
    with opened(browser, dashboard, "/opportunity") as page:
        for option in (first, second, first):
            choose(page, "Opportunity", option)
            expect(page.get_by_role("heading", level=2)).to_have_text(re.compile(option))
        for row, option in ((1, second), (0, first)):
            click_row(page, row)
            expect(page.get_by_role("heading", level=2)).to_have_text(re.compile(option))
            settled(page)
            assert address_of(page)["opportunity"] == option
        choose(page, "Opportunity", second)
        page.wait_for_timeout(1000)  # whatever the table says late
        assert address_of(page)["opportunity"] == second


def click_row(page: Page, row: int) -> None:
    grid = page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 17, box["y"] + 35 * (row + 1) + 17)


def test_days_are_not_shifted_by_the_readers_clock(browser: Browser, dashboard: str) -> None:
    with opened(browser, dashboard) as page:
        points = page.locator('svg.marks [aria-label*="Mean NEX: 1.8;"]')
        expect(points.last).to_have_attribute("aria-label", re.compile("Day: Feb 28, 2026"))
        expect(points.first).to_have_attribute("aria-label", re.compile("Day: Feb 7, 2026"))


@pytest.mark.parametrize("name", ["nothing", "wild names", "500 scanners"])
def test_whatever_is_published_renders(browser: Browser, tmp_path: Path, name: str) -> None:
    with served(tmp_path, configured(tmp_path, HOMES[name])) as url:
        for page_name in ("", "scanner", "protocol", "opportunity", "verification", "decision"):
            with opened(browser, url, f"/{page_name}") as page:
                assert page.get_by_test_id("stException").count() == 0


@contextmanager
def building(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The marts being built and published by another process."""
    environment = os.environ | {
        CONFIG_VARIABLE: str(folder / "protocol_assets.toml"),
        KEY_VARIABLE: bytes(range(32)).hex(),
        "DAGSTER_HOME": str(Lake(settings.home).dagster_home),
    }
    environment.pop(HOME_VARIABLE, None)
    with (folder / "build.log").open("wb") as log:
        builder = subprocess.Popen(
            [sys.executable, "-c", BUILDER, LAST.isoformat()],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield builder
        finally:
            if builder.poll() is None:
                os.killpg(builder.pid, signal.SIGKILL)
            builder.wait()


def test_reading_and_building_do_not_block_each_other(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page stays open, is loaded anew all the time, and shows the new version in the end."""
    config = tmp_path / "protocol_assets.toml"
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    settings = deployment(tmp_path)
    publish(Lake(settings.home).home, WHOLE)
    loaded_meanwhile = 0
    with (
        served(tmp_path, config) as url,
        opened(browser, url, "/decision") as kept,
        opened(browser, url) as page,
        building(settings, tmp_path) as builder,
    ):
        old = "version 0123456789abcdef"
        ends = time.monotonic() + _BUILD_S
        while builder.poll() is None and time.monotonic() < ends:
            is_written = Lake(settings.home).warehouse_building.exists()
            page.reload()
            settled(page)
            expect(page.get_by_text(re.compile("Data up to .*, version"))).to_be_visible()
            loaded_meanwhile += is_written and Lake(settings.home).warehouse_building.exists()
            page.wait_for_timeout(3000)
        assert builder.returncode == 0, (tmp_path / "build.log").read_text(errors="replace")[-4000:]
        assert loaded_meanwhile > 0

        choose(kept, "Scanner", "MR 1")
        expect(kept.get_by_text(old)).to_be_visible()  # what is open stays as it was
        expect(kept.get_by_text("A newer version is published.")).to_be_visible()
        kept.get_by_role("button", name="Show the newer version").click()
        settled(kept)
        newest = Lake(settings.home).marts.resolve().name
        expect(kept.get_by_text(f"version {newest}")).to_be_visible()
        page.reload()
        settled(page)
        expect(page.get_by_text(f"version {newest}")).to_be_visible()
        assert newest != "0123456789abcdef"
