"""The command group ``scanners``: name scanners, merge spellings, and exclude devices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from protocol_assets.app.deployment import Deployment
from protocol_assets.terminal import TextTable, say

if TYPE_CHECKING:
    from protocol_assets.governance.scanners import SeenScanner

__all__ = ["scanners"]

_DONE: Final = 0


@click.group()
def scanners() -> None:
    """Name scanners, merge spellings of one serial number, and exclude devices."""


@scanners.command("pending")
def scanners_pending() -> int:
    """List scanners that need a name or a rule. Shows serial numbers: authorised staff only."""
    from protocol_assets.governance.scanner_rules import join_candidates, read_scanner_rules
    from protocol_assets.governance.scanners import read_scanner_names, seen_scanners

    deployment = Deployment.load()
    named = {one.device_key for one in read_scanner_names(deployment.lake)}
    rules = read_scanner_rules(deployment.lake)
    seen = seen_scanners(deployment.lake, deployment.pseudonyms())
    candidates = join_candidates((one for one in seen if one.device_key), rules)
    settled = named | {one.device_key for one in rules}
    waiting = [
        one
        for one in seen
        if one.device_key not in settled or one.device_key in candidates or len(one.models) > 1
    ]
    headings = ("device_key", "manufacturer", "model", "station", "serial", "series", "note")
    table = TextTable(*headings, is_whole=True)
    for one in waiting:
        models = " / ".join(sorted(one.models))
        partitions = (one.device_key, one.manufacturer, models, one.station, one.serial)
        table.add_row(*partitions, one.series, _scanner_note(one, candidates, named))
    if waiting:
        table.show()
    else:
        say("Every scanner has a name.")
    return _DONE


def _scanner_note(
    one: SeenScanner, candidates: Mapping[str, Sequence[str]], named: Collection[str]
) -> str:
    if not one.device_key:
        return "placeholder, not a scanner"
    notes = [] if one.device_key in named else ["no name"]
    if len(one.models) > 1:
        notes.append(f"{len(one.models)} models")
    others = candidates.get(one.device_key, ())
    if others:
        notes.append(f"same scanner as {others[0]}?")
    return ", ".join(notes)


@scanners.command("join")
@click.argument("device_key")
@click.argument("same_as")
@click.option("--reason", default="", help="Reason; it is stored in the governance file.")
def scanners_join(device_key: str, same_as: str, reason: str) -> int:
    """Merge a device into another one: both serial numbers belong to the same scanner."""
    _add_scanner_rule(device_key, "join", same_as, reason)
    say(f"{device_key} is merged into {same_as}; the next report shows it")
    return _DONE


@scanners.command("exclude")
@click.argument("device_key")
@click.option("--reason", default="", help="Reason; it is stored in the governance file.")
def scanners_exclude(device_key: str, reason: str) -> int:
    """Exclude a scanner from all KPIs, such as phantoms or imported studies."""
    _add_scanner_rule(device_key, "exclude", "", reason)
    say(f"{device_key} is excluded from all KPIs; the next report shows it")
    return _DONE


@scanners.command("restore")
@click.argument("device_key")
def scanners_restore(device_key: str) -> int:
    """Remove the rule for a merged or excluded device."""
    from protocol_assets.governance.scanner_rules import remove_scanner_rule

    remove_scanner_rule(Deployment.load().lake, device_key)
    say(f"{device_key} is a separate scanner again; the next report shows it")
    return _DONE


def _add_scanner_rule(device_key: str, rule: str, same_as: str, reason: str) -> None:
    from protocol_assets.governance.scanner_rules import ScannerRule, add_scanner_rule

    add_scanner_rule(Deployment.load().lake, ScannerRule(device_key, rule, same_as, reason))


@scanners.command("name")
@click.argument("device_key")
@click.argument("label")
@click.option("--site", required=True, help="Site of the scanner.")
def scanners_name(device_key: str, label: str, site: str) -> int:
    """Set the name of a scanner; the next report uses it."""
    from protocol_assets.governance.scanners import ScannerName, name_scanner

    name_scanner(Deployment.load().lake, ScannerName(device_key, label, site))
    say(f"{device_key} is {label}, {site}")
    return _DONE
