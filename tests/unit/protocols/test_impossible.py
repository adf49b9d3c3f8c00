"""Values that no scan can have."""

import math

import pytest

from protocol_assets.data import read_table
from protocol_assets.dicom.columns import series_columns
from protocol_assets.protocols.impossible import impossible_values, unreadable_values
from protocol_assets.vendors.row import Row


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


def test_the_rules_name_columns_and_reasons_are_terms() -> None:
    names = {column.name for column in series_columns()}
    rows = read_table("impossible_values.csv")
    assert {row["column"] for row in rows} <= names
    assert {row["possible"] for row in rows} == {">0", ">=0"}
    reasons = {r["term"] for r in read_table("terms.csv") if r["vocabulary"] == "impossible_reason"}
    of_values = {"not_positive", "not_a_number", "unreadable", "out_of_vocabulary"}
    assert of_values | {"placeholder", "shared"} == reasons
