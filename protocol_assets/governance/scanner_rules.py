"""``scanner_rules.csv``: which serial numbers are one scanner, and which scanners do not count.

A serial number that is spelled in several ways (41001, 041001, MR41001) makes several devices; one
line joins each of them to another. Phantom rooms and studies from outside are excluded. The rules
are applied in the warehouse, also to facts whose headers are no longer kept: the next report shows
them.
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
"""Serial numbers of fewer digits are alike by chance."""

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
        same_as: The device that it is, for ``join``; else empty.
        reason: Why, in the hospital's own words; it stays in this file.
    """

    device_key: str
    rule: str
    same_as: str
    reason: str


def rules_file(lake: Lake) -> Path:
    """Where the rules are kept."""
    return lake.governance / "scanner_rules.csv"


def read_scanner_rules(lake: Lake) -> list[ScannerRule]:
    """The checked lines of the file; none where there is no file.

    Raises:
        Fault: A line is wrong, or joins lead round in a circle.
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
        Fault: It has none.
    """
    with editing(rules_file(lake)):
        rules = read_scanner_rules(lake)
        others = [one for one in rules if one.device_key != device_key]
        if len(others) == len(rules):
            raise Fault(f"{device_key} is neither joined nor excluded")
        _write(lake, others)


def scanner_rules_table(rules: Iterable[ScannerRule]) -> pa.Table:
    """The rules for the warehouse: each device with the scanner it finally belongs to."""
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
    """The devices whose serial numbers are spellings of one number.

    They are of one manufacturer and agree in the digits, less leading zeros, letters around them
    and a decimal fraction of zero. Models that differ speak against it.

    Args:
        seen: The devices in the restricted series.
        rules: Rules that already stand; devices that they join or exclude are no candidates.

    Returns:
        For each candidate the other devices, the one with the most series first.
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
    """The one number in a serial number, None where there are several or it is short."""
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
        raise ValueError("same_as must be empty where a scanner is excluded")
    if key == same_as:
        raise ValueError("a device cannot be joined to itself")
    if any(other.device_key == key for other in before):
        raise ValueError("this device_key has a rule on an earlier line")
    return ScannerRule(key, rule, same_as, reason)


def _check_circles(rules: Iterable[ScannerRule]) -> None:
    joins = {one.device_key: one.same_as for one in rules if one.rule == "join"}
    for device in joins:
        if _scanner_of(device, joins) in joins:
            raise Fault(f"scanner_rules.csv: the joins of {device} lead back to it; remove one")


def _scanner_of(device: str, joins: dict[str, str]) -> str:
    """Where a chain of joins ends; a device in the chain where it is a circle."""
    for _ in joins:
        if device not in joins:
            break
        device = joins[device]
    return device


def _write(lake: Lake, rules: Iterable[ScannerRule]) -> None:
    ordered = sorted(rules, key=lambda one: (one.rule, one.same_as, one.device_key))
    write_lines(rules_file(lake), _COLUMNS, (astuple(one) for one in ordered))
