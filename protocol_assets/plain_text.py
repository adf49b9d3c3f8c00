"""Make text of unknown origin safe for terminals, spreadsheets and Markdown.

Headers, file names, arguments and server responses may contain control sequences of a terminal,
characters that hide or reorder their neighbours, spreadsheet formulas, and markup. All code that
shows such text passes it through one of these functions.
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

# Characters that a reader cannot see or that control a terminal: controls, formats (bidi overrides,
# zero-width), surrogates, private use, unassigned, line and paragraph separators.
_INVISIBLE_CATEGORIES: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
# Characters of other categories that show nothing: DerivedCoreProperties.txt of Unicode,
# Default_Ignorable_Code_Point, and the blank Braille pattern.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001bca0-\U0001bca3\U000e0100-\U000e01ef]"
)
_NAMED: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# Signs that start a formula in a spreadsheet, also in full-width and small forms.
_FORMULA_SIGNS: Final = (
    "=+\\-@"
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
    "\N{FULLWIDTH COMMERCIAL AT}\N{SMALL PLUS SIGN}\N{SMALL HYPHEN-MINUS}\N{SMALL EQUALS SIGN}"
    "\N{SMALL COMMERCIAL AT}\N{MINUS SIGN}"
)
# Spreadsheets skip blanks and quotation marks before the sign. In countries where the semicolon is
# the separator, a value also begins after each semicolon.
_FORMULA: Final = re.compile(rf"(^|;)([\s'\"\u2018\u2019\u201c\u201d]*)(?=[{_FORMULA_SIGNS}])")
_NUMBER: Final = re.compile(r"[+-]?[0-9]*[.,]?[0-9]+(?:[eE][+-]?[0-9]+)?")

# Words and numbers that need no escape: letters, -1,234.5, 12 %, 2026-02-01, study_key.
_NO_MARKDOWN: Final = re.compile(
    r"(?:[+-](?=[0-9]))?(?:[^\W_]|[ ,%]|(?<=[0-9])[.-](?=[0-9])|(?<=[^\W_])_(?=[^\W_]))*"
)
_MARKDOWN_SIGNS: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$:~&@^=\"'])")


class _Writable(Protocol):
    def write(self, text: str, /) -> object: ...


def find_invisible(text: str) -> str | None:
    """Return the first invisible or control character as ``U+202E``, or None."""
    if text.isascii() and text.isprintable():
        return None
    return next((f"U+{ord(one):04X}" for one in text if _is_invisible(one)), None)


def show_text(value: object) -> str:
    r"""Return a text as one line in which every character is visible: ``\x1b`` for an escape.

    Args:
        value: A text, or any object that has one; None becomes an empty text.
    """
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(one) if _is_invisible(one) else one for one in text)


def starts_formula(text: str) -> bool:
    """Return whether a spreadsheet could run a text as a formula; a number or lone sign is safe."""
    stripped = text.strip()
    if len(stripped) < 2 or _NUMBER.fullmatch(stripped):
        return False
    return _FORMULA.match(stripped) is not None


def spreadsheet_text(text: str) -> str:
    """Return a text that a spreadsheet does not run: an apostrophe precedes each formula sign."""
    return _FORMULA.sub(r"\1'\2", show_text(text))


def write_csv(out: _Writable, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table for people and their spreadsheets as CSV (RFC 4180, lines end with LF).

    Args:
        out: The stream to write to.
        columns: The headings.
        rows: The values. None becomes empty, numbers stay numbers, booleans become true and false.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(spreadsheet_text, columns))
    writer.writerows(map(_written, row) for row in rows)


def escape_markdown(text: object) -> str:
    """Escape a text so that Markdown shows it literally: no link, picture, formula or HTML."""
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
