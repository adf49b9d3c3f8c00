"""Contrast weighting: physics first, text second, agreement and conflict."""

import pytest

from protocol_assets.data import read_table
from protocol_assets.modalities.mr.roles.weightings import Weighting, weighting
from protocol_assets.modalities.mr.vendors.sequence import dimension, sequence_family
from protocol_assets.modalities.shared.header_texts import series_texts
from protocol_assets.modalities.shared.row import Row


def found(row: Row) -> Weighting:
    return weighting(row, series_texts(row, None), sequence_family(row), dimension(row))


def said(text: str) -> str | None:
    return found({"SeriesDescription": text}).term


def se(tr: float, te: float, **more: object) -> dict[str, object]:
    row = {"ScanningSequence": "SE", "EchoTrainLength": 9, "RepetitionTime": tr, "EchoTime": te}
    return row | more


def gre(tr: float, te: float, **more: object) -> dict[str, object]:
    return {"ScanningSequence": "GR", "RepetitionTime": tr, "EchoTime": te} | more


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
        pytest.param(
            se(5000.0, 445.0, ScanningSequence="IR", InversionTime=1500.0, MRAcquisitionType="3D"),
            "flair",
            id="3D FLAIR of Canon, a short inversion time",
        ),
        pytest.param(
            se(5000.0, 110.0, ScanningSequence="IR", InversionTime=1390.0),
            "t2",
            id="an inversion time too short for FLAIR",
        ),
        pytest.param(
            se(3000.0, 10.0, ScanningSequence="SE\\IR", InversionTime=1500.0),
            "pd",
            id="an echo time too short for FLAIR",
        ),
        pytest.param(
            se(10_002.0, 107.0, SeriesDescription="AX FLAIR"),
            "flair",
            id="the text says FLAIR and the inversion time is left out",
        ),
        pytest.param(
            se(4000.0, 107.0, SeriesDescription="AX FLAIR"),
            "t2",
            id="a repetition time too short for what the text says",
        ),
        pytest.param(
            se(10_002.0, 107.0, SeriesDescription="AX FLAIR", InversionTime=0.0),
            "t2",
            id="a header that says nothing is inverted",
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
        pytest.param(gre(25.0, 4.0, AngioFlag="Y"), "mra", id="angiography by its flag"),
        pytest.param(gre(500.0, 9.0), None, id="gradient echo between T1 and T2*"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_weighting(row: Row, expected: str | None) -> None:
    assert found(row).term == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T2* AX", "t2_star"),
        ("AX GRE T2", "t2_star"),
        ("t2_fl2d_tra", "t2_star"),
        ("ECO GRADIENTE T2", "t2_star"),
        ("AX T2 EG", "t2_star"),
        ("AX GRE", "t2_star"),
        ("3D T1 EG", "t1"),
        ("AX SWI", "t2_star"),
        ("t1_tse_dark-fluid_sag", "t1_flair"),
        ("t2_tirm_tra_dark-fluid", "flair"),
        ("t2_space_dark-fluid", "flair"),
        ("SAG DARK-FLUID", "t1_flair"),
        ("t2_tirm_sag", "stir"),
        ("SAG FSE-IR", "stir"),
        ("SAG IR", "stir"),
        ("AX T1W IR", "t1"),
        ("T2 STIR", "stir"),
        ("SAG T2 SPAIR", "t2"),
        ("AX QFLAIR", "flair"),
        ("FLAIRopt", "flair"),
        ("MEMPRAGE", "t1"),
        ("T2_FSE_5mm(S)", "t2"),
        ("mFFE", "t2_star"),
        ("T2 mFFE AX", "t2_star"),
        ("2DFL", "t2_star"),
        ("T2 2DFL", "t2_star"),
        ("AX T2 MEDIC", "t2_star"),
        ("BTFE SA", "cine"),
        ("BTFE_SA_M2D", "cine"),
        ("FIESTA gated", "cine"),
        ("tf2d14_retro_iPAT", "cine"),
        ("AX FIESTA", "t2"),
        ("TRUFI cor", "t2"),
        ("SAX", None),
        ("Cerebral Blood Flow", "perfusion"),
        ("csi3d_se_135", "spectroscopy"),
        ("SAG T1 FLAIR", "t1_flair"),
        ("T2 FLAIR", "flair"),
        ("Difusão axial", "dwi"),
        ("MAPA ADC", "dwi"),
        ("DWI b800", "dwi"),
        ("DWI STIR", "dwi"),
        ("DP FS SAG", "pd"),
        ("densité de protons", "pd"),
        ("T1 VIBE", "t1"),
        ("T1 SPACE", "t1"),
        ("SPACE", "t2"),
        ("FRFSE AX", "t2"),
        ("COSMIC", "t2_star"),
        ("MRCP", "t2"),
        ("tof_fl3d_tra", "mra"),
        ("CE MRA", "mra"),
        ("ep2d_perf", "perfusion"),
        ("ep2d_bold", "fmri"),
        ("cine trufi", "cine"),
        ("svs_se_135", "spectroscopy"),
        ("gre_field_mapping", "field_map"),
        ("T2 MAP", "mapping"),
        ("PD T2 dual", None),
        ("C7-T1", None),
        ("T1-T12", None),
        ("STIRLING", None),
        ("TEST", None),
    ],
)
def test_what_a_text_says(text: str, expected: str | None) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("row", "term", "is_conflict", "is_sure"),
    [
        pytest.param(se(560.0, 10.0, SeriesDescription="T1"), "t1", False, True, id="agree"),
        pytest.param(se(560.0, 10.0), "t1", False, True, id="measured alone"),
        pytest.param(gre(150.0, 4.0), "t1", False, False, id="a gradient echo alone"),
        pytest.param(se(560.0, 10.0, SeriesDescription="T2"), "t1", True, False, id="contradict"),
        pytest.param(se(560.0, 10.0, SeriesDescription="SPACE"), "t1", False, True, id="implied"),
        pytest.param({"SeriesDescription": "T2"}, "t2", False, True, id="spelled out"),
        pytest.param({"SeriesDescription": "HASTE"}, "t2", False, False, id="implied alone"),
        pytest.param(
            se(1500.0, 120.0, SeriesDescription="T2"), "t2", False, False, id="times that say no"
        ),
        pytest.param(
            gre(600.0, 20.0, SeriesDescription="T2 AX"), "t2_star", False, True, id="T2 for short"
        ),
        pytest.param(
            gre(20.0, 4.0, SeriesDescription="TOF 3D"), "mra", False, True, id="technique"
        ),
        pytest.param(
            se(5000.0, 80.0, SeriesDescription="DWI"), "dwi", False, True, id="without b-values"
        ),
        pytest.param(
            se(4000.0, 60.0, InversionTime=160.0, SeriesDescription="STIR"),
            "stir",
            False,
            False,
            id="the header leaves open whether it is a STIR",
        ),
        pytest.param(
            se(4000.0, 80.0, SeriesDescription="STIR"), "t2", True, False, id="no inversion at all"
        ),
        pytest.param(
            se(2000.0, 10.0, ScanningSequence="SE\\IR", SeriesDescription="T1 FLAIR"),
            "t1_flair",
            False,
            False,
            id="an inversion whose time is not told decides nothing",
        ),
    ],
)
def test_physics_and_text(row: Row, term: str, is_conflict: bool, is_sure: bool) -> None:
    decided = found(row)
    assert (decided.term, decided.is_conflict, decided.is_sure) == (term, is_conflict, is_sure)


