"""What the demo's hospital decides about the findings, as people would with `findings`.

The heads of radiology accept what was found before any protocol changes. The scanners then change
on the days that the simulator has drawn; the changes are registered, and most are approved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from protocol_assets.governance.findings import Finding, put_finding, read_findings
from protocol_assets.governance.lives import accepted, changed, line_of, waived
from protocol_assets.lake.analysis import newest_devices, read_mart
from protocol_assets.lake.zones import Lake

__all__ = ["accept_opportunities", "register_changes"]

Row = Mapping[str, Any]
ScannerProtocol = tuple[str, str]
"""Key of a scanner, key of a protocol."""

_PHYSICIST: Final = "Medical physics"
_APPROVED_AFTER: Final = dt.timedelta(days=14)
_UNAPPROVED: Final = 9
"""Of so many changes one waits for the approval of its images."""
_WAIVED: Final = 40
"""Of so many opportunities one is waived."""
_WAIVED_FOR: Final = dt.timedelta(days=365)


def accept_opportunities(lake: Lake) -> int:
    """Accept the opportunities of the last report, and waive a few.

    Returns:
        How many were decided upon.
    """
    known = {row["finding_key"]: row for row in read_mart(lake, "opportunities")}
    found = [row for row in _opportunities(lake) if _is_timed(known.get(row["finding_key"]))]
    devices, lines = newest_devices(lake), read_findings(lake)
    for number, row in enumerate(found, start=1):
        owner, on = f"Head of radiology, {row['site']}", row["as_of"]
        line = line_of(row, lines, devices)
        if number % _WAIVED == 0:
            until = on + _WAIVED_FOR
            put_finding(lake, waived(line, until, owner, "The scanner is replaced next year"))
        else:
            put_finding(lake, accepted(line, known[row["finding_key"]], owner, on))
    return len(found)


def register_changes(lake: Lake, days: Mapping[ScannerProtocol, dt.date]) -> int:
    """Register the changes of what was accepted, and approve the images of most.

    Args:
        lake: The lake.
        days: First day with the new setting by scanner protocol.

    Returns:
        How many were registered.
    """
    decided = [
        (line, days[line.device_key, line.protocol_key])
        for line in read_findings(lake)
        if line.state == "accepted" and (line.device_key, line.protocol_key) in days
    ]
    for number, (line, day) in enumerate(decided, start=1):
        put_finding(lake, _registered(line, day, is_approved=number % _UNAPPROVED != 0))
    return len(decided)


def _registered(line: Finding, day: dt.date, *, is_approved: bool) -> Finding:
    if is_approved:
        return changed(line, day, _PHYSICIST, day + _APPROVED_AFTER)
    return changed(line, day, None, None)


def _opportunities(lake: Lake) -> list[Row]:
    rows = [row for row in read_mart(lake, "findings") if row["kind"] == "opportunity"]
    return sorted(rows, key=lambda row: row["finding_key"])


def _is_timed(opportunity: Row | None) -> bool:
    return opportunity is not None and opportunity["minutes_per_month"] is not None
