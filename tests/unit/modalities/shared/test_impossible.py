"""Values that no scan can have."""

import math

import pytest

from protocol_assets.data import read_table
from protocol_assets.dicom.bounds import bounds_of
from protocol_assets.dicom.columns import series_columns
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.shared.impossible import (
    impossible_values,
    unreadable_values,
    without_impossible,
)
from protocol_assets.modalities.shared.row import Row


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"RepetitionTime": -1.0}, [("RepetitionTime", "not_positive")]),
        ({"NumberOfAverages": 0.0}, [("NumberOfAverages", "not_positive")]),
        ({"NumberOfAverages": math.nan}, [("NumberOfAverages", "not_a_number")]),
        ({"EchoTime": math.inf}, [("EchoTime", "not_a_number")]),
        ({"PixelSpacing": [0.5, 0.0]}, [("PixelSpacing", "not_positive")]),
        (
            {"RepetitionTime": 560.0, "RepetitionTime_min": -1.0},
            [("RepetitionTime", "not_positive")],
        ),
        (
            {"RepetitionTime": -1.0, "RepetitionTime_min": -1.0},
            [("RepetitionTime", "not_positive")],
        ),
        ({"InversionTime": 0.0, "EchoTrainLength": 0}, []),
        ({"InversionTime": -5.0}, [("InversionTime", "not_positive")]),
        ({"MagneticFieldStrength": 15_000.0}, []),
        ({"NumberOfAverages": 99.0}, []),
        ({"NumberOfAverages": 12_345_678.0}, [("NumberOfAverages", "out_of_bounds")]),
        ({"NumberOfAverages": 10_000.0}, [("NumberOfAverages", "out_of_bounds")]),
        ({"RepetitionTime": 60_001.0}, [("RepetitionTime", "out_of_bounds")]),
        (
            {"RepetitionTime": 560.0, "RepetitionTime_max": 12_345_678.0},
            [("RepetitionTime", "out_of_bounds")],
        ),
        ({"ImagePositionPatient": [-20.0, 5.0, 99.0]}, []),
        (
            {"ImagePositionPatient": [0.0, 0.0, 12_345_678.0]},
            [("ImagePositionPatient", "out_of_bounds")],
        ),
        (
            {"ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, -2.0, 0.0]},
            [("ImageOrientationPatient", "out_of_bounds")],
        ),
        ({"AcquisitionMatrix": [320, 0, 0, 224]}, []),
        ({"AcquisitionMatrix": [320, 0, 0, 99_999]}, [("AcquisitionMatrix", "out_of_bounds")]),
        ({"scan_time_s": 12_345_678.0}, [("scan_time_s", "out_of_bounds")]),
        ({"NumberOfAverages": 0.5, "Rows": 512, "RepetitionTime": None}, []),
        ({"RepetitionTime": "abc", "EchoTime": True}, []),
        ({}, []),
    ],
)
def test_impossible(row: Row, expected: list[tuple[str, str]]) -> None:
    assert impossible_values(row) == expected


def test_unreadable() -> None:
    row = {"dirty_columns": "AcquisitionTime\\PixelBandwidth"}
    assert unreadable_values(row) == [
        ("AcquisitionTime", "unreadable"),
        ("PixelBandwidth", "not_a_number"),
    ]
    assert unreadable_values({"dirty_columns": None}) == []


def test_what_is_impossible_is_taken_out() -> None:
    row = {"NumberOfAverages": 12_345_678.0, "EchoTime": 100.0, "EchoTime_max": -1.0}
    assert without_impossible(row) == {
        "NumberOfAverages": None,
        "EchoTime": 100.0,
        "EchoTime_max": None,
    }
    possible = {"NumberOfAverages": 2.0}
    assert without_impossible(possible) is possible


IDENTIFYING = {"SeriesNumber", "AcquisitionNumber"}
NUMERIC = ("integer", "integers", "decimal", "decimals")


def test_every_number_of_a_series_has_bounds_that_no_patient_number_passes() -> None:
    for column in series_columns(MR.series_columns):
        if column.type in NUMERIC and column.name not in IDENTIFYING:
            bounds = bounds_of(column.name)
            assert bounds is not None, column.name
            # GE states durations in microseconds.
            most = 1e10 if column.unit == "us" else 9_999_999
            assert -most < bounds.lower < bounds.upper <= most, column.name


def test_the_rules_name_columns_and_reasons_are_terms() -> None:
    names = {column.name for column in series_columns(MR.series_columns)}
    names |= {row["source"] for row in read_table("facts_columns.csv")}
    rows = read_table("impossible_values.csv")
    assert {row["column"] for row in rows} <= names
    assert all(row["source"] for row in rows)
    reasons = {r["term"] for r in read_table("terms.csv") if r["vocabulary"] == "impossible_reason"}
    of_values = {
        "not_positive",
        "not_a_number",
        "unreadable",
        "out_of_bounds",
        "out_of_vocabulary",
    }
    assert of_values | {"placeholder", "shared"} == reasons
