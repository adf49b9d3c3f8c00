"""The counts of a partition that may leave the restricted zone: what was listed and landed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import pyarrow as pa

from protocol_assets.ingest.quarantine import LeftOut
from protocol_assets.lake.manifest import Manifest, StudyEntry
from protocol_assets.lake.zones import Partition
from protocol_assets.sources.errors import describe_kind

__all__ = [
    "COMPLETENESS_SCHEMA",
    "FactsState",
    "certificate",
    "completeness_row",
    "describe_shortfall",
    "refused_row",
]

FactsState = Literal["stored", "missing", "refused"]
"""Whether the facts hold what has landed: they do; not yet; or the gate has refused it, and they
are those of an earlier landing or none."""

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
_LEFT_OUT = ("studies_left_out", "instances_left_out")

COMPLETENESS_SCHEMA = pa.schema(
    [
        pa.field("study_date", pa.date32()),
        pa.field("pacs", pa.string()),
        pa.field("facts_state", pa.string()),
    ]
    + [pa.field(name, pa.int64()) for name in (*_COUNTS, *_LEFT_OUT)]
)
"""One row per partition."""


def completeness_row(
    manifest: Manifest, facts_state: FactsState, left_out: LeftOut | None = None
) -> pa.Table:
    """The completeness of one partition, one row.

    Args:
        manifest: What was listed and what has landed.
        facts_state: Whether it is in the facts.
        left_out: What is missing from the facts; None if that is not known yet.
    """
    known = certificate(manifest)
    row: dict[str, Any] = {name: known[name] for name in _COUNTS}
    if left_out is not None:
        row |= {
            "studies_left_out": left_out.studies,
            "instances_left_out": left_out.instances,
        }
    return _row(manifest.partition, facts_state, row)


def refused_row(partition: Partition) -> pa.Table:
    """The completeness of a partition that was refused before any of it landed."""
    return _row(partition, "refused", {})


def _row(partition: Partition, facts_state: FactsState, counts: Mapping[str, Any]) -> pa.Table:
    place = {"study_date": partition.day, "pacs": partition.pacs, "facts_state": facts_state}
    return pa.Table.from_pylist([place | dict(counts)], schema=COMPLETENESS_SCHEMA)


def certificate(manifest: Manifest) -> Mapping[str, Any]:
    """The completeness certificate of one partition: counts and kinds, nothing identifying.

    ``studies_expected`` are those that the PACS has online, and the rows of its listing that
    cannot be used (``studies_unreadable``). Tombstones (``studies_gone``), studies that are not
    online and studies of another modality are counted separately.
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
    """What is missing of a partition and why, in one line; empty if it is complete."""
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
