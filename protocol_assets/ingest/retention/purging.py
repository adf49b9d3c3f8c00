"""Purging: what is too old is dropped.

Manifests stay, so that nothing that was purged is asked for again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.landing import cell_lock
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.ingest.retention.retained_identifiers import without_identifiers
from protocol_assets.lake.deletion import Deletion, recorded_deletion
from protocol_assets.lake.key_record import using_key
from protocol_assets.lake.leftovers import clean_leftovers
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest, write_manifest
from protocol_assets.lake.parquet import part_versions, read_part, write_part
from protocol_assets.lake.zones import RESTRICTED_FILE, Cell, Lake
from protocol_assets.storage.locks import exclusive

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
        """Which data sets of a cell are too old: of ``raw``, ``series`` and ``facts``."""
        age = (now.date() - manifest.cell.day).days
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
    """Drop what has outlived its retention.

    Args:
        lake: The lake.
        pseudonyms: Take the place of the identifiers in ``series``.
        keep: The retention.
        now: UTC.
    """
    with recorded_deletion(lake, "retention", now) as deletion:
        deletion.count_leftovers(clean_leftovers(lake))
        for cell in lake.cells_with_files():
            with alone_with(lake, pseudonyms, cell):
                finish_placements(lake, [cell])
                manifest = read_manifest(lake, cell)
                if manifest is None:
                    _purge_unlanded(lake, cell, keep, now, deletion)
                    continue
                outlived = keep.outlived(manifest, now)
                if "raw" in outlived:
                    _purge_raw(lake, pseudonyms, manifest, deletion)
                if "series" in outlived:
                    deletion.drop("series", cell, [lake.series(cell)])
                    deletion.drop("labels", cell, [lake.label_registry(cell)])
                if "facts" in outlived:
                    _drop_facts(lake, cell, deletion)
    return deletion


def _purge_unlanded(
    lake: Lake, cell: Cell, keep: Retention, now: dt.datetime, deletion: Deletion
) -> None:
    """Drop what a landing that was killed, and never run again, has left: by the files' age."""
    earliest = (now - dt.timedelta(days=keep.raw_days)).timestamp()
    raw = [*lake.raw(cell).glob("*.ndjson.zst")]
    deletion.drop("raw", cell, [one for one in raw if one.stat().st_mtime < earliest])
    candidates = lake.candidates(cell)
    if all(one.stat().st_mtime < earliest for one in candidates):
        drop_candidates(lake, cell, deletion)


def purge_before(lake: Lake, pseudonyms: Pseudonyms, day: dt.date, now: dt.datetime) -> Deletion:
    """Drop the raw answers, and the identifiers in ``series``, of all study days before a day."""
    with recorded_deletion(lake, "before", now) as deletion:
        deletion.count_leftovers(clean_leftovers(lake))
        for cell in lake.cells_with_files():
            if cell.day < day:
                with alone_with(lake, pseudonyms, cell):
                    finish_placements(lake, [cell])
                    manifest = read_manifest(lake, cell)
                    if manifest is not None:
                        _purge_raw(lake, pseudonyms, manifest, deletion)
                    else:
                        deletion.drop("raw", cell, lake.raw(cell).glob("*.ndjson.zst"))
                        drop_candidates(lake, cell, deletion)
    return deletion


@contextmanager
def alone_with(lake: Lake, pseudonyms: Pseudonyms, cell: Cell) -> Iterator[None]:
    """Within, no other run changes the cell or the key; waits for those that do."""
    with (
        using_key(lake, pseudonyms.key_id),
        exclusive(cell_lock(lake, cell), wait=True, what=f"cell {cell.key}"),
    ):
        yield


def _purge_raw(lake: Lake, pseudonyms: Pseudonyms, manifest: Manifest, deletion: Deletion) -> None:
    """Drop a cell's raw files; pseudonyms take the place of the identifiers in its series."""
    cell = manifest.cell
    if lake.series(cell).exists():
        table = read_part(lake.series(cell))
        bare = without_identifiers(table, pseudonyms)
        if not bare.equals(table):
            versions = part_versions(lake.series(cell))
            write_part(lake.series(cell), bare, versions=versions, mode=RESTRICTED_FILE)
            deletion.rewrote("series", cell)
    entries = tuple(forget_raw(one) if one.has_data else one for one in manifest.studies)
    if entries != manifest.studies:
        write_manifest(lake, replace(manifest, studies=entries))
    deletion.drop("raw", cell, lake.raw(cell).glob("*.ndjson.zst"))
    drop_candidates(lake, cell, deletion)


def forget_raw(entry: StudyEntry) -> StudyEntry:
    """It has landed as far as it ever will; what is left of it stands in ``series``."""
    return replace(entry, state="landed", has_data=False, tries=0, error="", stage="")


def drop_candidates(lake: Lake, cell: Cell, deletion: Deletion) -> None:
    """Drop what waits for a gate, or was refused by one."""
    deletion.drop("candidates", cell, lake.candidates(cell))


def _drop_facts(lake: Lake, cell: Cell, deletion: Deletion) -> None:
    deletion.drop("facts", cell, [lake.facts(cell)])
    deletion.drop("impossible", cell, [lake.impossible(cell)])
    deletion.drop("quarantine", cell, [lake.quarantine(cell)])
    deletion.drop("completeness", cell, [lake.completeness(cell)])


def _landed_at(manifest: Manifest) -> dt.datetime:
    return dt.datetime.fromisoformat(manifest.landed_at)
