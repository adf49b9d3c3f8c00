"""The series station: a cell's raw studies flattened to one row per series."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from protocol_assets.cells.landing import study_file
from protocol_assets.dicom.columns import series_schema
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.lake.manifest import Manifest
from protocol_assets.lake.raw import read_study
from protocol_assets.lake.zones import Lake

__all__ = ["CellSeries", "flatten_cell"]


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


def flatten_cell(lake: Lake, manifest: Manifest) -> CellSeries:
    """Flatten every study of a landed cell, one after the other.

    Args:
        lake: The lake.
        manifest: The cell's manifest; studies without a good file give no rows.
    """
    rows: list[dict[str, Any]] = []
    rejected = 0
    dirty: Counter[str] = Counter()
    for entry in manifest.with_data:
        study = flatten_study(read_study(study_file(lake, manifest.cell, entry.name)))
        rows.extend({"pacs": manifest.cell.pacs, **row} for row in study.rows)
        rejected += study.rejected_instances
        dirty.update(study.dirty)
    table = pa.Table.from_pylist(rows, schema=series_schema()).sort_by("SeriesInstanceUID")
    instances = sum(row["NumberOfSeriesRelatedInstances"] for row in rows) + rejected
    return CellSeries(table, instances, rejected, dirty)
