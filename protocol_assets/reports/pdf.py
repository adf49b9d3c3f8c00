"""The report as PDF/UA-1: tagged, with the fonts that Typst ships, the same bytes every time."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst

from protocol_assets.reports.content import content
from protocol_assets.reports.figures import Figures
from protocol_assets.reports.texts import Texts

__all__ = ["render_pdf"]

_TEMPLATE: Final = Path(__file__).with_name("templates") / "report.typ"
_PROBE: Final = b"""
#set document(title: "Probe")
#for weight in ("regular", "semibold", "bold") {
  text(weight: weight, json(bytes(sys.inputs.report)))
}
"""


def render_pdf(figures: Figures, *, is_demo: bool) -> bytes:
    """The PDF of one day.

    Names reach the template as JSON, never as Typst source. A character that the shipped fonts
    cannot show, which PDF/UA forbids, is written as a question mark; the page shows it.

    Args:
        figures: What it shows.
        is_demo: Whether it says that its data are simulated.
    """
    report = asdict(content(figures, Texts(), is_demo=is_demo))
    return _compile(_TEMPLATE.read_bytes(), _showable(report))


def _compile(source: bytes, report: Any) -> bytes:
    compiler = typst.Compiler(
        source,
        root=_TEMPLATE.parent,
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(report)},
    )
    pdf = compiler.compile(format="pdf", pdf_standards="ua-1")
    if not isinstance(pdf, bytes):
        raise TypeError("Typst gave no PDF")
    return pdf


def _showable(value: Any) -> Any:
    if isinstance(value, str):
        return value if _can_show(value) else "".join(map(_shown, value))
    if isinstance(value, dict):
        return {key: _showable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_showable(one) for one in value]
    return value


def _shown(character: str) -> str:
    # A mark whose font differs from that of the letter below it takes the letter's glyph away.
    if unicodedata.category(character).startswith("M"):
        return ""
    return character if _can_show(character) else "?"


@lru_cache(maxsize=4096)
def _can_show(text: str) -> bool:
    if text.isascii():
        return text.isprintable()
    try:
        _compile(_PROBE, text)
    except typst.TypstError:
        return False
    return True
