"""Words of a text: folded, spelled out, cut where run together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.data import read_table
from protocol_assets.dicom.bounds import LONGEST_TEXT
from protocol_assets.modalities.shared.words import TEXT_FILES, members, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Übersicht", "UBERSICHT"),
        ("t2_tse-sag^LWS", "T2 TSE SAG LWS"),
        ("Schoß", "SCHOSS"),
        ("磁共振", ""),
        ("左膝关节平扫", "KNEE NONCONTRAST"),
        ("膝關節", "KNEE"),
        ("T2矢状位", "T2 SAG"),
        ("ﾋｻﾞ", "KNEE"),
        ("ヒザ", "KNEE"),
        ("頚椎", "CERVICAL SPINE"),
        ("колено", "KOLENO"),
        ("Т2 САГ", "T2 SAG"),
        ("SАG", "SAG"),
        ("АХ Т2", "AX T2"),
        ("lędźwiowy", "LEDZWIOWY"),
        ("ŁOKIEĆ", "LOKIEC"),
        ("DİZ", "DIZ"),
        ("kırık", "KIRIK"),
        ("knæ", "KNAE"),
        ("høyre", "HOYRE"),
        ("", ""),
        ("SAGT2", "SAG T2"),
        ("AxT1FSE", "AX T1 FSE"),
        ("sT2W_TSE", "S T2W TSE"),
        ("AXIALT2LOMBAR", "AXIAL T2 LOMBAR"),
        ("SAGT2LOMBAIRE", "SAG T2 LOMBAIRE"),
        ("3DT2SPACE", "3D T2 SPACE"),
        ("T2SAG3MM", "T2 SAG 3MM"),
        ("SAG2", "SAG 2"),
        ("AAHScout", "AAHSCOUT"),
        ("SmartBrain", "SMARTBRAIN"),
        ("STIRLING", "STIRLING"),
        ("T12", "T12"),
        ("32DIR", "32DIR"),
        ("CORONALE", "CORONALE"),
        ("T2* ax", "T2STAR AX"),
        ("T-2 SAG", "T2 SAG"),
        ("m.d.c.", "MDC"),
        ("T1 +C", "T1 POSTCONTRAST"),
        ("T1+GD", "T1 POSTCONTRAST"),
        ("T1 C+", "T1 POSTCONTRAST"),
        ("T1 C-", "T1 NONCONTRAST"),
        ("T1 C-SPINE", "T1 C SPINE"),
        ("T1 s/c", "T1 SC"),
        ("L3-S1", "LEVELSLS"),
        ("L4L5", "LEVELSLL"),
        ("C5-6", "LEVELSCC"),
        ("AX T2 C7-T1", "AX T2 LEVELSCT"),
        ("T1-T12", "LEVELSTT"),
        ("AX T1 L5", "AX T1 L5"),
        ("AX T1 L4-S1", "AX T1 LEVELSLS"),
        ("AX T2-L4-L5", "AX T2 LEVELSLL"),
        ("T1-T2", "T1 T2"),
        ("T2-3", "T2 3"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert words(text) == tuple(expected.split())


@given(st.text())
def test_any_text_has_words_in_plain_capitals(text: str) -> None:
    assert all(word.isascii() and word == word.upper() and word.isalnum() for word in words(text))


@given(st.lists(st.sampled_from(["SAG", "T2", "TSE", "FS", "COR", "PD", "384"]), min_size=1))
def test_cutting_loses_no_letter(parts: list[str]) -> None:
    assert "".join(words("".join(parts))) == "".join(parts)


def test_a_text_is_read_as_far_as_texts_are() -> None:
    assert words("SAG " * LONGEST_TEXT) == ("SAG",) * (LONGEST_TEXT // 4)
    assert words("x" * LONGEST_TEXT + " SAG") == ("X" * LONGEST_TEXT,)


def test_no_rule_hides_what_cutting_reads() -> None:
    """A rule for ``3DT2`` would keep the plane and weighting rules from seeing ``T2``."""
    atoms = {row["word"] for row in read_table("text_atoms.csv")}
    hiding = [
        row["phrase"]
        for name in TEXT_FILES
        for row in read_table(name)
        if row["phrase"].startswith(("2D", "3D", "T1", "T2", "SAG", "COR", "AX"))
        and " " not in row["phrase"]
        and not row["phrase"].endswith("*")
        and row["phrase"] not in atoms
        and any(row["phrase"].endswith(atom) for atom in ("T1", "T2", "PD", "SAG", "COR", "AX"))
    ]
    assert hiding == []


def test_a_class_stands_for_its_members_longest_first() -> None:
    assert members("SAG") == (("SAG",),)
    without = members("@without")
    assert ("SENZA",) in without
    assert [len(member) for member in without] == sorted(map(len, without), reverse=True)
