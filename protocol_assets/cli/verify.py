"""``protocol-assets verify``: compare all stored data with their checksums, and repair them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import click

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.terminal import TextTable, say, say_error

if TYPE_CHECKING:
    from protocol_assets.ingest.verifying import Damage
    from protocol_assets.lake.zones import Partition
    from protocol_assets.runner import Runner

__all__ = ["verify"]

_GOOD: Final = 0
_DAMAGED: Final = 1
_ADVICE: Final = {
    "land": "fetch it from the PACS again",
    "derive": "rebuild it from stored data",
    "report": "build and publish it again",
    "restore": "restore it from a backup",
}


@click.command()
@click.option("--repair", is_flag=True, help="Fetch or rebuild what is damaged, then check again.")
def verify(repair: bool) -> int:
    """Check all stored data against their checksums.

    Checks raw data, series, facts, the warehouse, published versions and ledgers. Exit code 0 if
    nothing is damaged or missing, else 1. Changes nothing without --repair.
    """
    deployment = Deployment.load()
    damages = _find(deployment)
    if damages and repair:
        _print(damages)
        _repair(deployment, damages)
        damages = _find(deployment)
    if damages:
        _print(damages)
        return _DAMAGED
    say("All stored data match their checksums.")
    return _GOOD


def _find(deployment: Deployment) -> list[Damage]:
    from protocol_assets.ingest.retention.purging import Retention
    from protocol_assets.status import integrity

    retention = Retention(**deployment.settings.retention.model_dump())
    return list(integrity.verify(deployment.lake, retention, dt.datetime.now(dt.UTC)))


def _print(damages: Iterable[Damage]) -> None:
    table = TextTable("place", "finding", "repair")
    for one in damages:
        table.add_row(one.place, one.what, _ADVICE[one.remedy])
    table.show()


def _repair(deployment: Deployment, damages: Sequence[Damage]) -> None:
    """Repair partitions, those that need the PACS first, then warehouse and report."""
    from protocol_assets.defs.ingest.assets import PARTITION_ASSETS
    from protocol_assets.lake.compaction import discard_damaged_months
    from protocol_assets.runner import Runner

    runner = Runner(deployment)
    to_land = {one.partition for one in damages if one.partition and one.remedy == "land"}
    to_derive = {
        one.partition for one in damages if one.partition and one.remedy == "derive"
    } - to_land
    discard_damaged_months(deployment.lake, to_land | to_derive)
    for partition in sorted(to_land):
        _make(runner, partition, PARTITION_ASSETS)
    for partition in sorted(to_derive):
        _make(runner, partition, PARTITION_ASSETS[1:])
    if any(one.remedy != "restore" for one in damages) and (problem := runner.report()):
        say_error(f"warehouse and report: {problem}")


def _make(runner: Runner, partition: Partition, assets: Sequence[str]) -> None:
    problem = ""
    try:
        (outcome,) = runner.ingest(partition.pacs, partition.day, partition.day, assets=assets)
        problem = outcome.reason
    except Fault as fault:  # the configuration no longer asks for this day or PACS
        problem = str(fault)
    if problem:
        say_error(f"{partition.key}: {problem}")
