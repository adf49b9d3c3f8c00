"""The series stage: a partition's raw studies flattened to one row per series.

Studies are flattened one by one: a study that cannot be read becomes a row that says so, and does
not affect the others. Rows of studies that were purged from raw stay as they are in the last
``series``; patients on the do-not-process list have no rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from protocol_assets.deidentify.labels import CLEAN_TEXTS
from protocol_assets.deidentify.own_identifiers import OwnIdentifiers
from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.json_text import decode_instance
from protocol_assets.dicom.paths import Dataset
from protocol_assets.faults import Fault, fault_place
from protocol_assets.ingest.quarantine import (
    CANNOT_BE_FLATTENED,
    INSTANCES_MISSING,
    RAW_UNREADABLE,
    STUDY_OF_ANOTHER_DAY,
    is_of_another_day,
)
from protocol_assets.lake.manifest import Manifest, StudyEntry
from protocol_assets.lake.parquet import has_part, read_part
from protocol_assets.lake.raw import DamagedStudyError, read_study
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.registry import MODALITIES
from protocol_assets.modalities.shared.identity import Demographics
from protocol_assets.modalities.spec import Modality

__all__ = [
    "IsExcluded",
    "PartitionSeries",
    "flatten_partition",
    "is_left_out",
    "patients_of",
    "text_columns",
]

_PATIENT_ID, _ISSUER = "00100020", "00100021"

Patient = tuple[str | None, str | None]
"""A Patient ID and its issuer."""

IsExcluded = Callable[[str | None, str | None], bool]
"""Whether the patient of a patient ID and its issuer must not be processed."""


@dataclass(frozen=True, slots=True)
class PartitionSeries:
    """The series of one partition.

    Attributes:
        table: ``series_schema``, ordered by SeriesInstanceUID and StudyInstanceUID. Rows with a
            ``quarantine_rule`` do not go on to the facts.
        dirty: Unreadable values by column.
    """

    table: pa.Table
    dirty: Counter[str]

    @property
    def instances(self) -> int:
        """Instances read."""
        counts: list[int | None] = self.table["NumberOfSeriesRelatedInstances"].to_pylist()
        return sum(count or 0 for count in counts)

    @property
    def left_out(self) -> int:
        """Rows that do not go on to the facts."""
        rules: list[str | None] = self.table["quarantine_rule"].to_pylist()
        return sum(rule is not None for rule in rules)


def flatten_partition(
    modality: Modality,
    lake: Lake,
    manifest: Manifest,
    is_excluded: IsExcluded = lambda _patient, _issuer: False,
) -> PartitionSeries:
    """Flatten every study of a landed partition, one after the other.

    Args:
        modality: Whose columns the series have.
        lake: The lake.
        manifest: The partition's manifest; studies without a good file give no new rows.
        is_excluded: The do-not-process list.
    """
    rows = _purged_rows(lake, manifest)
    people = Demographics()
    dirty: Counter[str] = Counter()
    for entry in manifest.with_data:
        of_study, unreadable = _flatten_one(modality, lake, manifest.partition, entry, people)
        rows.extend(of_study)
        dirty.update(unreadable)
    left_out = {row["StudyInstanceUID"] for row in rows if is_excluded(*_named(row))}
    rows = [row for row in rows if row["StudyInstanceUID"] not in left_out]
    people.mark(rows)
    order = [("SeriesInstanceUID", "ascending"), ("StudyInstanceUID", "ascending")]
    return PartitionSeries(
        pa.Table.from_pylist(rows, schema=series_schema(modality.series_columns)).sort_by(order),
        dirty,
    )


def patients_of(instances: Iterable[Dataset]) -> set[Patient]:
    """Every Patient ID and issuer in the instances of a study; normally one."""
    found: set[Patient] = set()
    last: tuple[Any, Any] | None = None
    for instance in instances:
        elements = (instance.get(_PATIENT_ID), instance.get(_ISSUER))
        if elements != last:
            last = elements
            for modality in MODALITIES:
                rows = flatten_study([instance], modality.series_columns).rows
                found |= {_named(row) for row in rows}
            found |= {(one, None) for one in _several(instance.get(_PATIENT_ID))}
    return found


def _several(element: Any) -> tuple[str, ...]:
    """The texts of an element with several values instead of one; each may identify somebody."""
    values = element.get("Value") if isinstance(element, dict) else None
    if not isinstance(values, list) or len(values) < 2:
        return ()
    return tuple(one for one in values if isinstance(one, str))


def is_left_out(lines: Sequence[bytes], is_excluded: IsExcluded) -> bool:
    """Whether one of the instances of a study is of a patient who must not be processed."""
    patients = patients_of(decode_instance(line) for line in lines)
    return any(is_excluded(patient, issuer) for patient, issuer in patients)


def _named(row: Mapping[str, Any]) -> Patient:
    return row.get("PatientID"), row.get("IssuerOfPatientID")


def _flatten_one(
    modality: Modality, lake: Lake, partition: Partition, entry: StudyEntry, people: Demographics
) -> tuple[list[dict[str, Any]], Counter[str]]:
    """The rows of one study, and its unreadable values; one row that says why if it fails."""
    try:
        return _flattened(modality, lake, partition, entry, people)
    except DamagedStudyError:
        rule, detail = RAW_UNREADABLE, None
    except (Fault, OSError, MemoryError):
        raise  # a failure of the machine, not of the study
    except Exception as error:
        rule, detail = CANNOT_BE_FLATTENED, f"{type(error).__name__} {fault_place(error)}"
    row = _study_row(partition, entry, rule, entry.instances)
    return [row | {"quarantine_detail": detail}], Counter()


def _flattened(
    modality: Modality, lake: Lake, partition: Partition, entry: StudyEntry, people: Demographics
) -> tuple[list[dict[str, Any]], Counter[str]]:
    own = OwnIdentifiers()
    instances = read_study(
        lake.storage.objects, lake.study(partition, entry.name), entry.content_hash
    )
    study = flatten_study(own.watch(people.watch(instances)), modality.series_columns)
    people.end_study(study.rows)
    rows: list[dict[str, Any]] = [
        {
            "pacs": partition.pacs,
            **row,
            "StudyInstanceUID": row["StudyInstanceUID"] or entry.study_instance_uid,
            CLEAN_TEXTS: _clean_texts(modality, row, own),
        }
        for row in study.rows
    ]
    if is_of_another_day((row["StudyDate"] for row in rows), partition.day):
        rows = [row | {"quarantine_rule": STUDY_OF_ANOTHER_DAY} for row in rows]
    read = sum(row["NumberOfSeriesRelatedInstances"] for row in rows)
    if read < entry.instances:
        rows.append(_study_row(partition, entry, INSTANCES_MISSING, entry.instances - read))
    return rows, study.dirty


def _study_row(
    partition: Partition, entry: StudyEntry, rule: str, instances: int
) -> dict[str, Any]:
    """A row for a study of which nothing has a row of its own."""
    return {
        "pacs": partition.pacs,
        "StudyInstanceUID": entry.study_instance_uid,
        "NumberOfSeriesRelatedInstances": instances,
        "quarantine_rule": rule,
    }


def _purged_rows(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    """The rows of studies whose raw file was purged, as they are in the last ``series``."""
    purged = {entry.study_instance_uid for entry in manifest.purged}
    if not purged or not has_part(lake, lake.series(manifest.partition)):
        return []
    rows = read_part(lake, lake.series(manifest.partition)).to_pylist()
    return [row for row in rows if row["StudyInstanceUID"] in purged]


def _clean_texts(modality: Modality, row: Mapping[str, Any], own: OwnIdentifiers) -> str | None:
    names = text_columns(modality.series_columns)
    clean = [name for name in names if row[name] and not own.are_in(row[name])]
    return "\\".join(clean) or None


@cache
def text_columns(specification: str) -> tuple[str, ...]:
    """The columns of a specification file that hold free text."""
    return tuple(one.name for one in series_columns(specification) if one.confidentiality == "text")
