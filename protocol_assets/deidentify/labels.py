"""Readable protocol labels: what the restricted registry holds, and what is released from it.

A text is released through four gates: G1, no identifier of its own study and nothing that looks
like an identifier; G2, every word in the vocabulary and no markup; G3, enough patients, and not on
one scanner alone; G4, the hospital's decision, which overrides G2 and G3 and is taken back as
easily. What is withheld still groups by its code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS, disclosure_limit
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.vocabulary import has_markup, identifier_pattern, unknown_words

__all__ = [
    "CLEAN_TEXTS",
    "LABELS_SCHEMA",
    "REGISTRY_SCHEMA",
    "Decision",
    "JudgedLabel",
    "judge_labels",
    "labels_table",
    "register_texts",
]

Decision = Literal["approve", "deny"]
Reason = Literal[
    "approved",
    "vetted",
    "denied",
    "looks_like_identifier",
    "unknown_word",
    "markup",
    "few_patients",
    "one_scanner",
]

_K_SCANNERS: Final = disclosure_limit("label_scanners")

CLEAN_TEXTS: Final = "clean_texts"
"""Column of ``series``: its text columns that hold no identifier of the study."""

REGISTRY_SCHEMA: Final = pa.schema(
    [
        pa.field("label_code", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("patient_key", pa.string()),
        pa.field("device_key", pa.string()),
        pa.field("series", pa.int64(), nullable=False),
    ]
)
"""The restricted registry by partition: which text was seen with which patient."""

LABELS_SCHEMA: Final = pa.schema(
    [
        pa.field("label_code", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("state", pa.string(), nullable=False),
    ]
)
"""The labels in the safe zone; ``label`` is NULL where ``state`` is ``withheld``."""

_TEXTS: Final = ("ProtocolName", "SeriesDescription")


@dataclass(frozen=True, slots=True)
class JudgedLabel:
    """One text of the registry, and what the gates say of it. Restricted: it holds the text.

    Attributes:
        label_code: Keyed code of the text.
        text: The text.
        patients: Distinct patients it was seen with.
        scanners: Distinct scanners it was seen on.
        series: Series that bear it.
        reason: The gate that decided.
        unknown: Words that are not in the vocabulary.
    """

    label_code: str
    text: str
    patients: int
    scanners: int
    series: int
    reason: Reason
    unknown: tuple[str, ...]

    @property
    def is_released(self) -> bool:
        """Whether the text may be read in the safe zone."""
        return self.reason in ("approved", "vetted")

    @property
    def is_pending(self) -> bool:
        """Whether it waits for a decision: frequent, and held up by a gate that he may open."""
        return (
            self.reason in ("unknown_word", "markup", "one_scanner") and self.patients >= K_PATIENTS
        )


def register_texts(described: Iterable[Mapping[str, Any]], pseudonyms: Pseudonyms) -> pa.Table:
    """The registry part of one partition: one row per text, patient and device.

    A text that holds an identifier of its own study is not registered there; elsewhere it counts.

    Args:
        described: One mapping per series with ``ProtocolName``, ``SeriesDescription``,
            ``clean_texts``, ``patient_id`` and ``device_id``.
        pseudonyms: The keyed pseudonyms.
    """
    counts: dict[tuple[str, str | None, str | None], int] = {}
    for row in described:
        clean = (row.get(CLEAN_TEXTS) or "").split("\\")
        for text in {row.get(name) for name in _TEXTS if name in clean} - {None, ""}:
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


def judge_labels(
    registry: Sequence[pa.Table], decisions: Mapping[str, Decision]
) -> list[JudgedLabel]:
    """Every text of the registry with what the gates say, most patients first.

    Args:
        registry: The parts of all partitions.
        decisions: The hospital's, by label code.
    """
    parts = pa.concat_tables([REGISTRY_SCHEMA.empty_table(), *registry])
    seen = parts.group_by(["label_code", "text"]).aggregate(
        [("patient_key", "count_distinct"), ("device_key", "count_distinct"), ("series", "sum")]
    )
    judged = [
        _judged(
            label_code=row["label_code"],
            text=row["text"],
            patients=row["patient_key_count_distinct"],
            scanners=row["device_key_count_distinct"],
            series=row["series_sum"],
            decision=decisions.get(row["label_code"]),
        )
        for row in seen.to_pylist()
    ]
    return sorted(judged, key=lambda one: (-one.patients, one.label_code))


def _judged(
    *,
    label_code: str,
    text: str,
    patients: int,
    scanners: int,
    series: int,
    decision: Decision | None,
) -> JudgedLabel:
    unknown = unknown_words(text)
    reason: Reason
    if decision == "deny":
        reason = "denied"
    elif identifier_pattern(text):
        reason = "looks_like_identifier"
    elif decision == "approve":
        reason = "approved"
    elif unknown:
        reason = "unknown_word"
    elif has_markup(text):
        reason = "markup"
    elif patients < K_PATIENTS:
        reason = "few_patients"
    elif scanners < _K_SCANNERS:
        reason = "one_scanner"
    else:
        reason = "vetted"
    return JudgedLabel(label_code, text, patients, scanners, series, reason, unknown)


def labels_table(judged: Iterable[JudgedLabel]) -> pa.Table:
    """The labels for the safe zone, ordered by code."""
    rows = [
        {
            "label_code": one.label_code,
            "label": one.text if one.is_released else None,
            "state": "released" if one.is_released else "withheld",
        }
        for one in judged
    ]
    rows.sort(key=lambda row: str(row["label_code"]))
    return pa.Table.from_pylist(rows, schema=LABELS_SCHEMA)
