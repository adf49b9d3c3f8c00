"""A new key: stored pseudonyms are replaced, the rest is rebuilt from ``series``.

If the identifiers still exist, pseudonyms are made of them. If they were purged, a new pseudonym is
made of the old one, so that old facts cannot be joined to new ones. With the old key, patients who
are also stored with their identifiers stay recognisable as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from protocol_assets.deidentify.keys import DOMAINS, Pseudonyms
from protocol_assets.deidentify.policy import fact_columns
from protocol_assets.ingest.describing import describe_series
from protocol_assets.ingest.landing import partition_lock
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.lake.compaction import opened
from protocol_assets.lake.key_record import changing_key, record_key_id
from protocol_assets.lake.leftovers import clean_leftovers
from protocol_assets.lake.manifest import read_manifest, write_manifest
from protocol_assets.lake.months import kept_partitions, partitions_with_files
from protocol_assets.lake.parquet import has_part, part_versions, read_part, write_part
from protocol_assets.lake.turns import report_turn
from protocol_assets.lake.zones import RESTRICTED_FILE, Lake, Partition
from protocol_assets.modalities.registry import modality_of
from protocol_assets.publishing.ledger_files import open_ledger
from protocol_assets.storage.files import write_bytes
from protocol_assets.storage.locks import editing

__all__ = ["Rekeyed", "rekey"]

_PSEUDONYM: Final = re.compile(r"\b[A-Z2-7]{26}\b")
_KEPT: Final = {"kept_patient_key": "patient", "kept_device_key": "device"} | {
    "kept_station_code": "label"
}
_OF_LABELS: Final = {"patient_key": "patient", "device_key": "device", "label_code": "label"}
_OF_LEDGER: Final = {"patient_key": "patient", "device_key": "device"}
_OF_FACTS: Final = {
    one.name: one.argument
    for one in fact_columns(modality_of("series").facts_columns)
    if one.action == "key"
}


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The result of a change of keys.

    Attributes:
        to_rebuild: Partitions whose facts must be rebuilt from ``series``.
        changed_over: Partitions whose series were purged, so their facts were changed directly.
        lost: Pseudonyms in the governance files for which the old key would be needed.
    """

    to_rebuild: tuple[Partition, ...]
    changed_over: tuple[Partition, ...]
    lost: int


def rekey(lake: Lake, old: Pseudonyms | None, new: Pseudonyms) -> Rekeyed:
    """Change a lake to a new key; after an interruption, run it again to continue.

    Args:
        lake: The lake. Waits for runs in progress, which then refuse to write.
        old: Pseudonyms of the old key; None if it is lost or destroyed.
        new: Pseudonyms of the new key.
    """
    with report_turn(lake), changing_key(lake):
        return _rekey_all(lake, _Change(new, _known(lake, old, new), _changed(old, new)))


def _rekey_all(lake: Lake, change: _Change) -> Rekeyed:
    new = change.new
    rebuilt, over = [], []
    clean_leftovers(lake)
    for partition in partitions_with_files(lake):
        with (
            lake.storage.locks.exclusive(
                partition_lock(partition), wait=True, what=f"partition {partition.key}"
            ),
            opened(lake, [partition]),
        ):
            finish_placements(lake, [partition])
            for waiting in lake.candidates(partition):
                lake.storage.objects.delete(waiting)  # of the old key; rebuilt with the facts
            _rename_raw(lake, partition, new)
            has_series = lake.has(lake.series(partition))
            can_be_made = has_series and lake.has(lake.manifest(partition))
            if has_series:
                _rekey_kept(lake, lake.series(partition), change)
            if can_be_made:
                rebuilt.append(partition)
            elif lake.has(lake.facts(partition)):
                over.append(partition)
            for key in (
                lake.facts(partition),
                lake.quarantine(partition),
                lake.impossible(partition),
            ):
                _rekey_part(lake, key, _OF_FACTS, change, is_stale=can_be_made)
            _rekey_part(lake, lake.label_registry(partition), _OF_LABELS, change)
            _rekey_part(lake, lake.completeness(partition), {}, change)
    _rekey_ledger(lake, change)
    lost = 0
    for path in sorted(lake.governance.glob("*.csv")):
        with editing(path):
            lost += _rekey_governance(path, change)
    record_key_id(lake, new.key_id)
    return Rekeyed(tuple(rebuilt), tuple(over), lost)


@dataclass(frozen=True, slots=True)
class _Change:
    """New pseudonyms for old ones.

    Attributes:
        new: The new pseudonyms.
        known: Old to new, if the identifier still exists.
        domains: Domains whose key changes.
    """

    new: Pseudonyms
    known: Mapping[str, str]
    domains: frozenset[str]

    def of(self, domain: str, pseudonym: str | None) -> str | None:
        if pseudonym is None or domain not in self.domains:
            return pseudonym
        return self.known.get(pseudonym) or self.new.of(domain, pseudonym)


def _changed(old: Pseudonyms | None, new: Pseudonyms) -> frozenset[str]:
    return frozenset(
        domain for domain in DOMAINS if old is None or old.of(domain, "1") != new.of(domain, "1")
    )


