"""``protocol-assets status``: the health of the deployment, as tables or as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from protocol_assets.terminal import TextTable, say, say_json

if TYPE_CHECKING:
    from protocol_assets.ingest.partition_status import DeadLetter, LeftOutObject, PartitionState
    from protocol_assets.status.summary import Summary

__all__ = ["status"]

_GOOD: Final = 0
_NEEDS_ACTION: Final = 1
_MOST_SHOWN: Final = 20


@click.command()
@click.option(
    "--ask",
    is_flag=True,
    help="Send one test request to each PACS. By default, only recorded results are shown.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON with all partitions.")
def status(ask: bool, as_json: bool) -> int:
    """Show the health of the deployment, what needs action, and what runs next.

    Exit code 0 if healthy, 1 if action is needed. Changes nothing.
    """
    from protocol_assets.defs.automation_state import read_automation_state
    from protocol_assets.status.summary import summarize

    found = summarize(dt.datetime.now(dt.UTC), read_automation_state, ask=ask)
    if as_json:
        say_json(found.to_json())
    else:
        _print(found)
    return _GOOD if found.is_good else _NEEDS_ACTION


def _print(found: Summary) -> None:
    table = _table("", "item", "finding")
    for one in found.findings:
        table.add_row(one.verdict, one.item, one.sentence)
    for run in found.upcoming:
        at = f"{run.at:%Y-%m-%d %H:%M}" if run.at else "when the automation is on"
        table.add_row("next", run.name, f"{at}: {run.words}")
    table.show()
    bad = [one for one in found.partitions if not one.is_good]
    if bad:
        _partitions(bad).show()
    if found.letters:
        _letters(found.letters).show()
    if found.left_out:
        _left_out(found.left_out).show()
        if len(found.left_out) > _MOST_SHOWN:
            more = len(found.left_out) - _MOST_SHOWN
            say(f"{more} more; 'protocol-assets status --json' lists all")


def _partitions(states: Sequence[PartitionState]) -> TextTable:
    table = _table(
        "day", "PACS", "landed", "expected", "state", title="partitions that need action"
    )
    for state in states:
        counts = str(state.landed), str(state.expected)
        table.add_row(state.partition.day.isoformat(), state.partition.pacs, *counts, state.words)
    return table


def _letters(letters: Sequence[DeadLetter]) -> TextTable:
    headings = ("day", "PACS", "study", "stage", "class", "status", "tries", "first", "last")
    table = _table(*headings, title="dead letters")
    for one in letters:
        table.add_row(
            one.partition.day.isoformat(),
            one.partition.pacs,
            one.name or "the day",
            one.stage,
            _waiting(one.waits_until) or one.kind,
            str(one.status or ""),
            str(one.tries),
            one.first_seen[:16],
            one.last_seen[:16],
        )
    return table


def _waiting(until: str) -> str:
    """Say until when a study waits; empty if it does not wait."""
    return f"waiting until {dt.datetime.fromisoformat(until):%H:%M} UTC" if until else ""


def _left_out(objects: Sequence[LeftOutObject]) -> TextTable:
    headings = ("day", "PACS", "rule", "study", "series", "scanner", "instances")
    table = _table(*headings, title="stored, but left out of the facts")
    for one in objects[:_MOST_SHOWN]:
        keys = one.study, one.series, one.device
        day = one.partition.day.isoformat()
        table.add_row(day, one.partition.pacs, one.rule, *keys, str(one.instances))
    return table


def _table(*headings: str, title: str | None = None) -> TextTable:
    numbers = ("landed", "expected", "tries", "instances")
    return TextTable(*headings, title=title, right=numbers)
