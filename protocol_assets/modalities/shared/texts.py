"""Matching protocol texts against rule files.

A text becomes words (``protocols.words``); a rule is a phrase of such words, any of which may end
in ``*`` for any ending or in ``#`` for two digits or more. The longest phrase wins and uses its
words up, so that ``SEM CONTRASTE`` is not also ``CONTRASTE``; the term ``-`` only uses words up. A
word that no rule knows is tried once more as a slip of the keyboard of a long one (``CERVCIAL``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from protocol_assets.data import read_table
from protocol_assets.dicom.bounds import LONGEST_TEXT
from protocol_assets.modalities.shared.words import members, words

__all__ = ["TextRules"]

Phrase = tuple[str, ...]

_NOTHING_TO_READ = frozenset({"", "-"})
# In shorter words one slip makes another word; a letter is left out of long ones only.
_SHORTEST_SWAPPED, _SHORTEST_SHORTENED = 5, 7


class TextRules:
    """Phrases of one rule file, each with its term.

    Args:
        table: File name in ``protocol_assets/data`` with a column ``phrase``.
        term_column: Column that holds the term.
        kind: Keep only rows of this ``kind``, for files that hold several.
    """

    def __init__(self, table: str, term_column: str, kind: str | None = None) -> None:
        rules = [
            (tuple(row["phrase"].split()), row[term_column])
            for row in read_table(table)
            if kind is None or row["kind"] == kind
        ]
        known = {phrase for phrase, _ in rules}
        slips = [((slip,), term) for phrase, term in rules for slip in _slips(phrase)]
        self._rules = _indexed(rules)
        self._slips = _indexed(rule for rule in slips if rule[0] not in known)
        self._terms = lru_cache(maxsize=65536)(self._find)

    def terms(self, *texts: str) -> frozenset[str]:
        """The terms found in any of the texts."""
        found: frozenset[str] = frozenset()
        for text in texts:
            found |= self._terms(text[:LONGEST_TEXT])
        return found

    def _find(self, text: str) -> frozenset[str]:
        found = set()
        rest = words(text)
        while rest:
            length, term = _longest(self._rules, rest) or _longest(self._slips, rest) or (1, "")
            found.add(term)
            rest = rest[length:]
        return frozenset(found - _NOTHING_TO_READ)


def _indexed(rules: Iterable[tuple[Phrase, str]]) -> dict[str, list[tuple[Phrase, str]]]:
    """Rules by their first word, or by its first letters (at most two) where its end is open."""
    index = defaultdict(list)
    for phrase, term in rules:
        firsts = {member[0] for member in members(phrase[0])}
        for key in {word[:-1][:2] if word[-1] in "*#" else word for word in firsts}:
            index[key].append((phrase, term))
    return dict(index)


def _longest(index: dict[str, list[tuple[Phrase, str]]], rest: Phrase) -> tuple[int, str] | None:
    """How many words the longest rule at the start of ``rest`` uses up, and its term.

    Of rules of one length the one with the most words of its own wins, then the longest word.
    """
    candidates = [
        rule for key in {rest[0], rest[0][:2], rest[0][:1]} for rule in index.get(key, ())
    ]
    fitting = [
        ((length, sum(not word.startswith("@") for word in phrase), len(phrase[-1])), term)
        for phrase, term in candidates
        if (length := _length(phrase, rest)) is not None
    ]
    if not fitting:
        return None
    (length, _, _), term = max(fitting)
    return length, term


def _length(phrase: Phrase, rest: Phrase) -> int | None:
    """How many words at the start of ``rest`` the phrase fits; None where it does not."""
    if not phrase:
        return 0
    for member in members(phrase[0]):
        if len(member) <= len(rest) and all(map(_is, member, rest)):
            further = _length(phrase[1:], rest[len(member) :])
            if further is not None:
                return len(member) + further
    return None


def _is(word: str, found: str) -> bool:
    if word.endswith("*"):
        return found.startswith(word[:-1])
    if word.endswith("#"):
        digits = found[len(word) - 1 :]
        return found.startswith(word[:-1]) and len(digits) > 1 and digits.isdigit()
    return found == word


def _slips(phrase: Phrase) -> Iterator[str]:
    """Misspellings of a single long word: two letters swapped, or one left out."""
    word = phrase[0].rstrip("*")
    ending = phrase[0][len(word) :]
    if len(phrase) > 1 or not word.isalpha() or len(word) < _SHORTEST_SWAPPED + len(ending):
        return
    for at in range(1, len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :] + ending
    if len(word) >= _SHORTEST_SHORTENED:
        for at in range(1, len(word)):
            yield word[:at] + word[at + 1 :] + ending
