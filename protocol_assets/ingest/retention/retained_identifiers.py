"""Pseudonyms that replace the identifiers in ``series`` when these are purged.

They are in columns of their own, which flattening leaves empty, so that no value from a PACS can be
mistaken for one. With them, the facts can still be rebuilt without knowing the patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import CLEAN_TEXTS
from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.ingest.describing import describe_series
from protocol_assets.ingest.series import text_columns
from protocol_assets.modalities.spec import Modality

__all__ = ["kept_pseudonyms", "with_kept_keys", "without_identifiers"]

# Retained pseudonym, the attribute that it replaces, the described value, its domain.
_KEPT: Final = (
    ("kept_patient_key", "PatientID", "patient_id", "patient"),
    ("kept_device_key", "DeviceSerialNumber", "device_id", "device"),
    ("kept_station_code", "StationName", "StationName", "label"),
)


def without_identifiers(modality: Modality, series: pa.Table, pseudonyms: Pseudonyms) -> pa.Table:
    """The same series with pseudonyms in place of the direct identifiers.

    Texts that contain an identifier of their own study, or were never checked, are emptied.

    Args:
        modality: Whose series they are.
        series: ``series_schema``.
        pseudonyms: The keyed pseudonyms.
    """
    rows = series.to_pylist()
    for row, known in zip(rows, describe_series(modality, rows).rows, strict=True):
        if row.get("kept_key_id"):
            continue
        described = known or {}
        for kept, _, value, domain in _KEPT:
            row[kept] = pseudonyms.column(domain, [described.get(value)])[0]
        row["kept_key_id"] = pseudonyms.key_id
        clean = (row.get(CLEAN_TEXTS) or "").split("\\")
        for column in series_columns(modality.series_columns):
            if column.confidentiality == "direct":
                row[column.name] = None
        for name in text_columns(modality.series_columns):
            if name not in clean:
                row[name] = None
    return pa.Table.from_pylist(rows, schema=series_schema(modality.series_columns))


def with_kept_keys(row: dict[str, Any]) -> dict[str, Any]:
    """The row with retained pseudonyms in place of the identifiers, for the rules to compare."""
    if row.get("kept_key_id"):
        row |= {attribute: row[kept] for kept, attribute, _, _ in _KEPT}
    return row


def kept_pseudonyms(described: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """Domain and described value, to the retained pseudonym."""
    return {
        (domain, row[value]): row[kept]
        for row in described
        if row.get("kept_key_id")
        for kept, _, value, domain in _KEPT
        if row[value] and row[kept]
    }
