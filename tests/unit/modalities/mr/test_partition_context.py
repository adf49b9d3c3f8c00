"""What needs the partition as a whole, from rows to columns; steps have tests of their own."""

from collections.abc import Callable
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.shared.row import Row
from tests.unit.modalities.rows import series

RealSeries = Callable[[str], list[dict[str, object]]]


def test_next_start_is_the_last_resort() -> None:
    bare = {"SiemensAcquisitionTimeText": None, "NumberOfAverages": None}
    first, last = describe_partition([series(0, **bare), series(4, **bare)])
    assert (first["scan_time_s"], first["scan_time_method"]) == (240.0, "next_start")
    assert first["scan_time_confidence"] == "low"
    assert last["scan_time_s"] is None


def test_a_derived_series_alone_counts_and_spans_the_exam() -> None:
    derived = series(10, ImageType="DERIVED\\PRIMARY\\M\\DIS2D")
    described = describe_partition([series(0), derived])[1]
    assert described["is_derived_only"] is True
    assert described["exclusion_reason"] is None
    assert described["start_offset_s"] == 600.0


def test_a_derived_series_beside_its_source_does_not_count() -> None:
    derived = series(0, SeriesInstanceUID="1.2.9", ImageType="DERIVED\\PRIMARY\\M\\DIS2D")
    described = describe_partition([series(0), derived])[1]
    assert (described["exclusion_reason"], described["is_derived_only"]) == ("derived", False)


def test_ge_derived_series_share_the_name_of_the_exam_only() -> None:
    ge = {"Manufacturer": "GE MEDICAL SYSTEMS", "ProtocolName": "LUMBAR"}
    scan = series(0, **ge, SeriesDescription="SAG T1")
    alone = series(10, **ge, SeriesDescription="SAG T2", ImageType="DERIVED\\PRIMARY\\OTHER")
    assert describe_partition([scan, alone])[1]["is_derived_only"] is True


def test_a_derived_series_has_no_formula_time() -> None:
    derived = series(
        0,
        ImageType="DERIVED\\PRIMARY\\M\\ADC",
        SiemensAcquisitionTimeText=None,
        AcquisitionTime=None,
    )
    assert describe_partition([derived])[0]["scan_time_s"] is None


def test_a_localizer_spans_but_does_not_count() -> None:
    localizer, scan = describe_partition([series(0, ProtocolName="LOCALIZADOR"), series(2)])
    assert (localizer["role"], localizer["exclusion_reason"]) == ("localizer", "localizer")
    assert scan["start_offset_s"] == 120.0


def test_contrast_phases_follow_the_exam() -> None:
    rows = [series(0), series(5, ContrastBolusAgent="DOTAREM"), series(10)]
    assert [d["contrast_phase"] for d in describe_partition(rows)] == ["pre", "post", "post"]


def elsewhere(minutes: float, **changes: object) -> dict[str, object]:
    """A series of another patient on the same scanner."""
    other: dict[str, object] = {"StudyInstanceUID": "1.9", "PatientID": "777"}
    return series(minutes, **(other | {"SeriesInstanceUID": f"1.9.{minutes}"} | changes))


def together(*rows: Row) -> int:
    """Acquisitions of the rows, each with its own series UID."""
    partition = [{**row, "SeriesInstanceUID": f"1.2.{i}"} for i, row in enumerate(rows)]
    return len({described["acquisition_id"] for described in describe_partition(partition)})


DERIVED = "DERIVED\\PRIMARY\\"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ImageType": "ORIGINAL\\PRIMARY\\P\\NORM"}, id="phase"),
        pytest.param({"ImageType": "ORIGINAL\\PRIMARY\\M\\ND"}, id="not normalized"),
        pytest.param({"ImageType": f"{DERIVED}M\\DIXON\\WATER"}, id="water"),
        pytest.param({"ImageType": f"{DERIVED}DIFFUSION\\ADC", "NumberOfAverages": 6.0}, id="adc"),
        pytest.param({"ImageType": "DERIVED\\SECONDARY\\MPR", "EchoTime": 0.0}, id="reformat"),
        pytest.param({"EchoTime": 20.0, "EchoTime_min": 20.0, "EchoTime_max": 20.0}, id="echo"),
        pytest.param({"StudyInstanceUID": "1.7"}, id="sent again under new UIDs"),
        pytest.param({"SeriesDescription": "SAG T1 PHA", "NumberOfAverages": None}, id="no nex"),
    ],
)
def test_series_of_one_scan_are_one_acquisition(changes: dict[str, object]) -> None:
    assert together(series(0), series(0, **changes)) == 1


def test_scans_at_the_same_written_time_are_not() -> None:
    assert (
        together(series(0), series(0, RepetitionTime=600.0), series(0, ScanningSequence="GR")) == 3
    )


