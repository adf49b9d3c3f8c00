from __future__ import annotations

import pyarrow as pa

from protocol_assets.dicom.columns import series_schema
from protocol_assets.ingest.overview import coverage_overview, markdown_table, role_overview
from protocol_assets.modalities.mr.spec import MR


def test_roles_count_what_counts_and_absent_nex_is_no_value() -> None:
    facts = pa.table(
        {
            "role": ["sag_t1", "sag_t1", None, "localizer"],
            "exclusion_reason": [None, None, None, "localizer"],
            "nex": [2.0, None, None, 1.0],
        }
    )
    assert role_overview(facts).splitlines()[2:] == [
        "| sag_t1 | 2 | 1 | 2.00 |",
        "| unknown | 1 | 0 |  |",
    ]


def test_coverage_counts_series() -> None:
    series = pa.Table.from_pylist(
        [{"NumberOfAverages": 2.0}, {"NumberOfAverages": None}],
        schema=series_schema(MR.series_columns),
    )
    assert "| NumberOfAverages | 1 | 2 |" in coverage_overview(series)
    assert "| EchoTime | 0 | 2 |" in coverage_overview(series)


def test_a_bar_in_a_name_does_not_break_the_table() -> None:
    assert markdown_table(("a",), [("x|y",)]).splitlines()[2] == "| x\\|y |"
