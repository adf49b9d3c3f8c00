"""The whole cell: columns, terms, real headers, anything odd."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_assets.data import read_table
from protocol_assets.protocols.description import describe_cell, rules_version
from protocol_assets.vendors.row import Row

DERIVED_COLUMNS = {
    row["source"]: row
    for row in read_table("facts_columns.csv")
    if row["source"][:1].islower() and row["source"] not in ("pacs", "dirty_values")
}
TERMS = {(row["vocabulary"], row["term"]) for row in read_table("terms.csv")}
RealSeries = Callable[[str], list[dict[str, object]]]


def input_columns() -> list[str]:
    names = []
    for column in read_table("series_columns.csv"):
        names.append(column["column"])
        names += [f"{column['column']}{end}" for end in ("_min", "_max", "_distinct")]
    return [*names, "dirty_values"]


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


def series(minutes: float = 0.0, **changes: object) -> dict[str, object]:
    start = datetime.fromisoformat("2024-03-05T10:00:00") + timedelta(minutes=minutes)
    row: dict[str, object] = dict.fromkeys(input_columns())
    return (
        row
        | {
            "StudyInstanceUID": "1.2",
            "SeriesInstanceUID": f"1.2.{minutes}",
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
            "Modality": "MR",
            "IssuerOfPatientID": "HOSP",
            "PatientID": "12345",
            "StudyDate": date(2024, 3, 5),
            "StudyTime": time(9, 58),
            "StudyDescription": "RM Coluna Lombar",
            "ProtocolName": f"SAG T1 {minutes}",
            "ImageType": "ORIGINAL\\PRIMARY\\M\\NORM",
            "Manufacturer": "SIEMENS",
            "ManufacturerModelName": "Aera",
            "DeviceSerialNumber": "4711",
            "MagneticFieldStrength": 1.5,
            "AcquisitionDate": start.date(),
            "AcquisitionTime": start.time(),
            "ScanningSequence": "SE",
            "SequenceVariant": "SK\\SP",
            "MRAcquisitionType": "2D",
            "RepetitionTime": 560.0,
            "EchoTime": 10.0,
            "EchoTime_min": 10.0,
            "EchoTime_max": 10.0,
            "EchoTime_distinct": 1,
            "EchoTrainLength": 4,
            "NumberOfPhaseEncodingSteps": 288,
            "AcquisitionMatrix": [0, 320, 256, 0],
            "PixelSpacing": [0.7, 0.8],
            "ImageOrientationPatient": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
            "NumberOfAverages": 2.0,
            "NumberOfAverages_min": 2.0,
            "NumberOfAverages_max": 2.0,
            "NumberOfAverages_distinct": 1,
            "SiemensAcquisitionTimeText": "TA 02:41",
        }
        | changes
    )


def test_the_columns_are_those_of_the_facts() -> None:
    assert set(describe_cell([series()])[0]) == set(DERIVED_COLUMNS)


def test_a_lumbar_series() -> None:
    described = describe_cell([series()])[0]
    check_types(described)
    assert described == {
        "patient_id": "HOSP|12345",
        "exam_id": "HOSP|12345|siemens|4711|2024-03-05T10:00:00",
        "acquisition_id": (
            "1.2|siemens|4711|2024-03-05T10:00:00|560.0|10.0|10.0|1.0|0x320x256x0|2.0|SE|"
        ),
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
        "scan_time_s": 161.0,
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


def test_next_start_is_the_last_resort() -> None:
    bare = {"SiemensAcquisitionTimeText": None, "NumberOfAverages": None}
    first, last = describe_cell([series(0, **bare), series(4, **bare)])
    assert (first["scan_time_s"], first["scan_time_method"]) == (240.0, "next_start")
    assert first["scan_time_confidence"] == "low"
    assert last["scan_time_s"] is None


def test_a_derived_series_alone_counts_and_spans_the_exam() -> None:
    derived = series(10, ImageType="DERIVED\\PRIMARY\\M\\DIS2D")
    described = describe_cell([series(0), derived])[1]
    assert described["is_derived_only"] is True
    assert described["exclusion_reason"] is None
    assert described["start_offset_s"] == 600.0


def test_a_derived_series_beside_its_source_does_not_count() -> None:
    derived = series(0, SeriesInstanceUID="1.2.9", ImageType="DERIVED\\PRIMARY\\M\\DIS2D")
    described = describe_cell([series(0), derived])[1]
    assert (described["exclusion_reason"], described["is_derived_only"]) == ("derived", False)


def test_ge_derived_series_share_the_name_of_the_exam_only() -> None:
    ge = {"Manufacturer": "GE MEDICAL SYSTEMS", "ProtocolName": "LUMBAR"}
    scan = series(0, **ge, SeriesDescription="SAG T1")
    alone = series(10, **ge, SeriesDescription="SAG T2", ImageType="DERIVED\\PRIMARY\\OTHER")
    assert describe_cell([scan, alone])[1]["is_derived_only"] is True


def test_a_derived_series_has_no_formula_time() -> None:
    derived = series(
        0,
        ImageType="DERIVED\\PRIMARY\\M\\ADC",
        SiemensAcquisitionTimeText=None,
        AcquisitionTime=None,
    )
    assert describe_cell([derived])[0]["scan_time_s"] is None


def test_a_localizer_spans_but_does_not_count() -> None:
    localizer, scan = describe_cell([series(0, ProtocolName="LOCALIZADOR"), series(2)])
    assert (localizer["role"], localizer["exclusion_reason"]) == ("localizer", "localizer")
    assert scan["start_offset_s"] == 120.0


def test_contrast_phases_follow_the_exam() -> None:
    rows = [series(0), series(5, ContrastBolusAgent="DOTAREM"), series(10)]
    assert [d["contrast_phase"] for d in describe_cell(rows)] == ["pre", "post", "post"]


def test_a_missing_serial_number_gives_no_device() -> None:
    assert describe_cell([series(DeviceSerialNumber=None)])[0]["device_id"] is None


def test_none_in_none_out() -> None:
    described = describe_cell([dict.fromkeys(input_columns()), {}])
    for row in described:
        told = {name: value for name, value in row.items() if value is not None}
        assert told == {"exclusion_reason": "not_mr_image", "is_derived_only": False}


def test_an_empty_cell() -> None:
    assert describe_cell([]) == []


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
    described = describe_cell(rows)
    assert len(described) == len(rows)
    for row in described:
        assert set(row) == set(DERIVED_COLUMNS)
        check_types(row)


FAMILIES = ["dcm_qa", "dcm_qa_ge", "dcm_qa_philips", "dcm_qa_toshiba", "dcm_qa_xa30"]


@pytest.mark.parametrize("name", FAMILIES)
def test_real_headers_give_terms_and_times(real_series: RealSeries, name: str) -> None:
    rows = real_series(name)
    for row, described in zip(rows, describe_cell(rows), strict=True):
        check_types(described)
        if described["exclusion_reason"] is None:
            assert described["scan_time_s"] is not None, row["SeriesNumber"]
            assert described["nex"] is not None


def test_real_siemens_effective_averages(real_series: RealSeries) -> None:
    rows = real_series("dcm_qa")
    by_text = {
        str(row["SeriesDescription"]): described["effective_averages"]
        for row, described in zip(rows, describe_cell(rows), strict=True)
    }
    assert by_text["noPF_noPAT_noPOS_PEres100_ES0p59_BW2222_AP"] == 1.0
    assert by_text["noPF_noPAT_50POS_PEres100_ES0p59_BW2222_AP"] == 1.5
    assert by_text["noPF_noPAT_100POS_PEres100_ES0p59_BW2222_AP"] == 2.0
    assert by_text["58PF_noPAT_noPOS_PEres100_ES0p59_BW2222_AP"] == 0.6222
    assert by_text["noPF_p2_noPOS_PEres100_ES0p59_BW2222_AP"] == 0.5


def test_real_xa_maps_do_not_count(real_series: RealSeries) -> None:
    rows = real_series("dcm_qa_xa30")
    described = describe_cell(rows)
    counted = [d for d in described if d["exclusion_reason"] is None]
    assert not any(d["is_derived_only"] for d in described)
    assert all(d["scan_time_method"] == "acquisition_duration" for d in counted)
    assert {d["nex"] for d in counted} == {1.0}
    assert len({d["exam_id"] for d in described}) == 1
