"""A protocol text as words: folded, spelled out, and cut where words were run together.

``SAGT2``, ``t2_tse_sag``, ``AxT1FSE`` and ``T2W_TSE_tra`` become the same words, whatever language
the letters around them come from. What the words mean is ``protocols.texts``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.dicom.bounds import LONGEST_TEXT
from protocol_assets.modalities.shared.scripts import romanized

__all__ = ["TEXT_FILES", "members", "words"]

# The rule files that texts are read with.
TEXT_FILES = ("role_text.csv", "anatomy_text.csv", "contrast_text.csv")

_WORD = re.compile(r"[A-Z0-9]+")
_UNFOLDED_WORD = re.compile(r"[A-Za-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LEVELS = re.compile(
    r"\b([CTDLS])H?(\d{1,2})(\s?[-/]?\s?)([CTDLS]?)H?(\d{1,2})\b(?!\s?[-/]\s?[CTDLS]?\d)"
)
_HEAD_TO_TAIL = "CTDLS"
_WEIGHTINGS = frozenset({"T1", "T2"})
_AGENT = r"(?:C|CE|GD|GAD\w*|KM|KU|CM|MC|MDC|PDC|IV|EV|INJ\w*|CONTRAST\w*|KONTRAST\w*)"
# What punctuation means is spelled out before it is dropped.
_SPELLED_OUT = (
    (re.compile(r"\b(?:[A-Z]\.){2,}"), lambda match: match[0].replace(".", "") + " "),
    (re.compile(r"\bT2W?\s?\*"), " T2STAR "),
    (re.compile(r"\bR2\s?\*"), " R2STAR "),
    (re.compile(r"\bT[ .-]([12])(?=W?\b(?!\s*[-/]\s*[TDLS]\d))"), r"T\1"),
    (re.compile(rf"\+\s*{_AGENT}\b(?!-S)"), " POSTCONTRAST "),
    (re.compile(r"(?<![A-Z])(?:C|IV|EV|GD|KM|KU|INJ)\+|(?<=T1)C?\+(?=\W|$)"), " POSTCONTRAST "),
    (re.compile(r"(?<![A-Z])(?:C|IV|EV|GD|GAD|GADO|KM|MDC|INJ)-(?=[\s)\]]|$)"), " NONCONTRAST "),
    (re.compile(r"\b([SC])\s?/\s?C\b"), r" \1C "),
)
# A number may stand between or behind words that were run together, with or without a unit.
_NUMBER = re.compile(r"\d+(?:MM|CM|SL)?")
_SHORTEST_WORD, _LONGEST_WORD = 3, 40
# Shorter parts than this must be in ``text_atoms.csv``: two letters are in every word.
_SHORTEST_PART = 4


def words(text: str) -> tuple[str, ...]:
    """The upper-case words of a text, accents stripped (``Übersicht`` is ``UBERSICHT``).

    Vertebral levels become one word of their regions: ``L3-S1`` is ``LEVELSLS``, so that the T1 of
    ``C7-T1`` is a vertebra and no weighting. What lies beyond ``LONGEST_TEXT`` is not read.
    """
    return _words(text[:LONGEST_TEXT])


@lru_cache(maxsize=65536)
def _words(text: str) -> tuple[str, ...]:
    return tuple(part for word in _WORD.findall(_plain(text)) for part in _parts(word))


def members(element: str) -> tuple[tuple[str, ...], ...]:
    """What an element of a phrase stands for: itself, or ``@agent`` for each agent.

    The classes are ``text_classes.csv``; a member may be several words.
    """
    return _classes()[element[1:]] if element.startswith("@") else ((element,),)


def _plain(text: str) -> str:
    latin = romanized(text.replace("_", " ").replace("^", " "), _is_known)
    apart = unicodedata.normalize("NFKD", latin)
    unaccented = "".join(c for c in apart if not unicodedata.combining(c))
    plain = _UNFOLDED_WORD.sub(_apart, unaccented).upper()
    for pattern, replacement in _SPELLED_OUT:
        plain = pattern.sub(replacement, plain)
    return _LEVELS.sub(_levels, plain)


def _apart(match: re.Match[str]) -> str:
    return match[0] if _is_known(match[0].upper()) else _CAMEL.sub(" ", match[0])


def _levels(match: re.Match[str]) -> str:
    """``L3-S1``, ``L4L5`` or ``C5-6`` as a word; T1 and T2 are levels only where that is plain."""
    upper, between, lower = match[1], match[3], match[4] or match[1]
    is_joined = between.strip() or (match[4] and not between)
    order = _HEAD_TO_TAIL.index(upper), _HEAD_TO_TAIL.index(lower)
    is_downward = order[0] < order[1] or (upper == lower and int(match[2]) < int(match[5]))
    if not is_joined or not is_downward:
        return match[0]
    if upper + match[2] in _WEIGHTINGS and (
        between != "-" or not match[4] or lower + match[5] in _WEIGHTINGS
    ):
        return match[0]
    return f" LEVELS{upper}{lower} "


def _parts(word: str) -> tuple[str, ...]:
    """The words that were run together, or the word itself."""
    if not _SHORTEST_WORD <= len(word) <= _LONGEST_WORD or _is_known(word):
        return (word,)
    found = _cut(word)
    return found if len(found) > 1 else (word,)


def _cut(word: str) -> tuple[str, ...]:
    """Cut a word into known parts without rest, the longest part first; empty where none fits."""
    cuts: dict[int, tuple[str, ...]] = {len(word): ()}
    for start in range(len(word) - 1, -1, -1):
        for end in range(len(word), start, -1):
            rest = cuts.get(end)
            if rest is not None and _is_part(word, start, end):
                cuts[start] = (word[start:end], *rest)
                break
    return cuts.get(0, ())


def _is_part(word: str, start: int, end: int) -> bool:
    part, before, after = word[start:end], word[:start], word[end:]
    if part in _atoms():
        return True
    if _NUMBER.fullmatch(part):
        return not before[-1:].isdigit() and not after[:1].isdigit()
    whole, stems = _vocabulary()
    if len(part) < _SHORTEST_PART:
        return False
    return part in whole or (not after and bool(before) and part.startswith(stems))


def _is_known(word: str) -> bool:
    return word in _vocabulary()[0] or word in _atoms()


@cache
def _vocabulary() -> tuple[frozenset[str], tuple[str, ...]]:
    """Single words of all rule files: whole ones, and stems with any ending."""
    phrases = [row["phrase"] for name in TEXT_FILES for row in read_table(name)]
    single = {
        member[0]
        for phrase in phrases
        if " " not in phrase
        for member in members(phrase)
        if len(member) == 1
    }
    stems = {word[:-1] for word in single if word.endswith("*")}
    return (
        frozenset(single | stems),
        tuple(sorted(stem for stem in stems if len(stem) >= _SHORTEST_PART)),
    )


@cache
def _atoms() -> frozenset[str]:
    return frozenset(row["word"] for row in read_table("text_atoms.csv"))


@cache
def _classes() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Members by class, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in read_table("text_classes.csv"):
        found.setdefault(row["class"], []).append(tuple(row["word"].split()))
    return {name: tuple(sorted(all_of, key=len, reverse=True)) for name, all_of in found.items()}
