"""Matching protocol texts against rule files.

A text becomes upper-case words without accents; a rule is a phrase of such words, whose last word
may end in ``*`` for any ending. The longest phrase wins and uses its words up, so that
``SEM CONTRASTE`` is not also ``CONTRASTE``; the term ``-`` only uses words up.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from protocol_assets.data import read_table

__all__ = ["TextRules", "words"]

_WORD = re.compile(r"[A-Z0-9]+")
# What punctuation means is spelled out before it is dropped.
_SPELLED_OUT = (
    (re.compile(r"T2\s?\*"), "T2STAR"),
    (re.compile(r"\+\s*(?:C|GD|GAD|KM|CM|MDC|CONTRAST\w*)\b|\bC\+"), " POSTCONTRAST "),
    (re.compile(r"\b(SAG|COR|AX|TRA)(?=(?:T1|T2|PD|STIR|FLAIR|DWI))"), r"\1 "),
    (re.compile(r"\b(T1|T2|PD)(?=(?:SAG|COR|AX|TRA|TSE|FSE|SE|FS|STIR)\b)"), r"\1 "),
)
_NOTHING_TO_READ = frozenset({"", "-"})


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The upper-case words of a text, accents stripped (``Übersicht`` is ``UBERSICHT``)."""
    folded = unicodedata.normalize("NFKD", text).upper()
    plain = "".join(c for c in folded if not unicodedata.combining(c)).replace("_", " ")
    for pattern, replacement in _SPELLED_OUT:
        plain = pattern.sub(replacement, plain)
    return tuple(_WORD.findall(plain))


class TextRules:
    """Phrases of one rule file, each with its term.

    Args:
        table: File name in ``protocol_assets/data`` with a column ``phrase``.
        term_column: Column that holds the term.
        kind: Keep only rows of this ``kind``, for files that hold several.
    """

    def __init__(self, table: str, term_column: str, kind: str | None = None) -> None:
        phrases: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        starts: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        for row in read_table(table):
            if kind is None or row["kind"] == kind:
                phrase = tuple(row["phrase"].split())
                # Two letters index a lone prefix; every other phrase starts with a whole word.
                by = starts if phrase[0].endswith("*") else phrases
                by[phrase[0][:2] if by is starts else phrase[0]].append((phrase, row[term_column]))
        self._phrases = {key: _longest_first(found) for key, found in phrases.items()}
        self._starts = {key: _longest_first(found) for key, found in starts.items()}
        self._terms = lru_cache(maxsize=65536)(self._find)

    def terms(self, *texts: str) -> frozenset[str]:
        """The terms found in any of the texts."""
        found: frozenset[str] = frozenset()
        for text in texts:
            found |= self._terms(text)
        return found

    def _find(self, text: str) -> frozenset[str]:
        found = set()
        tokens = words(text)
        position = 0
        while position < len(tokens):
            length, term = self._longest_at(tokens, position)
            found.add(term)
            position += length
        return frozenset(found - _NOTHING_TO_READ)

    def _longest_at(self, tokens: tuple[str, ...], position: int) -> tuple[int, str]:
        word = tokens[position]
        for candidates in (self._phrases.get(word, ()), self._starts.get(word[:2], ())):
            for phrase, term in candidates:
                if _fits(phrase, tokens[position : position + len(phrase)]):
                    return len(phrase), term
        return 1, ""


def _longest_first(
    found: Iterable[tuple[tuple[str, ...], str]],
) -> tuple[tuple[tuple[str, ...], str], ...]:
    return tuple(sorted(found, key=lambda rule: (len(rule[0]), len(rule[0][-1])), reverse=True))


def _fits(phrase: tuple[str, ...], tokens: tuple[str, ...]) -> bool:
    if len(phrase) != len(tokens) or phrase[:-1] != tokens[:-1]:
        return False
    last, word = phrase[-1], tokens[-1]
    return word.startswith(last[:-1]) if last.endswith("*") else word == last
