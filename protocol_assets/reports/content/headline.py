"""The first section: the potential saving, how certain it is, and what has been saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocol_assets.figures.changes import Savings, savings
from protocol_assets.figures.potential import Potential
from protocol_assets.reports.content.blocks import Section, Tile
from protocol_assets.reports.texts import Texts
from protocol_assets.reports.trend import minutes_chart

__all__ = ["headline"]

Row = Mapping[str, Any]

_HOURS_FROM: Final = 120
_REASONS: Final = 2


def headline(potential: Potential, changes: Sequence[Row], texts: Texts) -> Section:
    """The potential saving of a fleet or of a scanner.

    Args:
        potential: The opportunities.
        changes: Rows of ``published_verification``.
        texts: The wording.
    """
    if not potential.scanner_protocols:
        return Section(
            "headline",
            texts("headline"),
            message=texts("headline.none"),
            chart=minutes_chart(potential.trend, texts),
        )
    return Section(
        "headline",
        texts("headline"),
        lead=texts("headline.lead", day=texts.date(potential.as_of)) if potential.as_of else None,
        tiles=[
            _minutes(potential, texts),
            _count(potential, texts),
            _assessed(potential, texts),
            _saved(savings(changes), texts),
        ],
        chart=minutes_chart(potential.trend, texts),
    )


def _minutes(potential: Potential, texts: Texts) -> Tile:
    label, unit = texts("tile.minutes"), texts("unit.min_month")
    minutes = potential.minutes
    if minutes is None:
        reason = "tile.minutes.not_told" if potential.live else "tile.minutes.not_assessed"
        return Tile(label, texts.number(None), "", texts(reason))
    if not potential.live:
        return Tile(label, texts.number(minutes.value, 0), unit, texts("tile.minutes.nothing"))
    notes = []
    if minutes.low is not None and minutes.high is not None:
        ends = texts.number(minutes.low, 0), texts.number(minutes.high, 0)
        notes.append(texts("tile.minutes.interval", interval=texts.interval(*ends)))
    if minutes.value >= _HOURS_FROM:
        notes.append(texts("tile.minutes.hours", hours=texts.number(minutes.value / 60, 0)))
    if potential.without_minutes:
        notes.append(texts("tile.minutes.untold", count=potential.without_minutes))
    return Tile(label, texts.number(minutes.value, 0), unit, "; ".join(notes))


def _count(potential: Potential, texts: Texts) -> Tile:
    notes = [texts("tile.opportunities.note", open=potential.open, accepted=potential.accepted)]
    if potential.set_aside:
        states = ", ".join(
            f"{texts.term('finding', state)} {count}"
            for state, count in potential.set_aside.items()
        )
        notes.append(texts("tile.opportunities.aside", states=states))
    return Tile(
        texts("tile.opportunities"), texts.number(len(potential.live), 0), "", "; ".join(notes)
    )


def _assessed(potential: Potential, texts: Texts) -> Tile:
    total, assessable = potential.scanner_protocols, potential.assessable
    note = texts(
        "tile.assessed.note",
        assessable=texts.number(assessable, 0),
        total=texts.number(total, 0),
    )
    reasons = [
        f"{texts.term('reason', reason)} {texts.number(count, 0)}"
        for reason, count in list(potential.reasons.items())[:_REASONS]
    ]
    if reasons:
        note = texts("tile.assessed.not", note=note, reasons=", ".join(reasons))
    return Tile(texts("tile.assessed"), texts.percent(potential.fleet_assessed), "", note)


def _saved(found: Savings, texts: Texts) -> Tile:
    """Only a verified saving counts; what waits for the image quality is in the note."""
    note = texts("tile.won.note", count=found.verified)
    if found.unconfirmed:
        minutes = texts.number(found.unconfirmed_minutes, 0)
        note = texts("tile.won.waiting", note=note, minutes=minutes)
    unit = "" if found.realised is None else texts("unit.min_month")
    return Tile(texts("tile.won"), texts.number(found.realised, 0), unit, note)
