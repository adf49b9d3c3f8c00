from __future__ import annotations

import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_assets.reports.pdf import render_pdf
from tests.unit.reports.marts import FIGURES, made, monthly


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


@pytest.mark.parametrize("name", FIGURES)
def test_every_day_gives_an_accessible_pdf_with_its_fonts(name: str) -> None:
    text = opened(render_pdf(FIGURES[name], is_demo=False))
    assert text.startswith(b"%PDF-1.7")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in text
    assert b"<dc:language><rdf:Bag><rdf:li>en</rdf:li>" in text
    assert b"MR protocol report" in text
    fonts = re.findall(rb"/FontName/(\S+?)/", text)
    assert fonts
    assert len(re.findall(rb"/FontFile3? ", text)) == len(fonts)


def test_the_chart_is_told_in_words() -> None:
    assert b"Line chart of the fleet" in opened(render_pdf(FIGURES["whole"], is_demo=False))


@pytest.mark.parametrize("name", ["whole", "empty"])
def test_the_bytes_are_the_same_every_time_and_know_no_day_but_the_reported(name: str) -> None:
    pdf = render_pdf(FIGURES[name], is_demo=True)
    assert pdf == render_pdf(FIGURES[name], is_demo=True)
    dates = set(re.findall(rb"<xmp:\w+Date>(.*?)</", pdf))
    assert dates == ({b"2026-03-04T00:00:00Z"} if name == "whole" else set())


@settings(max_examples=10)
@given(st.text(min_size=1, max_size=40))
def test_any_name_can_be_printed(name: str) -> None:
    pdf = render_pdf(made(nex_monthly=[monthly(name, "T1", 2.0)]), is_demo=False)
    assert pdf.startswith(b"%PDF")
