"""Role of a series: plane, localizer, evidence, confidence and conflict."""

import pytest

from protocol_assets.modalities.mr.roles.roles import Role, found_role
from protocol_assets.modalities.mr.vendors.sequence import dimension, sequence_family
from protocol_assets.modalities.shared.header_texts import series_texts
from protocol_assets.modalities.shared.row import Row

AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
SAGITTAL = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
CORONAL = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]
DISC = [1.0, 0.0, 0.0, 0.0, 0.82, -0.57]
DOUBLE_OBLIQUE = [0.7071, -0.7071, 0.0, 0.4082, 0.4082, -0.8165]


def found(row: Row) -> Role:
    return found_role(row, series_texts(row, None), sequence_family(row), dimension(row))


def se(tr: float, te: float, **more: object) -> dict[str, object]:
    row = {"ScanningSequence": "SE", "EchoTrainLength": 9, "RepetitionTime": tr, "EchoTime": te}
    return row | more


def gre(tr: float, te: float, **more: object) -> dict[str, object]:
    return {"ScanningSequence": "GR", "RepetitionTime": tr, "EchoTime": te} | more


@pytest.mark.parametrize(
    ("cosines", "text", "expected"),
    [
        (AXIAL, None, "ax"),
        (SAGITTAL, None, "sag"),
        (CORONAL, None, "cor"),
        (DISC, None, "ax"),
        (DOUBLE_OBLIQUE, None, "obl"),
        (AXIAL, "T2 SAG", "ax"),
        (None, "T2 SAG", "sag"),
        (None, "Cortes axiales T2", "ax"),
        (None, "t2_tse_tra", "ax"),
        (None, "T1SAG", "sag"),
        (None, "SAG COR AX", None),
        (None, "T2 ASS", "ax"),
        (None, "COR OBL T2", "cor"),
        (None, "OBL T2", "obl"),
        (None, "paracor T1", "cor"),
        (None, "OAx T2", "ax"),
        (None, "T1 KOR", "cor"),
        (None, "T2 frontal", "cor"),
        (None, "T1 SAGG", "sag"),
        (None, "T2 TRANSV", "ax"),
        (None, "T2 ASSILAE", "ax"),
        (None, "T2 AXAIL", "ax"),
        (None, "SHORT AXIS", None),
        (None, "CORONARY", None),
        (DOUBLE_OBLIQUE, "COR OBL", "cor"),
        ([0.0] * 6, "COR T2", "cor"),
        ([1.0, 2.0], None, None),
        (None, None, None),
    ],
)
def test_plane(cosines: object, text: str | None, expected: str | None) -> None:
    row = {"ImageOrientationPatient": cosines, "SeriesDescription": text}
    assert found(row).plane == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"ImageType": "ORIGINAL\\PRIMARY\\LOCALIZER"}, True),
        ({"SeriesDescription": "Übersicht"}, True),
        ({"SeriesDescription": "3-Plane Loc"}, True),
        ({"SeriesDescription": "LOCALIZADOR"}, True),
        ({"SeriesDescription": "repérage"}, True),
        ({"SeriesDescription": "COUNTING CSP"}, True),
        ({"ProtocolName": "AAHead_Scout"}, True),
        ({"SeriesDescription": "SURVEY"}, True),
        ({"SeriesDescription": "SAG T2 LOC"}, True),
        ({"SeriesDescription": "ASSET calibration"}, True),
        ({"SeriesDescription": "SenseRefScan"}, True),
        ({"SeriesDescription": "AX T1 SHIM"}, False),
        ({"SeriesDescription": "Ax T2 FLAIR ASSET"}, False),
        ({"SeriesDescription": "SAG T2 BLOCK"}, False),
        ({"SeriesDescription": "FLOCCULUS"}, False),
        (
            gre(
                8.6,
                4.0,
                MRAcquisitionType="2D",
                ImageOrientationPatient_distinct=3,
                ImagePositionPatient_distinct=15,
                NumberOfFrames=15,
            ),
            True,
        ),
        (
            se(
                4000.0,
                100.0,
                MRAcquisitionType="2D",
                ImageOrientationPatient_distinct=5,
                ImagePositionPatient_distinct=25,
                NumberOfFrames=25,
            ),
            False,
        ),
        ({}, False),
    ],
)
def test_localizer(row: Row, expected: bool) -> None:
    assert (found(row).role == "localizer") is expected


@pytest.mark.parametrize(
    ("row", "role", "evidence", "confidence", "is_conflict"),
    [
        pytest.param(
            se(560.0, 10.0, ImageOrientationPatient=SAGITTAL),
            "sag_t1",
            "physics",
            "high",
            False,
            id="physics alone",
        ),
        pytest.param(
            se(560.0, 10.0, ImageOrientationPatient=SAGITTAL, SeriesDescription="T1 SAG"),
            "sag_t1",
            "both",
            "high",
            False,
            id="both",
        ),
        pytest.param(
            se(560.0, 10.0, ImageOrientationPatient=SAGITTAL, SeriesDescription="T2 SAG"),
            "sag_t1",
            "both",
            "low",
            True,
            id="the weighting is contradicted",
        ),
        pytest.param(
            se(560.0, 10.0, ImageOrientationPatient=SAGITTAL, SeriesDescription="T1 COR"),
            "sag_t1",
            "both",
            "low",
            True,
            id="the plane is contradicted",
        ),
        pytest.param(
            {"SeriesDescription": "T1 COR"}, "cor_t1", "text", "high", False, id="text alone"
        ),
        pytest.param(
            {"SeriesDescription": "HASTE COR"}, "cor_t2", "text", "medium", False, id="implied"
        ),
        pytest.param({"SeriesDescription": "T1"}, None, None, None, False, id="no plane"),
        pytest.param({"SeriesDescription": "TOF AX"}, None, None, None, False, id="no such role"),
        pytest.param({}, None, None, None, None, id="nothing"),
        pytest.param(
            {"SeriesDescription": "LOC T2"}, "localizer", "text", "high", False, id="localizer"
        ),
        pytest.param(
            {"ImageType": "ORIGINAL\\PRIMARY\\LOCALIZER", "SeriesDescription": "Survey"},
            "localizer",
            "both",
            "high",
            False,
            id="localizer by both",
        ),
    ],
)
def test_evidence(
    row: Row, role: str | None, evidence: str | None, confidence: str | None, is_conflict: bool
) -> None:
    decided = found(row)
    assert decided.role == role
    assert decided.evidence == evidence
    assert decided.confidence == confidence
    assert decided.is_conflict is is_conflict


@pytest.mark.parametrize(
    ("text", "expected"), [("", "medium"), ("T1 SAG", "low"), ("Localizer", "high")]
)
def test_confidence_in_a_localizer_by_its_geometry(text: str, expected: str) -> None:
    decided = found(
        gre(
            8.6,
            4.0,
            MRAcquisitionType="2D",
            ImageOrientationPatient_distinct=3,
            ImagePositionPatient_distinct=15,
            NumberOfFrames=15,
            SeriesDescription=text,
        )
    )
    assert (decided.role, decided.confidence) == ("localizer", expected)
