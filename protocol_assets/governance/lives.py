"""Decisions about a finding: accept it, register its change, verify it, or waive it.

Each step makes a new line of ``findings.csv`` from the row of the warehouse and the previous line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from protocol_assets.faults import Fault
from protocol_assets.governance.findings import Finding

__all__ = ["accepted", "changed", "line_of", "verified", "waived"]

Found = Mapping[str, Any]
"""A row of the mart ``findings``."""

_SIGNED: Final = ("verified", "time won, quality not confirmed")


def line_of(found: Found, lines: list[Finding], devices: Mapping[str, str]) -> Finding:
    """Return the current line of a finding, or a new one in the state open.

    Args:
        found: The row of the finding.
        lines: The lines of the governance file.
        devices: The newest key of a scanner, by each of its keys.
    """
    thing = found["kind"], found["device_key"], found["protocol_key"], found["parameter"]
    own = [
        line
        for line in lines
        if (line.kind, devices.get(line.device_key, line.device_key), *line.thing[2:]) == thing
    ]
    last = max(own, key=lambda line: line.opened_on, default=None)
    if last is not None and (last.ended_on is None or last.ended_on >= found["as_of"]):
        return last
    if last is not None and not found["is_seen"]:
        return last
    return Finding(
        kind=found["kind"],
        device_key=found["device_key"],
        protocol_key=found["protocol_key"],
        parameter=found["parameter"],
        opened_on=found["as_of"],
        state="open",
    )


def accepted(line: Finding, opportunity: Found | None, owner: str, on: date) -> Finding:
    """Accept a finding, and record the volume and the expected minutes as of this day.

    Args:
        line: The current line of the finding.
        opportunity: Its row in the mart ``opportunities``; None for another kind of finding.
        owner: Person who is responsible.
        on: Day of the decision.

    Raises:
        Fault: The finding is in another state, or its minutes per month are not known yet.
    """
    _require(line, ("open", "waived"), "only an open or waived finding can be accepted")
    if opportunity is not None and opportunity["minutes_per_month"] is None:
        raise Fault(
            "the saving per month is not known yet, because no month has closed or the scan time "
            "is not known; accept the finding after the end of the month"
        )
    return replace(
        line,
        state="accepted",
        owner=owner,
        accepted_on=on,
        volume_per_month=round(opportunity["volume_per_month"], 1) if opportunity else None,
        promised_minutes_per_month=(
            round(opportunity["minutes_per_month"], 1) if opportunity else None
        ),
        waived_until=None,
        reason=None,
    )


def changed(line: Finding, on: date, signed_by: str | None, signed_on: date | None) -> Finding:
    """Record the first day with the new setting, and optionally the approval of the images.

    Raises:
        Fault: The finding was not accepted, or the approval lacks the person or the day.
    """
    _require(line, ("accepted", "changed"), "run 'protocol-assets findings accept' first")
    if (signed_by is None) != (signed_on is None):
        raise Fault(
            "an approval needs the person and the day; give both --signed-by and --signed-on"
        )
    return replace(
        line,
        state="changed",
        changed_on=on,
        quality_signed_by=signed_by or line.quality_signed_by,
        quality_signed_on=signed_on or line.quality_signed_on,
    )


def verified(
    line: Finding, verification: Found | None, on: date, signed_by: str, signed_on: date
) -> Finding:
    """Verify a change: it saved time, and the images were approved.

    Args:
        line: The current line of the finding.
        verification: The row of the mart ``change_verification`` for the registered change of an
            opportunity; None for another kind of finding.
        on: Day of the verification.
        signed_by: Person who approved the images after the change.
        signed_on: Day of this approval.

    Raises:
        Fault: No change was registered, or the data do not confirm it.
    """
    _require(line, ("changed",), "run 'protocol-assets findings change' first")
    if line.kind == "opportunity":
        if verification is None:
            raise Fault("this change has not been analysed yet; refresh the report, then verify it")
        if verification["verification_state"] not in _SIGNED:
            reason = f": {verification['reason']}" if verification["reason"] else ""
            raise Fault(
                f"the change cannot be verified: {verification['verification_state']}{reason}"
            )
        if not verification["guard_is_held"]:
            raise Fault(
                f"time was saved, but the image-quality check failed: "
                f"{verification['guard_reason']}"
            )
    return replace(
        line,
        state="verified",
        verified_on=on,
        quality_signed_by=signed_by,
        quality_signed_on=signed_on,
    )


def waived(line: Finding, until: date, owner: str, reason: str) -> Finding:
    """Waive a finding until a day, for a reason.

    Raises:
        Fault: The change was already registered or verified.
    """
    _require(
        line,
        ("open", "accepted", "waived"),
        "only a finding without a registered change can be waived",
    )
    return replace(line, state="waived", owner=owner, waived_until=until, reason=reason)


def _require(line: Finding, states: tuple[str, ...], otherwise: str) -> None:
    if line.state not in states:
        raise Fault(f"the finding is in the state {line.state}; {otherwise}")
