"""The report and the pages of its scanners, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.figures.monthly import SETTING
from protocol_assets.figures.published import Figures
from protocol_assets.figures.scanners import ScannerFigures
from protocol_assets.figures.scope import Scope
from protocol_assets.modalities.registry import MODALITIES
from protocol_assets.reports.content.blocks import Content, Link, Section
from protocol_assets.reports.content.changes import changes
from protocol_assets.reports.content.drift import drift
from protocol_assets.reports.content.exam_shifts import exam_shifts
from protocol_assets.reports.content.fleet import completeness, fleet
from protocol_assets.reports.content.headline import headline
from protocol_assets.reports.content.names import about_scanner, unbroken
from protocol_assets.reports.content.opportunities import opportunities
from protocol_assets.reports.content.panels import multiples
from protocol_assets.reports.content.scanner import months, protocols
from protocol_assets.reports.texts import Texts

__all__ = ["SECTIONS", "content", "scanner_content"]

_OPPORTUNITIES: Final = 10
_CHANGES: Final = 8
_FINDINGS: Final = 8
SECTIONS: Final[Mapping[str, Callable[[Figures, Texts], Section | None]]] = {
    "headline": lambda figures, texts: headline(figures.potential, figures.changes, texts),
    "opportunities": lambda figures, texts: opportunities(
        figures.potential, texts, most=_OPPORTUNITIES
    ),
    "changes": lambda figures, texts: changes(figures.changes, texts, most=_CHANGES),
    "exam_shifts": lambda figures, texts: exam_shifts(figures.exam_shifts, texts, most=_CHANGES),
    "drift": lambda figures, texts: drift(figures.findings, texts, most=_FINDINGS),
    "fleet": fleet,
    "completeness": completeness,
    "multiples": multiples,
}
"""The sections that a modality can name in ``report_sections``."""
_WORDS: Final = (
    "potential",
    "reference",
    "snr",
    "averages",
    SETTING,
    "verified",
    "times",
    "withheld",
)


def content(figures: Figures, texts: Texts, *, is_demo: bool) -> Content:
    """The report on some figures, the most important first.

    Args:
        figures: What it shows.
        texts: The wording.
        is_demo: Whether it says that its data are simulated.
    """
    day = figures.day
    subtitle = texts("subtitle", day=texts.day(day)) if day else texts("subtitle.none")
    if figures.scope != Scope():
        shown = ", ".join((*figures.scope.sites, *figures.scope.scanners))
        subtitle = texts("subtitle.scope", subtitle=subtitle, scope=shown)
    return _content(
        figures,
        texts,
        is_demo=is_demo,
        heading=texts("heading"),
        subtitle=subtitle,
        sections=[SECTIONS[name](figures, texts) for name in _section_names()],
    )


def _section_names() -> list[str]:
    """The sections of all modalities in their order, each once."""
    return list(dict.fromkeys(name for one in MODALITIES for name in one.report_sections))


def scanner_content(
    scanner: ScannerFigures,
    figures: Figures,
    texts: Texts,
    *,
    is_demo: bool,
    most: int | None = None,
) -> Content:
    """The page of one scanner.

    Args:
        scanner: The scanner.
        figures: What the report shows.
        texts: The wording.
        is_demo: Whether it says that its data are simulated.
        most: How many rows a table may have, None for all.
    """
    about = [about_scanner(scanner, texts), texts.day(figures.day) if figures.day else None]
    return _content(
        figures,
        texts,
        is_demo=is_demo,
        heading=unbroken(scanner.label),
        subtitle=", ".join(part for part in about if part),
        key=scanner.slug,
        sections=[
            headline(scanner.potential, scanner.changes, texts),
            opportunities(scanner.potential, texts, most=most, is_alone=True),
            changes(scanner.changes, texts, most=most, is_alone=True),
            exam_shifts(scanner.exam_shifts, texts, most=most, is_alone=True),
            drift(scanner.findings, texts, most=most, is_alone=True),
            months(scanner, texts, most=most),
            protocols(
                scanner,
                texts,
                month=texts.month(figures.month) if figures.month else None,
                most=most,
            ),
        ],
    )


def _content(
    figures: Figures,
    texts: Texts,
    *,
    is_demo: bool,
    heading: str,
    subtitle: str,
    sections: Sequence[Section | None],
    key: str | None = None,
) -> Content:
    day = figures.day.isoformat() if figures.day else None
    title = ", ".join([heading, *([day] if day else [])])
    return Content(
        language=texts.language,
        key=key,
        day=day,
        title=texts("demo.title", title=title) if is_demo else title,
        heading=heading,
        subtitle=subtitle,
        notice=texts("demo") if is_demo else None,
        back=None if key is None else Link(texts("back"), "../report.html"),
        sections=[section for section in sections if section is not None],
        glossary_heading=texts("glossary"),
        glossary=[
            (texts(f"glossary.{word}"), texts(f"glossary.{word}.text", patients=K_PATIENTS))
            for word in _WORDS
        ],
    )
