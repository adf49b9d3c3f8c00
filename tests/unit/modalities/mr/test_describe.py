"""The whole partition: columns, terms, real headers, anything odd."""

import math
import time
from collections.abc import Callable
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_assets.data import read_table
from protocol_assets.modalities.mr.describe import describe_partition, rules_version
from protocol_assets.modalities.shared.row import Row
from tests.unit.modalities.rows import input_columns, series

DERIVED_COLUMNS = {
    row["source"]: row
    for row in read_table("facts_columns.csv")
    if row["source"][:1].islower() and row["source"] not in ("pacs", "dirty_values")
}
TERMS = {(row["vocabulary"], row["term"]) for row in read_table("terms.csv")}
RealSeries = Callable[[str], list[dict[str, object]]]


def check_types(described: Row) -> None:
    for name, value in described.items():
        column = DERIVED_COLUMNS[name]
        if value is None:
            continue
        if column["action"] == "term":
            assert (column["argument"], value) in TERMS, name
        elif column["type"] == "boolean":
            assert isinstance(value, bool), name
        elif column["type"] == "integer":
            assert isinstance(value, int), name
        elif column["type"] == "double":
            assert isinstance(value, float | int), name
            assert math.isfinite(value), name
            assert value >= 0 if column["argument"] == ">=0" else value > 0, name
        else:
            assert isinstance(value, str), name


def test_the_columns_are_those_of_the_facts() -> None:
    assert set(describe_partition([series()])[0]) == set(DERIVED_COLUMNS)


def test_a_lumbar_series() -> None:
    described = describe_partition([series()])[0]
    check_types(described)
    expected = {
        "patient_id": "|12345",
        "exam_id": "|12345|siemens|4711|2024-03-05T10:00:00",
        "acquisition_id": (
            "|12345|siemens|4711|2024-03-05T10:00:00|mr_image|560.0|(0.0, 320.0, 256.0, 0.0)|"
            "288.0|SE||(0.0, 1.0, 0.0, 0.0, 0.0, -1.0)|False|2.0|SAG_T1_0_0"
        ),
        "acquisition_part": "original",
        "clock_flag": None,
        "idle_before_s": None,
        "repeat_kind": None,
        "impossible_values": 0,
        "device_id": "siemens|4711",
        "label_text": "SAG T1 0.0",
        "sop_class": "mr_image",
        "encoding": "classic",
        "vendor": "siemens",
        "model": "Aera",
        "field_strength_t": 1.5,
        "exclusion_reason": None,
        "is_derived_only": False,
        "role": "sag_t1",
        "plane": "sag",
        "weighting": "t1",
        "anatomy": "lumbar_spine",
        "contrast_phase": "none",
        "fat_suppression": "none",
        "dimension": "2d",
        "reconstruction": "standard",
        "sequence_family": "tse",
        "nex": 2.0,
        "nex_min": 2.0,
        "nex_max": 2.0,
        "nex_distinct": 1,
        "nex_source": "number_of_averages",
        "effective_averages": 2.25,
        "scan_time_s": 81.0,
        "scan_time_method": "siemens_text",
        "scan_time_confidence": "high",
        "start_offset_s": 0.0,
        "matrix_frequency": 320,
        "matrix_phase": 256,
        "pixel_spacing_row_mm": 0.7,
        "pixel_spacing_column_mm": 0.8,
        "acceleration_in_plane": 1.0,
        "acceleration_out_of_plane": None,
        "has_contrast_agent": None,
    }
    assert {name: described[name] for name in expected} == expected


def test_a_missing_serial_number_gives_no_device() -> None:
    assert describe_partition([series(DeviceSerialNumber=None)])[0]["device_id"] is None


def test_none_in_none_out() -> None:
    described = describe_partition([dict.fromkeys(input_columns()), {}])
    for row in described:
        told = {name: value for name, value in row.items() if value is not None}
        assert told == {
            "exclusion_reason": "not_mr_image",
            "is_derived_only": False,
            "impossible_values": 0,
        }


def test_an_empty_partition() -> None:
    assert describe_partition([]) == []


def test_rules_version_is_short_and_stable() -> None:
    assert rules_version() == rules_version()
    assert len(rules_version()) < 20


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["SE\\IR", "DERIVED\\PRIMARY", "TA 9:9*999", "p999", "3D", "GE", "UIH", "\\"]),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.one_of(st.none(), st.floats(), st.integers()), max_size=6),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(input_columns()), ODD, max_size=40), min_size=1, max_size=4
    ),
    st.booleans(),
)
def test_anything_odd_is_described(changes: list[dict[str, object]], is_mr: bool) -> None:
    rows = [(series(i) if is_mr else {}) | change for i, change in enumerate(changes)]
    described = describe_partition(rows)
    assert len(described) == len(rows)
    for row in described:
        assert set(row) == set(DERIVED_COLUMNS)
        check_types(row)


FAMILIES = ["dcm_qa", "dcm_qa_ge", "dcm_qa_philips", "dcm_qa_toshiba", "dcm_qa_xa30"]


@pytest.mark.parametrize("name", FAMILIES)
def test_real_headers_give_terms_and_times(real_series: RealSeries, name: str) -> None:
    rows = real_series(name)
    for row, described in zip(rows, describe_partition(rows), strict=True):
        check_types(described)
        if described["exclusion_reason"] is None:
            assert described["scan_time_s"] is not None, row["SeriesNumber"]
            assert described["nex"] is not None


def test_real_siemens_effective_averages(real_series: RealSeries) -> None:
    rows = real_series("dcm_qa")
    by_text = {
        str(row["SeriesDescription"]): described["effective_averages"]
        for row, described in zip(rows, describe_partition(rows), strict=True)
    }
    assert by_text["noPF_noPAT_noPOS_PEres100_ES0p59_BW2222_AP"] == 1.0
    assert by_text["noPF_noPAT_50POS_PEres100_ES0p59_BW2222_AP"] == 1.5
    assert by_text["noPF_noPAT_100POS_PEres100_ES0p59_BW2222_AP"] == 2.0
    assert by_text["58PF_noPAT_noPOS_PEres100_ES0p59_BW2222_AP"] == 0.6222
    assert by_text["noPF_p2_noPOS_PEres100_ES0p59_BW2222_AP"] == 0.5


def test_real_xa_maps_do_not_count(real_series: RealSeries) -> None:
    rows = real_series("dcm_qa_xa30")
    described = describe_partition(rows)
    counted = [d for d in described if d["exclusion_reason"] is None]
    assert not any(d["is_derived_only"] for d in described)
    assert all(d["scan_time_method"] == "acquisition_duration" for d in counted)
    assert {d["nex"] for d in counted} == {1.0}
    assert len({d["exam_id"] for d in described}) == 1


@pytest.mark.parametrize("unit", ["a", "aB", "sag t2 ", "膝", "КУ ", "T1+ ", "WITH AND ", "Dr. "])
def test_a_text_of_any_length_is_read_in_bounded_time(unit: str) -> None:
    columns = (
        "SeriesDescription",
        "ProtocolName",
        "StudyDescription",
        "ContrastBolusAgent",
        "BodyPartExamined",
        "AnatomicRegionCodeMeaning",
    )
    long: dict[str, object] = dict.fromkeys(columns, unit * (100_000 // len(unit)))
    began = time.monotonic()
    describe_partition([series() | long])
    # A second on a slow machine; minutes where the time grows with the square of the length.
    assert time.monotonic() - began < 10
