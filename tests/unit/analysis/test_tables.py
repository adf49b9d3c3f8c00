"""The tables between the two runs of dbt."""

from __future__ import annotations

import pandas as pd
import pytest

from protocol_assets.analysis.tables import TABLES, analysis_schema, analysis_tables
from protocol_assets.governance.findings import findings_table
from protocol_assets.governance.targets import targets_table
from protocol_assets.modalities.mr.analysis.spec import AVERAGING

from .fleets import acquisitions

NOBODY = findings_table([]).to_pandas()
NO_TARGETS = targets_table([]).to_pandas()
EXAMS = pd.DataFrame(
    columns=["exam_key", "scan_time_sum_s", "exam_span_s", "gap_time_s", "is_quarantined"]
)


def test_nothing_is_every_table_without_rows() -> None:
    tables = analysis_tables(AVERAGING, acquisitions([0]).head(0), EXAMS, NO_TARGETS, NOBODY)
    assert tuple(tables) == TABLES
    for name, table in tables.items():
        assert table.schema.equals(analysis_schema(name)), name
        assert table.num_rows == 0


def test_one_acquisition_is_told_of() -> None:
    tables = analysis_tables(AVERAGING, acquisitions([0]), EXAMS, NO_TARGETS, NOBODY)
    assert tables["as_of"].num_rows == 1
    assert tables["potential"]["assessment"].to_pylist() == ["insufficient"]


def test_days_after_the_day_are_not_read() -> None:
    frame = acquisitions(range(60))
    day = pd.Timestamp(frame["study_date"].iloc[29])
    whole = analysis_tables(AVERAGING, frame, EXAMS, NO_TARGETS, NOBODY, day)
    part = analysis_tables(AVERAGING, frame.head(30), EXAMS, NO_TARGETS, NOBODY)
    assert {name: whole[name].to_pylist() for name in TABLES} == {
        name: part[name].to_pylist() for name in TABLES
    }


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(KeyError):
        analysis_schema("nothing")
