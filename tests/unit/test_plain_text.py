"""Texts of unknown origin, made safe for terminals, spreadsheets and Markdown."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from protocol_assets.plain_text import (
    escape_markdown,
    find_invisible,
    show_text,
    spreadsheet_text,
    starts_formula,
    write_csv,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("T2 TSE sag", "T2 TSE sag"),
        ("MR[/1]", "MR[/1]"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb\tc\rd\x00", r"a\nb\tc\rd\x00"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066a\u2069", r"\u2066a\u2069"),
        ("T\u200b2\ufeff", r"T\u200b2\ufeff"),
        ("line\u2028break", r"line\u2028break"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\u3164\u115f\ufe0f", r"\u3164\u115f\ufe0f"),
        ("Wirbelsäule 脊椎 позвоночник", "Wirbelsäule 脊椎 позвоночник"),
        ("العمود الفقري", "العمود الفقري"),
    ],
)
def test_what_is_invisible_is_shown(text: str, shown: str) -> None:
    assert show_text(text) == shown
    assert (find_invisible(text) is None) == (text == shown)


@given(ANY_TEXT)
def test_a_shown_text_is_one_visible_line(text: str) -> None:
    shown = show_text(text)
    assert find_invisible(shown) is None
    assert len(shown.splitlines()) <= 1
    assert {unicodedata.category(one) for one in shown}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    shown.encode("utf-8")
    assert show_text(shown) == shown


def test_the_character_is_named_by_its_code() -> None:
    assert find_invisible("a\u202eb") == "U+202E"
    assert find_invisible("a\x1bb") == "U+001B"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-2+3|cmd", "'-2+3|cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ('"=1"', '\'"=1"'),
        ("'=1", "''=1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠a", "'＠a"),
        ("﹦1", "'﹦1"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        ("\u200b=1", r"\u200b=1"),
        ("tse;=1+1", "tse;'=1+1"),
        ("T2 -fs", "T2 -fs"),
        ("T1+C", "T1+C"),
    ],
)
def test_no_spreadsheet_finds_a_formula(text: str, written: str) -> None:
    assert spreadsheet_text(text) == written


@given(ANY_TEXT)
@example("=1;+1;-1")
@example(" '\"=1")
def test_no_written_value_starts_a_formula(text: str) -> None:
    out = io.StringIO()
    write_csv(out, ("text", "number"), [(text, -1.5)])
    # As a spreadsheet reads it where a comma, and where a semicolon separates values.
    for separator in ",;":
        for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=separator):
            for value in row:
                bare = unicodedata.normalize("NFKC", value).strip().lstrip("\"'’‘“”").strip()
                if not bare.removeprefix("-").replace(",", ".").replace(".", "", 1).isdigit():
                    first = value.strip()[:1]
                    assert bare[:1] not in set("=+-@\u2212") or first == "'", value
                assert not value.startswith(("\t", "\r", "\n"))


def test_numbers_and_truth_values_stay_what_they_are() -> None:
    out = io.StringIO()
    write_csv(out, ("a", "=b"), [(-1, True), (None, 2.5)])
    assert out.getvalue() == "a,'=b\n-1,true\n,2.5\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=HYPERLINK(1)", True),
        ("＝1+1", True),
        ("-2+3", True),
        ("@a", True),
        ("-", False),
        ("-5", False),
        ("+1.5e3", False),
        ("MR 1", False),
        ("", False),
    ],
)
def test_what_could_be_a_formula(text: str, expected: bool) -> None:
    assert starts_formula(text) is expected


@given(ANY_TEXT)
@example("<script>alert(1)</script>")
@example("[a](http://evil.example)")
@example("![a](http://evil.example/p.png)")
@example("**bold** _it_ `code` $x^2$ ~~gone~~")
@example("| a | b |")
@example("# heading")
@example("1. list")
@example("- list")
@example("&lt;b&gt;")
@example("http://evil.example www.evil.example a@evil.example")
@example(":smile: :red[x]")
@example("    code")
def test_markdown_shows_every_text_letter_by_letter(text: str) -> None:
    """As a paragraph it holds nothing but the text, with GitHub's tables and strikethrough."""
    shown = show_text(text)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    (tokens,) = [one for one in parser.parse(f"x {escape_markdown(text)} x") if one.children]
    kinds = {one.type for one in tokens.children or ()}
    assert kinds <= {"text", "text_special"}, kinds
    read = "".join(one.content for one in tokens.children or ())
    assert read == f"x {shown} x"


@given(ANY_TEXT, st.sampled_from(("http://", "www.", "mailto:a", "a@b.", "$x$", ":red[")))
def test_nothing_that_becomes_a_link_or_formula_stays_whole(text: str, mark: str) -> None:
    assert mark not in escape_markdown(text + mark + text)
