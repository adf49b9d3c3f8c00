"""How the times of entire exams changed, once per scanner and visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocol_assets.figures.scanners import slug
from protocol_assets.reports.content.blocks import Column, Entry, Kind, Section, Table
from protocol_assets.reports.content.names import unbroken
from protocol_assets.reports.content.shifts import interval_text, shift_of, value_text
from protocol_assets.reports.texts import Texts

__all__ = ["exam_shifts"]

Row = Mapping[str, Any]

_TIMES: Final = ("scan_time_sum", "exam_span", "gap_time")
_COLUMNS: Final[tuple[tuple[str, Kind], ...]] = (
    ("visit", "name"),
    ("visit_changes", "text"),
    ("shift_scan_time", "text"),
    ("shift_span", "text"),
    ("shift_gap", "text"),
)


def exam_shifts(
    rows: Sequence[Row], texts: Texts, *, most: int | None, is_alone: bool = False
) -> Section | None:
    """A row per scanner and visit; None where there is none.

    Args:
        rows: Rows of ``published_exam_shifts``, the newest first.
        texts: The wording.
        most: How many rows are shown; None for all.
        is_alone: Whether they are of one scanner.
    """
    if not rows:
        return None
    shown = rows if most is None else rows[:most]
    rest = len(rows) - len(shown)
    return Section(
        "exam_shifts",
        texts("exam_shifts"),
        lead=texts("exam_shifts.lead"),
        tables=[
            Table(
                columns=[Column(texts(f"column.{name}"), kind) for name, kind in _COLUMNS],
                rows=[_row(row, texts, is_alone=is_alone) for row in shown],
                is_stacked=True,
                more=texts("more.rows", count=texts.number(rest, 0)) if rest else None,
            )
        ],
    )


def _row(row: Row, texts: Texts, *, is_alone: bool) -> list[Entry]:
    first, last = row["visit_on"], row["visit_until"]
    days = texts.date(first) if last is None else texts.dates(first, last)
    return [
        _visit(row, days, texts, is_alone=is_alone),
        Entry(
            texts.number(row["n_changes"], 0),
            below=texts("visit.registered", count=texts.number(row["n_registered"], 0)),
        ),
        *(_time(row, metric, texts) for metric in _TIMES),
    ]


def _visit(row: Row, days: str, texts: Texts, *, is_alone: bool) -> Entry:
    if is_alone:
        return Entry(days)
    scanner = row["scanner_label"]
    return Entry(
        unbroken(scanner or texts("unnamed.scanner")),
        below=", ".join([*([unbroken(row["site"])] if row["site"] else []), days]),
        link=slug(scanner) if scanner else None,
    )


def _time(row: Row, metric: str, texts: Texts) -> Entry:
    shift = shift_of(row, metric)
    if shift is None:
        return Entry(texts("not_told"))
    return Entry(value_text(shift, texts), below=interval_text(shift, texts))
