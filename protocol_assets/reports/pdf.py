"""The report as PDF/UA-1: tagged, with a page per scanner, the same bytes every time."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, Literal

import typst

from protocol_assets.figures.published import Figures
from protocol_assets.reports.chart import Chart
from protocol_assets.reports.content.blocks import Content
from protocol_assets.reports.content.panels import shown_scanners
from protocol_assets.reports.content.report import content, scanner_content
from protocol_assets.reports.texts import Texts

__all__ = ["render_chart", "render_pdf"]

_TEMPLATES: Final = Path(__file__).with_name("templates")
_ROWS: Final = 4
"""Rows of a table on a scanner's page of paper; its page on the screen has all."""
_PIXELS_PER_INCH: Final = 144
_CONTROLS: Final = ("Cc", "Zl", "Zp")
_PROBE: Final = b"""
#set document(title: "Probe")
#for one in json(bytes(sys.inputs.texts)) {
  for weight in ("regular", "semibold", "bold") { text(weight: weight, one) }
}
"""


def render_pdf(figures: Figures, *, language: str, is_demo: bool) -> bytes:
    """The PDF of one day: the report, then a page for each scanner.

    Names reach the template as JSON, never as Typst source. Fonts of the system are asked only for
    characters that Typst's own fonts lack (Japanese, Chinese, Korean). What no font can show,
    which PDF/UA forbids, is written as a question mark; the HTML page shows it.

    Args:
        figures: What it shows.
        language: BCP 47 tag of a ``data/texts_<language>.csv``.
        is_demo: Whether it says that its data are simulated.
    """
    texts = Texts(language)
    scanners = shown_scanners(figures.scanners)
    report = content(figures, texts, is_demo=is_demo)
    if len(scanners) < len(figures.scanners):
        report = _with_limit(report, len(scanners), len(figures.scanners), texts)
    pages = [scanner_content(one, figures, texts, is_demo=is_demo, most=_ROWS) for one in scanners]
    parts = [asdict(one) for one in (report, *pages)]
    special = sorted({one for one in _strings(parts) if not _is_plain(one)})
    # Where one of them stands decides whether Typst takes it for a blank.
    unshown = {one for one in special if any(map(_is_control, one))}
    special = [one for one in special if one not in unshown]
    has_own_fonts = not unshown and _can_show(special, has_own_fonts=True)
    if not has_own_fonts:
        unshown.update(_unshown(special))
    if unshown:
        parts = [_replaced(one, unshown) for one in parts]
        notices = (parts[0]["notice"], texts("pdf.unshown"))
        parts[0]["notice"] = " ".join(one for one in notices if one)
    return _compiled(
        _TEMPLATES / "report.typ",
        {"parts": json.dumps(parts)},
        form="pdf",
        has_own_fonts=has_own_fonts,
    )


def render_chart(chart: Chart, *, language: str, ppi: int = _PIXELS_PER_INCH) -> bytes:
    """A chart as PNG on a white ground.

    Args:
        chart: The chart.
        language: BCP 47 tag.
        ppi: Pixels per inch; the chart is 560 pt wide.
    """
    inputs = {"chart": json.dumps(asdict(chart)), "language": language}
    return _compiled(_TEMPLATES / "chart.typ", inputs, form="png", has_own_fonts=True, ppi=ppi)


def _with_limit(report: Content, shown: int, total: int, texts: Texts) -> Content:
    """The report that says which scanners have a page."""
    *sections, last = report.sections
    said = texts("scanners.paper", shown=texts.number(shown, 0), all=texts.number(total, 0))
    lead = " ".join(part for part in (last.lead, said) if part)
    return replace(report, sections=[*sections, replace(last, lead=lead)])


def _compiled(
    source: Path | bytes,
    inputs: dict[str, str],
    *,
    form: Literal["pdf", "png"],
    has_own_fonts: bool,
    ppi: int = _PIXELS_PER_INCH,
) -> bytes:
    read = source if isinstance(source, bytes) else source.read_bytes()
    compiler = typst.Compiler(
        read, root=_TEMPLATES, ignore_system_fonts=has_own_fonts, sys_inputs=inputs
    )
    if form == "pdf":
        made = compiler.compile(format="pdf", pdf_standards="ua-1")
    else:
        made = compiler.compile(format="png", ppi=ppi)
    if not isinstance(made, bytes):
        raise TypeError(f"Typst gave no single {form}")
    return made


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _can_show(strings: Sequence[str], *, has_own_fonts: bool) -> bool:
    try:
        inputs = {"texts": json.dumps(strings)}
        _compiled(_PROBE, inputs, form="pdf", has_own_fonts=has_own_fonts)
    except typst.TypstError:
        return False
    return True


def _unshown(strings: Sequence[str]) -> Iterator[str]:
    """The strings that no font can show, by halves."""
    if not strings or _can_show(strings, has_own_fonts=False):
        return
    if len(strings) == 1:
        yield strings[0]
        return
    middle = len(strings) // 2
    yield from _unshown(strings[:middle])
    yield from _unshown(strings[middle:])


def _replaced(value: Any, unshown: set[str]) -> Any:
    if isinstance(value, str):
        return "".join(map(_shown, value)) if value in unshown else value
    if isinstance(value, dict):
        return {key: _replaced(one, unshown) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(one, unshown) for one in value]
    return value


def _is_control(character: str) -> bool:
    """Whether it is a tab, the end of a line, or another character without a glyph."""
    return unicodedata.category(character) in _CONTROLS


def _shown(character: str) -> str:
    if _is_control(character):
        return " "
    # A mark whose font differs from that of the letter below it takes the letter's glyph away.
    if unicodedata.category(character).startswith("M"):
        return ""
    if _is_plain(character) or _can_show([character], has_own_fonts=False):
        return character
    return "?"