def _known(lake: Lake, old: Pseudonyms | None, new: Pseudonyms) -> dict[str, str]:
    """Old to new pseudonyms of all identifiers that are still in ``series``."""
    known: dict[str, str] = {}
    modality = modality_of("series")
    for partition in kept_partitions(lake) if old is not None else ():
        if old is None or not has_part(lake, lake.series(partition)):
            continue
        rows = [
            row
            for row in read_part(lake, lake.series(partition)).to_pylist()
            if not row.get("kept_key_id")
        ]
        described = describe_series(modality, rows).known
        for column in fact_columns(modality.facts_columns):
            if column.action == "key":
                values = [row.get(column.source) for row in described]
                before = old.column(column.argument, values)
                after = new.column(column.argument, values)
                known |= {
                    one: other
                    for one, other in zip(before, after, strict=True)
                    if one is not None and other is not None
                }
    return known


def _rename_raw(lake: Lake, partition: Partition, new: Pseudonyms) -> None:
    """Rename study files, which are named by pseudonym: add new names, then delete old ones."""
    manifest = read_manifest(lake, partition)
    if manifest is None:
        return
    objects = lake.storage.objects
    names = {
        entry.name: new.of("study", entry.study_instance_uid)
        for entry in manifest.studies
        if entry.study_instance_uid
    }
    for before, after in names.items():
        if before != after and objects.exists(lake.study(partition, before)):
            objects.copy(lake.study(partition, before), lake.study(partition, after))
    entries = (replace(one, name=names.get(one.name, one.name)) for one in manifest.studies)
    studies = tuple(sorted(entries, key=lambda entry: entry.name))
    # No UIDs are stored of studies of other modalities; the next landing looks them up again.
    others = tuple(replace(one, name="", mark="") for one in manifest.others)
    versions = {**manifest.versions, "key_id": new.key_id}
    changed = replace(manifest, studies=studies, others=others, versions=versions)
    if changed != manifest:
        write_manifest(lake, changed)
    named = {lake.study(partition, one.name) for one in studies}
    for key in lake.studies(partition):
        if key not in named:
            objects.delete(key)


def _rekey_kept(lake: Lake, key: str, change: _Change) -> None:
    versions = part_versions(lake, key)
    rows = read_part(lake, key).to_pylist()
    is_kept_new = all(row.get("kept_key_id") in (None, change.new.key_id) for row in rows)
    if is_kept_new and versions.get("key_id") == change.new.key_id:
        return
    for row in rows:
        if row.get("kept_key_id") not in (None, change.new.key_id):
            row |= {name: change.of(domain, row[name]) for name, domain in _KEPT.items()}
            row["kept_key_id"] = change.new.key_id
    _rewrite(lake, key, rows, versions | {"key_id": change.new.key_id})


def _rekey_part(
    lake: Lake,
    key: str,
    keys: Mapping[str, str],
    change: _Change,
    *,
    is_stale: bool = False,
) -> None:
    """Replace the pseudonyms in the key columns of a part.

    Args:
        lake: The lake.
        key: The part; nothing is done where there is none.
        keys: Domain by column.
        change: New pseudonyms for old ones.
        is_stale: It can be rebuilt, and shall be: whoever is killed before that leaves a part of
            one key all the same, which ``rebuild`` makes exact.
    """
    if not lake.has(key):
        return
    versions = part_versions(lake, key)
    if versions.get("key_id") == change.new.key_id:
        return
    if is_stale:
        versions |= {"rules_version": ""}
    rows = _changed_over(read_part(lake, key), keys, change)
    _rewrite(lake, key, rows, versions | {"key_id": change.new.key_id})


def _rekey_ledger(lake: Lake, change: _Change) -> None:
    """Replace the pseudonyms in the ledger of publications, in all tables or in none."""
    versions = {"key_id": change.new.key_id}
    with open_ledger(lake) as ledger:
        for name in ledger.names:
            table = ledger.read(name)
            if table is not None and ledger.versions(name).get("key_id") != change.new.key_id:
                rows = _changed_over(table, _OF_LEDGER, change)
                ledger.put(name, pa.Table.from_pylist(rows, schema=table.schema), versions)
        ledger.commit()


def _changed_over(
    table: pa.Table, keys: Mapping[str, str], change: _Change
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        row |= {name: change.of(domain, row[name]) for name, domain in keys.items() if name in row}
    return rows


def _rewrite(lake: Lake, key: str, rows: list[dict[str, Any]], versions: dict[str, str]) -> None:
    schema = read_part(lake, key).schema
    write_part(lake, key, pa.Table.from_pylist(rows, schema=schema), versions=versions)


def _rekey_governance(path: Path, change: _Change) -> int:
    """Replace the pseudonyms in a governance file.

    Returns:
        How many could not be determined.
    """
    text = path.read_text(encoding="utf-8-sig")
    new = set(change.known.values())
    # A governance file names only devices and labels.
    is_changed = bool(change.domains & {"device", "label"})
    lost = {one for one in _PSEUDONYM.findall(text) if one not in change.known and one not in new}
    changed = _PSEUDONYM.sub(lambda match: change.known.get(match[0], match[0]), text)
    if changed != text:
        write_bytes(path, changed.encode(), mode=RESTRICTED_FILE)
    return len(lost) if is_changed else 0