def test_the_original_stands_out_among_its_series() -> None:
    phase = series(0, SeriesInstanceUID="1.2.8", ImageType="ORIGINAL\\PRIMARY\\P\\NORM")
    adc = series(0, SeriesInstanceUID="1.2.9", ImageType=f"{DERIVED}DIFFUSION\\ADC")
    described = describe_partition([series(0), phase, adc])
    assert [one["acquisition_part"] for one in described] == ["magnitude", "phase", "adc"]
    assert [one["exclusion_reason"] for one in described] == [None, None, "derived"]


def test_water_and_fat_alone_are_counted_once() -> None:
    water = series(0, SeriesInstanceUID="1.2.8", ImageType=f"{DERIVED}M\\DIXON\\WATER")
    fat = series(0, SeriesInstanceUID="1.2.9", ImageType=f"{DERIVED}M\\DIXON\\FAT")
    described = describe_partition([water, fat])
    assert [one["is_derived_only"] for one in described] == [True, True]
    assert described[0]["acquisition_id"] == described[1]["acquisition_id"]


def test_an_exam_across_midnight_stays_whole() -> None:
    late = {"StudyTime": time(23, 40), "AcquisitionDate": None}
    rows = [
        series(0, **late, AcquisitionTime=time(23, 50)),
        series(1, **late, AcquisitionTime=time(0, 4)),
    ]
    first, second = describe_partition(rows)
    assert first["exam_id"] == second["exam_id"]
    assert second["start_offset_s"] == 840.0
    assert (first["clock_flag"], second["clock_flag"]) == (None, "midnight")


def test_an_exam_across_a_change_of_daylight_saving_time() -> None:
    spring = date(2024, 3, 31)
    night = {"StudyDate": spring, "StudyTime": time(1, 50), "AcquisitionDate": spring}
    rows = [
        series(0, **night, AcquisitionTime=time(1, 55)),
        series(1, **night, AcquisitionTime=time(3, 5)),
    ]
    first, second = describe_partition(rows, ZoneInfo("Europe/Berlin"))
    assert first["exam_id"] == second["exam_id"]
    assert second["start_offset_s"] == 600.0
    assert second["clock_flag"] == "daylight_saving"


def test_turnaround_stands_on_the_first_series_of_the_next_exam() -> None:
    # The last scan before starts at 10:05 and takes 81 s.
    described = describe_partition([series(0), series(5), elsewhere(20), elsewhere(25)])
    assert [one["idle_before_s"] for one in described] == [None, None, 819.0, None]


def test_a_scan_does_not_outlast_the_start_of_the_next() -> None:
    computed = {"SiemensAcquisitionTimeText": None, "NumberOfAverages": 40.0}
    long, _ = describe_partition([series(0, **computed), series(4, **computed)])
    assert (long["scan_time_s"], long["scan_time_method"]) == (240.0, "next_start")
    # What the vendor states may hold a preparation before the first image, a few seconds long.
    stated, _ = describe_partition([series(0, SiemensAcquisitionTimeText="TA 04:05"), series(4)])
    assert (stated["scan_time_s"], stated["scan_time_method"]) == (245.0, "siemens_text")
    beyond, _ = describe_partition([series(0, SiemensAcquisitionTimeText="TA 05:00"), series(4)])
    assert (beyond["scan_time_s"], beyond["scan_time_confidence"]) == (240.0, "low")


def test_rescans_and_stacks() -> None:
    where = {
        "ImagePositionPatient_distinct": 15,
        "SliceThickness": 4.0,
        "Rows": 400,
        "Columns": 350,
        "ProtocolName": "SAG T1",
    }
    rows = [
        series(0, **where, ImagePositionPatient=[-28.0, -140.0, 140.0]),
        series(5, **where, ImagePositionPatient=[-28.0, -140.0, 140.0]),
        series(10, **where, ImagePositionPatient=[-28.0, -140.0, 440.0]),
        series(
            15,
            **where,
            ImagePositionPatient=[-28.0, -140.0, 140.0],
            RepetitionTime=3400.0,
            EchoTime=90.0,
        ),
    ]
    kinds = [one["repeat_kind"] for one in describe_partition(rows)]
    assert kinds == [None, "rescan", "stack", None]


def test_impossible_values_are_counted() -> None:
    broken = series(RepetitionTime=-1.0, NumberOfAverages=0.0, MagneticFieldStrength=15_000.0)
    described = describe_partition([broken])[0]
    assert described["impossible_values"] == 2
    assert described["nex"] is None
    assert described["field_strength_t"] == 1.5


def element(vr: str, *values: object) -> dict[str, object]:
    return {"vr": vr, "Value": list(values)}


