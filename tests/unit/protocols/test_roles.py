"""Plane, weighting, localizer, fat suppression: physics first, text second."""

import pytest

from protocol_assets.protocols.roles import fat_suppression, is_localizer, plane, role, weighting
from protocol_assets.vendors.row import Row
from protocol_assets.vendors.sequence import dimension, sequence_family
from protocol_assets.vendors.texts import series_texts

AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
SAGITTAL = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
CORONAL = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]
DISC = [1.0, 0.0, 0.0, 0.0, 0.82, -0.57]
DOUBLE_OBLIQUE = [0.7071, -0.7071, 0.0, 0.4082, 0.4082, -0.8165]


def weight(row: Row) -> str | None:
    return weighting(row, series_texts(row, None), sequence_family(row), dimension(row))


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
        ([0.0] * 6, "COR T2", "cor"),
        ([1.0, 2.0], None, None),
        (None, None, None),
    ],
)
def test_plane(cosines: object, text: str | None, expected: str | None) -> None:
    row = {"ImageOrientationPatient": cosines, "SeriesDescription": text}
    assert plane(row, series_texts(row, None)) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(se(560.0, 10.0), "t1", id="T1"),
        pytest.param(se(3400.0, 100.0), "t2", id="T2"),
        pytest.param(se(2500.0, 30.0), "pd", id="PD"),
        pytest.param(
            se(4200.0, 60.0, ScanningSequence="SE\\IR", InversionTime=160.0), "stir", id="STIR"
        ),
        pytest.param(
            se(4200.0, 80.0, ScanningSequence="SE\\IR", InversionTime=40.0),
            "t2",
            id="an inversion time too short for STIR",
        ),
        pytest.param(
            se(4200.0, 80.0, ScanningSequence="SE\\IR", InversionTime=350.0),
            "t2",
            id="an inversion time too long for STIR",
        ),
        pytest.param(
            se(4200.0, 80.0, InversionTime=160.0, ScanOptions="FS"),
            "t2",
            id="SPAIR has an inversion time but is no STIR",
        ),
        pytest.param(
            se(2000.0, 10.0, ScanningSequence="SE\\IR", InversionTime=860.0),
            "t1_flair",
            id="T1 FLAIR",
        ),
        pytest.param(
            gre(2300.0, 2.9, ScanningSequence="GR\\IR", InversionTime=900.0), "t1", id="MPRAGE"
        ),
        pytest.param(
            {
                "ScanningSequence": "RM\\IR",
                "MRAcquisitionType": "3D",
                "RepetitionTime": 2217.0,
                "EchoTime": 3.2,
                "InversionTime": 1000.0,
            },
            "t1",
            id="MPRAGE of GE, in research mode",
        ),
        pytest.param(
            se(9000.0, 120.0, ScanningSequence="SE\\IR", InversionTime=2500.0),
            "flair",
            id="FLAIR has the TR and TE of a T2",
        ),
        pytest.param(gre(500.0, 15.0), "t2_star", id="T2*"),
        pytest.param(gre(150.0, 4.0, SequenceVariant="SP"), "t1", id="spoiled T1"),
        pytest.param(
            gre(4.0, 2.0, SequenceVariant="SS", SeriesDescription="AX COSMIC"),
            "t2_star",
            id="steady state by its name",
        ),
        pytest.param(gre(4.0, 2.0, SequenceVariant="SS"), None, id="steady state without name"),
        pytest.param(
            se(5000.0, 80.0, ScanningSequence="EP\\SE", DiffusionBValue_max=1000.0),
            "dwi",
            id="DWI has the TR and TE of a T2",
        ),
        pytest.param(
            se(5000.0, 80.0, ScanningSequence="EP", SequenceName="*ep_b1000t"),
            "dwi",
            id="DWI by sequence name",
        ),
        pytest.param(
            se(5000.0, 80.0, ScanningSequence="EP", ImageType="ORIGINAL\\PRIMARY\\DIFFUSION\\NONE"),
            "dwi",
            id="DWI by image type",
        ),
        pytest.param(
            se(3000.0, 30.0, ScanningSequence="EP", SequenceName="*epfid2d1_64"),
            "t2_star",
            id="gradient EPI by Siemens' name",
        ),
        pytest.param(se(560.0, 10.0, SeriesDescription="T2 SAG"), "t1", id="physics before text"),
        pytest.param(se(1500.0, 120.0, SeriesDescription="T2 SPACE"), "t2", id="text fills in"),
        pytest.param({"SeriesDescription": "T2* AX"}, "t2_star", id="asterisk"),
        pytest.param({"ProtocolName": "t1_tse_dark-fluid_sag"}, "t1_flair", id="dark fluid"),
        pytest.param({"SeriesDescription": "FRFSE AX"}, "t2", id="FRFSE"),
        pytest.param({"SeriesDescription": "Difusão axial"}, "dwi", id="pt"),
        pytest.param({"SeriesDescription": "PD T2 dual"}, None, id="two weightings"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_weighting(row: Row, expected: str | None) -> None:
    assert weight(row) == expected


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
    found = is_localizer(row, series_texts(row, None), sequence_family(row), dimension(row))
    assert found is expected


@pytest.mark.parametrize(
    ("row", "weighting", "vendor", "expected"),
    [
        ({}, "stir", "siemens", "stir"),
        ({"ScanOptions": "PFP\\FS"}, "t2", "siemens", "fat_saturation"),
        ({"ScanningSequence": "SE"}, "t2", "siemens", "none"),
        ({"ScanningSequence": "SE"}, "t2", "canon", None),
        ({"SpectrallySelectedSuppression": "FAT"}, "t2", "siemens", "fat_saturation"),
        ({"SpectrallySelectedSuppression": "NONE"}, "t2", "canon", "none"),
        ({"ImageType": "ORIGINAL\\PRIMARY\\DIXON\\WATER"}, "t2", "siemens", "dixon"),
        ({"SeriesDescription": "SAG T2 mDIXON"}, "t2", "philips", "dixon"),
        ({"SeriesDescription": "T2 SPAIR SAG"}, "t2", "canon", "fat_saturation"),
        ({"SeriesDescription": "t2_de3d_we_sag"}, "t2", "siemens", "water_excitation"),
        ({}, None, None, None),
    ],
)
def test_fat_suppression(
    row: Row, weighting: str | None, vendor: str | None, expected: str | None
) -> None:
    assert fat_suppression(row, series_texts(row, vendor), weighting, vendor) == expected


def test_role() -> None:
    assert role(True, "sag", "t1") == "localizer"
    assert role(False, "sag", "t1_flair") == "sag_t1_flair"
    assert role(False, None, "t1") is None
    assert role(False, "sag", None) is None
