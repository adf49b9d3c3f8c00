"""Changes that were undone, and settings that drifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocol_assets.figures.changes import count_by
from protocol_assets.figures.findings import ALARMS
from protocol_assets.reports.content.blocks import Column, Entry, Kind, Section, State, Table
from protocol_assets.reports.content.names import protocol_on_scanner
from protocol_assets.reports.readings import reading_text
from protocol_assets.reports.texts import Texts

__all__ = ["drift"]

Row = Mapping[str, Any]

_BADGES: Final[Mapping[str, State]] = {"relapse": "alarm", "drift": "partial"}
_COLUMNS: Final[tuple[tuple[str, Kind], ...]] = (
    ("protocol", "name"),
    ("finding_kind", "state"),
    ("parameter", "text"),
    ("expected", "text"),
    ("share", "number"),
    ("period", "text"),
    ("finding", "text"),
)


def drift(
    findings: Sequence[Row], texts: Texts, *, most: int | None, is_alone: bool = False
) -> Section:
    """Relapses and drifts; on a scanner's own page all else that was found as well.

    Args:
        findings: Relapses, drifts and others that nobody has dealt with, in this order.
        texts: The wording.
        most: How many rows are shown; None for all.
        is_alone: Whether they are of one scanner.
    """
    listed = [row for row in findings if is_alone or row["kind"] in ALARMS]
    others = count_by((row for row in findings if row["kind"] not in ALARMS), "kind")
    beside = _beside(others, texts) if others and not is_alone else None
    key, heading = "drift", texts("drift.alone" if is_alone else "drift")
    if not listed:
        none = texts("drift.none")
        return Section(key, heading, message=none, lead=beside)
    shown = listed if most is None else listed[:most]
    rest = len(listed) - len(shown)
    return Section(
        key,
        heading,
        lead=beside,
        tables=[
            Table(
                columns=[Column(texts(f"column.{name}"), kind) for name, kind in _COLUMNS],
                rows=[_row(row, texts, is_alone=is_alone) for row in shown],
                is_stacked=True,
                more=texts("more.rows", count=texts.number(rest, 0)) if rest else None,
            )
        ],
    )


def _beside(others: Mapping[str, int], texts: Texts) -> str:
    counts = ", ".join(
        f"{texts.term('kind', kind)} {texts.number(count, 0)}" for kind, count in others.items()
    )
    return texts("drift.others", counts=counts)


def _row(row: Row, texts: Texts, *, is_alone: bool) -> list[Entry]:
    kind = row["kind"]
    return [
        protocol_on_scanner(row, texts, is_alone=is_alone),
        Entry(texts.term("kind", kind), state=_BADGES.get(kind, "plain")),
        Entry(texts.term("parameter", row["parameter"])),
        Entry(_values(row, texts)),
        Entry(texts.percent(row["share_affected"])),
        _period(row, texts),
        Entry(texts.term("finding", row["finding_state"])),
    ]


def _values(row: Row, texts: Texts) -> str:
    return texts(
        "change.levels",
        before=reading_text(row, "expected", texts),
        after=reading_text(row, "observed", texts),
    )


def _period(row: Row, texts: Texts) -> Entry:
    first, last = row["first_day"], row["last_day"]
    if first is None:
        return Entry(texts("not_told"))
    below = None if last is None else texts("until", day=texts.date(last))
    return Entry(texts.date(first), below=below)
