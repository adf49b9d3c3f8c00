from __future__ import annotations

import re

import pytest

from protocol_assets.reports.page import render_page
from tests.unit.reports.marts import FIGURES


@pytest.mark.parametrize("name", FIGURES)
def test_the_page_is_self_contained(name: str) -> None:
    page = render_page(FIGURES[name], is_demo=False)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r"\b(src|href)=|url\(|@import", page)


def test_names_are_text() -> None:
    page = render_page(FIGURES["wild names"], is_demo=False)
    assert "MR 1 &lt;b&gt;&amp;amp;&lt;/b&gt;" in page
    assert "{{ report }}" in page
    assert "磁気共鳴" in page


def test_only_the_demo_says_that_it_is_one() -> None:
    assert "Simulated scanners" in render_page(FIGURES["whole"], is_demo=True)
    assert "imulated" not in render_page(FIGURES["whole"], is_demo=False)
