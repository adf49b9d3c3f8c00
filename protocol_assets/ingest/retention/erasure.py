"""Erasure: deletes everything that is stored about a patient who wants to be left out.

Manifests stay, without the patient's studies, so that these are not requested again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import pyarrow as pa

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.dicom.paths import Dataset
from protocol_assets.faults import Fault
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.ingest.retention.purging import alone_with, drop_candidates, forget_raw
from protocol_assets.ingest.series import patients_of
from protocol_assets.lake.compaction import opened, undisturbed
from protocol_assets.lake.deletion import Deletion, recorded_deletion
from protocol_assets.lake.leftovers import clean_leftovers
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest, write_manifest
from protocol_assets.lake.months import part_keys, partitions_with_files
from protocol_assets.lake.parquet import has_part, part_versions, read_part, write_part
from protocol_assets.lake.raw import DamagedStudyError, read_stamp, read_study
from protocol_assets.lake.turns import report_turn
from protocol_assets.lake.zones import STUDY_ENDING, Lake, Partition
from protocol_assets.modalities.shared.identity import patient_identifier
from protocol_assets.modalities.shared.joining import joined
from protocol_assets.publishing.ledger_files import open_ledger

__all__ = ["purge_patient"]

_STUDY_UID: Final = "0020000D"


def purge_patient(
    lake: Lake, pseudonyms: Pseudonyms, patient_id: str, issuer: str | None, now: dt.datetime
) -> list[Partition]:
    """Delete everything stored about one patient: raw files, series, registry, facts, memberships.

    A study is the patient's if one of its series or instances has the Patient ID. If identifiers
    were purged before, the pseudonym decides; it is made of the Patient ID alone, so an issuer
    does not narrow the search there. Values in rows of other patients (idle times, counts of a
    partition) are correct again when the partitions are rebuilt.

    Args:
        lake: The lake.
        pseudonyms: The keyed pseudonyms.
        patient_id: Patient ID as the PACS writes it.
        issuer: Issuer of the patient ID, if two people have the same ID: studies that name
            another issuer stay as long as the identifiers exist. None for every issuer.
        now: UTC.

    Returns:
        The partitions that contained data of the patient.
    """
    # A report in progress may have read the patient already: wait until it has published.
    with report_turn(lake), recorded_deletion(lake, "patient", now) as deletion:
        deletion.count_leftovers(clean_leftovers(lake))
        patient = _Patient(patient_id, issuer, _keys_of(lake, pseudonyms, patient_id, issuer))
        touched = []
        for partition in partitions_with_files(lake):
            with alone_with(lake, pseudonyms, partition):
                finish_placements(lake, [partition])
                if _erase(lake, partition, pseudonyms, patient, deletion):
                    touched.append(partition)
        _erase_from_ledger(lake, patient, deletion)
    return touched


def _erase(
    lake: Lake, partition: Partition, pseudonyms: Pseudonyms, patient: _Patient, deletion: Deletion
) -> bool:
    """Delete the patient's data in a partition; whether there were any.

    The files that say whose a study is are deleted last, so that a killed purge can be repeated.
    """
    manifest = _manifest_of(lake, partition, deletion)
    raw = _raw_of(lake, partition, manifest, patient)
    series = lake.series(partition)
    studies = _studies_in(lake, series, patient, raw.studies) | raw.studies
    keys = {pseudonyms.of("study", uid) for uid in studies - {""}}
    parts = (
        ("labels", lake.label_registry(partition)),
        ("facts", lake.facts(partition)),
        ("quarantine", lake.quarantine(partition)),
    )
    is_waiting = any(
        _studies_in(lake, one, patient, studies | keys) for one in lake.candidates(partition)
    )
    if studies or is_waiting or raw.files:
        drop_candidates(lake, partition, deletion)
    dropped = [
        _drop_rows(lake, key, name, partition, patient, deletion, keys) for name, key in parts
    ]
    dropped.append(_drop_rows(lake, series, "series", partition, patient, deletion, studies))
    if manifest is not None:
        _forget(lake, manifest, raw, studies, deletion)
    deletion.drop("raw", partition, raw.files)
    return bool(studies or raw.files or is_waiting or any(dropped))


def _manifest_of(lake: Lake, partition: Partition, deletion: Deletion) -> Manifest | None:
    """The manifest; a damaged one may name the patient's studies and is deleted."""
    try:
        return read_manifest(lake, partition)
    except Fault:
        deletion.drop("manifest", partition, [lake.manifest(partition)])
        return None


@dataclass(frozen=True, slots=True)
class _Raw:
    """Raw files to delete: of the patient, or unreadable and so possibly of the patient.

    Attributes:
        files: Their keys, whether or not the manifest names them.
        studies: UIDs of the patient's studies, as far as they are known.
        unreadable: Names of the studies whose file is unreadable; they are retrieved again.
    """

    files: list[str]
    studies: set[str]
    unreadable: set[str]


def _raw_of(lake: Lake, partition: Partition, manifest: Manifest | None, patient: _Patient) -> _Raw:
    known = {one.name: one for one in (manifest.studies if manifest else ())}
    found = _Raw([], set(), set())
    for key in lake.studies(partition):
        name = _name_of(key)
        try:
            is_theirs, studies = _read_whose(lake, key, known.get(name), patient)
        except DamagedStudyError:
            found.files.append(key)
            found.unreadable.add(name)
            continue
        if is_theirs:
            found.files.append(key)
            found.studies.update(studies)
            if name in known:
                found.studies.add(known[name].study_instance_uid)
    found.studies.discard("")
    return found


