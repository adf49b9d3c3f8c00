"""The scan time ladder: every rung, every trap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.modalities.mr.vendors.scan_time import siemens_seconds
from protocol_assets.modalities.shared.row import Row
from tests.unit.modalities.mr.vendors.measured import measured

SIEMENS_TSE = {
    "Manufacturer": "SIEMENS",
    "ScanningSequence": "SE",
    "SequenceVariant": "SK\\SP",
    "MRAcquisitionType": "2D",
    "RepetitionTime": 3400.0,
    "EchoTrainLength": 18,
    "NumberOfPhaseEncodingSteps": 352,
    "NumberOfAverages": 2.0,
}
SIEMENS_EPI = {
    "Manufacturer": "SIEMENS",
    "ScanningSequence": "EP",
    "MRAcquisitionType": "2D",
    "RepetitionTime": 2000.0,
}


Found = tuple[float, str, str]


def time_of(row: Row) -> Found | None:
    found = measured(row)
    if found["scan_time_s"] is None:
        return None
    return found["scan_time_s"], found["scan_time_method"], found["scan_time_confidence"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TA 06:00", (360.0, 1)),
        ("TA 33.00", (33.0, 1)),
        ("TA: 21.00", (21.0, 1)),
        ("TA 03.82*9", (3.82, 9)),
        ("TA 01:49", (109.0, 1)),
        ("TA 00.01", (0.01, 1)),
        ("TA 01:02:03", (3723.0, 1)),
        ("TA 02:30*2", (150.0, 2)),
        ("ta 03:42 ", (222.0, 1)),
        ("06:00", (360.0, 1)),
        ("TA", None),
        ("TP 0", None),
        ("TA six", None),
        ("TA 1:2:3:4", None),
        ("TA -3", None),
    ],
)
def test_siemens_text(text: str, expected: tuple[float, int] | None) -> None:
    assert siemens_seconds(text) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            {"Manufacturer": "Siemens Healthineers", "AcquisitionDuration": 169.862},
            (169.862, "acquisition_duration", "high"),
            id="acquisition duration in seconds",
        ),
        pytest.param(
            {
                "Manufacturer": "UIH",
                "MRAcquisitionType": "3D",
                "AcquisitionDuration": 190713.0,
            },
            (190.713, "acquisition_duration", "high"),
            id="UIH 3D writes milliseconds",
        ),
        pytest.param(
            {"Manufacturer": "UIH", "MRAcquisitionType": "3D", "AcquisitionDuration": 190.713},
            (190.713, "acquisition_duration", "medium"),
            id="UIH 3D in seconds: 0.19 s is no scan",
        ),
        pytest.param(
            {"Manufacturer": "UIH", "MRAcquisitionType": "2D", "AcquisitionDuration": 154.0},
            (154.0, "acquisition_duration", "high"),
            id="UIH 2D writes seconds",
        ),
        pytest.param(
            {"Manufacturer": "UIH", "MRAcquisitionType": "2D", "AcquisitionDuration": 154000.0},
            (154.0, "acquisition_duration", "medium"),
            id="UIH 2D in milliseconds: 42 h is no scan",
        ),
        pytest.param(
            {"Manufacturer": "SIEMENS", "AcquisitionDuration": 190713.0},
            None,
            id="53 hours on another vendor is impossible, not milliseconds",
        ),
        pytest.param(
            {"Manufacturer": "SIEMENS", "AcquisitionDuration": 2400.0},
            (2400.0, "acquisition_duration", "low"),
            id="out of the plausible range warns",
        ),
        pytest.param(
            {"Manufacturer": "Backyard MR", "AcquisitionDuration": 120.0},
            (120.0, "acquisition_duration", "medium"),
            id="nobody has measured this manufacturer",
        ),
        pytest.param({"AcquisitionDuration": 0.0}, None, id="zero"),
        pytest.param({"AcquisitionDuration": -3.0}, None, id="negative"),
        pytest.param({"AcquisitionDuration": float("nan")}, None, id="NaN"),
        pytest.param(
            {
                "Manufacturer": "GE MEDICAL SYSTEMS",
                "AcquisitionDuration": 0.0,
                "GEAcquisitionDuration": 50000008.0,
            },
            (50.0, "ge_private", "high"),
            id="GE microseconds with float noise, after an impossible first rung",
        ),
        pytest.param(
            {"Manufacturer": "GE MEDICAL SYSTEMS", "GEAcquisitionDuration": 311679040.0},
            (311.679, "ge_private", "high"),
            id="GE microseconds",
        ),
        pytest.param(
            {"Manufacturer": "Philips", "PhilipsScanDuration": 665.338989},
            (665.338989, "philips_private", "high"),
            id="Philips seconds",
        ),
        pytest.param(
            SIEMENS_TSE | {"SiemensAcquisitionTimeText": "TA 02:21"},
            (141.0, "siemens_text", "high"),
            id="Siemens text of a single spin echo",
        ),
        pytest.param(
            {
                "Manufacturer": "SIEMENS",
                "MRAcquisitionType": "3D",
                "SiemensAcquisitionTimeText": "TA: 21.00",
            },
            (21.0, "siemens_text", "high"),
            id="Siemens XA text of a 3D",
        ),
        pytest.param(
            SIEMENS_EPI | {"SiemensAcquisitionTimeText": "TA 03.82*9"},
            (34.38, "siemens_text", "low"),
            id="measurements multiply",
        ),
        pytest.param(
            SIEMENS_TSE
            | {"SiemensAcquisitionTimeText": "TA 01:49", "AcquisitionNumber_distinct": 5},
            (109.0, "siemens_text", "low"),
            id="one measurement of several",
        ),
        pytest.param(
            SIEMENS_EPI | {"SiemensAcquisitionTimeText": "TA 06.00", "RepetitionTime": 6100.0},
            (6.0, "siemens_text", "low"),
            id="whole seconds cut off below one repetition",
        ),
        pytest.param(
            SIEMENS_EPI
            | {
                "SiemensAcquisitionTimeText": "TA 00.01",
                "NumberOfFrames": 8,
                "ImagePositionPatient_distinct": 1,
            },
            (16.0, "formula", "low"),
            id="TA 00.01 of an EPI is no time: the formula",
        ),
        pytest.param(
            SIEMENS_EPI | {"SiemensAcquisitionTimeText": "TA 00.01"},
            None,
            id="TA 00.01 and nothing else",
        ),
        pytest.param(
            SIEMENS_EPI | {"SiemensAcquisitionTimeText": "TA 00.50", "RepetitionTime": 300.0},
            None,
            id="a text below one second, though longer than a repetition",
        ),
        pytest.param(
            {"PhilipsScanDuration": 2.0, "RepetitionTime": 4400.0},
            None,
            id="shorter than one repetition",
        ),
        pytest.param({"AcquisitionTime": None, "AcquisitionNumber": 3}, None, id="nothing"),
    ],
)
def test_ladder(row: Row, expected: Found | None) -> None:
    assert time_of(row) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"SiemensParallelImagingText": "p2"},
            (68.0, "formula", "medium"),
            id="TSE: 3.4 s x ceil(352/(18 x 2)) x 2",
        ),
        pytest.param(
            {},
            (136.0, "formula", "low"),
            id="unknown factor: an upper bound, 3.4 s x ceil(352/18) x 2",
        ),
        pytest.param(
            {
                "SequenceVariant": "SP",
                "EchoTrainLength": 1,
                "RepetitionTime": 200.0,
                "NumberOfPhaseEncodingSteps": 282,
                "NumberOfAverages": 1.0,
                "ParallelAcquisition": "NO",
            },
            (56.4, "formula", "medium"),
            id="ACR sagittal: 0.2 s x 282",
        ),
        pytest.param(
            {
                "ScanningSequence": "GR",
                "EchoTrainLength": 1,
                "RepetitionTime": 8.6,
                "NumberOfPhaseEncodingSteps": 233,
                "ImagePositionPatient_distinct": 1,
            },
            (4.008, "formula", "low"),
            id="localizer: 8.6 ms x 233 x 2",
        ),
        pytest.param(
            {
                "ScanningSequence": "GR",
                "EchoTrainLength": 3,
                "RepetitionTime": 500.0,
                "NumberOfPhaseEncodingSteps": 256,
                "NumberOfAverages": 1.0,
                "ImagePositionPatient_distinct": 20,
            },
            (128.0, "formula", "low"),
            id="interleaved gradient echo: no slices, no train",
        ),
        pytest.param(
            {
                "MRAcquisitionType": "3D",
                "RepetitionTime": 1500.0,
                "EchoTrainLength": 64,
                "NumberOfPhaseEncodingSteps": 256,
                "MRAcquisitionPhaseEncodingStepsOutOfPlane": 64,
                "NumberOfAverages": 1.0,
                "ParallelReductionFactorInPlane": 2.0,
                "ParallelReductionFactorOutOfPlane": 2.0,
            },
            (96.0, "formula", "medium"),
            id="3D TSE with known partitions",
        ),
        pytest.param(
            {
                "MRAcquisitionType": "3D",
                "ScanningSequence": "GR",
                "RepetitionTime": 5.0,
                "EchoTrainLength": 4,
                "NumberOfPhaseEncodingSteps": 200,
                "ImagePositionPatient_distinct": 80,
                "NumberOfAverages": 1.0,
            },
            (80.0, "formula", "low"),
            id="3D gradient echo: no train; slices stand in for partitions",
        ),
        pytest.param(
            {
                "MRAcquisitionType": "3D",
                "ScanningSequence": "GR\\IR",
                "RepetitionTime": 2300.0,
                "NumberOfPhaseEncodingSteps": 240,
                "ImagePositionPatient_distinct": 176,
                "NumberOfAverages": 1.0,
                "SiemensParallelImagingText": "p2",
            },
            (276.0, "formula", "low"),
            id="MPRAGE: TR is the outer loop",
        ),
        pytest.param(
            {
                "ScanningSequence": "EP\\SE",
                "RepetitionTime": 4000.0,
                "DiffusionBValue_max": 1000.0,
                "NumberOfFrames": 120,
                "ImagePositionPatient_distinct": 30,
            },
            (32.0, "formula", "low"),
            id="diffusion: volumes x NEX",
        ),
        pytest.param({"NumberOfAverages": None}, None, id="absent averages are not 1"),
        pytest.param({"NumberOfAverages_distinct": 2}, None, id="varying averages"),
        pytest.param({"RepetitionTime": None}, None, id="no TR"),
        pytest.param(
            {"Manufacturer": "TOSHIBA"},
            (136.0, "formula", "low"),
            id="Canon's steps are the lines, whatever the factor",
        ),
        pytest.param(
            {
                "Manufacturer": "GE MEDICAL SYSTEMS",
                "NumberOfPhaseEncodingSteps": None,
                "AcquisitionMatrix": [0, 320, 256, 0],
                "EchoTrainLength": 16,
                "RepetitionTime": 3000.0,
                "NumberOfAverages": 0.5,
                "GEAssetRFactors": [1.0, 1.0],
            },
            (24.0, "formula", "medium"),
            id="GE: lines from the matrix, NEX below 1",
        ),
    ],
)
def test_formula(changes: dict[str, object], expected: Found | None) -> None:
    assert time_of(SIEMENS_TSE | changes) == expected


@given(st.text())
def test_any_siemens_text_is_read_or_refused(text: str) -> None:
    parsed = siemens_seconds(text)
    assert parsed is None or parsed[0] >= 0


@given(
    st.floats(), st.floats(), st.sampled_from(["2D", "3D", None]), st.sampled_from(["UIH", "GE"])
)
def test_no_impossible_time(duration: float, tr: float, kind: str | None, maker: str) -> None:
    found = time_of(
        {
            "Manufacturer": maker,
            "AcquisitionDuration": duration,
            "GEAcquisitionDuration": duration,
            "RepetitionTime": tr,
            "MRAcquisitionType": kind,
        }
    )
    assert found is None or 0 < found[0] <= 10_800
