"""Which findings are open: for the report, for an alert, and for a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol_assets.figures.changes import count_by
from protocol_assets.figures.potential import Minutes, summed

__all__ = ["ALARMS", "Waiting", "departures", "is_closed", "is_seen", "waiting", "waiting_summary"]

Row = Mapping[str, Any]

ALARMS: Final = ("relapse", "drift")
"""Kinds of findings that are reported at once, the more important first."""
_CLOSED: Final = ("verified", "waived")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The findings that wait for a decision.

    Attributes:
        findings: How many there are.
        kinds: How many of each kind, the most frequent first.
        minutes: Minutes per month among them, None where none has minutes.
        with_minutes: How many of them have minutes.
    """

    findings: int
    kinds: Mapping[str, int]
    minutes: Minutes | None
    with_minutes: int


def is_closed(finding: Row) -> bool:
    """Whether people have dealt with a finding: it is waived, or its change is verified."""
    return bool(finding["is_waived"]) or finding["finding_state"] in _CLOSED


def is_seen(finding: Row) -> bool:
    """Whether the newest data still show a finding."""
    return finding["is_seen"] is None or bool(finding["is_seen"])


def departures(findings: Iterable[Row]) -> list[Row]:
    """Findings other than opportunities that are seen and not closed.

    Relapses come first, then drifts, then all others; among these the latest comes first.

    Args:
        findings: Rows of ``published_findings``.
    """
    places = {kind: place for place, kind in enumerate(ALARMS)}
    found = [
        row
        for row in findings
        if row["kind"] != "opportunity" and is_seen(row) and not is_closed(row)
    ]
    in_order = sorted(
        found, key=lambda row: (str(row["scanner_label"] or ""), str(row.get("protocol_key") or ""))
    )
    known = [row for row in in_order if row["first_day"] is not None]
    newest = sorted(known, key=lambda row: row["first_day"], reverse=True)
    undated = [row for row in in_order if row["first_day"] is None]
    return sorted([*newest, *undated], key=lambda row: places.get(row["kind"], len(places)))


def waiting(findings: Iterable[Row]) -> list[Row]:
    """Findings that wait for a decision: open, seen and not waived, the most minutes first.

    Args:
        findings: Rows of ``published_findings``.
    """
    found = [
        row
        for row in findings
        if row["finding_state"] == "open" and not row["is_waived"] and is_seen(row)
    ]
    return sorted(found, key=_rank)


def waiting_summary(findings: Sequence[Row]) -> Waiting:
    """The numbers of the findings that wait.

    Args:
        findings: From ``waiting``.
    """
    return Waiting(
        findings=len(findings),
        kinds=count_by(findings, "kind"),
        minutes=summed(findings, "minutes_per_month"),
        with_minutes=sum(row["minutes_per_month"] is not None for row in findings),
    )


def _rank(row: Row) -> tuple[bool, float, bool, float, str]:
    minutes, share = row["minutes_per_month"], row["share_affected"]
    return (minutes is None, -(minutes or 0), share is None, -(share or 0), row["finding_key"])
