"""Purging: what is too old, or of a patient who wants to be left out, is dropped.

Manifests stay, so that nothing that was purged is asked for again.
"""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from protocol_assets.cells.kept import without_identifiers
from protocol_assets.cells.landing import cell_lock, study_file
from protocol_assets.cells.series import patients_of
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.lake.deletion import Deletion
from protocol_assets.lake.key_record import using_key
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest, write_manifest
from protocol_assets.lake.parquet import part_versions, read_part, write_part
from protocol_assets.lake.raw import read_study
from protocol_assets.lake.turns import publications_turn, report_turn
from protocol_assets.lake.zones import RESTRICTED_FILE, Cell, Lake
from protocol_assets.protocols.acquisition import joined
from protocol_assets.protocols.identity import patient_identifier
from protocol_assets.storage.locks import exclusive

__all__ = ["Retention", "purge_before", "purge_expired", "purge_patient"]

_CANDIDATES = ("series", "series_facts", "labels", "impossible", "quarantine")


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
    deletion = Deletion(lake, "retention")
    for cell in lake.landed_cells():
        with _alone_with(lake, pseudonyms, cell):
            manifest = read_manifest(lake, cell)
            outlived = keep.outlived(manifest, now) if manifest is not None else ()
            if manifest is not None and "raw" in outlived:
                _purge_raw(lake, pseudonyms, manifest, deletion)
            if "series" in outlived:
                deletion.drop("series", cell, [lake.series(cell)])
                deletion.drop("labels", cell, [lake.label_registry(cell)])
            if "facts" in outlived:
                _drop_facts(lake, cell, deletion)
    deletion.record(now)
    return deletion


def purge_before(lake: Lake, pseudonyms: Pseudonyms, day: dt.date, now: dt.datetime) -> Deletion:
    """Drop the raw answers, and the identifiers in ``series``, of all study days before a day."""
    deletion = Deletion(lake, "before")
    for cell in lake.landed_cells():
        if cell.day < day:
            with _alone_with(lake, pseudonyms, cell):
                manifest = read_manifest(lake, cell)
                if manifest is not None:
                    _purge_raw(lake, pseudonyms, manifest, deletion)
    deletion.record(now)
    return deletion


def purge_patient(
    lake: Lake, pseudonyms: Pseudonyms, patient_id: str, issuer: str | None, now: dt.datetime
) -> list[Cell]:
    """Drop all that is kept of one patient: raw files, series, registry, facts, memberships.

    A study is the patient's where one of its series or instances bears the Patient ID. Where the
    identifiers were purged before, the pseudonym says whose it is; that is made of the Patient ID
    alone, so that an issuer narrows nothing there. What lives on other patients' rows (idle times,
    counts of a cell) is right again when the cells are rebuilt.

    Args:
        lake: The lake.
        pseudonyms: The keyed pseudonyms.
        patient_id: Patient ID as the PACS writes it.
        issuer: Issuer of the patient ID, where two people have the same ID: studies that name
            another issuer stay as long as the identifiers are there. None for every issuer.
        now: UTC.

    Returns:
        The cells that held something of the patient.
    """
    # A report that is being made may have read the patient already: what it publishes comes first.
    with report_turn(lake):
        return _purge_patient(lake, pseudonyms, patient_id, issuer, now)


def _purge_patient(
    lake: Lake, pseudonyms: Pseudonyms, patient_id: str, issuer: str | None, now: dt.datetime
) -> list[Cell]:
    deletion = Deletion(lake, "patient")
    patient = _Patient(patient_id, issuer, _keys_of(lake, pseudonyms, patient_id, issuer))
    touched = []
    for cell in lake.landed_cells():
        with _alone_with(lake, pseudonyms, cell):
            studies = _drop_rows(lake.series(cell), "series", cell, patient, deletion)
            studies |= _drop_raw_of(lake, cell, patient, studies, deletion)
            keys = {pseudonyms.of("study", uid) for uid in studies}
            parts = (
                ("labels", lake.label_registry(cell)),
                ("facts", lake.facts(cell)),
                ("quarantine", lake.quarantine(cell)),
            )
            others = [_drop_rows(path, name, cell, patient, deletion, keys) for name, path in parts]
            if studies or any(others):
                _drop_candidates(lake, cell, deletion)
                touched.append(cell)
    with publications_turn(lake):
        for path in sorted(lake.publications.glob("*.parquet")):
            _drop_rows(path, "publications", None, patient, deletion)
    deletion.record(now)
    return touched


@contextmanager
def _alone_with(lake: Lake, pseudonyms: Pseudonyms, cell: Cell) -> Iterator[None]:
    """Within, no other run changes the cell or the key; waits for those that do."""
    with (
        using_key(lake, pseudonyms.key_id),
        exclusive(cell_lock(lake, cell), wait=True, what=f"cell {cell.key}"),
    ):
        yield


