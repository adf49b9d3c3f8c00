"""Readable protocol labels: what the restricted registry holds, and what is released from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from protocol_assets.deidentify.keys import Pseudonyms

__all__ = ["K_PATIENTS", "LABELS_SCHEMA", "REGISTRY_SCHEMA", "register_texts", "release_labels"]

K_PATIENTS: Final = 11
"""Distinct patients a text needs before it may be released."""

REGISTRY_SCHEMA: Final = pa.schema(
    [
        pa.field("label_code", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("patient_key", pa.string()),
        pa.field("device_key", pa.string()),
        pa.field("series", pa.int64(), nullable=False),
    ]
)
"""The restricted registry: which text was seen with which patient, partitioned by cell."""

LABELS_SCHEMA: Final = pa.schema(
    [
        pa.field("label_code", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("state", pa.string(), nullable=False),
    ]
)
"""The labels in the safe zone; ``label`` is NULL where ``state`` is ``withheld``."""

_TEXTS: Final = ("label_text", "ProtocolName", "SeriesDescription")


def register_texts(described: Iterable[Mapping[str, Any]], pseudonyms: Pseudonyms) -> pa.Table:
    """The registry part of one cell: one row per text, patient and device.

    Args:
        described: One mapping per series with ``label_text``, ``ProtocolName``,
            ``SeriesDescription``, ``patient_id`` and ``device_id``.
        pseudonyms: The keyed pseudonyms.
    """
    counts: dict[tuple[str, str | None, str | None], int] = {}
    for row in described:
        for text in {row.get(name) for name in _TEXTS} - {None, ""}:
            key = (str(text), row.get("patient_id"), row.get("device_id"))
            counts[key] = counts.get(key, 0) + 1
    texts = [text for text, _, _ in counts]
    table = pa.table(
        {
            "label_code": pseudonyms.column("label", texts),
            "text": texts,
            "patient_key": pseudonyms.column("patient", (patient for _, patient, _ in counts)),
            "device_key": pseudonyms.column("device", (device for _, _, device in counts)),
            "series": list(counts.values()),
        },
        schema=REGISTRY_SCHEMA,
    )
    order = [("label_code", "ascending"), ("patient_key", "ascending"), ("device_key", "ascending")]
    return table.sort_by(order)


def release_labels(registry: Sequence[pa.Table], *, demo: bool) -> pa.Table:
    """The labels that may be read, over the whole registry.

    Outside the demo every label stays withheld; the code still groups.

    Args:
        registry: The parts of all cells.
        demo: Whether texts with at least ``K_PATIENTS`` distinct patients are released.
    """
    parts = pa.concat_tables([REGISTRY_SCHEMA.empty_table(), *registry])
    seen = parts.group_by(["label_code", "text"]).aggregate([("patient_key", "count_distinct")])
    seen = seen.sort_by("label_code")
    enough = pc.greater_equal(seen["patient_key_count_distinct"], K_PATIENTS)
    released = pc.and_(enough, demo)
    return pa.table(
        {
            "label_code": seen["label_code"],
            "label": pc.if_else(released, seen["text"], pa.scalar(None, pa.string())),
            "state": pc.if_else(released, "released", "withheld"),
        },
        schema=LABELS_SCHEMA,
    )
