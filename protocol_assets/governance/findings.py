"""``findings.csv``: the state of findings, open -> accepted -> changed -> verified, or waived.

The warehouse finds them, and this file records what people decide. A finding is identified by kind,
scanner, protocol and parameter. Only one finding with this identity is active at a time. A new one
can begin after the previous one was verified or its waiver has ended.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

import pyarrow as pa

from protocol_assets.faults import Fault
from protocol_assets.governance.lines import Line, day, read_lines, write_lines
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.locks import editing

__all__ = [
    "FINDINGS_SCHEMA",
    "KINDS",
    "STATES",
    "Finding",
    "findings_file",
    "findings_table",
    "put_finding",
    "read_findings",
]

KINDS: Final = (
    "opportunity",
    "relapse",
    "drift",
    "departure",
    "off target",
    "above comparable",
    "acceleration",
    "varies within series",
    "not told",
    "sequence missing",
)
STATES: Final = ("open", "accepted", "changed", "verified", "waived")

_COLUMNS: Final = (
    "kind",
    "device_key",
    "protocol_key",
    "parameter",
    "opened_on",
    "state",
    "owner",
    "accepted_on",
    "volume_per_month",
    "promised_minutes_per_month",
    "changed_on",
    "verified_on",
    "quality_signed_by",
    "quality_signed_on",
    "waived_until",
    "reason",
)
_DAYS: Final = (
    "opened_on",
    "accepted_on",
    "changed_on",
    "verified_on",
    "quality_signed_on",
    "waived_until",
)
_KEY: Final = re.compile(r"[A-Z2-7]{26}")
# The columns that each state needs.
_NEEDED: Final = {
    "open": (),
    "accepted": ("owner", "accepted_on"),
    "changed": ("owner", "accepted_on", "changed_on"),
    "verified": (
        "owner",
        "accepted_on",
        "changed_on",
        "verified_on",
        "quality_signed_by",
        "quality_signed_on",
    ),
    "waived": ("owner", "waived_until", "reason"),
}
_FROZEN: Final = ("volume_per_month", "promised_minutes_per_month")

FINDINGS_SCHEMA: Final = pa.schema(
    [
        pa.field(
            name,
            pa.date32() if name in _DAYS else pa.float64() if name in _FROZEN else pa.string(),
        )
        for name in _COLUMNS
    ]
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the file.

    Attributes:
        kind: One of ``KINDS``.
        device_key: The scanner's key.
        protocol_key: The protocol.
        parameter: The setting concerned; ``effective_averages`` or ``nex`` for an opportunity.
        opened_on: First day it was seen.
        state: One of ``STATES``.
        owner: Person who is responsible.
        accepted_on: Day of the decision to change.
        volume_per_month: Acquisitions per month as of that day.
        promised_minutes_per_month: Expected saving in minutes per month as of that day.
        changed_on: First day with the new setting, registered before its effect is evaluated.
        verified_on: Day on which the verification was accepted.
        quality_signed_by: Person who approved the images after the change.
        quality_signed_on: Day of this approval.
        waived_until: Last day of a waiver.
        reason: Reason for the waiver, or a note.
    """

    kind: str
    device_key: str
    protocol_key: str
    parameter: str
    opened_on: date
    state: str
    owner: str | None = None
    accepted_on: date | None = None
    volume_per_month: float | None = None
    promised_minutes_per_month: float | None = None
    changed_on: date | None = None
    verified_on: date | None = None
    quality_signed_by: str | None = None
    quality_signed_on: date | None = None
    waived_until: date | None = None
    reason: str | None = None

    @property
    def thing(self) -> tuple[str, str, str, str]:
        """Return the identity of the finding; only one of each is active at a time."""
        return self.kind, self.device_key, self.protocol_key, self.parameter

    @property
    def ended_on(self) -> date | None:
        """Return the day of the verification or the end of the waiver; None if still active."""
        return {"verified": self.verified_on, "waived": self.waived_until}.get(self.state)


