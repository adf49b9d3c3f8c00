"""The first section: how much can be won, how sure that is, how much of it was won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocol_assets.figures.potential import Potential
from protocol_assets.reports.content.blocks import Section, Tile
from protocol_assets.reports.texts import Texts
from protocol_assets.reports.trend import minutes_chart

__all__ = ["headline"]

Row = Mapping[str, Any]

_HOURS_FROM: Final = 120
_REASONS: Final = 2


def headline(potential: Potential, changes: Sequence[Row], texts: Texts) -> Section:
    """What can be won, of a fleet or of a scanner.

    Args:
        potential: What can be won.
        changes: What was changed and verified.
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
            _won(changes, texts),
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
    untold = sum(row["minutes_per_month"] is None for row in potential.live)
    if untold:
        notes.append(texts("tile.minutes.untold", count=untold))
    return Tile(label, texts.number(minutes.value, 0), unit, "; ".join(notes))


def _count(potential: Potential, texts: Texts) -> Tile:
    accepted = sum(row["finding_state"] == "accepted" for row in potential.live)
    notes = [
        texts("tile.opportunities.note", open=len(potential.live) - accepted, accepted=accepted)
    ]
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


def _won(changes: Sequence[Row], texts: Texts) -> Tile:
    """What is confirmed alone counts as won; what waits for the images' sake stands beside it."""
    verified = [row for row in changes if row["verification_state"] == "verified"]
    waiting = [
        row for row in changes if row["verification_state"] == "time won, quality not confirmed"
    ]
    label, unit = texts("tile.won"), texts("unit.min_month")
    note = texts("tile.won.note", count=len(verified))
    if waiting:
        minutes = _sum(waiting)
        note = texts("tile.won.waiting", note=note, minutes=texts.number(minutes, 0))
    if verified and _sum(verified) is None:
        return Tile(label, texts.number(None), "", note)
    return Tile(label, texts.number(_sum(verified) or 0, 0), unit, note)


def _sum(rows: Sequence[Row]) -> float | None:
    told = [row["realised_minutes_per_month"] for row in rows]
    known = [value for value in told if value is not None]
    return sum(known) if known else None
