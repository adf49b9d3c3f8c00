"""The engine of the text rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.data import read_table
from protocol_assets.protocols.texts import TextRules, words

RULES = TextRules("contrast_text.csv", "contrast")
VOCABULARIES = {
    "plane": "plane",
    "weighting": "weighting",
    "localizer": "role",
    "fat_suppression": "fat_suppression",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Übersicht", ("UBERSICHT",)),
        ("t2_tse-sag^LWS", ("T2", "TSE", "SAG", "LWS")),
        ("T2* ax", ("T2STAR", "AX")),
        ("T1 +C", ("T1", "POSTCONTRAST")),
        ("SAGT2", ("SAG", "T2")),
        ("Schoß", ("SCHOSS",)),
        ("磁共振", ()),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


def test_the_longest_phrase_uses_its_words_up() -> None:
    assert RULES.terms("T1 SEM CONTRASTE") == {"none"}
    assert RULES.terms("T1 COM E SEM CONTRASTE") == {"both"}
    assert RULES.terms("T1 POST OP", "") == frozenset()


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert "-" not in RULES.terms(text)


def test_every_rule_can_fire_and_gives_a_term() -> None:
    terms = {(row["vocabulary"], row["term"]) for row in read_table("terms.csv")}
    for row in read_table("role_text.csv"):
        rules = TextRules("role_text.csv", "term", row["kind"])
        assert rules.terms(row["phrase"].replace("*", "")) == {row["term"]}, row
        assert (VOCABULARIES[row["kind"]], row["term"]) in terms
    for row in read_table("anatomy_text.csv"):
        found = TextRules("anatomy_text.csv", "anatomy").terms(row["phrase"].replace("*", ""))
        assert found == {row["anatomy"]} - {"-"}, row
        assert row["anatomy"] == "-" or ("anatomy", row["anatomy"]) in terms
    for row in read_table("contrast_text.csv"):
        found = RULES.terms(row["phrase"].replace("*", ""))
        assert found == {row["contrast"]} - {"-"}, row
    for row in read_table("anatomy_body_parts.csv"):
        assert ("anatomy", row["anatomy"]) in terms
