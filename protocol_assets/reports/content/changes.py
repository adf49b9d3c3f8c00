"""Changes and their effect: scan time and image quality are judged separately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocol_assets.figures.changes import count_by
from protocol_assets.figures.monthly import SETTING
from protocol_assets.reports.content.blocks import Column, Entry, Kind, Section, Span, State, Table
from protocol_assets.reports.content.names import protocol_on_scanner
from protocol_assets.reports.content.shifts import interval_text, shift_of, value_text
from protocol_assets.reports.texts import Texts

__all__ = ["changes"]

Row = Mapping[str, Any]

_BADGES: Final[Mapping[str, State]] = {
    "verified": "whole",
    "time won, quality not confirmed": "partial",
    "time lost": "alarm",
    "relapsed": "alarm",
    "no effect": "missing",
    "insufficient": "missing",
    "exploratory": "plain",
}
_COLUMNS: Final[tuple[tuple[str, Kind], ...]] = (
    ("protocol", "name"),
    ("changed", "text"),
    ("levels", "text"),
    ("per_acquisition", "span"),
    ("realised", "number"),
    ("guard", "text"),
    ("verdict", "state"),
)


def changes(
    rows: Sequence[Row], texts: Texts, *, most: int | None, is_alone: bool = False
) -> Section:
    """The changes whose day the hospital registered, then those found in the data.

    Args:
        rows: Rows of ``published_verification``, the newest first.
        texts: The wording.
        most: How many rows are shown; None for all.
        is_alone: Whether they are of one scanner.
    """
    key, heading = "changes", texts("changes")
    if not rows:
        return Section(key, heading, message=texts("changes.none"))
    ranked = sorted(rows, key=lambda row: row["evidence"] != "confirmatory")
    shown = ranked if most is None else ranked[:most]
    shifts = [shift for row in shown if (shift := shift_of(row, "scan_time")) is not None]
    ends = [end for one in shifts for end in (one.value, one.low, one.high) if end is not None]
    reach = max((abs(end) for end in ends), default=0)
    rest = len(ranked) - len(shown)
    return Section(
        key,
        heading,
        lead=texts("changes.lead", states=_counted(rows, texts)),
        tables=[
            Table(
                columns=[Column(texts(f"column.{name}"), kind) for name, kind in _COLUMNS],
                rows=[_row(row, reach, texts, is_alone=is_alone) for row in shown],
                is_stacked=True,
                more=texts("more.rows", count=texts.number(rest, 0)) if rest else None,
            )
        ],
    )


def _counted(rows: Sequence[Row], texts: Texts) -> str:
    counts = count_by(rows, "verification_state")
    order = [*_BADGES, *sorted(set(counts) - set(_BADGES))]
    return "; ".join(
        f"{texts.term('verification', state)}: {texts.number(counts[state], 0)}"
        for state in order
        if state in counts
    )


def _row(row: Row, reach: float, texts: Texts, *, is_alone: bool) -> list[Entry]:
    return [
        protocol_on_scanner(row, texts, is_alone=is_alone),
        Entry(texts.date(row["changed_on"]), below=texts.term("evidence", row["evidence"])),
        _levels(row, texts),
        _per_acquisition(row, reach, texts),
        _realised(row, texts),
        _guard(row, texts),
        Entry(
            texts.term("verification", row["verification_state"]),
            below=_reason(row, texts),
            state=_BADGES.get(row["verification_state"], "plain"),
        ),
    ]


def _levels(row: Row, texts: Texts) -> Entry:
    text = texts(
        "change.levels",
        before=texts.plain(row["level_before"]),
        after=texts.plain(row["level_after"]),
    )
    is_setting = row["measure"] == SETTING
    return Entry(text, below=texts.term("parameter", SETTING) if is_setting else None)


def _per_acquisition(row: Row, reach: float, texts: Texts) -> Entry:
    shift = shift_of(row, "scan_time")
    if shift is None:
        return Entry(texts("not_told"))

    def place(seconds: float | None) -> float | None:
        if seconds is None:
            return None
        return round(50 + 50 * seconds / reach, 1) if reach else 50.0

    return Entry(
        value_text(shift, texts),
        below=interval_text(shift, texts),
        span=Span(place(shift.value) or 0.0, place(shift.low), place(shift.high), zero=50.0),
    )


def _realised(row: Row, texts: Texts) -> Entry:
    promised, realised = row["promised_minutes_per_month"], row["realised_minutes_per_month"]
    return Entry(
        texts("not_told") if realised is None else texts.number(realised, 0),
        below=texts("promised", minutes=texts.number(promised, 0))
        if promised is not None
        else texts("promised.nothing"),
    )


def _guard(row: Row, texts: Texts) -> Entry:
    held = row["guard_is_held"]
    text = (
        texts("guard.unknown") if held is None else texts("guard.held" if held else "guard.failed")
    )
    signed = row["quality_signed_on"]
    below = texts("signed", day=texts.date(signed)) if signed else texts("signed.not")
    return Entry(text, below=below)


def _reason(row: Row, texts: Texts) -> str | None:
    if row["relapsed_on"]:
        return texts("relapsed_on", day=texts.date(row["relapsed_on"]))
    reason = row["reason"]
    if reason is None:
        return None
    text, more = texts.term("reason", reason), row["guard_more_exams"]
    is_guard = reason == row["guard_reason"] and more is not None
    return texts("guard.more", reason=text, count=int(more)) if is_guard else text
