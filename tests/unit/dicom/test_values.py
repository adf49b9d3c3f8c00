from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dicom.values import DIRTY, raw_values, reader

TYPES = (
    "string",
    "strings",
    "integer",
    "integers",
    "decimal",
    "decimals",
    "date",
    "time",
    "datetime",
    "uid",
)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("decimal", [2], 2.0),
        ("decimal", ["2"], 2.0),
        ("decimal", [" 1.50 "], 1.5),
        ("decimal", ["abc"], DIRTY),
        ("decimal", [math.nan], DIRTY),
        ("decimal", ["1e999"], DIRTY),
        ("decimal", [math.inf], DIRTY),
        ("decimal", [True], DIRTY),
        ("decimal", [10**400], DIRTY),
        ("decimal", [None], None),
        ("decimal", [""], None),
        ("decimal", [None, 3], 3.0),
        ("decimal", [1, 2], DIRTY),
        ("decimal", ["1\\2"], DIRTY),
        ("decimal", ["1_5"], DIRTY),
        ("decimal", ["1,5"], DIRTY),
        ("decimal", ["@2"], DIRTY),
        ("decimal", ["NaN"], DIRTY),
        ("decimal", [" nan"], DIRTY),
        ("decimal", ["Infinity"], DIRTY),
        ("decimal", ["infinity"], DIRTY),
        ("decimal", ["0x10"], DIRTY),
        ("decimal", ["\t2"], DIRTY),
        ("decimal", ["\u0662"], DIRTY),  # a two in Arabic digits
        ("decimal", ["\uff12"], DIRTY),  # a two of full width
        ("decimal", ["2\0"], 2.0),
        ("decimal", ["2 \0"], 2.0),
        ("decimal", ["2."], 2.0),
        ("decimal", [".5"], 0.5),
        ("decimal", ["+1.5"], 1.5),
        ("decimal", ["2e0"], 2.0),
        ("decimal", ["-"], DIRTY),
        ("decimal", ["1 5"], DIRTY),
        ("integer", ["1_5"], DIRTY),
        ("integer", [1, 1], DIRTY),
        ("integer", ["3.0"], 3),
        ("integer", [3.5], DIRTY),
        ("integer", [2**63], DIRTY),
        ("string", ["  AXIAL \0"], "AXIAL"),
        ("string", [67093], "67093"),
        ("string", [1.5], DIRTY),
        ("string", ["a\0b"], DIRTY),
        ("string", ["\ud800"], DIRTY),
        ("string", [{"Alphabetic": "A^B"}], DIRTY),
        ("strings", ["ORIGINAL", "PRIMARY", None], "ORIGINAL\\PRIMARY\\"),
        ("strings", [None], None),
        ("strings", ["DERIVED\xa5SECONDARY\xa5MPR"], "DERIVED\\SECONDARY\\MPR"),
        ("strings", ["DERIVED\uffe5SECONDARY", "MPR"], "DERIVED\\SECONDARY\\MPR"),
        ("strings", ["DERIVED\u20a9SECONDARY"], "DERIVED\\SECONDARY"),
        ("decimals", ["0.5\xa50.5"], (0.5, 0.5)),
        ("decimals", ["0.5\\0.5"], (0.5, 0.5)),
        ("integers", ["256\xa50"], (256, 0)),
        ("string", ["5\xa5"], "5\xa5"),
        ("string", ["SAG", "T2"], DIRTY),
        ("uid", ["1.2", "1.3"], DIRTY),
        ("date", ["20260201", "20260202"], DIRTY),
        ("integers", [90, 0, "0", 90], (90, 0, 0, 90)),
        ("decimals", [0.5, "x"], DIRTY),
        ("decimals", [0.5, None], None),
        ("uid", ["1.2.840.10008"], "1.2.840.10008"),
        ("uid", ["../etc"], DIRTY),
        ("uid", ["1" * 65], DIRTY),
        ("date", ["20260231"], DIRTY),
        ("date", ["20260201"], dt.date(2026, 2, 1)),
        ("date", ["2026.02.01"], dt.date(2026, 2, 1)),
        ("time", ["0730"], dt.time(7, 30)),
        ("time", ["07:30:15"], dt.time(7, 30, 15)),
        ("time", ["235960"], dt.time(23, 59, 59)),
        ("time", ["120427.100000"], dt.time(12, 4, 27, 100000)),
        ("time", ["120427.1234567"], dt.time(12, 4, 27, 123456)),
        ("time", ["120427.123456789012"], dt.time(12, 4, 27, 123456)),
        ("time", ["9999"], DIRTY),
        ("time", ["10"], None),
        ("time", ["10:"], None),
        ("datetime", ["20220711121417.02"], dt.datetime(2022, 7, 11, 12, 14, 17, 20000)),
        ("datetime", ["20220711121417+0200"], dt.datetime(2022, 7, 11, 12, 14, 17)),
        (
            "datetime",
            ["20220711121417.9999999+0200"],
            dt.datetime(2022, 7, 11, 12, 14, 17, 999999),
        ),
        ("datetime", ["202207111214"], dt.datetime(2022, 7, 11, 12, 14)),
        ("datetime", ["20220711 12:14:17"], dt.datetime(2022, 7, 11, 12, 14, 17)),
        ("datetime", ["20220711T121417"], dt.datetime(2022, 7, 11, 12, 14, 17)),
        ("datetime", ["2022-07-11T12:14:17.5Z"], dt.datetime(2022, 7, 11, 12, 14, 17, 500000)),
        ("datetime", ["2022-07-11 12:14"], dt.datetime(2022, 7, 11, 12, 14)),
        ("datetime", ["2022-07-11"], DIRTY),
        ("datetime", ["11.07.2022 12:14:17"], DIRTY),
        ("datetime", ["20220711 late"], DIRTY),
        ("utc_offset", ["20220711121417Z"], "+0000"),
        ("utc_offset", ["20220711121417+02:00"], "+0200"),
        ("utc_offset", ["2022-07-11T12:14:17-0330"], "-0330"),
        ("utc_offset", ["20220711121417"], None),
        ("datetime", ["20220711"], None),
        ("datetime", ["2022071112"], None),
        ("datetime", ["202207"], None),
        ("datetime", ["20220711+0200"], None),
        ("datetime", ["00010101010101.000000+0000"], None),
        ("datetime", ["19000101000000"], None),
        ("datetime", ["99991231235959.999999"], None),
        ("datetime", ["soon"], DIRTY),
        ("utc_offset", ["20220711121417.02+0200"], "+0200"),
        ("utc_offset", ["20220711121417-0330"], "-0330"),
        ("utc_offset", ["soon"], None),
        ("string", [41001.0], "41001"),
    ],
)
def test_reads_a_value_as_its_type(kind: str, values: list[Any], expected: Any) -> None:
    assert reader(kind)(values) == expected


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (None, None),
        ({"vr": "DS"}, None),
        ({"vr": "DS", "Value": []}, None),
        ({"vr": "DS", "Value": None}, None),
        ({"vr": "DS", "Value": [2]}, [2]),
        ({"vr": "UN", "unreadable": True}, DIRTY),
        ({"vr": "UN", "InlineBinary": "Mg=="}, DIRTY),
        ({"vr": "UN", "BulkDataURI": "http://pacs/1"}, DIRTY),
        ({"vr": "DS", "Value": 2}, [2]),  # servers write these two, and no doubt is left
        ({"Value": [2]}, [2]),
        ({"Value": "2"}, ["2"]),
        ({"vr": "DS", "Value": {"no": "number"}}, DIRTY),
        ("2", DIRTY),
    ],
)
def test_tells_absent_from_malformed(element: Any, expected: Any) -> None:
    assert raw_values(element) == expected


def test_the_first_of_several_values_is_taken_on_purpose_only() -> None:
    assert reader("decimal", True)([3400, 325]) == 3400.0
    assert reader("decimal", True)([None, 325]) == 325.0
    assert reader("decimal")([3400, 325]) is DIRTY


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(st.sampled_from(TYPES), st.lists(JSON, min_size=1, max_size=4))
def test_never_raises(kind: str, values: list[Any]) -> None:
    value = reader(kind)(values)
    assert value is not values
    if isinstance(value, float):
        assert math.isfinite(value)
    if isinstance(value, str):
        value.encode("utf-8")
