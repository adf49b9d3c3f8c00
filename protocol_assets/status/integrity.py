"""Verifies all stored data: raw, series, facts, warehouse, ledgers, and published versions."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from protocol_assets.faults import Fault
from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.ingest.verifying import DAMAGED, MISSING, Damage, verify_partition
from protocol_assets.lake.damaged_parts import DamagedPartError
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.warehouse_file import can_be_read
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.ledger_files import ledger_mark
from protocol_assets.publishing.versions import version_name
from protocol_assets.sources.dicomweb.probe import Finding
from protocol_assets.storage.documents import DamagedDocumentError

__all__ = ["integrity_finding", "verify"]


def verify(lake: Lake, retention: Retention, now: dt.datetime) -> Iterator[Damage]:
    """All stored data that are damaged or missing.

    Args:
        lake: The lake.
        retention: How long each zone is stored.
        now: UTC.
    """
    for partition in lake.landed_partitions():
        yield from verify_partition(lake, partition, retention, now)
    yield from _tables(lake)
    yield from _ledgers(lake)
    yield from _databases(lake)
    yield from _published(lake)


def integrity_finding(damages: Sequence[Damage]) -> Finding:
    """The result of ``verify`` in a sentence."""
    if not damages:
        return Finding("stored data", "ok", "everything stored is as it was written")
    counts = Counter(one.place.split(" of ")[0] for one in damages)
    places = ", ".join(f"{count} of {place}" for place, count in sorted(counts.items()))
    words = f"damaged or missing: {places}; run protocol-assets verify --repair"
    return Finding("stored data", "fail", words)


_DERIVED: Final = ("labels", "reference", "analysis")
"""Tables below ``safe/`` that every report rebuilds."""


def _tables(lake: Lake) -> Iterator[Damage]:
    objects = lake.storage.objects
    for name in _DERIVED:
        for key in objects.list_keys(f"safe/{name}/**/*.parquet"):
            if not _is_whole(lake, key):
                stem = key.rpartition("/")[2].removesuffix(".parquet")
                yield Damage(f"{name} of {stem}", DAMAGED, "report")
    for key in objects.list_keys("safe/facts/*/schema.parquet"):
        if not _is_whole(lake, key):
            yield Damage(f"columns of {key.split('/')[-2]}", DAMAGED, "report")


def _ledgers(lake: Lake) -> Iterator[Damage]:
    """The ledgers, which cannot be rebuilt: publications with their patients, and deliveries."""
    try:
        tables = ledger_mark(lake)
    except Fault:
        yield Damage("ledger of publications", DAMAGED, "restore")
        tables = {}
    for name, key in sorted(tables.items()):
        if not lake.has(key):
            yield Damage(f"publications of {name}", MISSING, "restore")
        elif not _is_whole(lake, key):
            yield Damage(f"publications of {name}", DAMAGED, "restore")
    for key in lake.storage.objects.list_keys(f"{lake.deliveries}/**/*.json"):
        try:
            lake.storage.documents.read(key)
        except DamagedDocumentError:
            *_, of, name = key.removesuffix(".json").split("/")
            yield Damage(f"deliveries of {of} {name}", DAMAGED, "restore")


def _databases(lake: Lake) -> Iterator[Damage]:
    """DuckDB has a checksum for each block, and verifies it when the block is read."""
    for name, path in (("warehouse", lake.warehouse), ("reading copy", lake.reading_copy)):
        if path.exists() and not can_be_read(path):
            yield Damage(name, DAMAGED, "report")
    if not lake.warehouse.exists() and lake.marts.is_symlink():
        yield Damage("warehouse", MISSING, "report")


def _published(lake: Lake) -> Iterator[Damage]:
    if lake.marts.is_symlink() and not lake.marts.is_dir():
        yield Damage("published version", MISSING, "report")
    for version in sorted((lake.publish / "versions").glob("[!.]*")):
        if version_name(version) != version.name:
            yield Damage(f"published version of {version.name}", DAMAGED, "report")


def _is_whole(lake: Lake, key: str) -> bool:
    try:
        read_part(lake, key)
    except DamagedPartError:
        return False
    return True
