"""Gate G1: does a text hold an identifier of the study it stands in?

What identifies a study is gathered while its instances are read: every person name, and the values
of the attributes whose class says so (``policy_classes.csv``). It is held in memory only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from protocol_assets.deidentify.conformance import class_of, own_identifier_tags
from protocol_assets.deidentify.vocabulary import tokens, unknown_words
from protocol_assets.dicom.paths import Dataset

__all__ = ["OwnIdentifiers"]

_SERIES_UID: Final = "0020000E"
_SHORTEST: Final = 3
_SHORTEST_WITHIN: Final = 4
_DEEP: Final = frozenset({"PN", "SQ"})
"""The VRs that hold names or datasets."""
_DATE: Final = re.compile(r"((?:18|19|20)\d\d)(\d\d)(\d\d)")


class OwnIdentifiers:
    """The identifiers of one study, as far as its instances were read."""

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._seen_series: set[str] = set()
        self._last: dict[str, Any] = {}

    def watch(self, instances: Iterable[Dataset]) -> Iterator[Dataset]:
        """The same instances; what identifies the study is remembered on the way.

        The first instance of every series is read in all its depth, the others at the top level.
        """
        for instance in instances:
            series = str(instance.get(_SERIES_UID))
            if series not in self._seen_series:
                self._seen_series.add(series)
                self._dataset(instance)
            else:
                for tag in own_identifier_tags().intersection(instance):
                    if self._last.get(tag) != instance[tag]:
                        self._element(tag, instance[tag])
            yield instance

    def are_in(self, text: str) -> bool:
        """Whether a text holds one of them, accents, case and look-alikes aside."""
        words = tokens(text)
        apart, joined = set(words), "".join(words)
        return any(
            one in apart or ((len(one) >= _SHORTEST_WITHIN or not one.isascii()) and one in joined)
            for one in self._found
        )

    def _dataset(self, dataset: Mapping[str, Any], *, is_own: bool = False) -> None:
        own = own_identifier_tags()
        for tag, element in dataset.items():
            # Inline, because nearly every element holds neither a name nor another dataset.
            if is_own or tag in own or _may_identify(element):
                self._element(tag, element, is_own=is_own)

    def _element(self, tag: str, element: Any, *, is_own: bool = False) -> None:
        if not isinstance(element, dict):
            return
        if tag in own_identifier_tags():
            self._last[tag] = element
            is_own = True
        is_name = element.get("vr") == "PN"
        values = element.get("Value")
        for value in values if isinstance(values, list) else ():
            if element.get("vr") == "SQ" or _is_dataset(value):
                if isinstance(value, dict):
                    self._dataset(value, is_own=is_own)
            elif is_own or is_name:
                self._value(value, keeps_words=is_name or not _is_number(tag))

    def _value(self, value: Any, *, keeps_words: bool) -> None:
        for text in value.values() if isinstance(value, dict) else (value,):
            if isinstance(text, str | int) and not isinstance(text, bool):
                self._found.update(_parts(str(text), keeps_words=keeps_words))


@lru_cache(maxsize=1024)
def _parts(text: str, *, keeps_words: bool) -> frozenset[str]:
    """The words of an identifier, the whole of it without punctuation, and a date's other forms.

    The instances of a study repeat its identifiers.
    """
    return frozenset(_parted(text, keeps_words=keeps_words))


def _parted(text: str, *, keeps_words: bool) -> Iterator[str]:
    words = tokens(text)
    for word in {*words, "".join(words)}:
        is_word = not keeps_words and not any(map(str.isdigit, word)) and not unknown_words(word)
        if len(word) >= (_SHORTEST if word.isascii() else 2) and not is_word:
            yield word
    date = _DATE.fullmatch(text.strip())
    if date:
        year, month, day = date.groups()
        yield from (day + month + year, month + day + year, year)
        yield from (year[2:] + month + day, day + month + year[2:], month + day + year[2:])


def _may_identify(element: Any) -> bool:
    """Whether an element that is no identifier itself may hold one."""
    if not isinstance(element, dict):
        return False
    if element.get("vr") in _DEEP:
        return True
    values = element.get("Value")
    return isinstance(values, list) and any(isinstance(value, dict) for value in values)


def _is_dataset(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(one, dict) for one in value.values())


@cache
def _is_number(tag: str) -> bool:
    """Whether an attribute is a number of an order or a patient: its prefix may be any word."""
    return class_of(tag).name in ("patient_id", "order_id")
