"""What people decide about a finding: accept it, register its change, verify or waive it.

Each step makes a line of ``findings.csv`` from what the warehouse found and the line before.
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
    """The line that tells the finding's life, or a new one that is open.

    Args:
        found: The finding.
        lines: The governance file.
        devices: Newest key of a scanner by each of its keys.
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
    """The decision to change: volume and minutes are frozen on this day.

    Args:
        line: The finding's line.
        opportunity: Its row of the mart ``opportunities``; None for another kind of finding.
        owner: Who sees to it.
        on: The day.

    Raises:
        Fault: It was decided on before, or there are no minutes to promise yet.
    """
    _require(line, ("open", "waived"), "decide anew when it is seen again")
    if opportunity is not None and opportunity["minutes_per_month"] is None:
        raise Fault(
            "no minutes a month can be promised yet: no month has closed, or nobody knows the "
            "scan time; wait for the month's end"
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
    """The day from which exams run at the new setting, and the sign-off of their images.

    Raises:
        Fault: It was not accepted, or one half of the sign-off is missing.
    """
    _require(line, ("accepted", "changed"), "accept it first")
    if (signed_by is None) != (signed_on is None):
        raise Fault("a sign-off is who looked at the images and on which day: give both")
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
    """The end of a life: the change won its time, and the images stood it.

    Args:
        line: The finding's line.
        verification: The row of the mart ``change_verification`` for the registered change of an
            opportunity; None for another kind of finding.
        on: The day.
        signed_by: Who looked at the images after the change.
        signed_on: When.

    Raises:
        Fault: It was not changed, or the verification does not bear it out.
    """
    _require(line, ("changed",), "register the day of the change first")
    if line.kind == "opportunity":
        if verification is None:
            raise Fault("nothing is known of this change yet; make the report, then verify")
        if verification["verification_state"] not in _SIGNED:
            reason = f": {verification['reason']}" if verification["reason"] else ""
            raise Fault(f"it cannot be verified: {verification['verification_state']}{reason}")
        if not verification["guard_is_held"]:
            raise Fault(f"time won, quality not confirmed: {verification['guard_reason']}")
    return replace(
        line,
        state="verified",
        verified_on=on,
        quality_signed_by=signed_by,
        quality_signed_on=signed_on,
    )


def waived(line: Finding, until: date, owner: str, reason: str) -> Finding:
    """Left as it is, for a reason and until a day.

    Raises:
        Fault: It was decided on before.
    """
    _require(line, ("open", "accepted", "waived"), "it was changed: verify it")
    return replace(line, state="waived", owner=owner, waived_until=until, reason=reason)


def _require(line: Finding, states: tuple[str, ...], otherwise: str) -> None:
    if line.state not in states:
        raise Fault(f"the finding is {line.state}: {otherwise}")
