"""What the report says: the figures in words, laid out by the page and the PDF alike."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from protocol_assets.deidentify.labels import K_PATIENTS
from protocol_assets.reports.chart import Chart, trend_chart
from protocol_assets.reports.figures import DayCompleteness, Figures, Landing, NexRow
from protocol_assets.reports.texts import Texts

__all__ = ["Cell", "Column", "Content", "Section", "Table", "Tile", "content"]

_PACS_PER_TABLE: Final = 6
"""As many as fit side by side on A4."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, large, with what it rests on below."""

    label: str
    value: str
    unit: str
    note: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``name`` heads its rows."""

    title: str
    kind: Literal["name", "bar", "number", "state"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What stands in it.
        below: A second line, smaller.
        bar: Length of the bar beside the text, 0 to 1.
        state: How a landing is coloured.
    """

    text: str
    below: str | None = None
    bar: float | None = None
    state: Literal["whole", "partial", "missing"] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their columns."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: what there is of it, from top to bottom.

    Attributes:
        key: Its anchor.
        heading: Its heading.
        lead: A line on what follows.
        message: Why there is nothing to show.
        tiles: Single figures.
        chart: A trend.
        tables: A ranking or lists.
    """

    key: str
    heading: str
    lead: str | None = None
    message: str | None = None
    tiles: Sequence[Tile] = ()
    chart: Chart | None = None
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """The report in words.

    Attributes:
        language: BCP 47 tag.
        day: The reported day as ISO 8601.
        title: The document's title.
        heading: Its first line.
        subtitle: What is reported.
        notice: That the data are simulated, if they are.
        sections: The parts.
        glossary_heading: Heading of the words.
        glossary: Words and what they mean.
    """

    language: str
    day: str | None
    title: str
    heading: str
    subtitle: str
    notice: str | None
    sections: Sequence[Section]
    glossary_heading: str
    glossary: Sequence[tuple[str, str]]


def content(figures: Figures, texts: Texts, *, is_demo: bool) -> Content:
    """The report on some figures.

    Args:
        figures: What it shows.
        texts: The wording.
        is_demo: Whether it says that its data are simulated.
    """
    day = figures.day
    title = ", ".join([texts("heading"), *([day.isoformat()] if day else [])])
    return Content(
        language=texts.language,
        day=day.isoformat() if day else None,
        title=texts("demo.title", title=title) if is_demo else title,
        heading=texts("heading"),
        subtitle=texts("subtitle", day=texts.day(day)) if day else texts("subtitle.none"),
        notice=texts("demo") if is_demo else None,
        sections=[
            _fleet(figures, texts),
            *_rankings(figures, texts),
            _completeness(figures, texts),
        ],
        glossary_heading=texts("glossary"),
        glossary=[
            (texts(f"glossary.{word}"), texts(f"glossary.{word}.text", patients=K_PATIENTS))
            for word in ("nex", "times", "withheld")
        ],
    )


def _fleet(figures: Figures, texts: Texts) -> Section:
    message = None
    if figures.day is None:
        message = texts("fleet.no_day", pacs=", ".join(figures.pacs))
    elif figures.fleet is None:
        message = texts("fleet.none")
    elif figures.fleet["is_suppressed"]:
        message = texts("fleet.withheld", patients=K_PATIENTS)
    return Section(
        "fleet",
        texts("fleet"),
        message=message,
        tiles=[] if message else _tiles(figures, texts),
        chart=trend_chart(figures.trend, texts, patients=K_PATIENTS),
    )


def _tiles(figures: Figures, texts: Texts) -> list[Tile]:
    fleet = figures.fleet or {}

    def tile(key: str, value: str, unit: str = "", **note: str) -> Tile:
        return Tile(texts(f"tile.{key}"), value, unit, texts(f"tile.{key}.note", **note))

    def count(name: str) -> str:
        return texts.number(fleet[name], 0)

    def share(name: str) -> str:
        return texts.percent(fleet[name])

    def time(name: str, unit_s: int) -> str:
        seconds = fleet[name]
        return texts.number(None if seconds is None else seconds / unit_s, 1)

    hours, minutes = texts("unit.h"), texts("unit.min")
    return [
        tile(
            "nex",
            texts.number(fleet["nex_mean"]),
            acquisitions=count("acquisitions"),
            share=share("nex_coverage"),
        ),
        tile("above_1", share("share_above_1")),
        tile(
            "scan_time",
            time("acquisition_time_sum_s", 3600),
            hours,
            share=share("acquisition_time_coverage"),
        ),
        tile("exams", count("exams"), scanners=count("scanners")),
        tile(
            "exam_scan_time",
            time("scan_time_sum_median_s", 60),
            minutes,
            share=share("scan_time_sum_coverage"),
        ),
        tile(
            "exam_span",
            time("exam_span_median_s", 60),
            minutes,
            share=share("exam_span_coverage"),
            gap=time("gap_time_median_s", 60),
        ),
    ]


def _rankings(figures: Figures, texts: Texts) -> list[Section]:
    if figures.month is None or not figures.scanners:
        message = texts("scanners.none", patients=K_PATIENTS)
        return [Section("scanners", texts("scanners"), message=message)]
    month = texts.month(figures.month)
    return [
        Section(
            key,
            texts(key),
            lead=texts(f"{key}.lead", month=month),
            tables=[Table(_nex_columns(name, texts), _nex_rows(rows, texts))],
        )
        for key, name, rows in (
            ("scanners", "scanner", figures.scanners),
            ("protocols", "protocol", figures.protocols),
        )
    ]


def _nex_columns(name: str, texts: Texts) -> list[Column]:
    return [
        Column(texts(f"column.{name}"), "name"),
        Column(texts("column.nex"), "bar"),
        Column(texts("column.nex_known"), "number"),
        Column(texts("column.acquisitions"), "number"),
        Column(texts("column.scan_time"), "number"),
        Column(texts("column.scan_time_known"), "number"),
    ]


def _nex_rows(rows: Sequence[NexRow], texts: Texts) -> list[list[Cell]]:
    longest = max(row.nex_mean for row in rows)
    return [
        [
            _named(row),
            Cell(texts.number(row.nex_mean), bar=round(row.nex_mean / longest, 3)),
            Cell(texts.percent(row.coverage)),
            Cell(texts.number(row.acquisitions, 0)),
            Cell(texts.number(row.scan_time_h, 1)),
            Cell(texts.percent(row.scan_time_coverage)),
        ]
        for row in rows
    ]


def _named(row: NexRow) -> Cell:
    """A scanner with its device and site below, or a protocol with its scanner and site below."""
    name, about = (row.scanner, row.device) if row.protocol is None else (row.protocol, row.scanner)
    below = ", ".join(part for part in (about, row.site) if part)
    return Cell(_unbroken(name), below=_unbroken(below) or None)


def _unbroken(text: str) -> str:
    """The text with its field strengths kept on one line."""
    return re.sub(r"(?<=\d) T\b", "\u00a0T", text)


def _completeness(figures: Figures, texts: Texts) -> Section:
    key, heading = "completeness", texts("completeness")
    if not figures.completeness:
        return Section(key, heading, message=texts("completeness.none"))
    groups = [
        figures.pacs[first : first + _PACS_PER_TABLE]
        for first in range(0, len(figures.pacs), _PACS_PER_TABLE)
    ]
    tables = [_landings(figures.completeness, group, texts) for group in groups]
    return Section(key, heading, lead=texts("completeness.lead"), tables=tables)


def _landings(days: Sequence[DayCompleteness], pacs: Sequence[str], texts: Texts) -> Table:
    return Table(
        columns=[Column(texts("column.day"), "name"), *(Column(name, "state") for name in pacs)],
        rows=[
            [Cell(texts.day(one.day)), *(_landing(one.landed[name], texts) for name in pacs)]
            for one in days
        ],
    )


def _landing(landing: Landing | None, texts: Texts) -> Cell:
    if landing is None:
        return Cell(texts("completeness.missing"), state="missing")
    if landing.is_complete:
        text = texts("completeness.no_studies") if landing.percent is None else texts.percent(1)
        return Cell(text, state="whole")
    if landing.percent is None or landing.percent >= 100:
        return Cell(texts("completeness.incomplete"), state="partial")
    # Rounded down: what is not whole must not read as 100 %.
    share = math.floor(10 * landing.percent) / 1000
    return Cell(texts.percent(share, 1), state="partial")
