"""Body region and contrast phase from texts in six languages."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from protocol_assets.modalities.mr.roles.contrast import (
    ContrastEvidence,
    contrast_evidence,
    contrast_phases,
    has_contrast_agent,
    stated_phase,
)
from protocol_assets.modalities.shared.anatomy import anatomy
from protocol_assets.modalities.shared.header_texts import exam_texts, series_texts
from protocol_assets.modalities.shared.row import Row

START = datetime.fromisoformat("2024-03-05T10:00:00")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"StudyDescription": "MRI Lumbar Spine"}, "lumbar_spine"),
        ({"StudyDescription": "RM DE COLUNA LOMBO-SACRA"}, "lumbar_spine"),
        ({"StudyDescription": "RESONANCIA RAQUIS LUMBAR"}, "lumbar_spine"),
        ({"StudyDescription": "IRM du rachis lombaire"}, "lumbar_spine"),
        ({"StudyDescription": "RM Rachide Lombosacrale"}, "lumbar_spine"),
        ({"StudyDescription": "MRT LWS nativ"}, "lumbar_spine"),
        ({"StudyDescription": "L-Spine"}, "lumbar_spine"),
        ({"StudyDescription": "MRT Wirbelsäule gesamt"}, "whole_spine"),
        ({"StudyDescription": "COLUNA TOTAL"}, "whole_spine"),
        ({"StudyDescription": "Schädel"}, "brain"),
        ({"StudyDescription": "IRM cérébrale"}, "brain"),
        ({"StudyDescription": "HEAD^Harms"}, "brain"),
        ({"StudyDescription": "THORACOLUMBAR SPINE"}, "multi_region"),
        ({"StudyDescription": "CERVICAL AND LUMBAR SPINE"}, "multi_region"),
        (
            {"StudyDescription": "CERVICAL AND LUMBAR SPINE", "ProtocolName": "T2 SAG LSP"},
            "lumbar_spine",
        ),
        (
            {"StudyDescription": "MRI Lumbar Spine", "ProtocolName": "COUNTING CSP"},
            "cervical_spine",
        ),
        ({"SeriesDescription": "T1 AX LSP", "BodyPartExamined": "CSPINE"}, "lumbar_spine"),
        ({"SeriesDescription": "T1 AX", "BodyPartExamined": "CSPINE"}, "cervical_spine"),
        ({"BodyPartExamined": "L-SPINE"}, "lumbar_spine"),
        ({"BodyPartExamined": "COLUNA LOMBAR"}, "lumbar_spine"),
        ({"BodyPartExamined": "SPINE"}, None),
        ({"BodyPartExamined": "KNEE", "AnatomicRegionCodeMeaning": "Brain"}, "brain"),
        ({"StudyDescription": "MRI with contrast"}, None),
        ({"SeriesDescription": "AX T2 L4-S1"}, "lumbar_spine"),
        ({"SeriesDescription": "AX T2 C7-T1"}, "cervical_spine"),
        ({"SeriesDescription": "SAG T2 D1-D12"}, "thoracic_spine"),
        ({"SeriesDescription": "T2 CERVIX UTERI"}, "pelvis"),
        ({"StudyDescription": "IRM CERVEAU"}, "brain"),
        ({"StudyDescription": "ARM CERVICALE"}, "neck"),
        ({"StudyDescription": "MRT Becken ISG"}, "pelvis"),
        ({"StudyDescription": "MRI FOOT", "SeriesDescription": "T1 short_axis"}, "ankle"),
        ({"BodyPartExamined": "FOOT", "SeriesDescription": "T1 short_axis"}, "ankle"),
        ({"SeriesDescription": "BTFE short_axis"}, "heart"),
        ({"BodyPartExamined": "KOLENO"}, "knee"),
        ({"BodyPartExamined": "GENUNCHI"}, "knee"),
        ({"BodyPartExamined": "KNAE"}, "knee"),
        ({"BodyPartExamined": "SACRUM"}, "sacrum"),
        ({"BodyPartExamined": "SSPINE"}, "sacrum"),
        ({"StudyDescription": "MRI LUMBAR AND SACRAL SPINE"}, "lumbar_spine"),
        ({"StudyDescription": "SACRUM AND SI JOINTS"}, "pelvis"),
        ({"StudyDescription": "MRI Lumbar Spine", "SeriesDescription": "COR SACRUM"}, "sacrum"),
        ({"StudyDescription": "MR FETAL", "SeriesDescription": "SSFSE BRAIN AX"}, "fetus"),
        ({"StudyDescription": "RM CABEÇA DO FÉMUR"}, "hip"),
        ({"StudyDescription": "MRI FEMUR"}, "thigh"),
        ({"StudyDescription": "RM UMERO"}, "upper_arm"),
        ({"BodyPartExamined": "KNEE HIP"}, None),
        ({"StudyDescription": "MR LUMBAR SPINE, ref. Dr Foster"}, "lumbar_spine"),
        ({"StudyDescription": "FOSTER^J MR KNEE"}, "knee"),
        ({"StudyDescription": "MR KNEE Foster"}, "knee"),
        ({"StudyDescription": "MR KNEE", "SeriesDescription": "SAG T2 PLOD"}, "knee"),
        ({"StudyDescription": "FOSTER", "BodyPartExamined": "KNEE"}, "knee"),
        ({"StudyDescription": "MR foster"}, "fetus"),
        ({"StudyDescription": "MR fosterhjärna"}, "fetus"),
        ({"StudyDescription": "MR foster hjärna"}, "fetus"),
        ({"StudyDescription": "MR hjärna foster"}, "fetus"),
        ({"StudyDescription": "MR mózg płodu"}, "fetus"),
        ({"StudyDescription": "MRI FETAL BRAIN Dr. Knee"}, "fetus"),
        ({"StudyDescription": "MR LWS Dr. Knee / Kopf, Axel Schulz / Fuss, Peter"}, "lumbar_spine"),
        ({"StudyDescription": "MR LWS, Prof. Dr. med. Kopf"}, "lumbar_spine"),
        ({"StudyDescription": "MR LWS Herr Fuss"}, "lumbar_spine"),
        ({"StudyDescription": "MRI brain, Mr Foot"}, "brain"),
        ({"StudyDescription": "KOPF^AXEL MR KNIE"}, "knee"),
        ({"StudyDescription": "Dr. Foster knee"}, "knee"),
        ({"StudyDescription": "MRI Dr. Knee"}, None),
        ({"StudyDescription": "Mr Knee left"}, "knee"),
        ({"StudyDescription": "MR KNEE AND HIP"}, "multi_region"),
        ({"StudyDescription": "Knee, Ankle"}, "multi_region"),
        ({"StudyDescription": "SPINE^LUMBAR"}, "lumbar_spine"),
        ({"StudyDescription": "Knee, Harms"}, "knee"),
        ({}, None),
    ],
)
def test_anatomy(row: Row, expected: str | None) -> None:
    assert anatomy(row, series_texts(row, None), exam_texts(row, None))[0] == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"SeriesDescription": "T1 AX LSP", "StudyDescription": "MRI Spine"}, "series_text"),
        ({"SeriesDescription": "T1 AX", "StudyDescription": "MRI Lumbar Spine"}, "exam_text"),
        ({"AnatomicRegionCodeMeaning": "Brain", "BodyPartExamined": "KNEE"}, "region_code"),
        ({"BodyPartExamined": "LSPINE"}, "body_part"),
        ({"SeriesDescription": "COR CERVICAL LUMBAR"}, "series_text"),
        ({"BodyPartExamined": "SPINE"}, None),
        ({}, None),
    ],
)
def test_what_told_the_anatomy(row: Row, expected: str | None) -> None:
    assert anatomy(row, series_texts(row, None), exam_texts(row, None))[1] == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("GADOVIST", True),
        ("10 ml", True),
        ("Y", True),
        ("Gd-DTPA", True),
        ("CONTRAST", True),
        ("造影剤", True),
        ("NONE", False),
        ("none", False),
        ("off", False),
        ("OFF ", False),
        ("no", False),
        ("No contrast", False),
        ("none given", False),
        ("without", False),
        ("w/o contrast", False),
        ("ohne KM", False),
        ("kein Kontrastmittel", False),
        ("Não", False),
        ("sem contraste", False),
        ("ninguno", False),
        ("sans", False),
        ("aucun", False),
        ("nessuno", False),
        ("senza mdc", False),
        ("geen", False),
        ("brak", False),
        ("bez kontrastu", False),
        ("žádný", False),
        ("нет", False),
        ("yok", False),
        ("ingen kontrast", False),
        ("nincs", False),
        ("fără", False),
        ("无", False),
        ("なし", False),
        ("0", False),
        ("0 ml", False),
        *((text, False) for text in ("refused", "Patient declined", "contraindicated", "w/out")),
        *((text, False) for text in ("verweigert", "entfällt", "KM abgelehnt", "Ø", "ei")),
        *((text, False) for text in ("не вводился", "не вводили", "未注射", "不使用")),
        *(
            (text, False)
            for text in ("0 mL Gadovist", "0 ml/kg", "Gadovist 0.0 ml", "Dotarem refused")
        ),
        *((text, True) for text in ("0.1 mmol/kg Gadovist", "Gadovist 10.0 ml", "10 ml Dotarem")),
        *((text, None) for text in ("UNKNOWN", "unknown agent", "not known", "unbekannt", "不明")),
        ("-", None),
        ("", None),
        (None, None),
    ],
)
def test_contrast_agent(agent: str | None, expected: bool | None) -> None:
    assert has_contrast_agent({"ContrastBolusAgent": agent}) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T1 SAG +C", "post"),
        ("T1 SAG + GD", "post"),
        ("T1 tra KM", "post"),
        ("T1 SAG INJ", "post"),
        ("T1 assiale MDC", "post"),
        ("T1 SAG POST CONTRASTE", "post"),
        ("T1 SAG GADO", "post"),
        ("T1 SAG COM CONTRASTE", "post"),
        ("T1 SAG SEM CONTRASTE", "none"),
        ("T1 SIN CONTRASTE", "none"),
        ("T1 ohne KM", "none"),
        ("T1 sans injection", "none"),
        ("T1 senza MDC", "none"),
        ("T1 w/o contrast", "none"),
        ("T1 SAG PRE", "pre"),
        ("T1 tra nativ", "pre"),
        ("T1 PRE SAT", None),
        ("LWS POST OP", None),
        ("T1 W WO CONTRAST", None),
        ("T1 SAG", None),
        ("T1 SAG S/C", "none"),
        ("T1 SAG C/C", "post"),
        ("T1 s/ contraste", "none"),
        ("T1 c/ contraste", "post"),
        ("T1 pós contraste", "post"),
        ("T1 apos gd", "post"),
        ("T1 con m.d.c.", "post"),
        ("T1 dopo mdc ev", "post"),
        ("T1 avant injection", "pre"),
        ("T1 ss inj", "none"),
        ("T1 vor KM", "pre"),
        ("T1 nach KM", "post"),
        ("T1 zonder contrast", "none"),
        ("T1 post-gado", "post"),
        ("T1 C+", "post"),
        ("T1 C-", "none"),
        ("T1GD", "post"),
        ("T1POSTGADO", "post"),
        ("VIBE art. Phase", "post"),
        ("LAVA PORTAL", "post"),
        ("AX ARTERIAL SPIN LABELING", None),
        ("NATIVE SPACE", None),
        ("POSTERIOR FOSSA", None),
        ("POST VOID", None),
        ("PHASE CONTRAST", None),
        ("SAG T1 C-SPINE", None),
        ("T1+C-SPINE", None),
        ("T1 PRE POST", None),
        ("T1 после КУ", "post"),
        ("T1 КУ+", "post"),
        ("T1 без КУ", "none"),
        ("T1 强化", "post"),
        ("T1 未强化", "none"),
        ("T1 注射后", "post"),
        ("T1 注射前", "pre"),
        ("PROTOCOLO", None),
    ],
)
def test_phase_a_series_states(text: str, expected: str | None) -> None:
    assert contrast_evidence({}, (text,), (), None).stated == expected


def evidence(text: str, minutes: float | None, study: str = "") -> ContrastEvidence:
    start = None if minutes is None else START + timedelta(minutes=minutes)
    texts, of_exam = (text,) if text else (), (study,) if study else ()
    return contrast_evidence({}, texts, of_exam, start)


def phases(*texts: str, study: str = "") -> list[str | None]:
    return contrast_phases([evidence(text, 5 * i, study) for i, text in enumerate(texts)])


def test_an_exam_without_any_word_of_an_agent() -> None:
    assert phases("T1 SAG", "T2 SAG") == ["none", "none"]
    assert phases("T1 SAG", "T2 SAG", study="MRT LWS nativ") == ["none", "none"]
    assert phases("", "") == [None, None]


@pytest.mark.parametrize(
    ("text", "study", "expected"),
    [
        ("T1 nativ", "MRT LWS nativ", "none"),
        ("T1 nativ", "MRT LWS mit KM", "pre"),
        ("T1 nativ", "", "pre"),
        ("T1 SAG", "MRI LUMBAR W/O CONTRAST", "none"),
        ("T1 +C", "MRI LUMBAR W/O CONTRAST", "post"),
        ("T1 SAG", "MRI LUMBAR W WO CONTRAST", None),
        ("T1 SAG", "MRI LUMBAR", None),
    ],
)
def test_the_phase_of_a_series_alone(text: str, study: str, expected: str | None) -> None:
    assert stated_phase(evidence(text, None, study)) == expected


def test_what_starts_before_the_first_post_series_is_pre() -> None:
    found = phases("T2 SAG", "T1 SAG SEM CONTRASTE", "T1 SAG +C", "T1 AX")
    assert found == ["pre", "pre", "post", "post"]


def beside(*series: tuple[str, str | None], study: str = "") -> list[str | None]:
    """Phases of an exam whose series have a role."""
    exam = [evidence(text, 5 * i, study) for i, (text, _) in enumerate(series)]
    roles = [role for _, role in series]
    return contrast_phases([replace(one, role=role) for one, role in zip(exam, roles, strict=True)])


def test_one_wrong_description_does_not_turn_an_exam_into_one_with_an_agent() -> None:
    exam = (("T2 SAG +C", "sag_t2"), ("T1 SAG", "sag_t1"), ("STIR SAG", "sag_stir"))
    assert beside(*exam) == [None, "none", "none"]
    # What bears it out: the order, another text, a native word, or the same scan before it.
    assert beside(*exam, study="MRI with and without contrast") == ["post", "post", "post"]
    twice = (*exam, ("T1 AX +C", "ax_t1"))
    assert beside(*twice) == ["post", "post", "post", "post"]
    native = (("T1 SAG NATIV", "sag_t1"), ("T2 SAG +C", "sag_t2"), ("STIR SAG", "sag_stir"))
    assert beside(*native) == ["pre", "post", "post"]
    again = (("T1 SAG", "sag_t1"), ("T1 SAG +C", "sag_t1"), ("T1 AX", "ax_t1"))
    assert beside(*again) == ["pre", "post", "post"]


def test_a_header_that_names_an_agent_needs_nothing_else() -> None:
    row = {"ContrastBolusAgent": "DOTAREM", "SeriesDescription": "T1 AX"}
    named = contrast_evidence(row, series_texts(row, None), (), START)
    later = replace(evidence("T2 AX", 5), role="ax_t2")
    assert contrast_phases([replace(named, role="ax_t1"), later]) == ["post", "post"]


def test_an_agent_ordered_but_not_seen_leaves_the_phase_open() -> None:
    assert phases("T1 SAG", "T1 SAG PRE", study="MRI with and without contrast") == [None, "pre"]


def test_a_series_without_start_stays_open_beside_contrast() -> None:
    assert contrast_phases([evidence("T1", None), evidence("T1 +C", 0)]) == [None, "post"]


def test_ge_names_the_exam_in_protocol_name() -> None:
    row = {"ProtocolName": "LUMBAR WITH CONTRAST", "SeriesDescription": "SAG T2"}
    found = contrast_evidence(row, series_texts(row, "ge"), exam_texts(row, "ge"), START)
    assert (found.stated, found.is_ordered) == (None, True)
    found = contrast_evidence(row, series_texts(row, "siemens"), exam_texts(row, "siemens"), START)
    assert (found.stated, found.is_ordered) == ("post", False)
