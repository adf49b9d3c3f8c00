"""The figures of a report: one day of the published marts and its last closed month."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol_assets.figures.findings import departures
from protocol_assets.figures.monthly import MEAN, MONTHLY
from protocol_assets.figures.potential import Potential, potential
from protocol_assets.figures.scanners import ScannerFigures, scanner_figures
from protocol_assets.figures.scope import Scope
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.versions import published_rows

__all__ = [
    "MARTS",
    "DayCompleteness",
    "Figures",
    "Landing",
    "figures",
    "latest_settled_day",
    "published_figures",
]

Row = Mapping[str, Any]

MARTS: Final = (
    "completeness_daily",
    "fleet_daily",
    MONTHLY,
    "exam_monthly",
    "published_opportunities",
    "published_potential_monthly",
    "published_verification",
    "published_exam_shifts",
    "published_findings",
)
"""The published tables that a report is made of."""

_TREND_DAYS: Final = 28
_COMPLETENESS_DAYS: Final = 7
_COMPLETENESS_DAYS_MOST: Final = 14


@dataclass(frozen=True, slots=True)
class Landing:
    """What has landed of one partition.

    Attributes:
        percent: Studies that the facts hold whole, of those listed; 0 where the partition was
            refused, None where none is listed.
        is_complete: Whether the facts hold all that is listed.
    """

    percent: float | None
    is_complete: bool

    @property
    def share(self) -> float | None:
        """The share of the studies, rounded down to a tenth of a percent.

        What is incomplete therefore never reads as 100 %: where the studies are complete and
        something else is missing, there is no share.
        """
        if self.is_complete:
            return None if self.percent is None else 1.0
        if self.percent is None or self.percent >= 100:
            return None
        return math.floor(10 * self.percent) / 1000


@dataclass(frozen=True, slots=True)
class DayCompleteness:
    """The landings of one day by PACS; None where the partition has not landed."""

    day: dt.date
    landed: Mapping[str, Landing | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the report shows. Days and completeness are of the whole fleet, the rest of a scope.

    Attributes:
        scope: The scanners it is about.
        day: The reported day, None where no day has all its partitions.
        fleet: The fleet's KPIs of the day, None where there are none.
        trend: Days up to the reported one with the fleet's mean, None where it is withheld.
        month: First day of the last closed month, None where no month is closed.
        potential: The potential saving.
        changes: Rows of ``published_verification``, the newest change first.
        exam_shifts: Rows of ``published_exam_shifts``, the newest visit first.
        findings: Rows of ``published_findings``, as ``departures`` orders them.
        scanners: Those with the most minutes first.
        completeness: Newest day first.
        pacs: Names of the PACS.
    """

    scope: Scope
    day: dt.date | None
    fleet: Row | None
    trend: Sequence[tuple[dt.date, float | None]]
    month: dt.date | None
    potential: Potential
    changes: Sequence[Row]
    exam_shifts: Sequence[Row]
    findings: Sequence[Row]
    scanners: Sequence[ScannerFigures]
    completeness: Sequence[DayCompleteness]
    pacs: Sequence[str]


def latest_settled_day(completeness: Iterable[Row], pacs: Sequence[str]) -> dt.date | None:
    """The latest day of which nothing more is expected from any PACS.

    What is left out by a rule does not keep a day from being reported.

    Args:
        completeness: Rows of ``completeness_daily``.
        pacs: The configured PACS.
    """
    landed: defaultdict[dt.date, set[str]] = defaultdict(set)
    for row in completeness:
        if row["is_settled"]:
            landed[row["study_date"]].add(row["pacs"])
    return max((day for day, names in landed.items() if names >= set(pacs)), default=None)


def published_figures(lake: Lake, pacs: Sequence[str], scope: Scope = Scope()) -> Figures:  # noqa: B008 - frozen
    """Figures of the published marts.

    Args:
        lake: The lake.
        pacs: The configured PACS.
        scope: The scanners to be shown.
    """
    return figures({name: published_rows(lake, name) for name in MARTS}, pacs=pacs, scope=scope)


def figures(
    marts: Mapping[str, Sequence[Row]],
    *,
    pacs: Sequence[str],
    scope: Scope = Scope(),  # noqa: B008 - frozen
) -> Figures:
    """Figures for the latest day with all partitions landed.

    Args:
        marts: Rows of all ``MARTS``.
        pacs: The configured PACS.
        scope: The scanners to be shown.
    """
    completeness = marts["completeness_daily"]
    day = latest_settled_day(completeness, pacs)
    days = {row["study_date"]: row for row in marts["fleet_daily"]}
    month = max(
        (row["month_start"] for row in marts[MONTHLY] if day and row["month_start"] <= day),
        default=None,
    )

    def own(name: str) -> list[Row]:
        return [row for row in marts[name] if scope.includes(row["scanner_label"], row["site"])]

    opportunities, monthly = own("published_opportunities"), own("published_potential_monthly")
    changes = _newest_first(own("published_verification"), "changed_on")
    exam_shifts = _newest_first(own("published_exam_shifts"), "visit_on")
    findings = departures(own("published_findings"))
    return Figures(
        scope=scope,
        day=day,
        fleet=days.get(day) if day else None,
        trend=_trend(days, day),
        month=month,
        potential=potential(opportunities, monthly),
        changes=changes,
        exam_shifts=exam_shifts,
        findings=findings,
        scanners=scanner_figures(
            month=month,
            monthly=own(MONTHLY),
            exam_monthly=own("exam_monthly"),
            opportunities=opportunities,
            potential_monthly=monthly,
            changes=changes,
            exam_shifts=exam_shifts,
            findings=findings,
        ),
        completeness=_completeness(completeness, day, pacs),
        pacs=pacs,
    )


def _newest_first(rows: Sequence[Row], name: str) -> list[Row]:
    in_order = sorted(
        rows, key=lambda row: (str(row["scanner_label"] or ""), str(row.get("protocol_key") or ""))
    )
    return sorted(in_order, key=lambda row: row[name] or dt.date.min, reverse=True)


def _trend(days: Mapping[dt.date, Row], day: dt.date | None) -> list[tuple[dt.date, float | None]]:
    if day is None or not days:
        return []
    first = max(min(days), day - dt.timedelta(days=_TREND_DAYS - 1))
    span = (first + dt.timedelta(days=n) for n in range((day - first).days + 1))
    return [(one, days[one][MEAN] if one in days else None) for one in span]


def _completeness(
    rows: Iterable[Row], day: dt.date | None, pacs: Sequence[str]
) -> list[DayCompleteness]:
    by_day: defaultdict[dt.date, dict[str, Landing]] = defaultdict(dict)
    for row in rows:
        landing = Landing(row["studies_landed_percent"], row["is_complete"])
        by_day[row["study_date"]][row["pacs"]] = landing
    if not by_day:
        return []
    last = max(by_day)
    first = max(
        min(by_day),
        min(day or last, last) - dt.timedelta(days=_COMPLETENESS_DAYS - 1),
        last - dt.timedelta(days=_COMPLETENESS_DAYS_MOST - 1),
    )
    span = [last - dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        DayCompleteness(one, {name: by_day.get(one, {}).get(name) for name in pacs}) for one in span
    ]
