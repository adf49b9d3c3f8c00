"""The figures of a report: what the published marts say of one day and its last closed month."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from protocol_assets.data import read_table
from protocol_assets.lake.publishing import published_rows
from protocol_assets.lake.zones import Lake

__all__ = [
    "DayCompleteness",
    "Figures",
    "Landing",
    "NexRow",
    "figures",
    "latest_complete_day",
    "published_figures",
]

Row = Mapping[str, Any]

_TREND_DAYS: Final = 28
_COMPLETENESS_DAYS: Final = 14
_RANKED: Final = 12


@dataclass(frozen=True, slots=True)
class NexRow:
    """A scanner, or a protocol on a scanner, in the last closed month.

    Attributes:
        scanner: The steward's name, else a name made from the device key.
        site: The steward's site, None where the scanner has no name yet.
        device: Vendor, model and field strength.
        protocol: Readable protocol, None for the whole scanner.
        nex_mean: One vote per counted acquisition with NEX.
        coverage: Share of the acquisitions eligible for NEX that tell it.
        acquisitions: Counted acquisitions.
        scan_time_h: Sum of the known scan times in hours.
        scan_time_coverage: Share of the counted acquisitions whose scan time is known.
    """

    scanner: str
    site: str | None
    device: str
    protocol: str | None
    nex_mean: float
    coverage: float
    acquisitions: int
    scan_time_h: float | None
    scan_time_coverage: float | None


@dataclass(frozen=True, slots=True)
class Landing:
    """What has landed of one cell.

    Attributes:
        percent: Studies landed of those listed, None where none is listed.
        is_complete: Whether every listed study has landed whole.
    """

    percent: float | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class DayCompleteness:
    """The landings of one day by PACS; None where the cell has not landed."""

    day: dt.date
    landed: Mapping[str, Landing | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the report shows.

    Attributes:
        day: The reported day, None where no day has all its cells.
        fleet: The fleet's KPIs of the day, None where there are none.
        trend: Days up to the reported one with the fleet's mean NEX, None where withheld.
        month: First day of the last closed month, None where no month is closed.
        scanners: Ranked by mean NEX.
        protocols: Ranked by mean NEX.
        completeness: Newest day first.
        pacs: Names of the PACS.
    """

    day: dt.date | None
    fleet: Row | None
    trend: Sequence[tuple[dt.date, float | None]]
    month: dt.date | None
    scanners: Sequence[NexRow]
    protocols: Sequence[NexRow]
    completeness: Sequence[DayCompleteness]
    pacs: Sequence[str]


def latest_complete_day(completeness: Iterable[Row], pacs: Sequence[str]) -> dt.date | None:
    """The latest day on which every PACS has landed whole.

    Args:
        completeness: Rows of ``completeness_daily``.
        pacs: The configured PACS.
    """
    landed: defaultdict[dt.date, set[str]] = defaultdict(set)
    for row in completeness:
        if row["is_complete"]:
            landed[row["study_date"]].add(row["pacs"])
    return max((day for day, names in landed.items() if names >= set(pacs)), default=None)


def published_figures(lake: Lake, pacs: Sequence[str]) -> Figures:
    """Figures of the published marts.

    Args:
        lake: The lake.
        pacs: The configured PACS.
    """
    return figures(
        completeness=published_rows(lake, "completeness_daily"),
        fleet_daily=published_rows(lake, "fleet_daily"),
        nex_monthly=published_rows(lake, "nex_monthly"),
        pacs=pacs,
    )


