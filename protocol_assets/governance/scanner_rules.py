"""``scanner_rules.csv``: serial numbers that are one scanner, and scanners that are excluded.

A serial number that is spelled in several ways (41001, 041001, MR41001) looks like several devices;
one line joins each of them to another. Phantom rooms and imported studies are excluded. The
warehouse applies the rules, also to facts whose headers are no longer stored, so the next report
shows their effect.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from protocol_assets.faults import Fault
from protocol_assets.governance.lines import Line, read_lines, write_lines
from protocol_assets.governance.scanners import SeenScanner
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.locks import editing

__all__ = [
    "SCANNER_RULES_SCHEMA",
    "ScannerRule",
    "add_scanner_rule",
    "join_candidates",
    "read_scanner_rules",
    "remove_scanner_rule",
    "scanner_rules_table",
]

_COLUMNS: Final = ("device_key", "rule", "same_as", "reason")
_KEY: Final = re.compile(r"[A-Z2-7]{26}")
_LEAST_DIGITS: Final = 3
"""Serial numbers with fewer digits are often equal by chance."""

SCANNER_RULES_SCHEMA: Final = pa.schema(
    [
        pa.field("device_key", pa.string()),
        pa.field("joined_device_key", pa.string()),
        pa.field("is_excluded", pa.bool_()),
    ]
)
"""One row per device that is joined to another or excluded."""


@dataclass(frozen=True, slots=True)
class ScannerRule:
    """One line of the file.

    Attributes:
        device_key: The device.
        rule: ``join`` or ``exclude``.
        same_as: The device that it is joined to, for ``join``; else empty.
        reason: The hospital's reason; it is not copied anywhere else.
    """

    device_key: str
    rule: str
    same_as: str
    reason: str


def rules_file(lake: Lake) -> Path:
    """Return the path of the governance file of rules."""
    return lake.governance / "scanner_rules.csv"


def read_scanner_rules(lake: Lake) -> list[ScannerRule]:
    """Read and check the lines of the file; without a file there are none.

    Raises:
        Fault: A line is wrong, or joins form a circle.
    """
    rules = read_lines(rules_file(lake), _COLUMNS, _scanner_rule)
    _check_circles(rules)
    return rules


def add_scanner_rule(lake: Lake, rule: ScannerRule) -> None:
    """Add or change the rule of one device.

    Raises:
        Fault: The rule is wrong.
    """
    with editing(rules_file(lake)):
        others = [one for one in read_scanner_rules(lake) if one.device_key != rule.device_key]
        try:
            _scanner_rule({name: getattr(rule, name) for name in _COLUMNS}, others)
        except ValueError as error:
            raise Fault(str(error)) from None
        _check_circles([*others, rule])
        _write(lake, [*others, rule])


def remove_scanner_rule(lake: Lake, device_key: str) -> None:
    """Remove the rule of one device.

    Raises:
        Fault: The device has no rule.
    """
    with editing(rules_file(lake)):
        rules = read_scanner_rules(lake)
        others = [one for one in rules if one.device_key != device_key]
        if len(others) == len(rules):
            raise Fault(f"{device_key} has no rule: it is neither joined nor excluded")
        _write(lake, others)


def scanner_rules_table(rules: Iterable[ScannerRule]) -> pa.Table:
    """Return the rules as a table for the warehouse: each device with its final scanner."""
    rules = list(rules)
    joins = {one.device_key: one.same_as for one in rules if one.rule == "join"}
    excluded = {one.device_key for one in rules if one.rule == "exclude"}
    rows = []
    for device in sorted({*joins, *excluded}):
        scanner = _scanner_of(device, joins)
        rows.append(
            {
                "device_key": device,
                "joined_device_key": scanner if scanner != device else None,
                "is_excluded": scanner in excluded,
            }
        )
    return pa.Table.from_pylist(rows, schema=SCANNER_RULES_SCHEMA)


def join_candidates(
    seen: Iterable[SeenScanner], rules: Iterable[ScannerRule]
) -> dict[str, list[str]]:
    """Find devices whose serial numbers are probably spellings of one number.

    They have the same manufacturer and the same digits. Leading zeros, letters around the digits
    and a decimal fraction of zero are ignored. Devices of different models are not candidates.

    Args:
        seen: The devices in the restricted series.
        rules: The existing rules; devices that they join or exclude are not candidates.

    Returns:
        The other devices for each candidate, the one with the most series first.
    """
    settled = {one.device_key for one in rules}
    alike: dict[tuple[str, str], list[SeenScanner]] = defaultdict(list)
    for one in seen:
        number = _digits(one.serial)
        if number is not None and one.device_key not in settled:
            alike[one.vendor, number].append(one)
    candidates = {}
    for group in alike.values():
        for one in group:
            others = [
                other
                for other in group
                if other is not one
                and (not one.models or not other.models or one.models & other.models)
            ]
            others.sort(key=lambda other: (-other.series, other.device_key))
            if others:
                candidates[one.device_key] = [other.device_key for other in others]
    return candidates


def _digits(serial: str) -> str | None:
    """Return the only number in a serial number; None if there are several or it is short."""
    numbers = re.findall(r"\d+", re.sub(r"\.0+$", "", serial.strip()))
    number = numbers[0].lstrip("0") if len(numbers) == 1 else ""
    return number if len(number) >= _LEAST_DIGITS else None


def _scanner_rule(line: Line, before: list[ScannerRule]) -> ScannerRule:
    key, rule, same_as, reason = (line[name] for name in _COLUMNS)
    if not _KEY.fullmatch(key) or (rule == "join" and not _KEY.fullmatch(same_as)):
        raise ValueError(
            "a device_key has the 26 characters that 'protocol-assets scanners pending' shows"
        )
    if rule not in ("join", "exclude"):
        raise ValueError("rule must be join or exclude")
    if rule == "exclude" and same_as:
        raise ValueError("same_as must be empty if the rule is exclude")
    if key == same_as:
        raise ValueError("a device cannot be joined to itself")
    if any(other.device_key == key for other in before):
        raise ValueError("an earlier line has a rule for this device_key; keep only one of them")
    return ScannerRule(key, rule, same_as, reason)


def _check_circles(rules: Iterable[ScannerRule]) -> None:
    joins = {one.device_key: one.same_as for one in rules if one.rule == "join"}
    for device in joins:
        if _scanner_of(device, joins) in joins:
            raise Fault(f"scanner_rules.csv: the joins of {device} form a circle; remove one")


def _scanner_of(device: str, joins: dict[str, str]) -> str:
    """Return the end of a chain of joins; if it is a circle, any device in it."""
    for _ in joins:
        if device not in joins:
            break
        device = joins[device]
    return device


def _write(lake: Lake, rules: Iterable[ScannerRule]) -> None:
    ordered = sorted(rules, key=lambda one: (one.rule, one.same_as, one.device_key))
    write_lines(rules_file(lake), _COLUMNS, (astuple(one) for one in ordered))
