"""The series station: a cell's raw studies flattened to one row per series.

What was purged from raw stays as it stands in the last ``series``; patients on the do-not-process
list have no rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from protocol_assets.lake.manifest import Manifest
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.raw import read_study
from protocol_assets.lake.zones import Lake

__all__ = ["CellSeries", "IsExcluded", "flatten_cell", "patient_of", "text_columns"]

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
    rejected = 0
    dirty: Counter[str] = Counter()
    for entry in manifest.with_data:
        own = OwnIdentifiers()
        instances = read_study(study_file(lake, manifest.cell, entry.name))
        study = flatten_study(own.watch(instances))
        rows.extend(
            {"pacs": manifest.cell.pacs, **row, CLEAN_TEXTS: _clean_texts(row, own)}
            for row in study.rows
        )
        rejected += study.rejected_instances
        dirty.update(study.dirty)
    rows = [row for row in rows if not is_excluded(row["PatientID"], row["IssuerOfPatientID"])]
    table = pa.Table.from_pylist(rows, schema=series_schema()).sort_by("SeriesInstanceUID")
    received = sum(row["NumberOfSeriesRelatedInstances"] for row in rows) + rejected
    return CellSeries(table, received, rejected, dirty)


def patient_of(lines: Sequence[bytes]) -> tuple[str | None, str | None]:
    """Patient ID and issuer of a study's first instance."""
    row = flatten_study(decode_instance(line) for line in lines[:1]).rows
    return (row[0]["PatientID"], row[0]["IssuerOfPatientID"]) if row else (None, None)


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