def _forget(
    lake: Lake, manifest: Manifest, raw: _Raw, studies: Set[str], deletion: Deletion
) -> None:
    """Remove the UIDs of the patient's studies from the manifest."""
    gone = set(map(_name_of, raw.files)) - raw.unreadable
    entries = []
    for entry in manifest.studies:
        if entry.name in gone or entry.study_instance_uid in studies - {""}:
            raw.files.append(lake.study(manifest.partition, entry.name))
            entries.append(replace(forget_raw(entry), study_instance_uid=""))
        elif entry.name in raw.unreadable:
            entries.append(replace(entry, state="failed", has_data=False, error="damaged"))
        else:
            entries.append(entry)
    if tuple(entries) != manifest.studies:
        write_manifest(lake, replace(manifest, studies=tuple(entries)))
        deletion.rewrote("manifest", manifest.partition)


def _name_of(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(STUDY_ENDING)


def _read_whose(
    lake: Lake, key: str, entry: StudyEntry | None, patient: _Patient
) -> tuple[bool, set[str]]:
    """Whether a raw file is the patient's, and the UIDs of the studies in it."""
    objects, studies = lake.storage.objects, set[str]()
    stamp = read_stamp(objects, key)
    content_hash = stamp.content_hash if stamp else entry.content_hash if entry else ""

    def watch(instances: Iterator[Dataset]) -> Iterator[Dataset]:
        for instance in instances:
            studies.add(_uid_of(instance))
            yield instance

    patients = patients_of(watch(read_study(objects, key, content_hash)))
    return any(patient.is_named(*named) for named in patients), studies


def _uid_of(instance: Dataset) -> str:
    element = instance.get(_STUDY_UID)
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values and isinstance(values[0], str) else ""


def _erase_from_ledger(lake: Lake, patient: _Patient, deletion: Deletion) -> None:
    with open_ledger(lake) as ledger:
        for name in ledger.names:
            table = ledger.read(name)
            left = None if table is None else _without(table, patient, frozenset()).left
            if left is not None:
                ledger.put(name, left, ledger.versions(name))
                deletion.rewrote("publications", None)
        ledger.commit()


@dataclass(frozen=True, slots=True)
class _Patient:
    """The patient to delete: the identifiers, and the pseudonyms made of them."""

    patient_id: str
    issuer: str | None
    keys: frozenset[str]

    def owns(self, row: dict[str, Any]) -> bool:
        """Whether a row names the patient."""
        if row.get("patient_key") in self.keys or row.get("kept_patient_key") in self.keys:
            return True
        return self.is_named(row.get("PatientID"), row.get("IssuerOfPatientID"))

    def owned(self, rows: list[dict[str, Any]], studies: Set[str]) -> list[bool]:
        """Which rows are the patient's: those that name the patient, and others of the same study.

        Args:
            rows: Rows of one part.
            studies: Studies that are known to be the patient's, by UID or by key.
        """
        known = studies | {_study_of(row) for row in rows if self.owns(row)} - {""}
        return [self.owns(row) or _study_of(row) in known for row in rows]

    def is_named(self, patient_id: str | None, issuer: str | None) -> bool:
        return patient_id == self.patient_id and self.issuer in (None, issuer or self.issuer)


def _study_of(row: dict[str, Any]) -> str:
    return row.get("StudyInstanceUID") or row.get("study_key") or ""


def _keys_of(
    lake: Lake, pseudonyms: Pseudonyms, patient_id: str, issuer: str | None
) -> frozenset[str]:
    """The patient's pseudonyms: the present one, and those of a release that keyed the issuer too.

    The latter are still in facts that were not rebuilt, in retained identifiers and in the ledger
    of publications.
    """
    issuers: set[str | None] = {issuer}
    if issuer is None:
        with undisturbed(lake):
            for key in part_keys(lake, "restricted/series"):
                issuers |= set(read_part(lake, key)["IssuerOfPatientID"].to_pylist())
    identifiers = {patient_identifier(patient_id), *(joined(one, patient_id) for one in issuers)}
    return frozenset(pseudonyms.of("patient", one) for one in identifiers)


def _drop_rows(
    lake: Lake,
    key: str,
    data_set: str,
    partition: Partition,
    patient: _Patient,
    deletion: Deletion,
    studies: Set[str] = frozenset(),
) -> set[str]:
    """Rewrite a part without the patient's rows.

    Returns:
        The deleted studies, by UID or by key.
    """
    if not has_part(lake, key):
        return set()
    split = _without(read_part(lake, key), patient, studies)
    if split.left is None:
        return set()
    with opened(lake, [partition]):
        write_part(lake, key, split.left, versions=part_versions(lake, key))
    deletion.rewrote(data_set, partition)
    return split.studies


class _Split(NamedTuple):
    """A table without the patient's rows; None if it has none; and the studies of those."""

    left: pa.Table | None
    studies: set[str]


def _without(table: pa.Table, patient: _Patient, studies: Set[str]) -> _Split:
    rows = table.to_pylist()
    is_dropped = patient.owned(rows, studies)
    if not any(is_dropped):
        return _Split(None, set())
    left = table.filter(pa.array([not one for one in is_dropped]))
    dropped = (row for row, is_one in zip(rows, is_dropped, strict=True) if is_one)
    return _Split(left, {_study_of(row) for row in dropped})


def _studies_in(lake: Lake, key: str, patient: _Patient, studies: Set[str]) -> set[str]:
    """The patient's studies in a part, by UID or by key; none if there is no part."""
    if not has_part(lake, key):
        return set()
    return _without(read_part(lake, key), patient, studies).studies
