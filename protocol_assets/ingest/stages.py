"""The three stages over several partitions: each partition passes or is refused on its own.

A refused partition keeps its last good data, is reported with its reason, and does not affect the
others.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from protocol_assets.deidentify.impossible import IMPOSSIBLE_SCHEMA
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.faults import Fault, safe_message
from protocol_assets.ingest.attempts import record_refusal, settle_attempt
from protocol_assets.ingest.completeness import (
    COMPLETENESS_SCHEMA,
    certificate,
    completeness_row,
    refused_row,
)
from protocol_assets.ingest.facts import describe_and_project
from protocol_assets.ingest.gate import judge
from protocol_assets.ingest.landing import land_partition, partition_lock
from protocol_assets.ingest.overview import coverage_overview, odd_overview, role_overview
from protocol_assets.ingest.placement import finish_placements, place_facts
from protocol_assets.ingest.quarantine import QUARANTINE_SCHEMA, left_out
from protocol_assets.ingest.series import IsExcluded, flatten_partition, is_left_out
from protocol_assets.ingest.versions import code_versions, partition_versions
from protocol_assets.lake.compaction import opened
from protocol_assets.lake.key_record import OtherKeyError, using_key
from protocol_assets.lake.manifest import Manifest, read_manifest
from protocol_assets.lake.parquet import has_part, read_part, write_part, write_schema_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.spec import Modality
from protocol_assets.quality.outcomes import SuiteResult
from protocol_assets.sources.dicomweb.client import PacsClient

__all__ = ["StageResult", "Stages", "write_schemas"]

PartitionMetadata = Mapping[str, Any]
"""Counts of one partition and an ``overview`` in markdown: nothing identifying."""


@dataclass
class StageResult:
    """What one stage made of several partitions.

    Attributes:
        passed: Counts by partition that passed.
        refused: The reason, by refused partition.
        suite: The suite's result, if the stage has one.
    """

    passed: dict[Partition, PartitionMetadata] = field(default_factory=dict)
    refused: dict[Partition, str] = field(default_factory=dict)
    suite: SuiteResult | None = None


def write_schemas(lake: Lake, modality: Modality) -> None:
    """Put a part without rows into each data set of the facts, so that dbt finds every column.

    This also completes a home of an earlier version, whose facts lack a newer data set.
    """
    schemas = {
        "series": facts_schema(modality.facts_columns),
        "completeness": COMPLETENESS_SCHEMA,
        "impossible": IMPOSSIBLE_SCHEMA,
        "quarantine": QUARANTINE_SCHEMA,
    }
    for name, schema in schemas.items():
        write_schema_part(lake, f"safe/facts/{name}", schema)


@dataclass(frozen=True)
class Stages:
    """The stages of one deployment.

    Attributes:
        modality: Whose series they make.
        lake: The lake.
        pseudonyms: The keyed pseudonyms.
        client_for: Opens the client of a PACS by its name.
        tell: Reports progress: partition, studies done, studies listed.
        zone_of: The time zone of the scanners of a PACS; None if unknown.
        is_excluded: The do-not-process list.
    """

    modality: Modality
    lake: Lake
    pseudonyms: Pseudonyms
    client_for: Callable[[str], PacsClient]
    tell: Callable[[Partition, int, int], None]
    zone_of: Callable[[str], dt.tzinfo | None] = lambda _: None
    is_excluded: IsExcluded = lambda _patient, _issuer: False
    _flattened: dict[Partition, str] = field(default_factory=dict, init=False, repr=False)

    def land(self, partitions: Iterable[Partition], *, force: bool = False) -> StageResult:
        """``raw_dicomweb``: land each partition and put its counts into the safe zone."""
        write_schemas(self.lake, self.modality)

        def land_one(partition: Partition) -> PartitionMetadata:
            with self._working_on([partition]), self.client_for(partition.pacs) as client:
                manifest = land_partition(
                    client,
                    self.lake,
                    partition,
                    self.pseudonyms,
                    force=force,
                    progress=lambda done, listed: self.tell(partition, done, listed),
                    is_excluded=lambda lines: is_left_out(lines, self.is_excluded),
                )
                row = completeness_row(manifest, "missing")
                self._write(self.lake.completeness(partition), row)
            return certificate(manifest)

        result = _each(partitions, land_one)
        for partition in result.refused:
            with suppress(OtherKeyError), self._working_on([partition]):
                # What landed before stays, and so does its record.
                if self._manifest(partition) is None:
                    self._write(self.lake.completeness(partition), refused_row(partition))
        return result

    @contextmanager
    def _working_on(self, partitions: Iterable[Partition]) -> Iterator[None]:
        """Within, no other run changes these partitions or the key; waits for those that do.

        All runs take the partitions in the same order, so that no two wait for each other.
        """
        with ExitStack() as stack:
            stack.enter_context(using_key(self.lake, self.pseudonyms.key_id))
            partitions = sorted(set(partitions))
            for partition in partitions:
                lock, what = partition_lock(partition), f"partition {partition.key}"
                stack.enter_context(self.lake.storage.locks.exclusive(lock, wait=True, what=what))
            stack.enter_context(opened(self.lake, partitions))
            yield

    def flatten(self, partitions: Iterable[Partition]) -> StageResult:
        """``series``: flatten each partition into a candidate, judge them, move the good ones."""
        return self._gated(
            "series",
            self.modality.suite("series"),
            partitions,
            self._flatten_one,
            self._commit_series,
        )

    def project(self, partitions: Iterable[Partition]) -> StageResult:
        """``series_facts``: describe and de-identify each partition, judge, move the good ones."""
        write_schemas(self.lake, self.modality)
        return self._gated(
            "series_facts",
            self.modality.suite("series_facts"),
            partitions,
            self._project_one,
            self._commit_facts,
        )

    def _gated(
        self,
        data_set: str,
        suite: str,
        partitions: Iterable[Partition],
        make: Callable[[Partition], PartitionMetadata],
        place: Callable[[Partition], None],
    ) -> StageResult:
        partitions = list(partitions)
        with self._working_on(partitions):
            finish_placements(self.lake, partitions)  # before new candidates replace theirs
            return self._judged(data_set, suite, _each(partitions, make), place)

    def _judged(
        self, data_set: str, suite: str, result: StageResult, place: Callable[[Partition], None]
    ) -> StageResult:
        verdict = judge(self.lake, data_set, suite, list(result.passed))
        result.suite = verdict.result
        for partition, reason in verdict.refused.items():
            del result.passed[partition]
            result.refused[partition] = reason
        for partition, reason in result.refused.items():
            self._record_refused(partition, reason)
        for partition in result.passed:
            place(partition)
        return result

    def _record_refused(self, partition: Partition, reason: str) -> None:
        """Record that a refused partition is not complete, and why, until its facts are stored."""
        record_refusal(self.lake, partition, reason, code_versions(self.modality))
        manifest = self._manifest(partition)
        if manifest is not None:
            self._write(self.lake.completeness(partition), completeness_row(manifest, "refused"))

    def _manifest(self, partition: Partition) -> Manifest | None:
        try:
            return read_manifest(self.lake, partition)
        except Fault:
            return None  # damaged: it is not known what had landed

    def _flatten_one(self, partition: Partition) -> PartitionMetadata:
        manifest = read_manifest(self.lake, partition)
        if manifest is None:
            raise Fault(f"partition {partition.key} has not landed; materialize raw_dicomweb first")
        if manifest.purged and not has_part(self.lake, self.lake.series(partition)):
            raise Fault(f"raw and series of partition {partition.key} were purged; its facts stay")
        self._flattened[partition] = _content_of(manifest)
        series = flatten_partition(self.modality, self.lake, manifest, self.is_excluded)
        self._write_candidate("series", partition, series.table)
        return {
            "series": series.table.num_rows,
            "instances": series.instances,
            "series_left_out": series.left_out,
            "dirty_values": series.dirty.total(),
            "dirty_by_column": dict(series.dirty),
            "overview": coverage_overview(series.table),
        }

    def _commit_series(self, partition: Partition) -> None:
        self.lake.storage.objects.move(
            self.lake.candidate("series", partition), self.lake.series(partition)
        )

    def _project_one(self, partition: Partition) -> PartitionMetadata:
        source = self.lake.series(partition)
        if not has_part(self.lake, source):
            raise Fault(f"partition {partition.key} has no series; materialize series first")
        zone = self.zone_of(partition.pacs)
        facts = describe_and_project(
            self.modality, read_part(self.lake, source), partition, self.pseudonyms, zone
        )
        table = facts.projection.facts
        self._write_candidate("series_facts", partition, table)
        self._write_candidate("labels", partition, facts.registry)
        self._write_candidate("impossible", partition, facts.impossible)
        self._write_candidate("quarantine", partition, facts.quarantine)
        lost = left_out(facts.quarantine)
        return {
            "series": table.num_rows,
            "counted_series": table["exclusion_reason"].null_count,
            "studies_left_out": lost.studies,
            "instances_left_out": lost.instances,
            "left_out_by_rule": dict(lost.rules),
            "odd_objects": odd_overview(facts.quarantine),
            "refused_values": facts.projection.refused.total(),
            "refused_by_column": dict(facts.projection.refused),
            "impossible_values": sum(facts.impossible["n_values"].to_pylist()),
            "overview": role_overview(table),
        }

    def _commit_facts(self, partition: Partition) -> None:
        manifest = self._manifest(partition)
        lost = left_out(read_part(self.lake, self.lake.candidate("quarantine", partition)))
        # If another run has landed more since, its facts are still to come.
        is_current = manifest is not None and self._is_of_what_landed(manifest)
        if manifest is not None and is_current:
            row = completeness_row(manifest, "stored", lost)
            self._write_candidate("completeness", partition, row)
        place_facts(self.lake, partition, has_counts=is_current)
        record_refusal(self.lake, partition, "", {})
        if manifest is not None and is_current and manifest.is_complete and not lost.is_damage:
            settle_attempt(self.lake, partition, manifest.fingerprint)

    def _is_of_what_landed(self, manifest: Manifest) -> bool:
        content = _content_of(manifest)
        return self._flattened.get(manifest.partition, content) == content

    def _write_candidate(self, data_set: str, partition: Partition, table: pa.Table) -> None:
        self._write(self.lake.candidate(data_set, partition), table)

    def _write(self, key: str, table: pa.Table) -> None:
        versions = partition_versions(self.modality, self.pseudonyms)
        write_part(self.lake, key, table, versions=versions)


def _content_of(manifest: Manifest) -> str:
    """A digest of the landed data, independent of when and how often they were requested."""
    lines = (f"{one.name}|{one.has_data}|{one.content_hash}" for one in manifest.studies)
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _each(
    partitions: Iterable[Partition], work: Callable[[Partition], PartitionMetadata]
) -> StageResult:
    """Work on one partition after another; refuse a failed one with a reason that may be shown."""
    result = StageResult()
    for partition in partitions:
        try:
            result.passed[partition] = work(partition)
        except Exception as error:
            result.refused[partition] = safe_message(error)
    return result
