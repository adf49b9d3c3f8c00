from __future__ import annotations

import re
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol_assets.data import text_languages
from protocol_assets.reports.pdf import render_chart, render_pdf
from protocol_assets.reports.texts import Texts
from protocol_assets.reports.trend import minutes_chart
from tests.unit.reports.marts import FIGURES, fleet_of, made, monthly, opportunity


def opened(pdf: bytes) -> bytes:
    """The file with its compressed streams opened behind it."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    unpacked = []
    for stream in streams:
        try:
            unpacked.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return pdf + b"".join(unpacked)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type/Page\b", opened(pdf)))


@pytest.mark.parametrize("name", FIGURES)
def test_every_day_gives_an_accessible_pdf_with_its_fonts(name: str) -> None:
    text = opened(render_pdf(FIGURES[name], language="en", is_demo=False))
    assert text.startswith(b"%PDF-1.7")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in text
    assert b"<dc:language><rdf:Bag><rdf:li>en</rdf:li>" in text
    assert b"MR protocol report" in text
    fonts = re.findall(rb"/FontName/(\S+?)/", text)
    assert fonts
    assert len(re.findall(rb"/FontFile\d? ", text)) == len(fonts)


@pytest.mark.parametrize("language", text_languages())
def test_the_charts_are_told_in_words(language: str) -> None:
    text = opened(render_pdf(FIGURES["whole"], language=language, is_demo=False))
    figures = len(re.findall(rb"/S/Figure\b", text))
    assert figures >= 8
    assert len(re.findall(rb"/Alt ?[(<]", text)) >= figures


@pytest.mark.parametrize("name", ["whole", "empty"])
def test_the_bytes_are_the_same_every_time_and_know_no_day_but_the_reported(name: str) -> None:
    pdf = render_pdf(FIGURES[name], language="en", is_demo=True)
    assert pdf == render_pdf(FIGURES[name], language="en", is_demo=True)
    dates = set(re.findall(rb"<xmp:\w+Date>(.*?)</", pdf))
    assert dates == ({b"2026-03-04T00:00:00Z"} if name == "whole" else set())


def test_a_page_follows_for_each_scanner() -> None:
    one = render_pdf(made(published_opportunities=[]), language="en", is_demo=False)
    assert pages(one) >= 4


def test_of_a_large_fleet_only_scanners_with_something_to_say_have_a_page() -> None:
    quiet = fleet_of(100)
    few = made(
        nex_monthly=[monthly(f"MR {number}", "T1", 2.0) for number in range(100)],
        exam_monthly=[],
        published_opportunities=[opportunity("MR 7", 30)],
        published_verification=[],
        published_exam_shifts=[],
        published_findings=[],
    )
    assert len(quiet.scanners) == len(few.scanners) == 100
    count = pages(render_pdf(few, language="en", is_demo=False))
    assert count < 8
    assert pages(render_pdf(quiet, language="en", is_demo=False)) >= count + 33


@settings(max_examples=10)
@given(st.text(min_size=1, max_size=40))
@example("\r\t")
@example("MR\t1\u2028\x00磁")
def test_any_name_can_be_printed(name: str) -> None:
    figures = made(
        nex_monthly=[monthly(name, "T1", 2.0)],
        published_opportunities=[opportunity(name, 20, site=name, protocol_label=name)],
    )
    assert render_pdf(figures, language="en", is_demo=False).startswith(b"%PDF")


def test_a_chart_is_a_picture_the_same_every_time() -> None:
    chart = minutes_chart(FIGURES["whole"].potential.trend, Texts("en"))
    assert chart is not None
    picture = render_chart(chart, language="en")
    assert picture.startswith(b"\x89PNG")
    assert picture == render_chart(chart, language="en")
