"""Impossible values by scanner: how many values of which attribute became NULL, and why.

Counts, names of attributes from the column specification, and a keyed scanner: nothing else leaves.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import pyarrow as pa

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import all_fact_columns, terms
from protocol_assets.dicom.columns import all_series_columns

__all__ = ["IMPOSSIBLE_SCHEMA", "Found", "impossible_table"]

Found = tuple[Mapping[str, Any], str, str]
"""A described series, the attribute, and the reason (vocabulary ``impossible_reason``)."""

IMPOSSIBLE_SCHEMA: Final = pa.schema(
    [
        pa.field("study_date", pa.date32()),
        pa.field("pacs", pa.string()),
        pa.field("device_key", pa.string()),
        pa.field("vendor", pa.string()),
        pa.field("column_name", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("n_values", pa.int64()),
    ]
)
"""One row per scanner, attribute and reason of a partition."""


def impossible_table(
    found: Iterable[Found], pseudonyms: Pseudonyms, day: dt.date, pacs: str
) -> pa.Table:
    """Counts of one partition: one for each series in which an attribute was impossible.

    Args:
        found: What was impossible. Attributes that are no column of ``series`` or of the facts,
            and reasons that are no term, are refused.
        pseudonyms: The keyed pseudonyms.
        day: The partition's study day.
        pacs: The partition's PACS.
    """
    counts: Counter[tuple[str | None, str | None, str, str]] = Counter()
    for row, column, reason in found:
        if column in _known_columns() and reason in terms("impossible_reason"):
            vendor = row.get("vendor")
            counts[
                row.get("device_id"), vendor if vendor in terms("vendor") else None, column, reason
            ] += 1
    devices = [device for device, *_ in counts]
    keys = dict(zip(devices, pseudonyms.column("device", devices), strict=True))
    rows = [
        {
            "study_date": day,
            "pacs": pacs,
            "device_key": keys[device],
            "vendor": vendor,
            "column_name": column,
            "reason": reason,
            "n_values": count,
        }
        for (device, vendor, column, reason), count in counts.items()
    ]
    rows.sort(key=lambda row: [str(value) for value in row.values()])
    return pa.Table.from_pylist(rows, schema=IMPOSSIBLE_SCHEMA)


@cache
def _known_columns() -> frozenset[str]:
    facts = (column.source for column in all_fact_columns())
    return frozenset([*(column.name for column in all_series_columns()), *facts])