@dataclass(frozen=True, slots=True)
class _Patient:
    """Who is to be dropped: the identifiers, and the pseudonyms made of them."""

    patient_id: str
    issuer: str | None
    keys: frozenset[str]

    def owns(self, row: dict[str, Any]) -> bool:
        """Whether a row says that it is the patient's."""
        if row.get("patient_key") in self.keys or row.get("kept_patient_key") in self.keys:
            return True
        return self.is_named(row.get("PatientID"), row.get("IssuerOfPatientID"))

    def owned(self, rows: list[dict[str, Any]], studies: Set[str]) -> list[bool]:
        """Which rows are the patient's: their own word, or that of another row of their study.

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
    """The patient's pseudonyms: that of now, and those of a release that keyed the issuer too.

    Such pseudonyms are still in facts that were not rebuilt, in what is kept of purged identifiers
    and in the ledger of publications.
    """
    issuers: set[str | None] = {issuer}
    if issuer is None:
        for path in sorted((lake.restricted / "series").glob("*/*/part.parquet")):
            issuers |= set(read_part(path)["IssuerOfPatientID"].to_pylist())
    identifiers = {patient_identifier(patient_id), *(joined(one, patient_id) for one in issuers)}
    return frozenset(pseudonyms.of("patient", one) for one in identifiers)


def _drop_rows(
    path: Path,
    data_set: str,
    cell: Cell | None,
    patient: _Patient,
    deletion: Deletion,
    studies: Set[str] = frozenset(),
) -> set[str]:
    """Write a part anew without the patient's rows.

    Returns:
        The studies dropped, by UID or by key.
    """
    if not path.exists():
        return set()
    table = read_part(path)
    rows = table.to_pylist()
    is_dropped = patient.owned(rows, studies)
    if not any(is_dropped):
        return set()
    left = table.filter(pa.array([not one for one in is_dropped]))
    mode = stat.S_IMODE(path.stat().st_mode)
    write_part(path, left, versions=part_versions(path), mode=mode)
    deletion.rewrote(data_set, cell)
    dropped = (row for row, is_one in zip(rows, is_dropped, strict=True) if is_one)
    return {_study_of(row) for row in dropped}


def _drop_raw_of(
    lake: Lake, cell: Cell, patient: _Patient, studies: Set[str], deletion: Deletion
) -> set[str]:
    """Drop the raw files of the patient's studies; the manifest forgets their UIDs.

    Returns:
        The UIDs of the studies dropped.
    """
    manifest = read_manifest(lake, cell)
    if manifest is None:
        return set()
    dropped = {
        entry.name: entry.study_instance_uid
        for entry in manifest.studies
        if entry.study_instance_uid in studies - {""} or _is_of(lake, cell, entry, patient)
    }
    if not dropped:
        return set()
    entries = tuple(
        replace(_purged(entry), study_instance_uid="") if entry.name in dropped else entry
        for entry in manifest.studies
    )
    write_manifest(lake, replace(manifest, studies=entries))
    deletion.drop("raw", cell, [study_file(lake, cell, name) for name in dropped])
    return set(dropped.values())


def _is_of(lake: Lake, cell: Cell, entry: StudyEntry, patient: _Patient) -> bool:
    path = study_file(lake, cell, entry.name)
    if not path.exists():
        return False
    instances = read_study(path, entry.content_hash)
    return any(patient.is_named(*named) for named in patients_of(instances))


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
    entries = tuple(_purged(one) if one.has_data else one for one in manifest.studies)
    if entries != manifest.studies:
        write_manifest(lake, replace(manifest, studies=entries))
    deletion.drop("raw", cell, lake.raw(cell).glob("*.ndjson.zst"))
    _drop_candidates(lake, cell, deletion)


def _purged(entry: StudyEntry) -> StudyEntry:
    """It has landed as far as it ever will; what is left of it stands in ``series``."""
    return replace(entry, state="landed", has_data=False, tries=0, error="", stage="")


def _drop_candidates(lake: Lake, cell: Cell, deletion: Deletion) -> None:
    deletion.drop("candidates", cell, (lake.candidate(name, cell) for name in _CANDIDATES))


def _drop_facts(lake: Lake, cell: Cell, deletion: Deletion) -> None:
    deletion.drop("facts", cell, [lake.facts(cell)])
    deletion.drop("impossible", cell, [lake.impossible(cell)])
    deletion.drop("quarantine", cell, [lake.quarantine(cell)])
    deletion.drop("completeness", cell, [lake.completeness(cell)])


def _landed_at(manifest: Manifest) -> dt.datetime:
    return dt.datetime.fromisoformat(manifest.landed_at)
