"""The documents' site opens from the disk with the network cut, is searched, and is accessible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from docs.generate.site import build_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_site(folder)
    return folder


@contextmanager
def opened(browser: Browser, path: Path) -> Iterator[tuple[Page, list[str]]]:
    """A page without a network, which must ask for nothing from elsewhere, and what it says."""
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        yield page, said
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_what_is_searched_is_found(browser: Browser, site: Path) -> None:
    with opened(browser, site / "index.html") as (page, said):
        box = page.get_by_role("textbox", name="Search")
        box.click()
        box.press_sequentially("NEX")
        results = page.locator(".md-search-result__item")
        expect(results.first).to_be_visible()
        expect(page.locator(".md-search-result__list")).to_contain_text("KPI definitions")
        results.first.get_by_role("link").first.click()
        expect(page).to_have_url(re.compile(r"/kpis\.html"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("KPI definitions")
        assert said == []


def test_every_page_of_the_navigation_opens_in_silence(browser: Browser, site: Path) -> None:
    with opened(browser, site / "index.html") as (page, said):
        for path in sorted(site.rglob("*.html")):
            if path.parent.name != "dbt":
                page.goto(path.as_uri())
                expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert said == []


def test_the_dbt_docs_show_a_model(browser: Browser, site: Path) -> None:
    # dbt's own page complains of its icons where it is opened from the disk; it works all the same.
    with opened(browser, site / "analysts.html") as (page, _):
        page.get_by_role("link", name="the dbt docs").click()
        expect(page).to_have_url(re.compile(r"/dbt/index\.html"))
        page.goto(f"{page.url.partition('#')[0]}#!/model/model.protocol_assets.nex_monthly.v1")
        expect(page.get_by_text("nex_time_weighted_mean").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "analysts.html", "operations.html"])
def test_a_page_has_no_serious_findings(
    browser: Browser, site: Path, name: str, scheme: str
) -> None:
    with browser.new_context(offline=True, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto((site / name).as_uri())
        found = Axe().run(page)
    serious = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