def findings_file(lake: Lake) -> Path:
    """Return the path of the governance file of findings."""
    return lake.governance / "findings.csv"


def read_findings(lake: Lake) -> list[Finding]:
    """Read and check the lines of the file; without a file there are none.

    Raises:
        Fault: A line is wrong; the text names the line and the reason.
    """
    return read_lines(findings_file(lake), _COLUMNS, _finding)


def put_finding(lake: Lake, finding: Finding) -> None:
    """Add a finding, or replace the one with the same identity and opening day.

    Raises:
        Fault: The finding is wrong, or another one with the same identity is active then.
    """
    path = findings_file(lake)
    values = ("" if value is None else str(value) for value in astuple(finding))
    line = dict(zip(_COLUMNS, values, strict=True))
    with editing(path):
        others = [
            one
            for one in read_findings(lake)
            if (one.thing, one.opened_on) != (finding.thing, finding.opened_on)
        ]
        try:
            _finding(line, others)
        except ValueError as error:
            raise Fault(str(error)) from None
        ordered = sorted([*others, finding], key=lambda one: (*one.thing, one.opened_on))
        write_lines(path, _COLUMNS, (astuple(one) for one in ordered))


def findings_table(findings: Iterable[Finding]) -> pa.Table:
    """Return the findings as a table for the warehouse."""
    rows = [dict(zip(_COLUMNS, astuple(finding), strict=True)) for finding in findings]
    return pa.Table.from_pylist(rows, schema=FINDINGS_SCHEMA)


def _finding(line: Line, before: list[Finding]) -> Finding:
    if line["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if line["state"] not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}")
    if not _KEY.fullmatch(line["device_key"]):
        raise ValueError("device_key must be the 26-character key of a scanner, as in scanners.csv")
    needed = ("protocol_key", "parameter", "opened_on", *_NEEDED[line["state"]])
    if line["kind"] == "opportunity" and "accepted_on" in needed:
        needed += _FROZEN
    missing = [column for column in needed if not line[column]]
    if missing:
        raise ValueError(
            f"a finding in the state {line['state']} needs a value for {', '.join(missing)}"
        )
    days = {column: day(line, column) for column in _DAYS}
    opened_on = days.pop("opened_on")
    if opened_on is None:
        raise ValueError("opened_on must not be empty")
    finding = Finding(
        kind=line["kind"],
        device_key=line["device_key"],
        protocol_key=line["protocol_key"],
        parameter=line["parameter"],
        opened_on=opened_on,
        state=line["state"],
        owner=line["owner"] or None,
        quality_signed_by=line["quality_signed_by"] or None,
        reason=line["reason"] or None,
        volume_per_month=_amount(line, "volume_per_month"),
        promised_minutes_per_month=_amount(line, "promised_minutes_per_month"),
        **days,
    )
    _check_order(finding)
    _check_once(finding, before)
    return finding


def _amount(line: Line, column: str) -> float | None:
    if not line[column]:
        return None
    try:
        value = float(line[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{column} must be a number that is not negative")
    return value


def _check_order(finding: Finding) -> None:
    """Check that the days that are given are in order."""
    for chain in (
        ("opened_on", "accepted_on", "changed_on", "verified_on"),
        ("changed_on", "quality_signed_on"),
        ("opened_on", "waived_until"),
    ):
        given = [(name, getattr(finding, name)) for name in chain if getattr(finding, name)]
        for (earlier, first), (later, second) in pairwise(given):
            if second < first:
                raise ValueError(f"{later} is before {earlier}")


def _check_once(finding: Finding, before: list[Finding]) -> None:
    for other in before:
        if other.thing != finding.thing:
            continue
        first, second = sorted((other, finding), key=lambda one: one.opened_on)
        if first.ended_on is None or second.opened_on <= first.ended_on:
            raise ValueError(
                "another line has the same finding for the same time; keep only one of them"
            )
