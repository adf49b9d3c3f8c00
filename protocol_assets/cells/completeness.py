"""The counts of a cell that may leave the restricted zone: what was listed and what has landed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from protocol_assets.lake.manifest import Manifest

__all__ = ["COMPLETENESS_SCHEMA", "certificate", "completeness_row"]

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


def completeness_row(manifest: Manifest) -> pa.Table:
    """The completeness of one cell, one row."""
    told = certificate(manifest)
    row = {"study_date": manifest.cell.day, "pacs": manifest.cell.pacs}
    row |= {name: told[name] for name in _COUNTS}
    return pa.Table.from_pylist([row], schema=COMPLETENESS_SCHEMA)


def certificate(manifest: Manifest) -> Mapping[str, Any]:
    """The completeness certificate of one cell: counts and kinds, nothing identifying.

    ``studies_expected`` are those that the PACS holds ready: tombstones (``studies_gone``) and
    studies that are not online are counted apart.
    """
    held = [entry for entry in manifest.studies if entry.state not in ("gone", "not_online")]
    return {
        "studies_expected": manifest.expected,
        "studies_landed": manifest.count("landed"),
        "studies_incomplete": manifest.count("incomplete"),
        "studies_failed": manifest.count("failed"),
        "studies_gone": manifest.count("gone"),
        "studies_not_online": manifest.count("not_online"),
        "dead_letters": len(manifest.dead_letters),
        "studies_fetched": manifest.fetched,
        "studies_overwritten": manifest.overwritten,
        "rejected": manifest.rejected,
        "instances_expected": sum(entry.expected or entry.instances for entry in held),
        "instances_landed": sum(entry.instances for entry in manifest.with_data),
        "requests": manifest.requests,
        "retries": manifest.retries,
        "bytes": manifest.received,
        "seconds": manifest.seconds,
        "verified_at": manifest.verified_at,
        "errors": dict(Counter(entry.error for entry in manifest.studies if entry.error)),
    }
