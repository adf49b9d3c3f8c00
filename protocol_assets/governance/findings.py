"""``findings.csv``: the life of a finding, open -> accepted -> changed -> verified, or waived.

The warehouse finds; people decide, and what they decide stands here. A finding is one thing:
kind, scanner, protocol and parameter. It stands once at a time, and again only after the one
before was verified or its waiver has run out.
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
# What each state must tell, beside what the state before it tells.
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
        parameter: What departs; ``effective_averages`` or ``nex`` for an opportunity.
        opened_on: First day it was seen.
        state: One of ``STATES``.
        owner: Who sees to it.
        accepted_on: Day of the decision to change.
        volume_per_month: Acquisitions a month, frozen on that day.
        promised_minutes_per_month: Minutes, frozen on that day.
        changed_on: Day from which exams run at the new setting, registered before anyone looks.
        verified_on: Day on which the verification was accepted.
        quality_signed_by: Who looked at the images after the change.
        quality_signed_on: When.
        waived_until: Last day of a waiver.
        reason: Why it is waived, or a note.
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
        """What it is about; one finding of it lives at a time."""
        return self.kind, self.device_key, self.protocol_key, self.parameter

    @property
    def ended_on(self) -> date | None:
        """The last day of its life: it was verified, or its waiver ran out; None: it lives on."""
        return {"verified": self.verified_on, "waived": self.waived_until}.get(self.state)


def findings_file(lake: Lake) -> Path:
    """Where the hospital's findings stand."""
    return lake.governance / "findings.csv"


def read_findings(lake: Lake) -> list[Finding]:
    """The checked lines of the file; none where there is no file.

    Raises:
        Fault: A line is wrong; the text names line and reason.
    """
    return read_lines(findings_file(lake), _COLUMNS, _finding)


def put_finding(lake: Lake, finding: Finding) -> None:
    """Add a finding, or replace the one of the same thing and opening day.

    Raises:
        Fault: The finding is wrong, or another of the same thing lives at the time.
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
    """The findings for the warehouse."""
    rows = [dict(zip(_COLUMNS, astuple(finding), strict=True)) for finding in findings]
    return pa.Table.from_pylist(rows, schema=FINDINGS_SCHEMA)


def _finding(line: Line, before: list[Finding]) -> Finding:
    if line["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if line["state"] not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}")
    if not _KEY.fullmatch(line["device_key"]):
        raise ValueError(
            "device_key must be the 26 characters that 'protocol-assets scanners' shows"
        )
    needed = ("protocol_key", "parameter", "opened_on", *_NEEDED[line["state"]])
    if line["kind"] == "opportunity" and "accepted_on" in needed:
        needed += _FROZEN
    missing = [column for column in needed if not line[column]]
    if missing:
        raise ValueError(f"a finding that is {line['state']} needs {', '.join(missing)}")
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
        raise ValueError(f"{column} must be a number from 0 on")
    return value


def _check_order(finding: Finding) -> None:
    """One day after another, as far as they are told."""
    for chain in (
        ("opened_on", "accepted_on", "changed_on", "verified_on"),
        ("changed_on", "quality_signed_on"),
        ("opened_on", "waived_until"),
    ):
        told = [(name, getattr(finding, name)) for name in chain if getattr(finding, name)]
        for (earlier, first), (later, second) in pairwise(told):
            if second < first:
                raise ValueError(f"{later} lies before {earlier}")


def _check_once(finding: Finding, before: list[Finding]) -> None:
    for other in before:
        if other.thing != finding.thing:
            continue
        first, second = sorted((other, finding), key=lambda one: one.opened_on)
        if first.ended_on is None or second.opened_on <= first.ended_on:
            raise ValueError("the same finding lives on another line: a finding stands once")
