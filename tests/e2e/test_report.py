"""The report page in a browser that has no network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from protocol_assets.reports.page import render_page
from tests.unit.reports.marts import FIGURES

_DESKTOP, _PHONE = 1280, 390


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    name: str = "whole",
    *,
    width: int = _DESKTOP,
    colors: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """The page of some figures, which has asked for nothing but its file when it is closed."""
    path = path / "report.html"
    path.write_text(render_page(FIGURES[name], is_demo=True), encoding="utf-8")
    requests: list[str] = []
    problems: list[str] = []
    context = browser.new_context(
        offline=True, viewport={"width": width, "height": 900}, color_scheme=colors
    )
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(path.as_uri())
    try:
        yield page
    finally:
        context.close()
    assert requests == [path.as_uri()]
    assert problems == []


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("width", [_DESKTOP, _PHONE])
def test_every_day_fits_the_screen(browser: Browser, tmp_path: Path, name: str, width: int) -> None:
    with opened(browser, tmp_path, name, width=width) as page:
        assert page.get_by_role("heading", level=1).inner_text() == "MR protocol report"
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_title_tables_and_trend(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path) as page:
        assert page.title() == "MR protocol report, 2026-03-04 (simulated)"
        assert page.get_by_role("table").count() == 3
        header = page.get_by_role("table").first.get_by_role("columnheader")
        assert header.all_inner_texts()[:2] == ["Scanner", "Mean NEX"]
        scanners = page.get_by_role("region", name="Scanners with the highest NEX")
        row = scanners.last.get_by_role("row").nth(1)
        assert row.get_by_role("rowheader").inner_text().startswith("Scanner BDOD3X")
        trend = page.get_by_role("img", name="Line chart of the fleet's mean NEX")
        assert trend.locator("circle").count() == 4
        assert trend.locator(".line").count() == 2


@pytest.mark.parametrize(("width", "columns"), [(_DESKTOP, 3), (_PHONE, 2)])
def test_six_tiles_stand_in_a_grid(
    browser: Browser, tmp_path: Path, width: int, columns: int
) -> None:
    with opened(browser, tmp_path, width=width) as page:
        boxes = [tile.bounding_box() for tile in page.locator(".tile").all()]
        assert len(boxes) == 6
        assert len({round(box["x"]) for box in boxes if box}) == columns
        assert len({round(box["y"]) for box in boxes if box}) == 6 // columns


@pytest.mark.parametrize("width", [_DESKTOP, _PHONE])
def test_a_scanner_name_does_not_wrap(browser: Browser, tmp_path: Path, width: int) -> None:
    with opened(browser, tmp_path, width=width) as page:
        name = page.locator("th.name > span", has_text="Scanner BDOD3X").first
        lines = "element => element.clientHeight / parseFloat(getComputedStyle(element).lineHeight)"
        assert name.evaluate(lines) == pytest.approx(1, abs=0.2)


def test_light_and_dark_are_readable(browser: Browser, tmp_path: Path) -> None:
    lightness: dict[tuple[str, str], int] = {}
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for colors in schemes:
        with opened(browser, tmp_path, colors=colors) as page:
            for what in ("backgroundColor", "color"):
                shade = page.evaluate(f"getComputedStyle(document.body).{what}")
                lightness[colors, what] = sum(map(int, shade[4:-1].split(",")))
    assert lightness["light", "backgroundColor"] - lightness["light", "color"] > 500
    assert lightness["dark", "color"] - lightness["dark", "backgroundColor"] > 500
