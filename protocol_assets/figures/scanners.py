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
from protocol_assets.figures.monthly import MonthlyValues, monthly_values, protocol_values
from protocol_assets.figures.potential import Potential, potential

__all__ = [
    "Device",
    "ScannerFigures",
    "device_of",
    "newest",
    "scanner_figures",
    "scanner_rank",
    "slug",
]

Row = Mapping[str, Any]

_MONTHS: Final = 12
_SLUG_LETTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Device:
    """What a scanner is; None for what is not known.

    Attributes:
        vendor: Name of the manufacturer.
        model: Manufacturer's model name.
        field_strength_t: Field strength in tesla.
    """

    vendor: str | None
    model: str | None
    field_strength_t: float | None


@dataclass(frozen=True, slots=True)
class ScannerFigures:
    """One scanner.

    Attributes:
        label: The hospital's name, else a name made from the device key.
        slug: Name of its page.
        site: The hospital's site, None where the scanner has none.
        device: Vendor, model and field strength.
        potential: Its opportunities.
        changes: Its changes (``published_verification``), the newest first.
        exam_shifts: The times of its exams by visit (``published_exam_shifts``), the newest first.
        findings: Its other findings that are open.
        protocols: Its protocols in the last closed month, the highest mean first.
        together: All of them together, None without any.
        months: Closed months up to the last, the same for every scanner, with its row of
            ``exam_monthly``.
    """

    label: str
    slug: str
    site: str | None
    device: Device
    potential: Potential
    changes: Sequence[Row]
    exam_shifts: Sequence[Row]
    findings: Sequence[Row]
    protocols: Sequence[MonthlyValues]
    together: MonthlyValues | None
    months: Sequence[tuple[dt.date, Row | None]]

    @property
    def is_remarkable(self) -> bool:
        """Whether it has an opportunity, a change, a drift or a relapse."""
        return bool(self.potential.live or self.changes or self.findings)


def scanner_figures(
    *,
    month: dt.date | None,
    monthly: Sequence[Row],
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
        monthly: Rows of ``MONTHLY``.
        exam_monthly: Rows of ``exam_monthly``.
        opportunities: Rows of ``published_opportunities``.
        potential_monthly: Rows of ``published_potential_monthly``.
        changes: Rows of ``published_verification``, in their order.
        exam_shifts: Rows of ``published_exam_shifts``, in their order.
        findings: Rows of ``published_findings``, in their order.
    """
    months = _months(month, [row["month_start"] for row in exam_monthly])
    first = months[0] if months else None
    settings = _by_scanner(row for row in monthly if first and row["month_start"] >= first)
    exams = _by_scanner(row for row in exam_monthly if first and row["month_start"] >= first)
    offers, past = _by_scanner(opportunities), _by_scanner(potential_monthly)
    changed, found = _by_scanner(changes), _by_scanner(findings)
    visited = _by_scanner(exam_shifts)
    labels = {*settings, *exams, *offers, *changed, *found}
    scanners = []
    for label in labels:
        protocols = [row for row in settings[label] if row["month_start"] == month]
        by_month = {row["month_start"]: row for row in exams[label]}
        about = [*settings[label], *exams[label], *offers[label], *changed[label], *found[label]]
        scanners.append(
            ScannerFigures(
                label=label,
                slug=slug(label),
                site=newest(about, "site"),
                device=device_of(about),
                potential=potential(offers[label], past[label]),
                changes=changed[label],
                exam_shifts=visited[label],
                findings=found[label],
                protocols=sorted((protocol_values(row) for row in protocols), key=_rank),
                together=monthly_values(protocols),
                months=[(one, by_month.get(one)) for one in months],
            )
        )
    return sorted(
        scanners,
        key=lambda one: scanner_rank(one.potential, one.label, is_remarkable=one.is_remarkable),
    )


def slug(label: str) -> str:
    """A file name for a scanner's name in any script: its Latin letters and a digest of the name.

    It depends on the name alone, so a link stays valid whatever other scanners there are.
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LETTERS].strip("-")
    digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{words or 'scanner'}-{digest}"


def _by_scanner(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    """Rows by scanner; a scanner without a name has no page."""
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


def _rank(row: MonthlyValues) -> tuple[float, str]:
    return -(row.mean or 0), row.protocol or ""


def scanner_rank(
    potential: Potential, label: str, *, is_remarkable: bool
) -> tuple[bool, float, bool, str]:
    """The place of a scanner among others: the most minutes first, those without a number last.

    Args:
        potential: Its opportunities.
        label: Its name.
        is_remarkable: Whether it has an opportunity, a change, a drift or a relapse.
    """
    minutes = potential.minutes
    return (minutes is None, -(minutes.value if minutes else 0), not is_remarkable, label)


def device_of(rows: Iterable[Row]) -> Device:
    """The device of a scanner: of each of its properties the newest that is known.

    Args:
        rows: Its rows of any published tables.
    """
    known = list(rows)
    vendor, model, field = (newest(known, name) for name in ("vendor", "model", "field_strength_t"))
    return Device(_vendor_labels().get(vendor, vendor), model, field)


def newest(rows: Iterable[Row], name: str) -> Any:
    """The newest known value of a column; None where no row has one.

    Args:
        rows: Rows of any published tables.
        name: The column, which not every table has.
    """
    known = [row for row in rows if row.get(name) is not None]
    return max(known, key=_dated)[name] if known else None


def _dated(row: Row) -> tuple[bool, Any]:
    when = row.get("month_start") or row.get("as_of")
    return when is not None, when or 0


@cache
def _vendor_labels() -> dict[str, str]:
    terms = read_table("terms.csv")
    return {row["term"]: row["label"] for row in terms if row["vocabulary"] == "vendor"}
