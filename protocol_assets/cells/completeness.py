"""The counts of a cell that may leave the restricted zone: what was listed and what has landed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from protocol_assets.lake.manifest import Manifest, StudyEntry
from protocol_assets.pacs.errors import describe_kind

__all__ = ["COMPLETENESS_SCHEMA", "certificate", "completeness_row", "describe_shortfall"]

_COUNTS = (
    "studies_expected",
    "studies_landed",
    "studies_incomplete",
    "studies_failed",
    "studies_gone",
    "instances_expected",
    "instances_landed",
    "studies_unreadable",
    "studies_other_modality",
    "instances_rejected",
    "instances_duplicate",
    "instances_miscounted",
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

    ``studies_expected`` are those that the PACS holds ready, and the rows of its listing that
    cannot be used (``studies_unreadable``). Tombstones (``studies_gone``), studies that are not
    online and studies of another modality are counted apart.
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
        "studies_unreadable": manifest.rejected,
        "studies_other_modality": len(manifest.others),
        "studies_other_modality_verified": sum(one.is_verified for one in manifest.others),
        "instances_expected": sum(map(_expected, held)),
        "instances_landed": sum(entry.instances for entry in manifest.with_data),
        "instances_rejected": manifest.instances_rejected,
        "instances_duplicate": sum(entry.duplicates for entry in manifest.with_data),
        "instances_foreign": sum(entry.foreign for entry in manifest.with_data),
        "instances_miscounted": sum(entry.miscounted for entry in manifest.with_data),
        "is_complete": manifest.is_complete,
        "shortfall": describe_shortfall(manifest),
        "requests": manifest.requests,
        "retries": manifest.retries,
        "bytes": manifest.received,
        "seconds": manifest.seconds,
        "verified_at": manifest.verified_at,
        "errors": dict(Counter(entry.error for entry in manifest.studies if entry.error)),
    }


def _expected(entry: StudyEntry) -> int:
    return max(entry.expected or 0, entry.instances + entry.rejected)


def describe_shortfall(manifest: Manifest) -> str:
    """What is missing of a cell and why, in one line; empty where it is complete."""
    if manifest.is_complete:
        return ""
    parts = []
    missing = manifest.expected - manifest.count("landed")
    if missing:
        parts.append(f"{missing} of {manifest.expected} studies are missing")
    if manifest.rejected:
        parts.append(
            f"{_count(manifest.rejected, 'row', 'rows')} of the listing cannot be used (no valid "
            "StudyInstanceUID, or a StudyDate that cannot be read)"
        )
    errors = Counter(one.error for one in manifest.studies if one.error and one.state != "landed")
    parts += [
        f"of {_count(number, 'study', 'studies')} the PACS {describe_kind(kind)}"
        for kind, number in sorted(errors.items())
    ]
    if manifest.instances_rejected:
        parts.append(
            f"{_count(manifest.instances_rejected, 'instance', 'instances')} of landed studies "
            "without StudyInstanceUID or SOPInstanceUID were left out"
        )
    return "; ".join(parts)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
