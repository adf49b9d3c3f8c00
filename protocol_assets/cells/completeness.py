"""The counts of a cell that may leave the restricted zone: what was listed and what has landed."""

from __future__ import annotations

import pyarrow as pa

from protocol_assets.lake.manifest import Manifest

__all__ = ["COMPLETENESS_SCHEMA", "completeness_row", "instances_expected"]

_COUNTS = (
    "studies_expected",
    "studies_landed",
    "studies_incomplete",
    "studies_failed",
    "studies_gone",
    "instances_expected",
    "instances_landed",
)

COMPLETENESS_SCHEMA = pa.schema(
    [pa.field("study_date", pa.date32()), pa.field("pacs", pa.string())]
    + [pa.field(name, pa.int64()) for name in _COUNTS]
)
"""One row per cell."""


def instances_expected(manifest: Manifest) -> int:
    """Instances the PACS counts, over the studies that it still holds."""
    return sum(
        entry.expected or entry.instances for entry in manifest.studies if entry.state != "gone"
    )


def completeness_row(manifest: Manifest) -> pa.Table:
    """The completeness of one cell, one row."""
    row = {
        "study_date": manifest.cell.day,
        "pacs": manifest.cell.pacs,
        "studies_expected": manifest.expected,
        "studies_landed": manifest.count("landed"),
        "studies_incomplete": manifest.count("incomplete"),
        "studies_failed": manifest.count("failed"),
        "studies_gone": manifest.count("gone"),
        "instances_expected": instances_expected(manifest),
        "instances_landed": sum(entry.instances for entry in manifest.with_data),
    }
    return pa.Table.from_pylist([row], schema=COMPLETENESS_SCHEMA)
