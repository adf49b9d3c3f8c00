"""Which series are one scan, and which are a scan at all, as real archives hold them.

The kinds were seen on real scanners and in public bug reports; the data sets are made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from tests.unit.modalities.rows import series

CASES = Path(__file__).parents[5] / "shared" / "cases"

Row = dict[str, Any]


def described(*rows: Row) -> list[Row]:
    """The facts of rows, each with a series UID of its own."""
    return describe_partition(
        [row | {"SeriesInstanceUID": f"1.2.{i}"} for i, row in enumerate(rows)]
    )


def acquisitions(*rows: Row) -> int:
    return len({one["acquisition_id"] for one in described(*rows)})


# Philips: series 501 and its delayed reconstruction 502, of one start.
PHILIPS: Row = {
    "Manufacturer": "Philips Healthcare",
    "ImageType": "ORIGINAL\\PRIMARY\\M_SE\\M\\SE",
    "SiemensAcquisitionTimeText": None,
    "PhilipsScanDuration": 81.0,
    "ImagePositionPatient": [-28.0, -140.0, 140.0],
    "ImagePositionPatient_distinct": 15,
    "SliceThickness": 4.0,
    "Rows": 400,
    "Columns": 350,
}


def philips(minutes: float, number: int, name: str, **changes: object) -> Row:
    return series(minutes, **(PHILIPS | {"SeriesNumber": number, "ProtocolName": name} | changes))


DELAYED = (philips(0, 501, "T1W_TSE"), philips(0, 502, "eT1W_TSE SENSE"))


def test_a_delayed_reconstruction_is_the_same_scan() -> None:
    found = described(*DELAYED)
    assert found[0]["acquisition_id"] == found[1]["acquisition_id"]
    assert [one["repeat_kind"] for one in found] == [None, None]
    assert [one["exclusion_reason"] for one in found] == [None, None]
    assert acquisitions(*reversed(DELAYED)) == 1
    copies = [row | {"StudyInstanceUID": "1.9"} for row in DELAYED]
    assert acquisitions(*DELAYED, *copies) == 1
    assert acquisitions(*DELAYED, philips(0, 503, "third reconstruction")) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(philips(0, 602, "eT1W_TSE SENSE"), id="another scan number"),
        pytest.param(philips(4, 502, "eT1W_TSE SENSE"), id="another start"),
        pytest.param(philips(0, 502, "T2W", RepetitionTime=3000.0), id="another repetition time"),
        pytest.param(
            philips(0, 502, "T1W", AcquisitionMatrix=[0, 256, 256, 0]), id="another matrix"
        ),
        pytest.param(philips(0, 502, "T1W", NumberOfAverages=1.0), id="other averages"),
        pytest.param(
            philips(0, 502, "T1W", ImageOrientationPatient=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            id="another orientation",
        ),
    ],
)
def test_what_is_no_delayed_reconstruction(other: Row) -> None:
    assert acquisitions(DELAYED[0], other) == 2


def test_a_rescan_beside_delayed_reconstructions_is_a_rescan() -> None:
    again = (philips(4, 601, "T1W_TSE"), philips(4, 602, "eT1W_TSE SENSE"))
    found = described(*DELAYED, *again)
    assert len({one["acquisition_id"] for one in found}) == 2
    assert [one["repeat_kind"] for one in found] == [None, None, "rescan", "rescan"]


def test_at_a_start_that_tells_nothing_the_number_names_the_scan() -> None:
    t2 = philips(0, 401, "T2W", RepetitionTime=3000.0, EchoTime=100.0)
    assert acquisitions(*DELAYED, t2) == 2
    assert acquisitions(*DELAYED, t2, philips(0, 601, "T1W_TSE")) == 3


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"Manufacturer": "SIEMENS"}, id="another manufacturer numbers otherwise"),
        pytest.param({"SeriesNumber": 5}, id="numbered anew by an archive"),
        pytest.param({"SeriesNumber": None}, id="no number"),
    ],
)
def test_without_a_scan_number_another_name_is_another_scan(changes: Row) -> None:
    assert acquisitions(*(row | changes for row in DELAYED)) == 2


@pytest.mark.parametrize(
    "image_type",
    [
        "ORIGINAL\\PRIMARY\\ADC\\ADC",
        "ORIGINAL\\PRIMARY\\ADC\\UNSPECIFIED",
        "ORIGINAL\\PRIMARY\\EADC\\EADC\\SE",
        "ORIGINAL\\PRIMARY\\FA\\FA",
        "ORIGINAL\\PRIMARY\\T1 MAP\\T1\\MIXED",
        "DERIVED\\SECONDARY\\DIFFUSION\\ADC",
    ],
)
@pytest.mark.parametrize("is_alone", [True, False])
def test_a_map_is_derived_whatever_it_says_of_itself(image_type: str, is_alone: bool) -> None:
    dwi = philips(0, 301, "DWI", ScanningSequence="EP", DiffusionBValue_max=800.0)
    name = {"ImageType": image_type, "SeriesNumber": 302, "ProtocolName": "dADC MAP"}
    found = described(*([] if is_alone else [dwi]), dwi | name)[-1]
    assert (found["exclusion_reason"], found["is_derived_only"]) == ("derived", False)


# An exam that an archive passed on: every series says DERIVED\SECONDARY, all else is intact.
EXPORT = "DERIVED\\SECONDARY\\"


def exported(minutes: float, image_type: str = "M\\NORM\\DIS2D", **changes: object) -> Row:
    return series(minutes, **({"ImageType": EXPORT + image_type} | changes))


def test_an_exported_exam_counts() -> None:
    found = described(*(exported(4.0 * place) for place in range(6)))
    assert [one["exclusion_reason"] for one in found] == [None] * 6
    assert [one["is_derived_only"] for one in found] == [True] * 6
    assert len({one["acquisition_id"] for one in found}) == 6
    assert len({one["exam_id"] for one in found}) == 1
    assert [one["start_offset_s"] for one in found] == [240.0 * place for place in range(6)]
    for one in found:
        assert (one["scan_time_s"], one["scan_time_confidence"]) == (81.0, "low")
        assert one["role_confidence"] == "low"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {
                "Manufacturer": "Hitachi Medical Corporation",
                "ImageType": f"{EXPORT}OTHER",
                "SiemensAcquisitionTimeText": None,
                "AcquisitionDuration": 110.0,
            },
            id="Hitachi lumbar",
        ),
        pytest.param(
            {
                "Manufacturer": "CANON_MEC",
                "ImageType": f"{EXPORT}CALC",
                "ScanningSequence": "GR",
                "MRAcquisitionType": "3D",
                "RepetitionTime": 22.0,
                "EchoTime": 3.4,
                "SiemensAcquisitionTimeText": None,
                "AcquisitionDuration": 110.0,
            },
            id="Canon TOF",
        ),
        pytest.param(
            {
                "ImageType": "DERIVED\\PRIMARY\\M\\NORM",
                "SiemensAcquisitionTimeText": None,
                "AcquisitionDuration": 110.0,
            },
            id="DERIVED and PRIMARY",
        ),
    ],
)
def test_exported_exams_of_other_scanners(changes: Row) -> None:
    found = described(*(series(4.0 * place, **changes) for place in range(5)))
    assert [one["is_derived_only"] for one in found] == [True] * 5
    assert [one["scan_time_s"] for one in found] == [110.0] * 5
    assert {one["scan_time_confidence"] for one in found} == {"low"}


def test_series_of_one_exported_scan_are_one_acquisition() -> None:
    pair = [exported(0, "M\\NORM", ProtocolName="T1"), exported(0, "M\\ND", ProtocolName="T1")]
    found = described(*pair, exported(5))
    assert [one["is_derived_only"] for one in found] == [True, True, True]
    assert found[0]["acquisition_id"] == found[1]["acquisition_id"]
    assert len({one["acquisition_id"] for one in found}) == 2


def test_what_is_no_scan_of_an_exported_exam() -> None:
    scans = [exported(0), exported(5), exported(10, ProtocolName="LOCALIZER")]
    others = [
        exported(0, "MPR\\CSA MPR", ProtocolName="T1 MPR"),
        exported(5, "DIFFUSION\\ADC"),
        exported(5, "REFORMATTED\\AVERAGE"),
        exported(5, "PROJECTION IMAGE"),
        exported(12, "COMPOSED", ProtocolName="whole"),
        exported(13, "SUBTRACTION", ProtocolName="SUB"),
        exported(14, "SCREEN SAVE", RepetitionTime=None, EchoTime=None),
        exported(15, "OTHER", RepetitionTime=None, EchoTime=None, ProtocolName="report"),
        exported(16, "OTHER", AcquisitionTime=None, ProtocolName="no start"),
    ]
    found = described(*scans, *others)
    reasons = [one["exclusion_reason"] for one in found]
    assert reasons[:3] == [None, None, "localizer"]
    assert all(reason in ("derived", "secondary", "reformat") for reason in reasons[3:]), reasons
    assert [one["is_derived_only"] for one in found] == [True, True, *[False] * 10]


@pytest.mark.parametrize(
    "original",
    [
        pytest.param({}, id="an original in the study"),
        pytest.param({"StudyInstanceUID": "1.8"}, id="an original in another study of the day"),
        pytest.param({"ProtocolName": "LOCALIZER"}, id="an original localizer"),
        pytest.param({"DeviceSerialNumber": None}, id="an original without serial number"),
    ],
)
def test_an_exam_with_an_original_is_no_export(original: Row) -> None:
    found = described(series(0, **original), exported(10, "M"), exported(15, "COMBINED"))
    assert [one["exclusion_reason"] for one in found[1:]] == ["secondary", "secondary"]


def test_another_patient_or_scanner_does_not_make_an_export_an_exam() -> None:
    for other in ({"PatientID": "777"}, {"DeviceSerialNumber": "4712"}):
        elsewhere = series(0, StudyInstanceUID="1.8", **other)
        found = described(elsewhere, exported(10), exported(15))
        assert [one["is_derived_only"] for one in found] == [False, True, True]


# A formula that assumes one package: 3 s x 9 shots.
FORMULA: Row = {
    "Manufacturer": "Philips Healthcare",
    "RepetitionTime": 3000.0,
    "EchoTime": 90.0,
    "EchoTrainLength": 32,
    "NumberOfPhaseEncodingSteps": 288,
    "AcquisitionMatrix": [0, 320, 288, 0],
    "NumberOfAverages": 1.0,
    "OversamplingPhase": "NONE",
    "PartialFourier": "NO",
    "ParallelAcquisition": "NO",
    "SiemensAcquisitionTimeText": None,
}


@pytest.mark.parametrize(
    ("gap_s", "confidence"), [(30, "medium"), (53, "medium"), (55, "low"), (110, "low")]
)
def test_a_formula_of_one_package_is_doubted_before_a_long_gap(gap_s: int, confidence: str) -> None:
    found = described(series(0, **FORMULA), series(gap_s / 60, **FORMULA))
    assert [one["scan_time_s"] for one in found] == [27.0, 27.0]
    assert [one["scan_time_method"] for one in found] == ["formula", "formula"]
    assert [one["scan_time_confidence"] for one in found] == [confidence, "medium"]


def test_a_stated_time_is_not_doubted_before_a_long_gap() -> None:
    stated = FORMULA | {"PhilipsScanDuration": 27.5}
    found = described(series(0, **stated), series(2, **stated))
    assert found[0]["scan_time_confidence"] == "high"


# Siemens XA writes every volume of an echo planar run as a series of its own.
VOLUME: Row = {
    "ImageType": "ORIGINAL\\PRIMARY\\M\\MFSPLIT\\NORM",
    "ScanningSequence": "EP\\GR",
    "RepetitionTime": 2000.0,
    "EchoTime": 30.0,
    "ProtocolName": "ep2d_bold_rest",
    "NumberOfAverages": 1.0,
    "NumberOfFrames": 3,
    "ImagePositionPatient_distinct": 3,
    "SiemensAcquisitionTimeText": None,
}


def volumes(count: int, seconds: float = 0.0, every: float = 2.0, **changes: object) -> list[Row]:
    return [
        series(
            (seconds + every * place) / 60,
            **(VOLUME | {"SeriesNumber": 10 + place, "AcquisitionNumber": place + 1} | changes),
        )
        for place in range(count)
    ]


def test_volumes_that_are_series_are_one_scan() -> None:
    found = described(*volumes(20), series(5))
    assert len({one["acquisition_id"] for one in found[:20]}) == 1
    assert {one["scan_time_s"] for one in found[:20]} == {40.0}
    assert {one["scan_time_formula_s"] for one in found[:20]} == {40.0}
    assert {one["scan_time_confidence"] for one in found[:20]} == {"low"}
    assert found[20]["acquisition_id"] != found[0]["acquisition_id"]
    assert found[20]["scan_time_s"] == 81.0


def test_magnitude_and_phase_of_volumes_are_one_scan() -> None:
    phase = volumes(20, ImageType="ORIGINAL\\PRIMARY\\P\\MFSPLIT")
    found = described(*volumes(20), *phase)
    assert len({one["acquisition_id"] for one in found}) == 1
    assert {one["scan_time_s"] for one in found} == {40.0}


def test_a_run_again_is_another_scan() -> None:
    found = described(*volumes(10), *volumes(10, seconds=60))
    assert len({one["acquisition_id"] for one in found}) == 2
    assert {one["scan_time_s"] for one in found} == {20.0}


def test_volumes_that_state_the_time_of_the_run_keep_it() -> None:
    stated = volumes(20, SiemensAcquisitionTimeText="TA 00:42")
    found = described(*stated)
    assert len({one["acquisition_id"] for one in found}) == 1
    assert {one["scan_time_s"] for one in found} == {42.0}


def test_the_exam_ends_with_its_last_volume() -> None:
    # The next patient comes 100 s after the run began, which takes 40 s.
    other = series(100 / 60, StudyInstanceUID="1.9", PatientID="777")
    assert described(*volumes(20), other)[20]["idle_before_s"] == 60.0


def test_volumes_long_apart_are_two_scans() -> None:
    assert acquisitions(*volumes(2, every=3600.0)) == 2


def test_split_scans_one_after_the_other_stay_scans() -> None:
    tse = {"ImageType": "ORIGINAL\\PRIMARY\\M\\MFSPLIT", "ProtocolName": "t1_tse_sag"}
    found = described(*(series(2.0 * place, **tse) for place in range(3)))
    assert len({one["acquisition_id"] for one in found}) == 3
    assert {one["scan_time_s"] for one in found} == {81.0}


def test_other_series_every_two_seconds_are_scans_of_their_own() -> None:
    unsplit = volumes(5, ImageType="ORIGINAL\\PRIMARY\\M\\NORM")
    assert acquisitions(*unsplit) == 5


@pytest.mark.parametrize(
    ("case", "name", "seconds"),
    [("c07_mfsplit", "ep2d_bold_rest", 40.0), ("c31_moco", "ep2d_bold_rest", None)],
)
def test_cases_of_public_bug_reports(case: str, name: str, seconds: float | None) -> None:
    path = CASES / f"{case}.ndjson"
    if not path.is_file():
        pytest.skip(f"the case {case} is not beside the project")
    instances = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    by_study: dict[str, list[Row]] = {}
    for instance in instances:
        by_study.setdefault(instance["0020000D"]["Value"][0], []).append(instance)
    rows = [
        row for study in by_study.values() for row in flatten_study(study, MR.series_columns).rows
    ]
    found = [
        one
        for row, one in zip(rows, describe_partition(rows), strict=True)
        if row["ProtocolName"] == name
    ]
    assert len(found) > 1
    assert len({one["acquisition_id"] for one in found}) == 1
    assert {one["exclusion_reason"] for one in found} == {None}
    if seconds is not None:
        assert {one["scan_time_s"] for one in found} == {seconds}
