"""The report's pages and its mail in a browser that has no network."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from protocol_assets.data import text_languages
from protocol_assets.reports.mail import render_mail
from protocol_assets.reports.page import render_page, render_scanner_pages
from tests.unit.reports.marts import FIGURES

_DESKTOP, _PHONE = 1280, 390
Colors = Literal["light", "dark"]


def _written(path: Path, name: str, language: str) -> Path:
    for file, text in render_scanner_pages(FIGURES[name], language=language, is_demo=True).items():
        (path / "scanners").mkdir(exist_ok=True)
        (path / "scanners" / file).write_text(text, encoding="utf-8")
    page = path / "report.html"
    text = render_page(FIGURES[name], language=language, is_demo=True)
    page.write_text(text, encoding="utf-8")
    return page


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    name: str = "whole",
    *,
    width: int = _DESKTOP,
    colors: Colors = "light",
    media: Literal["screen", "print"] = "screen",
    language: str = "en",
) -> Iterator[Page]:
    """The report of some figures, which has asked for nothing but files when it is closed."""
    file = _written(path, name, language)
    requests: list[str] = []
    problems: list[str] = []
    # The pages have a policy against scripts; the checks are scripts.
    context = browser.new_context(
        offline=True,
        viewport={"width": width, "height": 900},
        color_scheme=colors,
        bypass_csp=True,
    )
    page = context.new_page()
    page.emulate_media(media=media)
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file.as_uri())
    try:
        yield page
    finally:
        context.close()
    assert all(url.startswith(path.as_uri()) for url in requests), requests
    assert len(requests) == len(set(requests))
    assert problems == []


def grave(page: Page) -> list[tuple[str, str]]:
    """What axe-core finds of serious or critical impact: rule and the first element."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        (one["id"], one["nodes"][0]["html"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def first_scanner(page: Page) -> None:
    page.get_by_role("link", name="MR 2", exact=True).first.click()


def test_a_report_asks_for_nothing_with_its_policy_in_force(
    browser: Browser, tmp_path: Path
) -> None:
    file = _written(tmp_path, "whole", "en")
    requests: list[str] = []
    problems: list[str] = []
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.goto(file.as_uri())
    first_scanner(page)
    assert page.get_by_role("heading", level=1).inner_text() == "MR 2"
    page.get_by_role("link", name="Back to the report").click()
    assert page.get_by_role("heading", level=1).inner_text() == "MR protocol report"
    context.close()
    assert [Path(url).name.partition("-")[0] for url in requests] == [
        "report.html",
        "mr",
        "report.html",
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("width", "colors", "media"),
    [
        (_DESKTOP, "light", "screen"),
        (_DESKTOP, "dark", "screen"),
        (_PHONE, "light", "screen"),
        (_PHONE, "dark", "screen"),
        (_DESKTOP, "light", "print"),
        (_DESKTOP, "dark", "print"),
    ],
)
@pytest.mark.parametrize("name", ["whole", "empty", "values missing", "wild names"])
def test_everybody_can_use_the_pages(
    browser: Browser,
    tmp_path: Path,
    name: str,
    width: int,
    colors: Colors,
    media: Literal["screen", "print"],
) -> None:
    with opened(browser, tmp_path, name, width=width, colors=colors, media=media) as page:
        assert grave(page) == []
        if name == "whole":
            first_scanner(page)
            assert page.get_by_role("heading", level=1).inner_text() == "MR 2"
            assert grave(page) == []