def test_the_tables_name_terms() -> None:
    terms = {row["term"] for row in read_table("terms.csv") if row["vocabulary"] == "weighting"}
    for row in read_table("role_agreements.csv"):
        assert {row["physics"], row["text"], row["weighting"]} <= terms, row
        assert row["weighting"] in (row["physics"], row["text"])
    assert {row["together"] for row in read_table("role_weightings_together.csv")} - {""} <= terms


@pytest.mark.parametrize(
    "text",
    [
        "csi3d",
        "csi_3d_35",
        "svs_se_30",
        "PRESS SV",
        "SV_35",
        "steam sv",
        "PROBE-P",
        "semi-LASER",
        "single voxel",
        "sag MRS",
    ],
)
@pytest.mark.parametrize(
    "row", [se(2000.0, 30.0), se(1700.0, 135.0), se(3000.0, 80.0), se(700.0, 20.0), gre(1500, 35.0)]
)
def test_a_spectrum_has_no_weighting_of_an_image(row: Row, text: str) -> None:
    assert found({**row, "SeriesDescription": text}).term == "spectroscopy"


@pytest.mark.parametrize(
    ("row", "text", "expected"),
    [
        (se(2200.0, 12.0), "Sag T1 FLAIR", "t1_flair"),
        (se(2800.0, 24.0), "T1 FLAIR SAG", "t1_flair"),
        (se(2200.0, 12.0), "t1_tirm_dark-fluid_sag", "t1_flair"),
        (se(2200.0, 12.0), "SAG PD", "pd"),
        (se(4500.0, 12.0), "Sag T1 FLAIR", "pd"),
        (se(2200.0, 90.0), "Sag T1 FLAIR", "t2"),
        (gre(2200.0, 12.0), "Sag T1 FLAIR", "t2_star"),
    ],
)
def test_a_t1_flair_whose_inversion_is_not_stated(row: Row, text: str, expected: str) -> None:
    assert found({**row, "SeriesDescription": text}).term == expected
