"""What could be won: the published opportunities summed up, and their course over closed months."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol_assets.analysis.limits import limit

__all__ = ["Minutes", "Potential", "fleet_assessed", "minutes_of_months", "potential", "summed"]

Row = Mapping[str, Any]

_LIVE: Final = ("open", "accepted")
_TREND_MONTHS: Final = int(limit("history_months"))


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes a month with their interval.

    Attributes:
        value: The estimate.
        low: Lower end, None where it is not told.
        high: Upper end, likewise.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Potential:
    """The opportunities of a fleet or of a scanner.

    Attributes:
        as_of: The last study day they rest on, None where nothing was analysed.
        minutes: Sum over the live opportunities with known minutes; zero where protocols were
            assessed and none of them is a live opportunity; None where nothing can be said.
        live: Opportunities that are open or accepted: the most minutes first, those that do not
            tell them last.
        set_aside: Opportunities that are not counted, by their state.
        states: Scanner protocols by ``state``: assessable, insufficient, not assessable.
        reasons: Scanner protocols that could not be assessed, by reason, the most frequent first.
        fleet_assessed: Share of all scanner protocols of the fleet that could be assessed, those
            included that are not published; None where nothing was analysed.
        trend: Closed months in order, with what could be won at the end of each.
    """

    as_of: dt.date | None
    minutes: Minutes | None
    live: Sequence[Row]
    set_aside: Mapping[str, int]
    states: Mapping[str, int]
    reasons: Mapping[str, int]
    fleet_assessed: float | None
    trend: Sequence[tuple[dt.date, Minutes | None]]

    @property
    def scanner_protocols(self) -> int:
        """How many scanner protocols were looked at."""
        return sum(self.states.values())

    @property
    def assessable(self) -> int:
        """How many of them could be assessed."""
        return self.states.get("assessable", 0)


def potential(opportunities: Sequence[Row], monthly: Sequence[Row]) -> Potential:
    """The potential of some scanners.

    Args:
        opportunities: Their rows of ``published_opportunities``.
        monthly: Their rows of ``published_potential_monthly``.
    """
    found = [row for row in opportunities if row["has_potential"]]
    live = [row for row in found if _is_live(row)]
    aside = Counter(
        "waived" if row["is_waived"] else str(row["finding_state"])
        for row in found
        if not _is_live(row)
    )
    reasons = Counter(
        str(row["assessment_reason"] or row["assessment_state"])
        for row in opportunities
        if row["assessment_state"] != "assessable"
    )
    states = Counter(str(row["assessment_state"]) for row in opportunities)
    nothing = Minutes(0, 0, 0) if states["assessable"] and not live else None
    return Potential(
        as_of=max((row["as_of"] for row in opportunities), default=None),
        minutes=summed(live, "minutes_per_month") or nothing,
        live=sorted(live, key=_rank),
        set_aside=dict(sorted(aside.items())),
        states=states,
        reasons=dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0]))),
        fleet_assessed=fleet_assessed(opportunities),
        trend=minutes_of_months(monthly)[-_TREND_MONTHS:],
    )


def summed(rows: Iterable[Row], name: str) -> Minutes | None:
    """The sum of a column with the sums of its ends, the widest interval.

    The errors of the time model are shared by scanners of a vendor, so that they do not cancel.
    The ends are told only where every row that is summed tells them.

    Args:
        rows: Those without the value are left out.
        name: Column with its ends in ``<name>_low`` and ``<name>_high``.
    """
    told = [row for row in rows if row[name] is not None]
    if not told:
        return None
    return Minutes(
        value=sum(row[name] for row in told),
        low=_sum_of_all(row[f"{name}_low"] for row in told),
        high=_sum_of_all(row[f"{name}_high"] for row in told),
    )


def _sum_of_all(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def fleet_assessed(opportunities: Iterable[Row]) -> float | None:
    """Share of all scanner protocols of the fleet that could be assessed, published or not.

    Each row keeps what was true when it was published; the newest counts. None where no row has
    it.

    Args:
        opportunities: Rows of ``published_opportunities``.
    """
    known = [row for row in opportunities if row["fleet_assessed_share"] is not None]
    newest = max(known, key=lambda row: row["as_of"], default=None)
    return None if newest is None else float(newest["fleet_assessed_share"])


def _is_live(row: Row) -> bool:
    return not row["is_waived"] and row["finding_state"] in _LIVE


def _rank(row: Row) -> tuple[bool, float, str, str]:
    minutes = row["minutes_per_month"]
    names = str(row["scanner_label"] or ""), str(row["protocol_key"])
    return (minutes is None, -(minutes or 0), *names)


def minutes_of_months(monthly: Iterable[Row]) -> list[tuple[dt.date, Minutes | None]]:
    """The potential at the end of each closed month, in order.

    Args:
        monthly: Rows of ``published_potential_monthly`` of some scanners.
    """
    by_month: defaultdict[dt.date, list[Row]] = defaultdict(list)
    for row in monthly:
        by_month[row["month"]].append(row)
    return [(month, _month(by_month[month])) for month in sorted(by_month)]


def _month(rows: Sequence[Row]) -> Minutes | None:
    """Nothing to win is zero minutes; nothing assessed, or minutes not told, is no number."""
    if not any(row["assessable"] for row in rows):
        return None
    nothing = None if any(row["opportunities"] for row in rows) else Minutes(0, 0, 0)
    return summed(rows, "minutes_per_month") or nothing
