"""The ranked opportunities: minutes beside their effect on the signal, never a recommendation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocol_assets.figures.potential import Potential, summed
from protocol_assets.reports.content.blocks import Column, Entry, Kind, Section, Span, Table
from protocol_assets.reports.content.names import protocol_on_scanner
from protocol_assets.reports.texts import Texts

__all__ = ["opportunities"]

Row = Mapping[str, Any]

_COLUMNS: Final[tuple[tuple[str, Kind], ...]] = (
    ("protocol", "name"),
    ("minutes", "span"),
    ("averages", "text"),
    ("snr", "number"),
    ("acquisition_time", "number"),
    ("confidence", "text"),
    ("finding", "text"),
)


def opportunities(
    potential: Potential, texts: Texts, *, most: int | None, is_alone: bool = False
) -> Section | None:
    """The opportunities that are open or accepted.

    Args:
        potential: The opportunities.
        texts: The wording.
        most: How many rows are shown; None for all.
        is_alone: Whether they are of one scanner.

    Returns:
        None where there is none: the headline says why.
    """
    rows = potential.live
    if not rows:
        return None
    shown = rows if most is None else rows[:most]
    rest = rows[len(shown) :]
    return Section(
        "opportunities",
        texts("opportunities"),
        lead=texts("opportunities.lead"),
        tables=[
            Table(
                columns=[Column(texts(f"column.{name}"), kind) for name, kind in _COLUMNS],
                rows=_rows(shown, texts, is_alone=is_alone),
                is_stacked=True,
                more=_more(rest, texts, is_alone=is_alone) if rest else None,
            )
        ],
    )


def _rows(rows: Sequence[Row], texts: Texts, *, is_alone: bool) -> list[list[Entry]]:
    ends = ("minutes_per_month", "minutes_per_month_low", "minutes_per_month_high")
    longest = max((row[end] for row in rows for end in ends if row[end] is not None), default=0)
    return [
        [
            protocol_on_scanner(row, texts, is_alone=is_alone),
            _minutes(row, longest, texts),
            _averages(row, texts),
            Entry(_snr(row, texts)),
            _time(row, texts),
            _confidence(row, texts),
            _state(row, texts),
        ]
        for row in rows
    ]


def _minutes(row: Row, longest: float, texts: Texts) -> Entry:
    value, low, high = (
        row[name]
        for name in ("minutes_per_month", "minutes_per_month_low", "minutes_per_month_high")
    )
    if value is None:
        return Entry(texts("not_told"))
    text = texts.quantity(value, "min")
    if low is None or high is None:
        return Entry(text, below=texts("interval.not_told"), span=_span(value, None, None, longest))
    return Entry(
        text,
        below=texts.interval(texts.number(low, 0), texts.number(high, 0)),
        span=_span(value, low, high, longest),
    )


def _span(value: float, low: float | None, high: float | None, longest: float) -> Span:
    def place(minutes: float | None) -> float | None:
        if minutes is None:
            return None
        return round(100 * max(minutes, 0) / longest, 1) if longest else 0.0

    return Span(place(value) or 0.0, place(low), place(high))


def _averages(row: Row, texts: Texts) -> Entry:
    text = texts(
        "change.levels",
        before=texts.plain(row["averages"]),
        after=texts.plain(row["what_if_averages"]),
    )
    reference = _reference(row, texts)
    is_least = row["measure"] == "least_averaging"
    return Entry(text, below=texts("levels.least", about=reference) if is_least else reference)


def _reference(row: Row, texts: Texts) -> str:
    reference = row["reference"]
    if reference == "signed_target":
        return texts("reference.signed_target", name=row["reference_name"] or texts("not_told"))
    if reference == "same_field":
        return texts(f"reference.same_field.{row['reference_tier']:.0f}", peers=row["n_peers"])
    return texts("reference.none")


def _snr(row: Row, texts: Texts) -> str:
    change = row["snr_change_percent"]
    return texts.change(change)


def _time(row: Row, texts: Texts) -> Entry:
    now, then = row["scan_time_now_s"], row["scan_time_what_if_s"]
    if now is None and then is None:
        return Entry(texts("not_told"))
    text = texts("change.levels", before=texts.number(now, 0), after=texts.number(then, 0))
    volume = row["volume_per_month"]
    below = None if volume is None else texts("volume", count=texts.number(volume, 0))
    return Entry(f"{text}\u00a0{texts('unit.s')}", below=below)


def _confidence(row: Row, texts: Texts) -> Entry:
    coverage = row["coverage"]
    below = None if coverage is None else texts("coverage", share=texts.percent(coverage))
    return Entry(texts.term("confidence", row["confidence"]), below=below)


def _state(row: Row, texts: Texts) -> Entry:
    accepted, promised = row["accepted_on"], row["promised_minutes_per_month"]
    below = texts("since", day=texts.date(accepted)) if accepted else None
    if accepted and promised is not None:
        below = texts("promised.since", minutes=texts.number(promised, 0), since=below)
    return Entry(texts.term("finding", row["finding_state"]), below=below)


def _more(rest: Sequence[Row], texts: Texts, *, is_alone: bool) -> str:
    minutes = summed(rest, "minutes_per_month")
    if minutes is None or is_alone:
        return texts("more.rows", count=texts.number(len(rest), 0))
    return texts(
        "more.opportunities",
        count=texts.number(len(rest), 0),
        minutes=texts.minutes(minutes.value, minutes.low, minutes.high),
    )
