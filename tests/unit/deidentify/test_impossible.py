"""The table of impossible values: counts by scanner, nothing else."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.deidentify.impossible import IMPOSSIBLE_SCHEMA, Found, impossible_table
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import terms
from protocol_assets.dicom.columns import series_columns
from protocol_assets.modalities.mr.spec import MR

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
DAY = dt.date(2026, 2, 1)
SCANNER = {"device_id": "siemens|4711", "vendor": "siemens", "PatientID": "12345"}


def table(*found: Found) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = impossible_table(found, PSEUDONYMS, DAY, "north").to_pylist()
    return rows


def test_counts_by_scanner_column_and_reason() -> None:
    found = (SCANNER, "RepetitionTime", "not_positive")
    other = (SCANNER | {"device_id": None}, "RepetitionTime", "not_positive")
    rows = table(found, found, other)
    key = PSEUDONYMS.of("device", "siemens|4711")
    assert sorted((row["device_key"] or "", row["n_values"]) for row in rows) == [("", 1), (key, 2)]
    assert rows[0] | {"device_key": None, "n_values": 0} == {
        "study_date": DAY,
        "pacs": "north",
        "device_key": None,
        "vendor": "siemens",
        "column_name": "RepetitionTime",
        "reason": "not_positive",
        "n_values": 0,
    }


def test_nothing_found_is_a_table_without_rows() -> None:
    empty = impossible_table([], PSEUDONYMS, DAY, "north")
    assert empty.num_rows == 0
    assert empty.schema.equals(IMPOSSIBLE_SCHEMA)


TEXT = st.text(max_size=8) | st.sampled_from(["RepetitionTime", "not_positive", "siemens"])


@given(
    st.lists(
        st.tuples(
            st.fixed_dictionaries({"device_id": st.none() | TEXT, "vendor": st.none() | TEXT}),
            TEXT,
            TEXT,
        ),
        max_size=6,
    ),
)
def test_every_text_is_a_key_a_column_or_a_term(found: list[Found]) -> None:
    rows = table(*found)
    for row in rows:
        assert row["device_key"] is None or re.fullmatch(r"[A-Z2-7]{26}", row["device_key"])
        assert row["vendor"] is None or row["vendor"] in terms("vendor")
        assert row["column_name"] in {column.name for column in series_columns(MR.series_columns)}
        assert row["reason"] in terms("impossible_reason")
    assert table(*reversed(found)) == rows
