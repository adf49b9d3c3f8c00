"""The series station: a cell's raw studies flattened to one row per series.

Studies are flattened one by one: one that cannot be read is a row that says so, and the others are
not held up. What was purged from raw stays as it is in the last ``series``; patients on the
do-not-process list have no rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from protocol_assets.cells.landing import study_file
from protocol_assets.cells.quarantine import (
    CANNOT_BE_FLATTENED,
    INSTANCES_MISSING,
    RAW_UNREADABLE,
    STUDY_OF_ANOTHER_DAY,
    is_of_another_day,
)
from protocol_assets.deidentify.labels import CLEAN_TEXTS
from protocol_assets.deidentify.own_identifiers import OwnIdentifiers
from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.json_text import decode_instance
from protocol_assets.faults import Fault, fault_place
from protocol_assets.lake.manifest import Manifest, StudyEntry
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.raw import DamagedStudyError, read_study
from protocol_assets.lake.zones import Cell, Lake

__all__ = ["CellSeries", "IsExcluded", "flatten_cell", "patient_of", "text_columns"]

IsExcluded = Callable[[str | None, str | None], bool]
"""Whether the patient of a patient ID and its issuer must not be processed."""


@dataclass(frozen=True, slots=True)
class CellSeries:
    """The series of one cell.

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


def flatten_cell(
    lake: Lake, manifest: Manifest, is_excluded: IsExcluded = lambda _patient, _issuer: False
) -> CellSeries:
    """Flatten every study of a landed cell, one after the other.

    Args:
        lake: The lake.
        manifest: The cell's manifest; studies without a good file give no new rows.
        is_excluded: The do-not-process list.
    """
    tables = [_rows_table(_purged_rows(lake, manifest), is_excluded)]
    dirty: Counter[str] = Counter()
    for entry in manifest.with_data:
        table, unreadable = _flatten_one(lake, manifest.cell, entry, is_excluded)
        tables.append(table)
        dirty.update(unreadable)
    order = [("SeriesInstanceUID", "ascending"), ("StudyInstanceUID", "ascending")]
    return CellSeries(pa.concat_tables(tables).sort_by(order), dirty)


def patient_of(lines: Sequence[bytes]) -> tuple[str | None, str | None]:
    """Patient ID and issuer of a study's first instance."""
    row = flatten_study(decode_instance(line) for line in lines[:1]).rows
    return (row[0]["PatientID"], row[0]["IssuerOfPatientID"]) if row else (None, None)


def _flatten_one(
    lake: Lake, cell: Cell, entry: StudyEntry, is_excluded: IsExcluded
) -> tuple[pa.Table, Counter[str]]:
    """The rows of one study, and its unreadable values; one row that says why where it fails."""
    try:
        return _flattened(lake, cell, entry, is_excluded)
    except DamagedStudyError:
        rule, detail = RAW_UNREADABLE, ""
    except (Fault, OSError, MemoryError):
        raise  # of the machine, not of the study
    except Exception as error:
        rule, detail = CANNOT_BE_FLATTENED, f"{type(error).__name__} at {fault_place(error)}"
    row = _study_row(cell, entry, rule, entry.instances) | {"quarantine_detail": detail or None}
    return _rows_table([row], is_excluded), Counter()


def _flattened(
    lake: Lake, cell: Cell, entry: StudyEntry, is_excluded: IsExcluded
) -> tuple[pa.Table, Counter[str]]:
    own = OwnIdentifiers()
    study = flatten_study(own.watch(read_study(study_file(lake, cell, entry.name))))
    rows: list[dict[str, Any]] = [
        {
            "pacs": cell.pacs,
            **row,
            "StudyInstanceUID": row["StudyInstanceUID"] or entry.study_instance_uid,
            CLEAN_TEXTS: _clean_texts(row, own),
        }
        for row in study.rows
    ]
    if is_of_another_day((row["StudyDate"] for row in rows), cell.day):
        rows = [row | {"quarantine_rule": STUDY_OF_ANOTHER_DAY} for row in rows]
    read = sum(row["NumberOfSeriesRelatedInstances"] for row in rows)
    if read < entry.instances:
        rows.append(_study_row(cell, entry, INSTANCES_MISSING, entry.instances - read))
    return _rows_table(rows, is_excluded), study.dirty


def _study_row(cell: Cell, entry: StudyEntry, rule: str, instances: int) -> dict[str, Any]:
    """A row that says what of a study has no row of its own."""
    return {
        "pacs": cell.pacs,
        "StudyInstanceUID": entry.study_instance_uid,
        "NumberOfSeriesRelatedInstances": instances,
        "quarantine_rule": rule,
    }


def _rows_table(rows: Sequence[Mapping[str, Any]], is_excluded: IsExcluded) -> pa.Table:
    kept = [
        row for row in rows if not is_excluded(row.get("PatientID"), row.get("IssuerOfPatientID"))
    ]
    return pa.Table.from_pylist(kept, schema=series_schema())


def _purged_rows(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    """The rows of studies whose raw file was purged, as they are in the last ``series``."""
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
