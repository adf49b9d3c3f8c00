"""The state of every partition: complete, refused or outdated; its gaps; and the dead letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.faults import Fault
from protocol_assets.ingest.attempts import Attempt, read_attempt
from protocol_assets.ingest.completeness import describe_shortfall
from protocol_assets.ingest.quarantine import LeftOut, left_out
from protocol_assets.ingest.versions import code_versions, partition_versions
from protocol_assets.lake.damaged_parts import DamagedPartError
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest
from protocol_assets.lake.parquet import has_part, part_versions, read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.registry import modality_of
from protocol_assets.sources.rate_limit.pacing import study_subject
from protocol_assets.sources.rate_limit.store import read_waits

__all__ = [
    "DeadLetter",
    "LeftOutObject",
    "PartitionState",
    "dead_letters",
    "left_out_objects",
    "partition_states",
    "read_left_out",
]


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One landed partition.

    Attributes:
        partition: The partition.
        landed: Studies landed.
        expected: Studies listed.
        shortfall: What is missing and why; empty if it is complete.
        is_stale: Whether its facts are missing or were made by other versions than today's, and can
            be rebuilt.
        damage: Why its manifest cannot be read; empty if it can.
        refusal: Why today's rules refuse it; empty if they do not, or might not.
        left_out: Landed objects that are missing from the facts.
    """

    partition: Partition
    landed: int
    expected: int
    is_stale: bool
    damage: str = ""
    shortfall: str = ""
    refusal: str = ""
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.shortfall or self.is_stale or self.damage or self.refusal)

    @property
    def words(self) -> str:
        """The state in words."""
        parts = [self.damage] if self.damage else []
        if self.shortfall:
            parts.append(f"incomplete: {self.shortfall}; materialize it again")
        if self.refusal:
            parts.append(
                f"refused: {self.refusal}; correct it at the PACS and materialize it again"
            )
        if self.is_stale:
            parts.append("stale: run rebuild")
        if self.left_out.series:
            parts.append(self.left_out.words)
        return "; ".join(parts) or "good"


def partition_states(lake: Lake, pseudonyms: Pseudonyms | None) -> list[PartitionState]:
    """All landed partitions, in order of day and PACS.

    Args:
        lake: The lake.
        pseudonyms: Of the present key; without them, a change of the key is not noticed.
    """
    series = modality_of("series")
    now = partition_versions(series, pseudonyms) if pseudonyms else code_versions(series)
    states = []
    for partition in lake.landed_partitions():
        try:
            manifest = read_manifest(lake, partition)
        except Fault as fault:
            states.append(PartitionState(partition, 0, 0, is_stale=False, damage=str(fault)))
            continue
        if manifest is not None:
            refusal = _refusal(read_attempt(lake, partition), now)
            states.append(
                PartitionState(
                    partition,
                    manifest.count("landed"),
                    manifest.expected,
                    # Today's rules would refuse it again after a rebuild.
                    is_stale=not refusal and _is_stale(lake, manifest, now),
                    shortfall=describe_shortfall(manifest),
                    refusal=refusal,
                    left_out=read_left_out(lake, partition),
                )
            )
    return states


def read_left_out(lake: Lake, partition: Partition) -> LeftOut:
    """Landed objects that are missing from a partition's facts; none without a quarantine."""
    try:
        return left_out(read_part(lake, lake.quarantine(partition)))
    except (FileNotFoundError, DamagedPartError):
        return LeftOut()


@dataclass(frozen=True, slots=True)
class LeftOutObject:
    """An object that has landed and is missing from the facts.

    Attributes:
        partition: The partition.
        study: Keyed study.
        series: Keyed series; empty if it is not a single series.
        device: Keyed scanner; empty if it is not known.
        rule: Term of ``quarantine_rule``.
        detail: Place in the code where the rule applied; empty if there is none.
        instances: Its instances.
    """

    partition: Partition
    study: str
    series: str
    device: str
    rule: str
    detail: str
    instances: int


