"""Text of unknown origin, made safe for those who read it: terminals, spreadsheets, Markdown.

Headers, file names, arguments and the answers of servers may hold anything: sequences that a
terminal obeys, characters that hide or reorder what stands beside them, formulas that a spreadsheet
runs, markup. Whatever shows such a text passes it through one of these functions.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Protocol

__all__ = [
    "escape_markdown",
    "find_invisible",
    "show_text",
    "spreadsheet_text",
    "starts_formula",
    "write_csv",
]

# Controls, formats (bidi overrides, zero-width), surrogates, private use, not assigned,
# line and paragraph separators: what a reader cannot see or a terminal obeys.
_INVISIBLE_CATEGORIES: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
# Characters of other categories that show nothing: DerivedCoreProperties.txt of Unicode,
# Default_Ignorable_Code_Point, and the blank Braille pattern.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001bca0-\U0001bca3\U000e0100-\U000e01ef]"
)
_NAMED: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# What a spreadsheet takes for the start of a formula, also in full-width and small forms.
_FORMULA_SIGNS: Final = (
    "=+\\-@"
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
    "\N{FULLWIDTH COMMERCIAL AT}\N{SMALL PLUS SIGN}\N{SMALL HYPHEN-MINUS}\N{SMALL EQUALS SIGN}"
    "\N{SMALL COMMERCIAL AT}\N{MINUS SIGN}"
)
# Spreadsheets skip blanks and quotation marks before it; and where a semicolon is the separator
# of the reader's country, what follows one begins a value.
_FORMULA: Final = re.compile(rf"(^|;)([\s'\"\u2018\u2019\u201c\u201d]*)(?=[{_FORMULA_SIGNS}])")
_NUMBER: Final = re.compile(r"[+-]?[0-9]*[.,]?[0-9]+(?:[eE][+-]?[0-9]+)?")

# Words and numbers as they are: letters, -1,234.5, 12 %, 2026-02-01, study_key.
_NO_MARKDOWN: Final = re.compile(
    r"(?:[+-](?=[0-9]))?(?:[^\W_]|[ ,%]|(?<=[0-9])[.-](?=[0-9])|(?<=[^\W_])_(?=[^\W_]))*"
)
_MARKDOWN_SIGNS: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$:~&@^=\"'])")


class _Writable(Protocol):
    def write(self, text: str, /) -> object: ...


def find_invisible(text: str) -> str | None:
    """The first character that a reader cannot see or a terminal obeys, as ``U+202E``."""
    if text.isascii() and text.isprintable():
        return None
    return next((f"U+{ord(one):04X}" for one in text if _is_invisible(one)), None)


def show_text(value: object) -> str:
    r"""A text as one line in which everything is visible: ``\x1b`` for an escape.

    Args:
        value: Text, or anything with a text; None is empty.
    """
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(one) if _is_invisible(one) else one for one in text)


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet could take a text for a formula; a number or a lone sign is none."""
    stripped = text.strip()
    if len(stripped) < 2 or _NUMBER.fullmatch(stripped):
        return False
    return _FORMULA.match(stripped) is not None


def spreadsheet_text(text: str) -> str:
    """A text in which a spreadsheet finds no formula: an apostrophe stands before its sign."""
    return _FORMULA.sub(r"\1'\2", show_text(text))


def write_csv(out: _Writable, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table for people and their spreadsheets as CSV (RFC 4180, lines end with LF).

    Args:
        out: Where to.
        columns: The headings.
        rows: Their values: None is empty, numbers stay numbers, truth values are true and false.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(spreadsheet_text, columns))
    writer.writerows(map(_written, row) for row in rows)


def escape_markdown(text: object) -> str:
    """A text that Markdown shows letter by letter: no link, picture, formula, HTML or emphasis."""
    shown = show_text(text)
    return shown if _NO_MARKDOWN.fullmatch(shown) else _MARKDOWN_SIGNS.sub(r"\\\1", shown)


def _written(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return (
        value if value is None or isinstance(value, int | float) else spreadsheet_text(str(value))
    )


def _is_invisible(character: str) -> bool:
    return (
        unicodedata.category(character) in _INVISIBLE_CATEGORIES
        or _BLANK.match(character) is not None
    )


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character.isascii():
        return f"\\x{ord(character):02x}"
    return character.encode("ascii", "backslashreplace").decode("ascii")
