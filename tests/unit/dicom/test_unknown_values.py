"""Elements of unknown value representation, as implicit VR archives answer them."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.json_text import decode_instance, encode_instance
from protocol_assets.dicom.unknown_values import with_known_values
from protocol_assets.modalities.mr.spec import MR


def un(data: bytes) -> dict[str, Any]:
    return {"vr": "UN", "InlineBinary": base64.b64encode(data).decode()}


def landed(**elements: Any) -> dict[str, Any]:
    return dict(decode_instance(encode_instance(with_series(**elements))))


def with_series(**elements: Any) -> dict[str, Any]:
    uid = {"vr": "UI", "Value": ["1.2.3"]}
    return {"0020000E": uid} | {tag.removeprefix("_"): one for tag, one in elements.items()}


def row(**elements: Any) -> dict[str, Any]:
    return flatten_study([landed(**elements)], MR.series_columns).rows[0]


@pytest.mark.parametrize(
    ("tag", "data", "expected"),
    [
        ("00180083", b"2.", {"vr": "DS", "Value": ["2."]}),
        ("00080008", b"ORIGINAL\\PRIMARY ", {"vr": "CS", "Value": ["ORIGINAL", "PRIMARY"]}),
        ("0020000D", b"1.2.3\0", {"vr": "UI", "Value": ["1.2.3"]}),
        ("00280010", struct.pack("<H", 320), {"vr": "US", "Value": [320]}),
        ("00189073", struct.pack("<d", 98.0), {"vr": "FD", "Value": [98.0]}),
        ("00189073", struct.pack("<d", float("nan")), {"vr": "FD", "Value": ["nan"]}),
        ("00080201", b"", {"vr": "SH"}),
        ("00100010", b"A^B", {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]}),
        ("00081030", "rodilla di\u00e1".encode(), {"vr": "LO", "Value": ["rodilla di\u00e1"]}),
        ("00081030", b"\xff\xfe", {"vr": "UN", "unreadable": True}),
        ("00081030", b"a\x01b", {"vr": "UN", "unreadable": True}),
        ("00280010", b"1", {"vr": "UN", "unreadable": True}),
        ("00540016", b"\xfe\xff\x00\xe0", {"vr": "UN", "unreadable": True}),
        ("7FE00010", b"1234", {"vr": "UN", "unreadable": True}),
        ("00091010", b"nobody knows", {"vr": "UN", "unreadable": True}),
    ],
)
def test_an_element_is_read_as_its_dictionary_says(
    tag: str, data: bytes, expected: dict[str, Any]
) -> None:
    assert landed(**{f"_{tag}": un(data)})[tag] == expected


def test_private_elements_of_a_known_creator_are_read() -> None:
    found = row(
        _00510010=un(b"SIEMENS MR HEADER "),
        _0051100A=un(b"TA 01:38"),
        _00180083=un(b"2."),
    )
    assert found["SiemensAcquisitionTimeText"] == "TA 01:38"
    assert found["NumberOfAverages"] == 2.0
    assert found["dirty_values"] == 0


def test_the_block_of_a_private_creator_is_looked_up() -> None:
    found = row(
        _00190011={"vr": "LO", "Value": ["GEMS_ACQU_01"]}, _0019115A=un(struct.pack("<f", 5e7))
    )
    assert found["GEAcquisitionDuration"] == 5e7
    other = row(_00190011={"vr": "LO", "Value": ["OTHER"]}, _0019115A=un(struct.pack("<f", 5e7)))
    assert other["GEAcquisitionDuration"] is None


def test_text_that_a_column_wants_is_read_without_a_dictionary() -> None:
    found = row(_00650010={"vr": "LO", "Value": ["Image Private Header"]}, _0065100D=un(b"F:2S"))
    assert found["UIHParallelText"] == "F:2S"


@pytest.mark.parametrize(
    "element", [un(b"\xff\xff"), {"vr": "UN", "BulkDataURI": "http://pacs/studies/1.2/bulk"}]
)
def test_what_cannot_be_read_is_counted_where_a_column_wants_it(element: dict[str, Any]) -> None:
    found = row(_00180083=element, _00091010=element)
    assert found["NumberOfAverages"] is None
    assert found["dirty_columns"] == "NumberOfAverages"
    assert b"pacs" not in encode_instance(with_series(_00180083=element))


def test_a_sequence_that_cannot_be_read_is_counted() -> None:
    found = row(
        _20050014={"vr": "LO", "Value": ["Philips MR Imaging DD 005"]}, _2005140F=un(b"\xfe\xff")
    )
    assert "ParallelReductionFactorInPlane" in found["dirty_columns"].split("\\")


def test_elements_within_sequences_are_read() -> None:
    averages = {"00189119": {"vr": "SQ", "Value": [{"00180083": un(b"3 ")}]}}
    found = row(_52009229={"vr": "SQ", "Value": [averages]}, _00280008={"vr": "IS", "Value": [4]})
    assert found["NumberOfAverages"] == 3.0


def test_what_is_landed_is_the_same_when_written_again() -> None:
    once = landed(_00180083=un(b"2."), _00091010=un(b"x"), _7FE00010=un(b"1234"))
    assert decode_instance(encode_instance(once)) == once


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
)
ELEMENT = st.fixed_dictionaries(
    {}, optional={"vr": st.just("UN") | JSON, "InlineBinary": JSON, "Value": JSON}
)


@given(st.dictionaries(st.sampled_from(["00180083", "00510010", "0051100A", "x", ""]), ELEMENT))
def test_any_dataset_is_read(dataset: dict[str, Any]) -> None:
    read = with_known_values(dataset)
    assert read.keys() == dataset.keys()
    assert with_known_values(read) == read
