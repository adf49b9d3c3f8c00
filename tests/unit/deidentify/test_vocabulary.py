from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.data import read_table
from protocol_assets.deidentify.vocabulary import fold, identifier_pattern, tokens, unknown_words
from protocol_assets.dicom.bounds import LONGEST_TEXT

DESCRIPTIONS = Path(__file__).parents[1] / "modalities" / "descriptions.csv"


def test_the_file_holds_folded_words_of_the_languages_once() -> None:
    rows = read_table("vocabulary_words.csv")
    words = [row["word"] for row in rows]
    assert len(set(words)) == len(words) > 1000
    assert all(word == fold(word) and word.isalnum() for word in words)
    languages = {row["language"] for row in rows}
    first = {"any", "en", "pt", "es", "de", "fr", "it", "nl"}
    assert languages == first | {"pl", "cs", "tr", "sv", "hu", "ro", "da"}


@pytest.mark.parametrize(
    "text",
    [
        "SAG T2 FRFSE",
        "t2_tse_sag_p2_iso",
        "AxT1FSE",
        "SAGT2LOMBAR",
        "Übersicht",
        "T1 COR MUÑECA",
        "AX T2 L3-S1",
        "DWI b50_800_1400",
        "СOR T2".replace("O", "О"),
        "Ax fMRI 3.0 mm 256x256",
    ],
)
def test_protocol_texts_are_known(text: str) -> None:
    assert unknown_words(text) == ()
    assert not identifier_pattern(text)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("SAG T2 Müllenhoff", ("MULLENHOFF",)),
        ("SAG T2 MULLENHОFF", ("MULLENHOFF",)),  # a Cyrillic O
        ("sagT2Penrose", ("T2PENROSE",)),
        ("AX T2 1956", ("1956",)),
        ("AX T2 JS", ("JS",)),
        # Words of the rules that are names of people too stay unknown.
        ("T2 Foster", ("FOSTER",)),
        ("T2 Axel", ("AXEL",)),
        ("T2 Legg", ("LEGG",)),
        ("T2 Bark", ("BARK",)),
        ("T2 Shin", ("SHIN",)),
        ("T2 Петров", ("ПETPOB",)),
        ("T2 李", ("李",)),
    ],
)
def test_other_words_are_not(text: str, unknown: tuple[str, ...]) -> None:
    assert unknown_words(text) == unknown


@pytest.mark.parametrize(
    "text",
    [
        "12.03.1956",
        "1956-03-12",
        "3/12/56",
        "123456",
        "+49 30 1234567",
        "a@b.org",
        "A^B",
        "１２３４５６",
    ],
)
def test_what_looks_like_an_identifier(text: str) -> None:
    assert identifier_pattern(f"T2 {text} sag")


def test_most_real_world_descriptions_are_known() -> None:
    with DESCRIPTIONS.open(encoding="utf-8") as file:
        texts = [row["SeriesDescription"] for row in csv.DictReader(file)]
    known = [text for text in texts if not unknown_words(text) and not identifier_pattern(text)]
    assert len(known) / len(texts) > 0.9


@given(st.text())
def test_folding_is_stable_and_keeps_no_accents(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert tokens(text) == tokens(fold(text))


@pytest.mark.parametrize("unit", ["SAG ", "SAGT2", "a", "膝"])
def test_a_text_too_long_to_read_is_no_label(unit: str) -> None:
    text = unit * (LONGEST_TEXT + 1)
    assert identifier_pattern(text)
    assert len(unknown_words(text)) <= 1
    assert not identifier_pattern(text[:LONGEST_TEXT])


def test_words_run_together_are_looked_for_in_what_dicom_allows() -> None:
    assert unknown_words("SAGT2" * 12) == ()
    assert unknown_words("SAGT2" * 13) == ("SAGT2" * 13,)
