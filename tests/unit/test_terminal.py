"""Whatever is printed reaches the terminal as visible text."""

from __future__ import annotations

import io
import json

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol_assets.plain_text import find_invisible, show_text
from protocol_assets.terminal import TextTable, say, say_error, say_json, say_usage

HOSTILE = ("MR[/1]", "[red]x[/red]", "\x1b]0;title\x07", "\x9b2J", "\u202eabc", ":smile:", "a\nb")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_shows_markup_and_controls(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(text)
    say_error(text)
    found = capsys.readouterr()
    assert found.out == f"{show_text(text)}\n"
    assert found.err == f"{show_text(text)}\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_shows_markup_and_controls(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = TextTable(text, "series", title=text, right=("series",), is_whole=True)
    table.add_row(text, 3)
    table.add_row(None, text)
    table.show()
    assert capsys.readouterr().out.count(show_text(text)) == 4


@given(st.text(st.characters(codec=None, exclude_categories=())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_printed_as_visible_text(capsys: pytest.CaptureFixture[str], text: str) -> None:
    table = TextTable("a")
    table.add_row(text)
    table.show()
    say(text)
    say_json({text.encode("utf-8", "replace").decode(): 1})
    printed = capsys.readouterr().out
    assert all(find_invisible(line) is None for line in printed.split("\n"))


def test_json_is_ascii_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": "\x1b\x7f\u202eä"}
    say_json(value)
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "\x7f" not in printed
    assert json.loads(printed) == value


def test_an_error_of_an_argument_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    context = click.Context(click.Command("sheet"), info_name="sheet")
    say_usage(click.UsageError("no such option: --\x1b[31m[/x]", context))
    printed = capsys.readouterr().err
    assert "Usage: sheet" in printed
    assert "[/x]" in printed
    assert "\x1b" not in printed


def test_what_an_encoding_lacks_is_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    from protocol_assets.terminal import expect_any_text

    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    expect_any_text()
    stream.write("Wirbelsäule")
    stream.flush()
    assert stream.buffer.getvalue() == b"Wirbels\\xe4ule"
