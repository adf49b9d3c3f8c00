"""What a report is built of: tiles, tables, panels and sections of words ready to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from protocol_assets.reports.chart import Chart

__all__ = [
    "Column",
    "Content",
    "Entry",
    "Kind",
    "Link",
    "Panel",
    "Section",
    "Span",
    "State",
    "Table",
    "Tile",
]

State = Literal["whole", "partial", "missing", "alarm", "plain"]
"""How a badge is coloured: reached, in between, nothing to say, gone wrong, neutral."""


Kind = Literal["name", "text", "number", "bar", "span", "state"]
"""The content of a column: ``name`` heads its rows, ``span`` has intervals, ``state`` badges."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, large, with what it rests on below."""

    label: str
    value: str
    unit: str
    note: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column."""

    title: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Span:
    """A value with its interval on a line that all rows share; places are percent of its length.

    Attributes:
        value: The estimate.
        low: Lower end, None where it is not known.
        high: Upper end, likewise.
        zero: Where nothing happens, None where the line begins there.
    """

    value: float
    low: float | None
    high: float | None
    zero: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a table.

    Attributes:
        text: Its content.
        below: A second line, smaller.
        bar: Length of the bar beside the text, 0 to 1.
        span: A value with its interval, drawn below the text.
        state: How it is coloured.
        link: The scanner's page it leads to.
    """

    text: str
    below: str | None = None
    bar: float | None = None
    span: Span | None = None
    state: State | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of entries under their columns.

    Attributes:
        columns: The columns.
        rows: The rows.
        is_stacked: Whether a row becomes a card where the screen is narrow.
        more: That there are rows that are not shown.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Entry]]
    is_stacked: bool = False
    more: str | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A scanner among others: two charts on scales that all panels share.

    Attributes:
        name: The scanner.
        about: Device and site.
        link: Its page.
        setting: Its protocols over their mean setting, None where none is known.
        setting_note: Its mean.
        time: Its scan time per exam by month, likewise.
        time_note: The last of these.
    """

    name: str
    about: str
    link: str
    setting: Chart | None
    setting_note: str
    time: Chart | None
    time_note: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where one can go on."""

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: what there is of it, from top to bottom.

    Attributes:
        key: Its anchor.
        heading: Its heading.
        lead: A line on what follows.
        message: Why there is nothing to show.
        tiles: Single figures.
        chart: A course over time.
        tables: Rankings or lists.
        panels: Small multiples.
        panels_titles: What their two charts show.
        links: Pages of scanners.
        links_title: What the links are.
    """

    key: str
    heading: str
    lead: str | None = None
    message: str | None = None
    tiles: Sequence[Tile] = ()
    chart: Chart | None = None
    tables: Sequence[Table] = ()
    panels: Sequence[Panel] = ()
    panels_titles: tuple[str, str] = ("", "")
    links: Sequence[Link] = ()
    links_title: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """The report, or a scanner's page of it, in words.

    Attributes:
        language: BCP 47 tag.
        key: Name of a scanner's page; None for the report itself.
        day: The reported day as ISO 8601.
        title: The document's title.
        heading: Its first line.
        subtitle: What is reported.
        notice: That the data are simulated, if they are.
        back: From a scanner's page to the report.
        sections: The parts.
        glossary_heading: Heading of the words.
        glossary: Words and what they mean.
    """

    language: str
    key: str | None
    day: str | None
    title: str
    heading: str
    subtitle: str
    notice: str | None
    back: Link | None
    sections: Sequence[Section]
    glossary_heading: str
    glossary: Sequence[tuple[str, str]]