def left_out_objects(lake: Lake, partitions: Iterable[Partition]) -> list[LeftOutObject]:
    """Every object that has landed and is missing from the facts, in order of day and PACS."""
    return [
        LeftOutObject(
            partition=partition,
            study=row["study_key"] or "",
            series=row["series_key"] or "",
            device=row["device_key"] or "",
            rule=row["rule"],
            detail=row["detail"] or "",
            instances=row["n_instances"] or 0,
        )
        for partition in sorted(partitions)
        for row in read_part(lake, lake.quarantine(partition)).to_pylist()
        if row["is_left_out"]
    ]


def _refusal(attempt: Attempt | None, now: dict[str, str]) -> str:
    """Why the partition was refused, if the same rules would refuse it again."""
    if attempt is None or not attempt.refusal:
        return ""
    is_of_today = all(now.get(name) == version for name, version in attempt.refused_by.items())
    return attempt.refusal if is_of_today else ""


def _is_stale(lake: Lake, manifest: Manifest, now: dict[str, str]) -> bool:
    partition = manifest.partition
    if manifest.purged and not has_part(lake, lake.series(partition)):
        return False  # no data are left to make them from
    return not now.items() <= _versions(lake, lake.facts(partition)).items()


def _versions(lake: Lake, key: str) -> dict[str, str]:
    """The versions of a part; none if it is missing or cannot be read."""
    try:
        return part_versions(lake, key)
    except (OSError, DamagedPartError):
        return {}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A study, or the listing of a day, that could not be retrieved and will be tried again.

    Attributes:
        partition: The partition.
        name: Keyed name of the study; empty for a listing.
        stage: ``list``, ``retrieve`` or ``reconcile``.
        kind: Class of the error.
        status: HTTP status; None if there was none.
        tries: Failed tries.
        first_seen: When it failed first, UTC (ISO 8601); empty for a listing.
        last_seen: When it failed last.
        waits_until: Until when the PACS asked for no requests about it, UTC (ISO 8601); empty
            where it did not, or that is over.
    """

    partition: Partition
    name: str
    stage: str
    kind: str
    status: int | None
    tries: int
    first_seen: str
    last_seen: str
    waits_until: str = ""


def dead_letters(lake: Lake, now: dt.datetime | None = None) -> list[DeadLetter]:
    """All dead letters, in order of day and PACS.

    Args:
        lake: The lake.
        now: An aware time, to say which studies are waiting; by default, that is not determined.
    """
    found = []
    waits: dict[str, dict[str, dt.datetime]] = {}
    for partition in lake.tried_partitions():
        attempt = read_attempt(lake, partition)
        if attempt is not None and attempt.problem and not attempt.is_settled:
            last = attempt.recent[-1].isoformat(timespec="seconds")
            found.append(
                DeadLetter(
                    partition,
                    "",
                    "list",
                    attempt.problem,
                    attempt.status,
                    attempt.failures,
                    "",
                    last,
                )
            )
        try:
            manifest = read_manifest(lake, partition)
        except Fault:
            continue  # reported as a partition
        letters = manifest.dead_letters if manifest else ()
        if letters and now is not None and partition.pacs not in waits:
            waits[partition.pacs] = read_waits(lake, partition.pacs, now)
        found.extend(_of_study(partition, one, waits.get(partition.pacs, {})) for one in letters)
    return found


def _of_study(
    partition: Partition, entry: StudyEntry, waits: Mapping[str, dt.datetime]
) -> DeadLetter:
    until = waits.get(study_subject(entry.study_instance_uid))
    return DeadLetter(
        partition=partition,
        name=entry.name,
        stage=entry.stage,
        kind=entry.error,
        status=entry.status,
        tries=entry.tries,
        first_seen=entry.first_seen,
        last_seen=entry.last_seen,
        waits_until=until.astimezone(dt.UTC).isoformat(timespec="seconds") if until else "",
    )
