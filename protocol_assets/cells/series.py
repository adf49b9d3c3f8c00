"""The series station: a cell's raw studies flattened to one row per series.

What was purged from raw stays as it stands in the last ``series``; patients on the do-not-process
list have no rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from protocol_assets.cells.landing import study_file
from protocol_assets.deidentify.labels import CLEAN_TEXTS
from protocol_assets.deidentify.own_identifiers import OwnIdentifiers
from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.json_text import decode_instance
from protocol_assets.dicom.paths import Dataset
from protocol_assets.lake.manifest import Manifest
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.raw import read_study
from protocol_assets.lake.zones import Lake
from protocol_assets.protocols.identity import Demographics

__all__ = ["CellSeries", "IsExcluded", "flatten_cell", "is_left_out", "patients_of", "text_columns"]

_PATIENT_ID, _ISSUER = "00100020", "00100021"
_ANY_SERIES = {"0020000E": {"vr": "UI", "Value": ["1.2"]}}

Patient = tuple[str | None, str | None]
"""A Patient ID and its issuer."""

IsExcluded = Callable[[str | None, str | None], bool]
"""Whether the patient of a patient ID and its issuer must not be processed."""


@dataclass(frozen=True, slots=True)
class CellSeries:
    """The series of one cell.

    Attributes:
        table: ``series_schema``, ordered by SeriesInstanceUID.
        instances: Instances read.
        rejected_instances: Instances without a readable SeriesInstanceUID.
        dirty: Unreadable values by column.
    """

    table: pa.Table
    instances: int
    rejected_instances: int
    dirty: Counter[str]


def flatten_cell(
    lake: Lake, manifest: Manifest, is_excluded: IsExcluded = lambda _patient, _issuer: False
) -> CellSeries:
    """Flatten every study of a landed cell, one after the other.

    Args:
        lake: The lake.
        manifest: The cell's manifest; studies without a good file give no new rows.
        is_excluded: The do-not-process list.
    """
    rows = _purged_rows(lake, manifest)
    people = Demographics()
    rejected = 0
    dirty: Counter[str] = Counter()
    for entry in manifest.with_data:
        own = OwnIdentifiers()
        instances = read_study(study_file(lake, manifest.cell, entry.name))
        study = flatten_study(own.watch(people.watch(instances)))
        people.end_study(study.rows)
        rows.extend(
            {"pacs": manifest.cell.pacs, **row, CLEAN_TEXTS: _clean_texts(row, own)}
            for row in study.rows
        )
        rejected += study.rejected_instances
        dirty.update(study.dirty)
    left_out = {row["StudyInstanceUID"] for row in rows if is_excluded(*_named(row))}
    rows = [row for row in rows if row["StudyInstanceUID"] not in left_out]
    people.mark(rows)
    table = pa.Table.from_pylist(rows, schema=series_schema()).sort_by("SeriesInstanceUID")
    received = sum(row["NumberOfSeriesRelatedInstances"] for row in rows) + rejected
    return CellSeries(table, received, rejected, dirty)


def patients_of(instances: Iterable[Dataset]) -> set[Patient]:
    """Every Patient ID and issuer that the instances of a study bear; normally one."""
    found: set[Patient] = set()
    last: tuple[Any, Any] | None = None
    for instance in instances:
        elements = (instance.get(_PATIENT_ID), instance.get(_ISSUER))
        if elements != last:
            last = elements
            # An instance without a readable series has no row, and yet a patient.
            rows = (
                flatten_study([instance]).rows or flatten_study([{**instance, **_ANY_SERIES}]).rows
            )
            found |= {_named(row) for row in rows}
    return found


def is_left_out(lines: Sequence[bytes], is_excluded: IsExcluded) -> bool:
    """Whether one of the instances of a study is of a patient who must not be processed."""
    patients = patients_of(decode_instance(line) for line in lines)
    return any(is_excluded(patient, issuer) for patient, issuer in patients)


def _named(row: Mapping[str, Any]) -> Patient:
    return row["PatientID"], row["IssuerOfPatientID"]


def _purged_rows(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    """The rows of studies whose raw file was purged, as they stand in the last ``series``."""
    purged = {entry.study_instance_uid for entry in manifest.purged}
    if not purged or not lake.series(manifest.cell).exists():
        return []
    rows = read_part(lake.series(manifest.cell)).to_pylist()
    return [row for row in rows if row["StudyInstanceUID"] in purged]


def _clean_texts(row: Mapping[str, Any], own: OwnIdentifiers) -> str | None:
    clean = [name for name in text_columns() if row[name] and not own.are_in(row[name])]
    return "\\".join(clean) or None


@cache
def text_columns() -> tuple[str, ...]:
    """The columns of ``series`` that hold free text."""
    return tuple(one.name for one in series_columns() if one.confidentiality == "text")
