"""Verifies a partition: whether everything stored is as it was written and counted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from protocol_assets.ingest.attempts import read_attempt
from protocol_assets.ingest.landing import partition_lock
from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.lake.damaged_parts import DamagedPartError
from protocol_assets.lake.manifest import DamagedManifestError, Manifest, read_manifest
from protocol_assets.lake.parquet import has_part, read_part
from protocol_assets.lake.raw import is_whole, read_stamp
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.storage.locks import LockedError

__all__ = ["DAMAGED", "MISSING", "Damage", "Remedy", "verify_partition"]

Remedy = Literal["land", "derive", "report", "restore"]
"""What heals it: ask the PACS again; flatten and describe what is stored; build the warehouse and
publish; nothing but a back-up."""

MISSING: Final = "is missing"
DAMAGED: Final = "is not as it was written"


@dataclass(frozen=True, slots=True)
class Damage:
    """A stored object that is damaged or missing.

    Attributes:
        place: Where, in words that identify nobody.
        what: What is wrong with it.
        remedy: What repairs it.
        partition: The partition that has to be rebuilt; None if it belongs to no partition.
    """

    place: str
    what: str
    remedy: Remedy
    partition: Partition | None = None


def verify_partition(
    lake: Lake, partition: Partition, retention: Retention, now: dt.datetime
) -> Iterator[Damage]:
    """What is damaged or missing in a landed partition; nothing while it is being landed.

    Args:
        lake: The lake.
        partition: A partition that has a manifest.
        retention: What it has deleted is not reported as missing.
        now: UTC.
    """
    try:
        with lake.storage.locks.exclusive(
            partition_lock(partition), wait=False, what=partition.key
        ):
            try:
                manifest = read_manifest(lake, partition)
            except DamagedManifestError:
                yield Damage(f"manifest of {partition.key}", DAMAGED, "land", partition)
                return
            if manifest is not None:
                yield from _raw(lake, manifest)
                yield from _parts(lake, manifest, retention.outlived(manifest, now))
    except LockedError:
        return


def _raw(lake: Lake, manifest: Manifest) -> Iterator[Damage]:
    objects = lake.storage.objects
    for entry in manifest.with_data:
        key = lake.study(manifest.partition, entry.name)
        has_stamp = read_stamp(objects, key) is not None
        if not has_stamp or not is_whole(objects, key, entry.content_hash):
            what = DAMAGED if objects.exists(key) else MISSING
            yield Damage(
                f"raw of {manifest.partition.key}, study {entry.name}",
                what,
                "land",
                manifest.partition,
            )


def _parts(lake: Lake, manifest: Manifest, outlived: frozenset[str]) -> Iterator[Damage]:
    partition = manifest.partition
    attempt = read_attempt(lake, partition)
    is_stored = attempt is not None and attempt.is_settled and not attempt.refusal
    parts = {
        "series": (lake.series(partition), "series"),
        "labels": (lake.label_registry(partition), "series"),
        "facts": (lake.facts(partition), "facts"),
        "impossible values": (lake.impossible(partition), "facts"),
        "quarantine": (lake.quarantine(partition), "facts"),
        "completeness": (lake.completeness(partition), "facts"),
    }
    has_series = "series" not in outlived and not manifest.purged
    for name, (key, data_set) in parts.items():
        what = _state(lake, key)
        if what == MISSING and (not is_stored or data_set in outlived):
            continue
        if what:
            # What was purged from raw is only in series, and what outlived both is in the facts.
            is_source = name == "series" and bool(manifest.purged)
            can_derive = not is_source and (has_series or has_part(lake, lake.series(partition)))
            yield Damage(
                f"{name} of {partition.key}", what, "derive" if can_derive else "restore", partition
            )
    if not _state(lake, lake.series(partition)) and is_stored and "series" not in outlived:
        yield from _counts(lake, manifest)


def _counts(lake: Lake, manifest: Manifest) -> Iterator[Damage]:
    """Studies whose landed instances are not in ``series``."""
    counted = ["StudyInstanceUID", "NumberOfSeriesRelatedInstances"]
    rows = read_part(lake, lake.series(manifest.partition)).select(counted).to_pylist()
    flattened: Counter[str] = Counter()
    for row in rows:
        flattened[row["StudyInstanceUID"]] += row["NumberOfSeriesRelatedInstances"] or 0
    for entry in manifest.with_data:
        read = flattened[entry.study_instance_uid]
        # Studies of patients on the do-not-process list are not flattened.
        if read and read != entry.instances:
            place = f"series of {manifest.partition.key}, study {entry.name}"
            what = f"has {read} of {entry.instances} instances"
            yield Damage(place, what, "derive", manifest.partition)


def _state(lake: Lake, key: str) -> str:
    """What is wrong with a part; empty if it is good."""
    try:
        read_part(lake, key)
    except FileNotFoundError:
        return MISSING
    except DamagedPartError:
        return DAMAGED
    return ""
