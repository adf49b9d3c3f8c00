"""Texts in other scripts as Latin letters, so that one set of rules reads them all.

Cyrillic is romanized letter by letter (``колено`` is ``KOLENO``), which is also how departments
type it where a system takes no Cyrillic. Chinese and Japanese are written without spaces: known
words are looked for, the longest first, and become words of the rules (``腰椎`` is ``LUMBAR
SPINE``). The tables are ``text_scripts.csv`` and, for letters that only look alike or have no
decomposition, ``vocabulary_homoglyphs.csv``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from protocol_assets.data import read_table

__all__ = ["romanized"]

_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile(r"[A-Za-z]")


def romanized(text: str, is_known: Callable[[str], bool]) -> str:
    """The text with the words of other scripts written in Latin letters.

    Args:
        text: Any text. What no table knows stays as it is.
        is_known: Whether a rule knows a word; it decides between the two readings of a Cyrillic
            word whose letters all look like Latin ones (``АХ`` is ``AX``).
    """
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFKC", text).translate(_variants())
    translated = _east_asian().sub(lambda match: f" {_words()[match[0]]} ", composed)
    return _WORD.sub(lambda match: _word(match[0], is_known), translated)


def _word(word: str, is_known: Callable[[str], bool]) -> str:
    if not _CYRILLIC.search(word):
        return word.translate(_look_alikes())
    look_alike = word.translate(_look_alikes())
    if _LATIN.search(word):
        # Nobody mixes scripts on purpose: the letters were meant to be Latin.
        return look_alike.upper().translate(_letters())
    latin = word.upper().translate(_letters())
    if look_alike.isascii() and not is_known(latin) and is_known(look_alike.upper()):
        return look_alike
    return latin


@cache
def _variants() -> dict[int, str]:
    return _characters("han")


@cache
def _letters() -> dict[int, str]:
    return _characters("cyrillic")


def _characters(kind: str) -> dict[int, str]:
    rows = read_table("text_scripts.csv")
    return {ord(row["written"]): row["words"] for row in rows if row["kind"] == kind}


@cache
def _words() -> dict[str, str]:
    rows = read_table("text_scripts.csv")
    return {row["written"]: row["words"] for row in rows if row["kind"] == "word"}


@cache
def _east_asian() -> re.Pattern[str]:
    longest_first = sorted(_words(), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


@cache
def _look_alikes() -> dict[int, str]:
    rows = read_table("vocabulary_homoglyphs.csv")
    return {ord(row["character"]): row["letters"] for row in rows}
