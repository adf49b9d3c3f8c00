"""Purging: deletes data whose retention is over.

Manifests stay, so that purged data are not requested again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.landing import partition_lock
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.ingest.retention.retained_identifiers import without_identifiers
from protocol_assets.lake.compaction import opened
from protocol_assets.lake.deletion import Deletion, recorded_deletion
from protocol_assets.lake.key_record import using_key
from protocol_assets.lake.leftovers import clean_leftovers
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest, write_manifest
from protocol_assets.lake.months import partitions_with_files
from protocol_assets.lake.parquet import has_part, part_versions, read_part, write_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.registry import modality_of

__all__ = [
    "Retention",
    "alone_with",
    "drop_candidates",
    "forget_raw",
    "purge_before",
    "purge_expired",
]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each zone is kept, in days.

    Attributes:
        raw_days: Raw answers after their landing, and the identifiers in ``series`` with them.
        series_days: ``series`` and the label registry after the study day.
        facts_days: Facts after the study day.
    """

    raw_days: int
    series_days: int
    facts_days: int

    def outlived(self, manifest: Manifest, now: dt.datetime) -> frozenset[str]:
        """Which of ``raw``, ``series`` and ``facts`` of a partition are past their retention."""
        age = (now.date() - manifest.partition.day).days
        landed_before = now - dt.timedelta(days=self.raw_days)
        ends = {
            "raw": _landed_at(manifest) < landed_before,
            "series": age > self.series_days,
            "facts": age > self.facts_days,
        }
        return frozenset(name for name, is_over in ends.items() if is_over)


def purge_expired(
    lake: Lake, pseudonyms: Pseudonyms, keep: Retention, now: dt.datetime
) -> Deletion:
    """Delete data whose retention is over.

    Args:
        lake: The lake.
        pseudonyms: Replace the identifiers in ``series``.
        keep: The retention.
        now: UTC.
    """
    with recorded_deletion(lake, "retention", now) as deletion:
        deletion.count_leftovers(clean_leftovers(lake))
        for partition in partitions_with_files(lake):
            with alone_with(lake, pseudonyms, partition):
                finish_placements(lake, [partition])
                manifest = read_manifest(lake, partition)
                if manifest is None:
                    _purge_unlanded(lake, partition, keep, now, deletion)
                    continue
                outlived = keep.outlived(manifest, now)
                if "raw" in outlived:
                    _purge_raw(lake, pseudonyms, manifest, deletion)
                if "series" in outlived:
                    _drop_series(lake, partition, deletion)
                if "facts" in outlived:
                    _drop_facts(lake, partition, deletion)
    return deletion


def _purge_unlanded(
    lake: Lake, partition: Partition, keep: Retention, now: dt.datetime, deletion: Deletion
) -> None:
    """Delete what a killed landing that was never repeated has left, by the age of the files."""
    earliest = (now - dt.timedelta(days=keep.raw_days)).timestamp()
    objects = lake.storage.objects

    def is_old(key: str) -> bool:
        found = objects.describe(key)
        return found is not None and found.modified < earliest

    deletion.drop("raw", partition, filter(is_old, lake.studies(partition)))
    candidates = lake.candidates(partition)
    if all(map(is_old, candidates)):
        drop_candidates(lake, partition, deletion)


def purge_before(lake: Lake, pseudonyms: Pseudonyms, day: dt.date, now: dt.datetime) -> Deletion:
    """Delete the raw answers, and the identifiers in ``series``, of all study days before a day."""
    with recorded_deletion(lake, "before", now) as deletion:
        deletion.count_leftovers(clean_leftovers(lake))
        for partition in partitions_with_files(lake):
            if partition.day < day:
                with alone_with(lake, pseudonyms, partition):
                    finish_placements(lake, [partition])
                    manifest = read_manifest(lake, partition)
                    if manifest is not None:
                        _purge_raw(lake, pseudonyms, manifest, deletion)
                    else:
                        deletion.drop("raw", partition, lake.studies(partition))
                        drop_candidates(lake, partition, deletion)
    return deletion


@contextmanager
def alone_with(lake: Lake, pseudonyms: Pseudonyms, partition: Partition) -> Iterator[None]:
    """Within, no other run changes the partition or the key; waits for those that do."""
    with (
        using_key(lake, pseudonyms.key_id),
        lake.storage.locks.exclusive(
            partition_lock(partition), wait=True, what=f"partition {partition.key}"
        ),
    ):
        yield


def _purge_raw(lake: Lake, pseudonyms: Pseudonyms, manifest: Manifest, deletion: Deletion) -> None:
    """Delete a partition's raw files; pseudonyms replace the identifiers in its series."""
    partition = manifest.partition
    if has_part(lake, lake.series(partition)):
        table = read_part(lake, lake.series(partition))
        bare = without_identifiers(modality_of("series"), table, pseudonyms)
        if not bare.equals(table):
            versions = part_versions(lake, lake.series(partition))
            with opened(lake, [partition]):
                write_part(lake, lake.series(partition), bare, versions=versions)
            deletion.rewrote("series", partition)
    entries = tuple(forget_raw(one) if one.has_data else one for one in manifest.studies)
    if entries != manifest.studies:
        write_manifest(lake, replace(manifest, studies=entries))
    deletion.drop("raw", partition, lake.studies(partition))
    drop_candidates(lake, partition, deletion)


def forget_raw(entry: StudyEntry) -> StudyEntry:
    """Record that nothing more of it will land; what remains of it is in ``series``."""
    return replace(entry, state="landed", has_data=False, tries=0, error="", stage="")


def drop_candidates(lake: Lake, partition: Partition, deletion: Deletion) -> None:
    """Delete candidates that wait for a gate or were refused by one."""
    deletion.drop("candidates", partition, lake.candidates(partition))


def _drop_series(lake: Lake, partition: Partition, deletion: Deletion) -> None:
    parts = {"series": lake.series(partition), "labels": lake.label_registry(partition)}
    _drop_parts(lake, partition, parts, deletion)


def _drop_facts(lake: Lake, partition: Partition, deletion: Deletion) -> None:
    parts = {
        "facts": lake.facts(partition),
        "impossible": lake.impossible(partition),
        "quarantine": lake.quarantine(partition),
        "completeness": lake.completeness(partition),
    }
    _drop_parts(lake, partition, parts, deletion)


def _drop_parts(
    lake: Lake, partition: Partition, parts: Mapping[str, str], deletion: Deletion
) -> None:
    """Delete parts by data set; the month is opened only if there are any."""
    if any(has_part(lake, key) for key in parts.values()):
        with opened(lake, [partition]):
            for data_set, key in parts.items():
                deletion.drop(data_set, partition, [key])


def _landed_at(manifest: Manifest) -> dt.datetime:
    return dt.datetime.fromisoformat(manifest.landed_at)
