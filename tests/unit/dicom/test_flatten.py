from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dicom.columns import series_schema
from protocol_assets.dicom.flatten import Row, flatten_study
from protocol_assets.modalities.mr.spec import MR

SERIES = "0020000E"
NEX = "00180083"
TR = "00180080"


def element(vr: str, *values: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def instance(**elements: Any) -> dict[str, Any]:
    tags = {name.removeprefix("t"): value for name, value in elements.items()}
    return {SERIES: element("UI", "1.2.3"), **tags}


def only_row(*instances: dict[str, Any]) -> Row:
    (row,) = flatten_study(instances, MR.series_columns).rows
    return row


def test_a_parameter_that_varies_has_mode_range_and_count() -> None:
    row = only_row(*(instance(t00180083=element("DS", value)) for value in (6, 6, 2, "6")))
    assert (row["NumberOfAverages"], row["NumberOfAverages_min"]) == (6, 2)
    assert (row["NumberOfAverages_max"], row["NumberOfAverages_distinct"]) == (6, 2)


def test_a_tie_is_the_smallest_value() -> None:
    row = only_row(*(instance(t00180083=element("DS", value)) for value in (6, 2)))
    assert row["NumberOfAverages"] == 2


def test_absent_stays_absent() -> None:
    row = only_row(instance(), instance(t00180083={"vr": "DS"}))
    assert row["NumberOfAverages"] is None
    assert row["NumberOfAverages_distinct"] is None
    assert row["dirty_values"] == 0


def test_dirty_values_become_null_and_are_counted() -> None:
    dirty = [
        element("DS", "abc"),
        {"vr": "DS", "Value": {"no": "array"}},
        {"vr": "DS", "InlineBinary": "Mg=="},
        element("DS", float("nan")),
        element("DS", {"no": "number"}),
    ]
    study = flatten_study([instance(t00180083=one) for one in dirty], MR.series_columns)
    assert study.rows[0]["NumberOfAverages"] is None
    assert study.rows[0]["dirty_values"] == 5
    assert study.rows[0]["dirty_columns"] == "NumberOfAverages"
    assert study.dirty == {"NumberOfAverages": 5}


def test_instances_without_a_series_uid_are_rows_that_say_so() -> None:
    sent = [
        {},
        {SERIES: {"vr": "UI", "InlineBinary": "MS4yLjM="}},
        {SERIES: element("UI", "../x")},
        {SERIES: element("UI", "../x"), "00180083": element("DS", 2)},
        {SERIES: element("UI", "1." * 33 + "1")},
        instance(),
    ]
    rows = flatten_study(sent, MR.series_columns).rows
    columns = ("SeriesInstanceUID", "quarantine_rule", "NumberOfSeriesRelatedInstances")
    assert [tuple(row.get(name) for name in columns) for row in rows] == [
        ("1.2.3", None, 1),
        (None, "series_uid_invalid", 2),
        ("../x", "series_uid_invalid", 2),
        ("1." * 33 + "1", "series_uid_invalid", 1),
    ]
    assert rows[2]["NumberOfAverages"] == 2


@pytest.mark.parametrize("leave_out", ["vr", "array", "both"])
def test_elements_without_vr_or_array_are_read(leave_out: str) -> None:
    def written(one: dict[str, Any]) -> dict[str, Any]:
        value = one["Value"] if leave_out == "vr" else one["Value"][0]
        return {"Value": value} if leave_out != "array" else {"vr": one["vr"], "Value": value}

    whole = instance(t00180083=element("DS", 2), t00080060=element("CS", "MR"))
    odd = {tag: written(one) for tag, one in whole.items()}
    assert (
        flatten_study([odd], MR.series_columns).rows
        == flatten_study([whole], MR.series_columns).rows
    )


def test_tags_in_other_spellings_are_read() -> None:
    written = {"0020,000e": element("UI", "1.2"), "0018 0083": element("DS", 2)}
    assert only_row(written)["NumberOfAverages"] == 2


def test_private_attributes_follow_their_block() -> None:
    row = only_row(
        {
            SERIES: element("UI", "1"),
            "00510011": element("LO", "SIEMENS MR HEADER"),
            "00510010": element("LO", "SOMEBODY ELSE"),
            "0051110A": element("LO", "TA 03:42"),
            "0051100A": element("LO", "not a time"),
        }
    )
    assert row["SiemensAcquisitionTimeText"] == "TA 03:42"


def groups(*frames: dict[str, Any], shared: dict[str, Any] | None = None) -> dict[str, Any]:
    return instance(
        t00280008=element("IS", len(frames)),
        t52009229=element("SQ", shared or {}),
        t52009230=element("SQ", *frames),
    )


def averages(value: Any) -> dict[str, Any]:
    return {"00189119": element("SQ", {NEX: element("DS", value)})}


def test_per_frame_comes_before_shared_before_top_level() -> None:
    top = element("DS", 4)
    assert only_row(groups(averages(1), averages(3)) | {NEX: top})["NumberOfAverages_max"] == 3
    assert only_row(groups({}, {}, shared=averages(2)) | {NEX: top})["NumberOfAverages"] == 2
    assert only_row(groups({}, {}) | {NEX: top})["NumberOfAverages"] == 4


def test_frames_are_counted() -> None:
    row = only_row(groups(averages(1), averages(1), averages(3)))
    assert (row["NumberOfFrames"], row["NumberOfSeriesRelatedInstances"]) == (3, 1)
    assert (row["NumberOfAverages"], row["NumberOfAverages_max"]) == (1, 3)


def test_legacy_converted_groups_hold_classic_attributes() -> None:
    frame = {"00209171": element("SQ", {NEX: element("DS", 2), TR: element("DS", 500)})}
    shared = {"00209170": element("SQ", {"00180081": element("DS", 11)})}
    row = only_row(groups(frame, frame, shared=shared))
    assert (row["NumberOfAverages"], row["RepetitionTime"], row["EchoTime"]) == (2, 500, 11)


def test_train_length_of_enhanced_objects_is_the_rf_train() -> None:
    timing = {
        "00189112": element("SQ", {"00180091": element("IS", 48), "00189240": element("US", 7)})
    }
    assert only_row(groups({}, shared=timing))["EchoTrainLength"] == 7


ELEMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({}, optional={"vr": inner, "Value": inner})
    ),
    max_leaves=8,
)
TAGS = st.sampled_from(
    [
        "00180083",
        "00180080",
        "00080008",
        "00200037",
        "00080032",
        "00280008",
        "52009229",
        "52009230",
        "00510010",
        "0051100A",
        "00189119",
        "00100020",
    ]
)


@given(st.lists(st.dictionaries(TAGS, ELEMENTS), max_size=4))
def test_whatever_a_server_sends_gives_a_row_of_the_schema(sent: list[dict[str, Any]]) -> None:
    study = flatten_study([one | {SERIES: element("UI", "1.2")} for one in sent], MR.series_columns)
    rows = [{"pacs": "a", **row} for row in study.rows]
    assert pa.Table.from_pylist(rows, schema=series_schema(MR.series_columns)).num_rows == (
        1 if sent else 0
    )
    assert study.dirty.total() == sum(row["dirty_values"] for row in study.rows)
