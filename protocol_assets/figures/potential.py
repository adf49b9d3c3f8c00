"""The potential saving: the sum of the published opportunities, and its course over months."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol_assets.analysis.limits import limit

__all__ = [
    "Minutes",
    "MonthPotential",
    "Potential",
    "fleet_assessed",
    "minutes_of",
    "months_of",
    "potential",
    "ranked",
    "summed",
]

Row = Mapping[str, Any]

_LIVE: Final = ("open", "accepted")
_TREND_MONTHS: Final = int(limit("history_months"))


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes a month with their interval.

    Attributes:
        value: The estimate.
        low: Lower end, None where it is not known.
        high: Upper end, likewise.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Potential:
    """The opportunities of a fleet or of a scanner.

    Attributes:
        as_of: The last study day that counts, None where nothing was analysed.
        minutes: Sum over the live opportunities with known minutes; zero where protocols were
            assessed and none of them is a live opportunity; None where it is not known.
        live: Opportunities that are open or accepted: the most minutes first, those
            without a number last.
        set_aside: Opportunities that are not counted, by their state.
        states: Scanner protocols by ``state``: assessable, insufficient, not assessable.
        reasons: Scanner protocols that could not be assessed, by reason, the most frequent first.
        with_averages: Scanner protocols whose averages are known.
        fleet_assessed: Share of all scanner protocols of the fleet that could be assessed, those
            included that are not published; None where nothing was analysed.
        trend: Closed months in order, with the potential saving at the end of each.
    """

    as_of: dt.date | None
    minutes: Minutes | None
    live: Sequence[Row]
    set_aside: Mapping[str, int]
    states: Mapping[str, int]
    reasons: Mapping[str, int]
    with_averages: int
    fleet_assessed: float | None
    trend: Sequence[tuple[dt.date, Minutes | None]]

    @property
    def scanner_protocols(self) -> int:
        """How many scanner protocols there are."""
        return sum(self.states.values())

    @property
    def assessable(self) -> int:
        """How many of them could be assessed."""
        return self.states.get("assessable", 0)

    @property
    def accepted(self) -> int:
        """How many of the live opportunities have been accepted."""
        return sum(row["finding_state"] == "accepted" for row in self.live)

    @property
    def open(self) -> int:
        """How many of the live opportunities are open."""
        return len(self.live) - self.accepted

    @property
    def without_minutes(self) -> int:
        """How many of the live opportunities have no number of minutes."""
        return sum(row["minutes_per_month"] is None for row in self.live)


@dataclass(frozen=True, slots=True)
class MonthPotential:
    """The potential saving at the end of a closed month.

    Attributes:
        month: First day of the month.
        minutes: 0 where protocols were assessed and none is an opportunity; None where none was
            assessed, or no opportunity has a number of minutes.
        protocols: Scanner protocols that were looked at.
        assessable: How many of them could be assessed.
        opportunities: How many of them are above their reference.
    """

    month: dt.date
    minutes: Minutes | None
    protocols: int
    assessable: int
    opportunities: int

    @property
    def coverage(self) -> float | None:
        """Share of the protocols that could be assessed, None without any."""
        return self.assessable / self.protocols if self.protocols else None


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
        live=ranked(live),
        set_aside=dict(sorted(aside.items())),
        states=states,
        reasons=dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0]))),
        with_averages=sum(row["averages"] is not None for row in opportunities),
        fleet_assessed=fleet_assessed(opportunities),
        trend=[(one.month, one.minutes) for one in months_of(monthly)][-_TREND_MONTHS:],
    )


def summed(rows: Iterable[Row], name: str) -> Minutes | None:
    """The sum of a column with the sums of its ends, the widest interval.

    Scanners of a vendor share the errors of the time model, so these errors do not cancel. The
    sum has an interval only where every row that is summed has one.

    Args:
        rows: Those without the value are left out.
        name: Column with its ends in ``<name>_low`` and ``<name>_high``.
    """
    known = [row for row in rows if row[name] is not None]
    if not known:
        return None
    return Minutes(
        value=sum(row[name] for row in known),
        low=_sum_of_all(row[f"{name}_low"] for row in known),
        high=_sum_of_all(row[f"{name}_high"] for row in known),
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

    Each row keeps the share of the day it was published; the newest counts. None where no row has
    one.

    Args:
        opportunities: Rows of ``published_opportunities``.
    """
    known = [row for row in opportunities if row["fleet_assessed_share"] is not None]
    newest = max(known, key=lambda row: row["as_of"], default=None)
    return None if newest is None else float(newest["fleet_assessed_share"])


def ranked(opportunities: Iterable[Row]) -> list[Row]:
    """Opportunities in order: the most minutes first, those without a number last.

    Args:
        opportunities: Rows of ``published_opportunities``.
    """
    return sorted(opportunities, key=_rank)


def minutes_of(opportunity: Row) -> float | None:
    """The minutes of one scanner protocol: none are saved where it is not above its reference.

    Args:
        opportunity: Row of ``published_opportunities``.
    """
    if opportunity["has_potential"] is not None and not opportunity["has_potential"]:
        return 0
    minutes: float | None = opportunity["minutes_per_month"]
    return minutes


def _is_live(row: Row) -> bool:
    return not row["is_waived"] and row["finding_state"] in _LIVE


def _rank(row: Row) -> tuple[bool, float, str, str]:
    minutes = row["minutes_per_month"]
    names = str(row["scanner_label"] or ""), str(row["protocol_key"])
    return (minutes is None, -(minutes or 0), *names)


def months_of(monthly: Iterable[Row]) -> list[MonthPotential]:
    """The potential saving at the end of each closed month, in order.

    Args:
        monthly: Rows of ``published_potential_monthly`` of some scanners.
    """
    by_month: defaultdict[dt.date, list[Row]] = defaultdict(list)
    for row in monthly:
        by_month[row["month"]].append(row)
    return [_month(month, by_month[month]) for month in sorted(by_month)]


def _month(month: dt.date, rows: Sequence[Row]) -> MonthPotential:
    protocols, assessable, opportunities = (
        sum(row[name] or 0 for row in rows) for name in ("protocols", "assessable", "opportunities")
    )
    minutes = summed(rows, "minutes_per_month") if assessable else None
    if minutes is None and assessable and not opportunities:
        minutes = Minutes(0, 0, 0)
    return MonthPotential(month, minutes, protocols, assessable, opportunities)
