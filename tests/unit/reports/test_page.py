from __future__ import annotations

import re

import pytest

from protocol_assets.data import text_languages
from protocol_assets.figures.scanners import slug
from protocol_assets.reports.page import render_page, render_scanner_pages
from tests.unit.reports.marts import FIGURES, WILD_NAMES


def page(name: str, *, language: str = "en", is_demo: bool = False) -> str:
    return render_page(FIGURES[name], language=language, is_demo=is_demo)


@pytest.mark.parametrize("name", FIGURES)
def test_the_pages_are_self_contained_and_know_their_links(name: str) -> None:
    pages = render_scanner_pages(FIGURES[name], language="en", is_demo=False)
    for text in (page(name), *pages.values()):
        assert "<script" not in text
        assert "http" not in text.replace("http-equiv", "")
        assert not re.search(r"\bsrc=|url\(|@import", text)
        assert "default-src 'none'" in text
        links = set(re.findall(r'href="([^"#]+)"', text))
        assert links <= {"../report.html", *(f"scanners/{one}" for one in pages)}


@pytest.mark.parametrize("language", text_languages())
def test_a_page_declares_its_language(language: str) -> None:
    assert f'<html lang="{language}">' in page("whole", language=language)


def test_portuguese_numbers_have_a_decimal_comma() -> None:
    text = page("whole", language="pt")
    assert "ressonância magnética" in text
    assert "1,80" in text
    assert "1.80" not in text


def test_names_are_text_whatever_their_script_and_direction() -> None:
    text = page("wild names")
    assert "<bdi>MR 1 &lt;b&gt;&amp;amp;&lt;/b&gt;</bdi>" in text
    assert "{{ report }}" in text
    assert "磁気共鳴" in text
    assert "<bdi>جهاز الرنين المغناطيسي ١</bdi>" in text


def test_every_scanner_has_a_page_of_its_own() -> None:
    pages = render_scanner_pages(FIGURES["wild names"], language="en", is_demo=False)
    assert set(pages) >= {f"{slug(name)}.html" for name in WILD_NAMES}
    assert "磁気共鳴" in pages[f"{slug(WILD_NAMES[4])}.html"]


def test_only_the_demo_says_that_it_is_one() -> None:
    assert "Simulated scanners" in page("whole", is_demo=True)
    assert "imulated" not in page("whole")
