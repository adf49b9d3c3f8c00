"""The radiology vocabulary: which words of a protocol text are known to name nobody.

``data/vocabulary_words.csv`` holds the words of many languages, folded as ``fold`` does;
``data/vocabulary_homoglyphs.csv`` the letters of other scripts that look like Latin ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from protocol_assets.data import data_version, read_table
from protocol_assets.dicom.bounds import LONGEST_TEXT
from protocol_assets.plain_text import find_invisible

__all__ = [
    "fold",
    "has_markup",
    "identifier_pattern",
    "tokens",
    "unknown_words",
    "vocabulary_version",
]

_WORDS: Final = "vocabulary_words.csv"
_HOMOGLYPHS: Final = "vocabulary_homoglyphs.csv"

_TOKEN: Final = re.compile(r"[^\W_]+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

# Numbers that stand in protocol texts. Four digits alone may be a year and are no number here.
_NUMBER: Final = re.compile(
    r"\d{1,3}"
    r"|[1-9]\d00(?<!1900)(?<!2000)"
    r"|\d{1,3}(?:MM|CM|SL|SLICES?|S|SEC|SEK|MIN|MS|D|CH|PL|PLN|T|HZ|PH|DIR|DIRS|DIREC|W|SCH|AV|ST|ND|RD|TH|X)"
    r"|\d{1,3}X\d{1,3}(?:X\d{1,3})?(?:MM)?"
    r"|(?:B|BW|TE|TR|TI)\d{1,4}"
    r"|(?:FA|SL|P|R|E|X|NEX|NSA|AV|TH|STK|FOV|V|PH|ST|DIR|MB|HB|GD|PAT)\d{1,3}"
    r"|[CTDLS]\d{1,2}(?:[CTDLS]\d{1,2})?"
    r"|[TDW]\d{1,2}L\d{1,2}"
)

# What an identifier looks like, whatever it says.
_IDENTIFIERS: Final = re.compile(
    r"\d{5}"
    r"|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    r"|\d{4}[./-]\d{1,2}[./-]\d{1,2}"
    r"|\+?\d(?:[ ()/.-]{0,2}\d){7,}"
    r"|[@^]|://|www\."
)

# Protocol texts need few signs: T2*, t1_tse, (fs), +C, 0.5 x 0.5. These begin markup.
_MARKUP: Final = re.compile(r"[<>\[\]{}`$\\|~!\"]|\*\*|__|&#?\w+;|^\s*[=@#]")

# Longer ones are no words: no text that DICOM allows holds one (LO, PS3.5 6.2).
_SHORTEST_JOINED, _LONGEST_JOINED = 3, 64


def fold(text: str) -> str:
    """Upper-case letters without accents, look-alikes of other scripts as the Latin letter."""
    # Twice, for upper case makes new accents and look-alikes of a few letters.
    return _folded(_folded(text))


def tokens(text: str) -> list[str]:
    """The folded words and numbers of a text."""
    return _TOKEN.findall(fold(text))


def identifier_pattern(text: str) -> bool:
    """Whether a text holds what looks like a date, a number of 5 digits, a phone or an e-mail.

    So does a text that is longer than what is read of it, or that holds a character which nobody
    sees: it may hold anything.
    """
    if len(text) > LONGEST_TEXT or find_invisible(text) is not None:
        return True
    return _IDENTIFIERS.search(fold(text).lower()) is not None


def has_markup(text: str) -> bool:
    """Whether a text holds signs that HTML, Markdown, TeX or a terminal's markup begin with."""
    return _MARKUP.search(text) is not None


def unknown_words(text: str) -> tuple[str, ...]:
    """The words of a text, as far as texts are read, that the vocabulary does not hold."""
    return _unknown_words(text[:LONGEST_TEXT])


@lru_cache(maxsize=65536)
def _unknown_words(text: str) -> tuple[str, ...]:
    unknown: list[str] = []
    for written in _TOKEN.findall(text):
        for token in tokens(written):
            if not _is_known(token):
                unknown.extend(part for part in _camel_parts(written) if not _is_known(part))
                break
    return tuple(unknown)


def vocabulary_version() -> str:
    """Version of the vocabulary."""
    return data_version(_WORDS, _HOMOGLYPHS)


def _camel_parts(written: str) -> list[str]:
    """``AxT1`` is two words, ``AXT1`` one."""
    return tokens(_CAMEL.sub(" ", written))


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(_look_alikes()).upper())
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    return plain.translate(_look_alikes()).upper()


def _is_known(token: str) -> bool:
    if token in _words() or _NUMBER.fullmatch(token) is not None:
        return True
    return _SHORTEST_JOINED <= len(token) <= _LONGEST_JOINED and _is_joined(token)


@lru_cache(maxsize=65536)
def _is_joined(token: str) -> bool:
    """Whether a token is short known words run together (``SAGT2``, ``T2TSESAG3MM``)."""
    return any(not rest or _is_joined(rest) for rest in _rests(token))


def _rests(token: str) -> Iterator[str]:
    for end in range(len(token), 0, -1):
        part = token[:end]
        is_number = part.isdigit() and end <= 3 and not token[end : end + 1].isdigit()
        if is_number or part in _joining():
            yield token[end:]


@cache
def _words() -> frozenset[str]:
    return frozenset(row["word"] for row in read_table(_WORDS))


@cache
def _joining() -> frozenset[str]:
    return frozenset(row["word"] for row in read_table(_WORDS) if row["joins"] == "yes")


@cache
def _look_alikes() -> dict[int, str]:
    return {ord(row["character"]): row["letters"] for row in read_table(_HOMOGLYPHS)}
