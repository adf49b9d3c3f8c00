"""The sections that only a scanner's own page has: its protocols, and its months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.figures.monthly import MonthlyValues
from protocol_assets.figures.scanners import ScannerFigures
from protocol_assets.reports.content.blocks import Column, Entry, Kind, Panel, Section, Table
from protocol_assets.reports.content.names import unbroken
from protocol_assets.reports.multiples import common_scales, setting_dots, time_line
from protocol_assets.reports.texts import Texts

__all__ = ["months", "protocols"]

Row = Mapping[str, Any]

_PROTOCOLS: Final[tuple[tuple[str, Kind], ...]] = (
    ("protocol", "name"),
    ("setting", "bar"),
    ("setting_known", "number"),
    ("acquisitions", "number"),
    ("scan_time", "number"),
    ("scan_time_known", "number"),
)
_MONTHS: Final[tuple[tuple[str, Kind], ...]] = (
    ("month", "name"),
    ("exams", "number"),
    ("exam_scan_time", "number"),
    ("exam_span", "number"),
    ("exam_gap", "number"),
)


def protocols(
    scanner: ScannerFigures, texts: Texts, *, month: str | None, most: int | None
) -> Section:
    """Its protocols in the last closed month, the highest mean setting first.

    Args:
        scanner: The scanner.
        texts: The wording.
        month: The month, None where none is closed.
        most: How many rows are shown; None for all.
    """
    key, heading = "protocols", texts("protocols")
    if not scanner.protocols or month is None:
        return Section(key, heading, message=texts("protocols.none", patients=K_PATIENTS))
    rows = scanner.protocols if most is None else scanner.protocols[:most]
    rest = len(scanner.protocols) - len(rows)
    return Section(
        key,
        heading,
        lead=texts("protocols.lead", month=month),
        tables=[
            Table(
                columns=[Column(texts(f"column.{name}"), kind) for name, kind in _PROTOCOLS],
                rows=_protocol_rows(rows, texts),
                more=texts("more.rows", count=texts.number(rest, 0)) if rest else None,
            )
        ],
    )


def _protocol_rows(rows: Sequence[MonthlyValues], texts: Texts) -> list[list[Entry]]:
    longest = max((row.mean for row in rows if row.mean is not None), default=1)
    return [
        [
            Entry(unbroken(row.protocol or texts("unnamed.protocol"))),
            Entry(
                texts.number(row.mean),
                bar=None if row.mean is None else round(row.mean / longest, 3),
            ),
            Entry(texts.percent(row.coverage)),
            Entry(texts.number(row.acquisitions, 0)),
            Entry(texts.number(None if row.scan_time_s is None else row.scan_time_s / 3600, 1)),
            Entry(texts.percent(row.scan_time_coverage)),
        ]
        for row in rows
    ]


def months(scanner: ScannerFigures, texts: Texts, *, most: int | None) -> Section:
    """Its two charts, and the three times of its exams by month, the newest first.

    Args:
        scanner: The scanner.
        texts: The wording.
        most: How many months are listed; None for all.
    """
    key, heading = "months", texts("months")
    known = [(month, row) for month, row in reversed(scanner.months) if row is not None]
    scales = common_scales([scanner])
    panel = Panel(
        name="",
        about="",
        link="",
        setting=setting_dots(scanner.protocols, scales, texts, name=scanner.label),
        setting_note="",
        time=time_line(scanner.months, scales, texts, name=scanner.label),
        time_note="",
    )
    if not known:
        return Section(
            key,
            heading,
            message=texts("months.none", patients=K_PATIENTS),
            panels=[panel] if panel.setting else [],
            panels_titles=(texts("panel.setting"), ""),
        )
    return Section(
        key,
        heading,
        lead=texts("months.lead"),
        panels=[panel],
        panels_titles=(texts("panel.setting"), texts("panel.time")),
        tables=[
            Table(
                columns=[Column(texts(f"column.{name}"), kind) for name, kind in _MONTHS],
                rows=[
                    [
                        Entry(texts.month(month)),
                        Entry(texts.number(row["exams"], 0)),
                        *(
                            _time(row, name, texts)
                            for name in ("scan_time_sum", "exam_span", "gap_time")
                        ),
                    ]
                    for month, row in known[:most]
                ],
            )
        ],
    )


def _time(row: Row, name: str, texts: Texts) -> Entry:
    seconds = row[f"{name}_median_s"]
    if seconds is None:
        return Entry(texts.number(None))
    share = texts.percent(row[f"{name}_coverage"])
    return Entry(f"{texts.number(seconds / 60, 1)} ({share})")
