"""Names of people in a text, which are no words of anatomy although many are spelled like one.

``Dr. Foster``, ``Herr Kopf`` and ``Knee, Peter`` name a person. Titles are ``person_titles.csv``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from protocol_assets.data import read_table

__all__ = ["without_names", "without_titled_names"]

_TOKEN = re.compile(r"[^\W\d_]+|\S")
# The words of one name, a double name among them, may follow each other, and nothing else between.
_LONGEST_NAME = 3
_BETWEEN = frozenset(".-'’:")
_CARET = re.compile(r"[^\W\d_][^\s^]*(?:\^+[^\W\d_][^\s^]*)+")
_COMMA = re.compile(r"([^\W\d_]{2,}), ?([^\W\d_]{3,})\b")


@lru_cache(maxsize=65536)
def without_titled_names(text: str) -> str:
    """The text without the names that follow a title: ``MR KNEE, ref. Dr Foster`` is ``MR KNEE,``.

    Where a name ends nobody can tell: it has one word that the vocabulary knows, or up to three
    that it does not, as far as the next sign between words.
    """
    kept, end = [], 0
    for token in _TOKEN.finditer(text):
        if token.start() < end or not _is_title(text, token):
            continue
        kept.append(text[end : token.start()])
        end = _name_end(text, token.end())
    return "".join([*kept, text[end:]]) if end else text


@lru_cache(maxsize=65536)
def without_names(text: str) -> str:
    """The text without what has the form of a name: after a title, ``FOSTER^J`` or ``Knee, Peter``.

    The form alone proves nothing (``HEAD^Harms``, ``Knie, Routine``): a caller falls back on the
    text with them where nothing is left.
    """
    titled = without_titled_names(text)
    return _COMMA.sub(_without_given_name, _CARET.sub(" ", titled))


def _is_title(text: str, token: re.Match[str]) -> bool:
    written = token[0]
    kind = _titles().get(written.upper())
    if kind == "mixed_case":
        # MR is the modality, and so is Mr where a text begins with it.
        return written.istitle() and bool(text[: token.start()].strip())
    return kind == "any"


def _name_end(text: str, start: int) -> int:
    """Where the name that begins at ``start`` ends."""
    end, count = start, 0
    for token in _TOKEN.finditer(text, start):
        word = token[0]
        if word in _BETWEEN:
            continue
        is_within = _titles().get(word.upper()) == "within" or _is_title(text, token)
        if not word[0].isalpha() or (count and not is_within and _is_known(word)):
            break
        end = token.end()
        if len(word) == 1 or is_within:
            continue
        count += 1
        if count == _LONGEST_NAME or _is_known(word):
            break
    return end


def _without_given_name(match: re.Match[str]) -> str:
    return match[0] if _is_known(match[2]) or not match[2][0].isupper() else " "


def _is_known(word: str) -> bool:
    return _folded(word) in _vocabulary()


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.upper())
    return "".join(c for c in apart if not unicodedata.combining(c))


@cache
def _titles() -> dict[str, str]:
    return {row["title"]: row["written"] for row in read_table("person_titles.csv")}


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset(row["word"] for row in read_table("vocabulary_words.csv"))
