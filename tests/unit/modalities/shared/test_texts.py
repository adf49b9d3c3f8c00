"""The engine of the text rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.data import read_table
from protocol_assets.modalities.shared.texts import TextRules
from protocol_assets.modalities.shared.words import members

CONTRAST = TextRules("contrast_text.csv", "contrast")
ANATOMY = TextRules("anatomy_text.csv", "anatomy")
KINDS = sorted({row["kind"] for row in read_table("role_text.csv")})
VOCABULARIES = {
    "plane": "plane",
    "weighting": "weighting",
    "sequence": "weighting",
    "localizer": "role",
    "calibration": "role",
    "fat_suppression": "fat_suppression",
    "dimension": "dimension",
}
# Words that tell a weighting only together with another (``role_weightings_together.csv``).
TOGETHER = {row["first"] for row in read_table("role_weightings_together.csv")} | {"gradient_echo"}


def test_the_longest_phrase_uses_its_words_up() -> None:
    assert CONTRAST.terms("T1 SEM CONTRASTE") == {"none"}
    assert CONTRAST.terms("T1 COM E SEM CONTRASTE") == {"both"}
    assert CONTRAST.terms("T1 POST OP", "") == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SAG T2 CERVCIAL", {"cervical_spine"}),
        ("LUBMAR", {"lumbar_spine"}),
        ("PROTOCOLO", set()),
        ("TESTE", set()),
    ],
)
def test_slips_of_the_keyboard_in_long_words(text: str, expected: set[str]) -> None:
    assert ANATOMY.terms(text) == expected


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert "-" not in CONTRAST.terms(text)


@pytest.mark.parametrize("kind", KINDS)
def test_every_role_rule_can_fire_and_gives_a_term(kind: str) -> None:
    rules = TextRules("role_text.csv", "term", kind)
    terms = {(row["vocabulary"], row["term"]) for row in read_table("terms.csv")}
    for row in read_table("role_text.csv"):
        if row["kind"] == kind:
            assert rules.terms(example(row["phrase"])) == {row["term"]} - {"-"}, row
            known = (VOCABULARIES[kind], row["term"]) in terms
            assert known or row["term"] == "-" or row["term"] in TOGETHER, row


def test_every_anatomy_rule_can_fire_and_gives_a_term() -> None:
    terms = {row["term"] for row in read_table("terms.csv") if row["vocabulary"] == "anatomy"}
    for row in read_table("anatomy_text.csv"):
        rules = TextRules("anatomy_text.csv", "anatomy", row["kind"])
        assert rules.terms(example(row["phrase"])) == {row["anatomy"]} - {"-"}, row
        assert row["anatomy"] == "-" or row["anatomy"] in terms
    for row in read_table("anatomy_body_parts.csv"):
        assert row["anatomy"] in terms
    for row in read_table("anatomy_together.csv"):
        assert {row["first"], row["second"], row["together"]} <= terms | {"*"}


def test_every_contrast_rule_can_fire() -> None:
    for row in read_table("contrast_text.csv"):
        assert CONTRAST.terms(example(row["phrase"])) == {row["contrast"]} - {"-"}, row


@pytest.mark.parametrize("name", ["role_text.csv", "anatomy_text.csv", "contrast_text.csv"])
def test_no_rule_stands_twice_and_each_has_a_source(name: str) -> None:
    rows = read_table(name)
    keys = [(row.get("kind"), row["phrase"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert all(row["source"] and row["language"] for row in rows)


def example(phrase: str) -> str:
    """A text that a rule must read: its words, of a class the first member."""
    chosen = [" ".join(members(word)[0]) for word in phrase.split()]
    return " ".join(chosen).replace("*", "").replace("#", "1000")