@pytest.mark.parametrize("language", text_languages())
def test_everybody_can_use_the_page_in_every_language(
    browser: Browser, tmp_path: Path, language: str
) -> None:
    with opened(browser, tmp_path, language=language, width=_PHONE) as page:
        assert grave(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= _PHONE


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("width", [_DESKTOP, _PHONE])
def test_every_day_fits_the_screen(browser: Browser, tmp_path: Path, name: str, width: int) -> None:
    with opened(browser, tmp_path, name, width=width) as page:
        assert page.get_by_role("heading", level=1).inner_text() == "MR protocol report"
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [_DESKTOP, _PHONE])
def test_a_scanner_page_fits_the_screen(browser: Browser, tmp_path: Path, width: int) -> None:
    with opened(browser, tmp_path, width=width) as page:
        first_scanner(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.get_by_role("img").count() == 3


def test_title_tables_and_charts(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path) as page:
        assert page.title() == "MR protocol report, 2026-03-04 (simulated)"
        assert page.get_by_role("table").count() == 5
        header = page.get_by_role("table").first.get_by_role("columnheader")
        assert header.all_inner_texts()[:2] == ["Protocol", "Potential saving per month"]
        row = page.get_by_role("table").first.get_by_role("row").nth(1)
        assert "MR 2, North" in row.get_by_role("rowheader").inner_text()
        trend = page.get_by_role("img", name="Line chart of the fleet's mean NEX")
        assert trend.locator("circle").count() == 4
        assert trend.locator(".line").count() == 2
        minutes = page.get_by_role("img", name="Column chart of the potential saving")
        assert minutes.locator("rect").count() == 6
        assert minutes.locator(".whisker").count() == 6
        assert page.locator(".panel").count() == 2


def test_a_row_is_a_card_on_a_phone_and_still_a_row_of_a_table(
    browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, tmp_path, width=_PHONE) as page:
        table = page.get_by_role("table").first
        assert table.get_by_role("row").count() == 4
        assert table.get_by_role("columnheader").count() == 7
        cell = table.get_by_role("row").nth(1).get_by_role("cell").first
        label = cell.evaluate("one => getComputedStyle(one, '::before').content")
        assert label == '"Potential saving per month"'


def test_the_report_can_be_walked_with_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path) as page:
        sections = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
        seen = []
        for _ in range(60):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.textContent.trim()"))
        assert seen[: len(sections)] == sections
        pages = page.locator("summary")
        pages.focus()
        page.keyboard.press("Enter")
        assert page.locator("details a").first.is_visible()


@pytest.mark.parametrize(("width", "columns"), [(_DESKTOP, 3), (_PHONE, 2)])
def test_the_tiles_of_the_day_stand_in_a_grid(
    browser: Browser, tmp_path: Path, width: int, columns: int
) -> None:
    with opened(browser, tmp_path, width=width) as page:
        boxes = [tile.bounding_box() for tile in page.locator(".fleet .tile").all()]
        assert len(boxes) == 6
        assert len({round(box["x"]) for box in boxes if box}) == columns
        assert len({round(box["y"]) for box in boxes if box}) == 6 // columns


def test_light_and_dark_are_readable(browser: Browser, tmp_path: Path) -> None:
    lightness: dict[tuple[str, str], int] = {}
    schemes: tuple[Colors, ...] = ("light", "dark")
    for colors in schemes:
        with opened(browser, tmp_path, colors=colors) as page:
            for what in ("backgroundColor", "color"):
                shade = page.evaluate(f"getComputedStyle(document.body).{what}")
                lightness[colors, what] = sum(map(int, shade[4:-1].split(",")))
    assert lightness["light", "backgroundColor"] - lightness["light", "color"] > 500
    assert lightness["dark", "color"] - lightness["dark", "backgroundColor"] > 500


@pytest.mark.parametrize("width", [720, _PHONE])
@pytest.mark.parametrize("name", ["whole", "empty", "wild names"])
def test_everybody_can_read_the_mail(
    browser: Browser, tmp_path: Path, name: str, width: int
) -> None:
    mail = render_mail(FIGURES[name], language="en", is_demo=True)
    # As a mail program does it, which has the pictures beside the body.
    html = re.sub(
        r"cid:([a-z]+)",
        lambda found: f"data:image/png;base64,{base64.b64encode(mail.images[found[1]]).decode()}",
        mail.html,
    )
    file = tmp_path / "mail.html"
    file.write_text(html, encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    assert grave(page) == []
    widths = page.evaluate("[...document.images].map(one => one.naturalWidth)")
    assert len(widths) == len(mail.images)
    assert all(widths)
    context.close()
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
