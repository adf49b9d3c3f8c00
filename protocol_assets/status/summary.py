"""The complete status: partitions, dead letters, upcoming runs, and checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from protocol_assets.app.deployment import Deployment
from protocol_assets.ingest.partition_status import (
    DeadLetter,
    LeftOutObject,
    PartitionState,
    dead_letters,
    left_out_objects,
    partition_states,
)
from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.settings import ConfigurationError, Settings
from protocol_assets.sources.dicomweb.probe import Finding
from protocol_assets.status.automation import AutomationState
from protocol_assets.status.checks import (
    configuration_finding,
    daemon_finding,
    key_finding,
    leftovers_finding,
    versions_finding,
    warehouse_finding,
    zones_finding,
)
from protocol_assets.status.disk import disk_finding
from protocol_assets.status.integrity import integrity_finding, verify
from protocol_assets.status.pacs import pacs_finding
from protocol_assets.status.upcoming import NextRun, upcoming_runs

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True, slots=True)
class Summary:
    """The status of a deployment.

    Attributes:
        findings: The checks; ``fail`` needs action, ``warn`` needs attention.
        partitions: Every landed partition.
        letters: Studies that could not be retrieved.
        left_out: Objects that landed and are missing from the facts.
        upcoming: What runs next.
    """

    findings: tuple[Finding, ...]
    partitions: tuple[PartitionState, ...] = ()
    letters: tuple[DeadLetter, ...] = ()
    left_out: tuple[LeftOutObject, ...] = ()
    upcoming: tuple[NextRun, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether no check needs action."""
        return all(one.verdict != "fail" for one in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The same for machines, with every partition."""
        return {
            "is_good": self.is_good,
            "findings": [asdict(one) for one in self.findings],
            "partitions": [
                _named(one.partition)
                | {"landed": one.landed, "expected": one.expected, "is_stale": one.is_stale}
                | {"state": one.words}
                for one in self.partitions
            ],
            "dead_letters": [asdict(one) | _named(one.partition) for one in self.letters],
            "left_out": [asdict(one) | _named(one.partition) for one in self.left_out],
            "next": [
                asdict(one) | {"at": one.at.isoformat(timespec="seconds") if one.at else None}
                for one in self.upcoming
            ],
        }


def summarize(
    now: dt.datetime,
    read_automation: Callable[[Lake], AutomationState],
    *,
    ask: bool = False,
) -> Summary:
    """Summarize the deployment that the environment names.

    Args:
        now: An aware time.
        read_automation: Reads the state of Dagster's automation.
        ask: Whether each PACS is sent a request; see ``pacs_finding``.
    """
    problem = ""
    try:
        # Without upgrading the home: status changes nothing.
        deployment = Deployment(Settings.load())
    except ConfigurationError as error:
        problem = str(error)
    if problem:
        return Summary((Finding("configuration", "fail", problem), versions_finding()))
    now = now.astimezone(deployment.settings.zone)
    lake = deployment.lake
    key, pseudonyms = key_finding(deployment)
    automation = read_automation(lake)
    partitions, letters = partition_states(lake, pseudonyms), dead_letters(lake, now)
    names = [one.name for one in deployment.settings.pacs]
    retention = Retention(**deployment.settings.retention.model_dump())
    findings = (
        configuration_finding(deployment, now),
        zones_finding(lake),
        key,
        versions_finding(),
        disk_finding(lake, retention),
        daemon_finding(automation, now),
        *(pacs_finding(deployment, name, now.date(), ask=ask) for name in names),
        *_partition_findings(names, partitions, letters),
        warehouse_finding(lake, now),
        integrity_finding(list(verify(lake, retention, now.astimezone(dt.UTC)))),
        leftovers_finding(lake, now),
    )
    upcoming = upcoming_runs(deployment, automation, now)
    odd = left_out_objects(lake, (one.partition for one in partitions if one.left_out.series))
    return Summary(findings, tuple(partitions), tuple(letters), tuple(odd), tuple(upcoming))


def _partition_findings(
    names: Sequence[str], partitions: Sequence[PartitionState], letters: Sequence[DeadLetter]
) -> Iterator[Finding]:
    """One finding per PACS; PACS that are no longer configured come last."""
    for name in dict.fromkeys([*names, *(one.partition.pacs for one in partitions)]):
        own = [one for one in partitions if one.partition.pacs == name]
        bad = [one for one in own if not one.is_good]
        dead = [one for one in letters if one.partition.pacs == name]
        counts = (
            (sum(bool(one.shortfall) for one in bad), "incomplete: materialize them again"),
            (sum(one.is_stale for one in bad), "stale: run protocol-assets rebuild"),
            (sum(bool(one.damage) for one in bad), "damaged"),
            (sum(bool(one.refusal) for one in bad), "refused: see below"),
            (len(dead), "dead letter" if len(dead) == 1 else "dead letters"),
        )
        parts = [f"{count} {words}" for count, words in counts if count]
        whole = f"{len(own) - len(bad)} of {len(own)} landed partitions are complete and up to date"
        odd = sum(bool(one.left_out.series) for one in own)
        noted = [f"{odd} with objects left out: see below"] if odd else []
        item, sentence = f"partitions {name}", "; ".join([whole, *parts, *noted])
        yield Finding(item, "fail" if parts else "warn" if noted else "ok", sentence)


def _named(partition: Partition) -> dict[str, str]:
    return {"partition": partition.key, "day": partition.day.isoformat(), "pacs": partition.pacs}
