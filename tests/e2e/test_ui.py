"""The Dagster UI of a deployment: the assets and the grid are there, the console is silent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.home import prepare_home
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import CONFIG_VARIABLE, Settings

_START_S = 180


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The webserver of a deployment with two PACS; nothing has landed yet."""
    folder = tmp_path_factory.mktemp("ui")
    config = folder / "protocol_assets.toml"
    config.write_text(
        'home = "home"\nstart_date = 2026-02-01\nend_date = 2026-02-07\n'
        + "".join(
            f'[[pacs]]\nname = "{name}"\nurl = "http://127.0.0.1:9/dicom-web"\n'
            for name in ("north", "south")
        ),
        encoding="utf-8",
    )
    environment = os.environ | {CONFIG_VARIABLE: str(config)}
    settings = Settings.load(environment)
    prepare_home(Deployment(settings))
    environment["DAGSTER_HOME"] = str(Lake(settings.home).dagster_home)
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "protocol_assets.webserver",
        "--workspace",
        str(Path(__file__).parents[2] / "workspace.yaml"),
        "--port",
        str(port),
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield _ready(f"http://127.0.0.1:{port}", server)
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _ready(url: str, server: subprocess.Popen[bytes]) -> str:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                return url
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the webserver did not start")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose console must stay free of errors."""
    problems: list[str] = []
    page = browser.new_page(viewport={"width": 1500, "height": 900})
    page.set_default_timeout(60_000)
    page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    page.close()
    assert problems == []


def test_the_asset_graph_shows_the_way_of_the_data(ui: str, page: Page) -> None:
    page.goto(f"{ui}/asset-groups")
    for group in ("ingest", "reference", "core", "mr", "published", "publish"):
        expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=90_000)


def test_the_grid_is_day_by_pacs(ui: str, page: Page) -> None:
    page.goto(f"{ui}/assets/series_facts?view=partitions")
    for text in ("2026-02-07", "north", "south"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=90_000)


def test_the_facts_describe_their_columns(ui: str, page: Page) -> None:
    page.goto(f"{ui}/assets/series_facts?view=overview")
    text = page.get_by_text("Only columns that the policy names are included.").first
    expect(text).to_be_visible(timeout=90_000)
    expect(page.get_by_text("data-engineering").first).to_be_visible()
