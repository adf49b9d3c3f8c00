"""Attributes of a listing in the many ways servers write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.attributes import (
    UnreadableDateError,
    count,
    counts,
    day,
    is_uid,
    minute_of_day,
    texts,
    uid,
)

TAG = "00080061"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, []),
        ({TAG: {"vr": "CS", "Value": ["MR", "SR"]}}, ["MR", "SR"]),
        ({TAG: {"vr": "CS", "Value": "MR"}}, ["MR"]),
        ({TAG: {"vr": "CS", "Value": ["MR\\SR"]}}, ["MR", "SR"]),
        ({TAG: {"Value": [" MR ", None, ""]}}, ["MR"]),
        ({TAG: {"vr": "CS"}}, []),
        ({TAG: {"vr": "CS", "Value": [None]}}, []),
        ({TAG: None}, []),
        ({TAG: "MR"}, ["MR"]),
        ({TAG: {"vr": "IS", "Value": [3, 4.5, True, {}]}}, ["3", "4.5"]),
        ({"0008 0061": {"Value": ["MR"]}}, ["MR"]),
    ],
)
def test_texts(row: dict[str, Any], expected: list[str]) -> None:
    assert texts(row, TAG) == expected


def test_a_key_in_lower_case() -> None:
    assert uid({"0020000d": {"vr": "UI", "Value": ["1.2.3"]}}, "0020000D") == "1.2.3"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12, 12), ("12", 12), (" 12 ", 12), ("12.0", 12), (12.0, 12), (0, 0)]
    + [(value, None) for value in ("", "many", -1, 1.5, "1e3", "9" * 30, "\N{SUPERSCRIPT TWO}")],
)
def test_count(value: Any, expected: int | None) -> None:
    assert count({TAG: {"vr": "IS", "Value": [value]}}, TAG) == expected


@pytest.mark.parametrize("text", ["1.2.840.10008.1", "1.02.3", "7", "1." + "2" * 62])
def test_uids(text: str) -> None:
    assert is_uid(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "../1",
        "1.2/../3",
        "1.2?x=1",
        "1..2",
        ".1",
        "1.",
        "1.2 3",
        "1.2\0",
        "1.2\n",
        "1" * 65,
        "\N{ARABIC-INDIC DIGIT ONE}.2",
        "1.2%2f",
        "a.b",
    ],
)
def test_hostile_uids(text: str) -> None:
    assert not is_uid(text)


@pytest.mark.parametrize(
    ("text", "minute"),
    [("0000", 0), ("235960", 1439), ("083015.25", 510), ("08:30:15", 510), ("1200", 720)]
    + [(text, None) for text in ("", "08", "2460", "noon", "0860")],
)
def test_minute_of_day(text: str, minute: int | None) -> None:
    assert minute_of_day({TAG: {"vr": "TM", "Value": [text]}}, TAG) == minute


@pytest.mark.parametrize(
    "written",
    [
        "20260302",
        20260302,
        "2026-03-02",
        "2026.03.02",
        "2026/03/02",
        "20260302 ",
        "2026-03-02T00:00:00",
        "2026-03-02 10:15:00+01:00",
        "20260302101500.000000",
    ],
)
def test_a_day_is_read_in_every_form_that_has_one_meaning(written: Any) -> None:
    assert day({TAG: {"Value": [written]}}, TAG) == dt.date(2026, 3, 2)


@pytest.mark.parametrize(
    "values",
    [
        ["02.03.2026"],
        ["03/02/2026"],
        ["2026-3-2"],
        ["20261302"],
        ["00000000"],
        ["2026-03.02"],
        ["yesterday"],
        ["20260302", "20260303"],
    ],
)
def test_a_day_that_could_mean_another_one_is_unreadable(values: list[str]) -> None:
    with pytest.raises(UnreadableDateError):
        day({TAG: {"Value": values}}, TAG)


def test_a_day_that_is_not_there_is_none() -> None:
    assert day({}, TAG) is None
    assert day({TAG: {"vr": "DA"}}, TAG) is None
    assert day({TAG: {"vr": "DA", "Value": [""]}}, TAG) is None


def test_several_counts_stay_side_by_side() -> None:
    assert counts({TAG: {"Value": ["3", "5"]}}, TAG) == [3, 5]
    assert counts({TAG: {"Value": ["x", "5"]}}, TAG) == []
