"""The report's first page as the body of a mail: no request to anywhere, charts as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from protocol_assets.figures.published import Figures
from protocol_assets.reports.content.blocks import Content, Section
from protocol_assets.reports.content.report import content
from protocol_assets.reports.page import templates
from protocol_assets.reports.pdf import render_chart
from protocol_assets.reports.texts import Texts

__all__ = ["MailBody", "render_mail"]

_SECTIONS: Final = ("headline", "opportunities", "changes", "drift", "fleet", "completeness")
_ROWS: Final = 5
_DAYS: Final = 2
_DROPPED: Final = {
    "opportunities": ("acquisition_time", "confidence"),
    "changes": ("levels", "guard"),
    "drift": ("period", "finding"),
}
"""Columns for which a mail is too narrow; the PDF has them."""


@dataclass(frozen=True, slots=True)
class MailBody:
    """A mail without its sender and receivers.

    Attributes:
        subject: One line.
        html: The body; its pictures are named by ``cid:``.
        text: The same for readers without HTML.
        images: PNG by content ID.
    """

    subject: str
    html: str
    text: str
    images: Mapping[str, bytes]


def render_mail(figures: Figures, *, language: str, is_demo: bool) -> MailBody:
    """The mail of one day.

    Args:
        figures: What it shows.
        language: BCP 47 tag of a ``data/texts_<language>.csv``.
        is_demo: Whether it says that its data are simulated.
    """
    texts = Texts(language)
    report = content(figures, texts, is_demo=is_demo)
    sections = [_short(one, texts) for one in report.sections if one.key in _SECTIONS]
    parts = {"report": report, "sections": sections, "attached": texts("mail.attached")}
    return MailBody(
        subject=_subject(figures, report, texts),
        html=templates().get_template("mail.html").render(parts),
        text=templates().get_template("mail.txt").render(parts),
        images={
            one.key: render_chart(one.chart, language=language)
            for one in sections
            if one.chart is not None
        },
    )


def _subject(figures: Figures, report: Content, texts: Texts) -> str:
    day = texts.date(figures.day) if figures.day else texts("mail.subject.none")
    heading = texts("demo.title", title=report.heading) if report.notice else report.heading
    minutes = figures.potential.minutes
    if minutes is None or not figures.potential.live:
        return texts("mail.subject.plain", heading=heading, day=day)
    return texts(
        "mail.subject",
        heading=heading,
        day=day,
        minutes=texts.quantity(minutes.value, "min"),
    )


def _short(section: Section, texts: Texts) -> Section:
    """What of a section fits a mail: fewer columns, fewer rows, and how many are left out."""
    dropped = {texts(f"column.{name}") for name in _DROPPED.get(section.key, ())}
    most = _DAYS if section.key == "completeness" else _ROWS
    tables = []
    for table in section.tables:
        kept = [place for place, one in enumerate(table.columns) if one.title not in dropped]
        rest = len(table.rows) - most
        is_cut = rest > 0 and section.key != "completeness"
        tables.append(
            replace(
                table,
                columns=[table.columns[place] for place in kept],
                rows=[[row[place] for place in kept] for row in table.rows[:most]],
                more=texts("mail.more") if is_cut else table.more,
            )
        )
    return replace(section, tables=tables)