def figures(
    *,
    completeness: Sequence[Row],
    fleet_daily: Sequence[Row],
    nex_monthly: Sequence[Row],
    pacs: Sequence[str],
) -> Figures:
    """Figures for the latest day with all cells landed.

    Args:
        completeness: Rows of ``completeness_daily``.
        fleet_daily: Rows of ``fleet_daily``.
        nex_monthly: Rows of ``nex_monthly``.
        pacs: The configured PACS.
    """
    day = latest_complete_day(completeness, pacs)
    days = {row["study_date"]: row for row in fleet_daily}
    month = max(
        (row["month_start"] for row in nex_monthly if day and row["month_start"] <= day),
        default=None,
    )
    of_month = [row for row in nex_monthly if row["month_start"] == month]
    return Figures(
        day=day,
        fleet=days.get(day) if day else None,
        trend=_trend(days, day),
        month=month,
        scanners=_ranked(_by_scanner(of_month))[:_RANKED],
        protocols=_ranked(_by_protocol(of_month))[:_RANKED],
        completeness=_completeness(completeness, day, pacs),
        pacs=pacs,
    )


def _trend(days: Mapping[dt.date, Row], day: dt.date | None) -> list[tuple[dt.date, float | None]]:
    if day is None or not days:
        return []
    first = max(min(days), day - dt.timedelta(days=_TREND_DAYS - 1))
    span = (first + dt.timedelta(days=n) for n in range((day - first).days + 1))
    return [(one, days[one]["nex_mean"] if one in days else None) for one in span]


def _by_protocol(rows: Iterable[Row]) -> list[NexRow]:
    return [
        NexRow(
            scanner=row["scanner_label"],
            site=row["site"],
            device=_device(row),
            protocol=row["protocol_label"],
            nex_mean=row["nex_mean"],
            coverage=row["nex_coverage"],
            acquisitions=row["acquisitions"],
            scan_time_h=_hours(row["scan_time_sum_s"]),
            scan_time_coverage=row["scan_time_coverage"],
        )
        for row in rows
        if row["nex_mean"] is not None
    ]


def _by_scanner(rows: Iterable[Row]) -> list[NexRow]:
    """Scanners over their published protocols; a mean weighs by acquisitions with NEX."""
    scanners: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        scanners[row["scanner_label"]].append(row)
    result = []
    for name, group in scanners.items():
        told = [row for row in group if row["nex_mean"] is not None]
        with_nex = sum(row["acquisitions_with_nex"] for row in told)
        if not with_nex:
            continue
        acquisitions = sum(row["acquisitions"] for row in group)
        timed = [row for row in group if row["scan_time_sum_s"] is not None]
        known = sum(row["acquisitions"] * (row["scan_time_coverage"] or 0) for row in timed)
        nex_sum = sum(row["nex_mean"] * row["acquisitions_with_nex"] for row in told)
        result.append(
            NexRow(
                scanner=name,
                site=group[0]["site"],
                device=_device(group[0]),
                protocol=None,
                nex_mean=nex_sum / with_nex,
                coverage=with_nex / sum(row["acquisitions_nex_eligible"] for row in group),
                acquisitions=acquisitions,
                scan_time_h=_hours(sum(row["scan_time_sum_s"] for row in timed)) if timed else None,
                scan_time_coverage=known / acquisitions if timed else None,
            )
        )
    return result


def _ranked(rows: Iterable[NexRow]) -> list[NexRow]:
    return sorted(rows, key=lambda row: (-row.nex_mean, row.scanner, row.protocol or ""))


def _device(row: Row) -> str:
    vendor, field = row["vendor"], row["field_strength_t"]
    name = " ".join(part for part in (_vendor_labels().get(vendor), row["model"]) if part)
    return ", ".join(part for part in (name, f"{field:g} T" if field is not None else None) if part)


@cache
def _vendor_labels() -> dict[str, str]:
    terms = read_table("terms.csv")
    return {row["term"]: row["label"] for row in terms if row["vocabulary"] == "vendor"}


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600


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
    first = max(min(by_day), min(day or last, last) - dt.timedelta(days=_COMPLETENESS_DAYS - 1))
    span = [last - dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        DayCompleteness(one, {name: by_day.get(one, {}).get(name) for name in pacs}) for one in span
    ]
