"""What a report shows of each scanner, and the name of its page."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from protocol_assets.data import read_table
from protocol_assets.figures.potential import Potential, potential

__all__ = ["NexRow", "ScannerFigures", "nex_of", "scanner_figures", "slug"]

Row = Mapping[str, Any]

_MONTHS: Final = 12
_SLUG_LETTERS: Final = 40


@dataclass(frozen=True, slots=True)
class NexRow:
    """A protocol on a scanner, or all of a scanner's, in the last closed month.

    Attributes:
        protocol: Readable protocol, None for the whole scanner.
        nex_mean: One vote per counted acquisition with NEX; None where it is not told.
        coverage: Share of the acquisitions eligible for NEX that tell it, None where none is.
        acquisitions: Counted acquisitions.
        scan_time_h: Sum of the known scan times in hours.
        scan_time_coverage: Share of the counted acquisitions whose scan time is known.
    """

    protocol: str | None
    nex_mean: float | None
    coverage: float | None
    acquisitions: int
    scan_time_h: float | None
    scan_time_coverage: float | None


@dataclass(frozen=True, slots=True)
class ScannerFigures:
    """One scanner.

    Attributes:
        label: The hospital's name, else a name made from the device key.
        slug: Name of its page.
        site: The hospital's site, None where the scanner has none.
        device: Vendor, model and field strength, as far as they are told.
        potential: Its opportunities.
        changes: Its changes (``published_verification``), the newest first.
        exam_shifts: The times of its exams by visit (``published_exam_shifts``), the newest first.
        findings: What else was found there and is not dealt with.
        protocols: Its protocols in the last closed month, the highest NEX first.
        nex: All of them together, None where nothing is told.
        months: Closed months up to the last, the same for every scanner, with its row of
            ``exam_monthly``.
    """

    label: str
    slug: str
    site: str | None
    device: str
    potential: Potential
    changes: Sequence[Row]
    exam_shifts: Sequence[Row]
    findings: Sequence[Row]
    protocols: Sequence[NexRow]
    nex: NexRow | None
    months: Sequence[tuple[dt.date, Row | None]]

    @property
    def is_remarkable(self) -> bool:
        """Whether it has an opportunity, a change, a drift or a relapse."""
        return bool(self.potential.live or self.changes or self.findings)


def scanner_figures(
    *,
    month: dt.date | None,
    nex_monthly: Sequence[Row],
    exam_monthly: Sequence[Row],
    opportunities: Sequence[Row],
    potential_monthly: Sequence[Row],
    changes: Sequence[Row],
    exam_shifts: Sequence[Row],
    findings: Sequence[Row],
) -> list[ScannerFigures]:
    """All scanners with a name, those with the most minutes first.

    Args:
        month: The last closed month, None where there is none.
        nex_monthly: Rows of ``nex_monthly``.
        exam_monthly: Rows of ``exam_monthly``.
        opportunities: Rows of ``published_opportunities``.
        potential_monthly: Rows of ``published_potential_monthly``.
        changes: Rows of ``published_verification``, in their order.
        exam_shifts: Rows of ``published_exam_shifts``, in their order.
        findings: Rows of ``published_findings``, in their order.
    """
    months = _months(month, [row["month_start"] for row in exam_monthly])
    first = months[0] if months else None
    nex = _by_scanner(row for row in nex_monthly if first and row["month_start"] >= first)
    exams = _by_scanner(row for row in exam_monthly if first and row["month_start"] >= first)
    offers, past = _by_scanner(opportunities), _by_scanner(potential_monthly)
    changed, found = _by_scanner(changes), _by_scanner(findings)
    visited = _by_scanner(exam_shifts)
    labels = {*nex, *exams, *offers, *changed, *found}
    scanners = []
    for label in labels:
        protocols = [row for row in nex[label] if row["month_start"] == month]
        by_month = {row["month_start"]: row for row in exams[label]}
        about = [*nex[label], *exams[label], *offers[label], *changed[label], *found[label]]
        scanners.append(
            ScannerFigures(
                label=label,
                slug=slug(label),
                site=about[0]["site"],
                device=_device(about),
                potential=potential(offers[label], past[label]),
                changes=changed[label],
                exam_shifts=visited[label],
                findings=found[label],
                protocols=sorted((_protocol(row) for row in protocols), key=_rank),
                nex=nex_of(protocols),
                months=[(one, by_month.get(one)) for one in months],
            )
        )
    return sorted(scanners, key=_most_minutes)


def slug(label: str) -> str:
    """A file name for a scanner's name in any script: what is Latin of it, and a digest of it all.

    It depends on the name alone, so that a link stays good whatever other scanners there are.
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LETTERS].strip("-")
    digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{words or 'scanner'}-{digest}"


