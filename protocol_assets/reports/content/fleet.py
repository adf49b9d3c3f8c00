"""The fleet on the reported day, and how complete the days around it have landed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.figures.monthly import COVERAGE, MEAN
from protocol_assets.figures.published import DayCompleteness, Figures, Landing
from protocol_assets.figures.scope import Scope
from protocol_assets.reports.content.blocks import Column, Entry, Section, Table, Tile
from protocol_assets.reports.texts import Texts
from protocol_assets.reports.trend import setting_chart

__all__ = ["completeness", "fleet"]

_PACS_PER_TABLE: Final = 6
"""As many as fit side by side on A4."""


def fleet(figures: Figures, texts: Texts) -> Section:
    """The tiles of the day; of all scanners, whatever the scope."""
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
        lead=texts("fleet.all_scanners") if figures.scope != Scope() else None,
        message=message,
        tiles=[] if message else _tiles(figures, texts),
        chart=setting_chart(figures.trend, texts, patients=K_PATIENTS),
    )


def _tiles(figures: Figures, texts: Texts) -> list[Tile]:
    fleet = figures.fleet or {}

    def tile(key: str, value: str, unit: str = "", **note: str) -> Tile:
        shown = unit if value != texts.number(None) else ""
        return Tile(texts(f"tile.{key}"), value, shown, texts(f"tile.{key}.note", **note))

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
            "setting",
            texts.number(fleet[MEAN]),
            acquisitions=count("acquisitions"),
            share=share(COVERAGE),
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


def completeness(figures: Figures, texts: Texts) -> Section:
    """What has landed, day by PACS."""
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
            [Entry(texts.day(one.day)), *(_landing(one.landed[name], texts) for name in pacs)]
            for one in days
        ],
    )


def _landing(landing: Landing | None, texts: Texts) -> Entry:
    if landing is None:
        return Entry(texts("completeness.missing"), state="missing")
    if landing.is_complete:
        text = texts("completeness.no_studies") if landing.share is None else texts.percent(1)
        return Entry(text, state="whole")
    if landing.share is None:
        return Entry(texts("completeness.incomplete"), state="partial")
    return Entry(texts.percent(landing.share, 1), state="partial")