@pytest.mark.parametrize("raw_first", [True, False])
def test_a_raw_data_object_in_the_series_does_not_make_it_raw_data(raw_first: bool) -> None:
    def instance(sop_class: str, **more: object) -> dict[str, object]:
        uids = {"0020000D": element("UI", "1.2"), "0020000E": element("UI", "1.2.3")}
        return {"00080016": element("UI", sop_class), **uids, **more}

    image = instance(
        "1.2.840.10008.5.1.4.1.1.4", **{"00080008": element("CS", "ORIGINAL", "PRIMARY", "M_SE")}
    )
    raw = instance("1.2.840.10008.5.1.4.1.1.66")
    instances = [raw, image, image] if raw_first else [image, image, raw]
    (described,) = describe_partition(flatten_study(instances, MR.series_columns).rows)
    assert (described["sop_class"], described["exclusion_reason"]) == ("mr_image", None)


def test_one_frame_with_more_averages_shows_in_an_enhanced_object() -> None:
    frames = [{"00189119": element("SQ", {"00180083": element("FD", n)})} for n in (1, 1, 3, 1)]
    instance = {
        "00080008": element("CS", "ORIGINAL", "PRIMARY", "M", "NONE"),
        "00080016": element("UI", "1.2.840.10008.5.1.4.1.1.4.1"),
        "0020000D": element("UI", "1.2"),
        "0020000E": element("UI", "1.2.3"),
        "00280008": element("IS", 4),
        "52009230": element("SQ", *frames),
    }
    (described,) = describe_partition(flatten_study([instance], MR.series_columns).rows)
    assert (described["nex"], described["nex_min"], described["nex_max"]) == (1.0, 1.0, 3.0)
    assert described["nex_distinct"] == 2


SPREAD = st.builds(
    lambda minutes, changes: series(minutes, **changes),
    st.sampled_from([0.0, 0.01, 2.0, 5.0, 60.0, 200.0, 850.0]),
    st.fixed_dictionaries(
        {},
        optional={
            "StudyInstanceUID": st.sampled_from(["1.2", "1.3"]),
            "PatientID": st.sampled_from(["12345", "777", None]),
            "DeviceSerialNumber": st.sampled_from(["4711", "4712", None]),
            "ImageType": st.sampled_from(
                ["ORIGINAL\\PRIMARY\\P", f"{DERIVED}ADC", "DERIVED\\SECONDARY\\MPR", None]
            ),
            "ProtocolName": st.sampled_from(["SAG T1", "LOCALIZER", None]),
            "NumberOfAverages": st.sampled_from([1.0, 2.0, None]),
            "SiemensAcquisitionTimeText": st.sampled_from(["TA 02:41", None]),
            "AcquisitionTime": st.sampled_from([time(10), None]),
            "SeriesNumber": st.integers(1, 3),
        },
    ),
)


def partition_of(rows: list[dict[str, object]], prefix: str = "") -> list[dict[str, object]]:
    """Rows as a partition has them: each series UID once."""
    return [row | {"SeriesInstanceUID": f"{prefix}{i}"} for i, row in enumerate(rows)]


@settings(deadline=None, max_examples=200)
@given(st.lists(SPREAD, max_size=7).map(partition_of), st.permutations(range(7)))
def test_the_order_of_rows_changes_nothing(rows: list[Row], order: list[int]) -> None:
    described = describe_partition(rows)
    order = [place for place in order if place < len(rows)]
    assert describe_partition([rows[i] for i in order]) == [described[i] for i in order]


@settings(deadline=None)
@given(st.lists(SPREAD, max_size=6).map(partition_of), st.lists(SPREAD, max_size=4))
def test_an_unrelated_study_changes_nothing(
    rows: list[dict[str, object]], others: list[dict[str, object]]
) -> None:
    unrelated = {"StudyInstanceUID": "9.9", "PatientID": "other", "DeviceSerialNumber": "other"}
    added = [row | unrelated for row in partition_of(others, "9.")]
    assert describe_partition([*added, *rows])[len(added) :] == describe_partition(rows)


def test_real_xa_series_merge(real_series: RealSeries) -> None:
    """Two field map series (starts .6 s apart), T1 with and without normalization, maps."""
    rows = real_series("dcm_qa_xa30")
    merged: dict[object, list[object]] = {}
    for described in describe_partition(rows):
        if described["sop_class"] == "enhanced_mr_image":
            key = described["acquisition_id"]
            merged.setdefault(key, []).append(described["acquisition_part"])
    maps = ["other_derived", "other_derived"]
    assert sorted(sorted(map(str, parts)) for parts in merged.values()) == [
        ["adc", "original", *maps, "trace"],
        ["adc", "original", *maps, "trace"],
        ["magnitude", "phase"],
        ["normalized", "not_normalized"],
        ["original"],
        ["original", *maps],
    ]