def nex_of(rows: Sequence[Row]) -> NexRow | None:
    """All protocols of a scanner; a mean weighs by acquisitions with NEX.

    Args:
        rows: The scanner's rows of ``nex_monthly`` of one month.
    """
    if not rows:
        return None
    told = [row for row in rows if row["nex_mean"] is not None and row["acquisitions_with_nex"]]
    with_nex = sum(row["acquisitions_with_nex"] for row in told)
    eligible = sum(row["acquisitions_nex_eligible"] for row in rows)
    acquisitions = sum(row["acquisitions"] for row in rows)
    timed = [row for row in rows if row["scan_time_sum_s"] is not None]
    known = sum(row["acquisitions"] * (row["scan_time_coverage"] or 0) for row in timed)
    nex_sum = sum(row["nex_mean"] * row["acquisitions_with_nex"] for row in told)
    return NexRow(
        protocol=None,
        nex_mean=nex_sum / with_nex if with_nex else None,
        coverage=with_nex / eligible if eligible else None,
        acquisitions=acquisitions,
        scan_time_h=_hours(sum(row["scan_time_sum_s"] for row in timed)) if timed else None,
        scan_time_coverage=known / acquisitions if timed else None,
    )


def _by_scanner(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    """Rows by scanner; what has no scanner's name has no page."""
    result: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["scanner_label"] is not None:
            result[row["scanner_label"]].append(row)
    return result


def _months(last: dt.date | None, seen: Sequence[dt.date]) -> list[dt.date]:
    """Consecutive months from the first seen to the last closed, a year at most."""
    if last is None:
        return []
    months = [last]
    while len(months) < _MONTHS and months[0] > min([*seen, last]):
        months.insert(0, (months[0] - dt.timedelta(days=1)).replace(day=1))
    return months


def _protocol(row: Row) -> NexRow:
    return NexRow(
        protocol=row["protocol_label"],
        nex_mean=row["nex_mean"],
        coverage=row["nex_coverage"],
        acquisitions=row["acquisitions"],
        scan_time_h=_hours(row["scan_time_sum_s"]),
        scan_time_coverage=row["scan_time_coverage"],
    )


def _rank(row: NexRow) -> tuple[float, str]:
    return -(row.nex_mean or 0), row.protocol or ""


def _most_minutes(scanner: ScannerFigures) -> tuple[float, bool, str]:
    minutes = scanner.potential.minutes
    return -(minutes.value if minutes else 0), not scanner.is_remarkable, scanner.label


def _device(rows: Sequence[Row]) -> str:
    """What the newest row says that names a vendor; only the monthly ones know the field."""
    named = [row for row in rows if row.get("vendor")]
    if not named:
        return ""
    row = max(named, key=lambda one: one.get("month_start") or dt.date.min)
    vendor, field = row["vendor"], row.get("field_strength_t")
    name = " ".join(part for part in (_vendor_labels().get(vendor), row["model"]) if part)
    return ", ".join(part for part in (name, f"{field:g} T" if field is not None else None) if part)


@cache
def _vendor_labels() -> dict[str, str]:
    terms = read_table("terms.csv")
    return {row["term"]: row["label"] for row in terms if row["vocabulary"] == "vendor"}


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600
