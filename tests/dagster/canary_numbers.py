"""Numbers of patients typed into every numeric element of the facts, and a search for them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from pydicom.datadict import dictionary_VR

from protocol_assets.dicom.columns import SeriesColumn, series_columns
from protocol_assets.dicom.paths import Path, Step, private_blocks, reservations
from protocol_assets.modalities.mr.spec import MR

Element = dict[str, Any]
Dataset = dict[str, Any]

FORMS = ("number", "text", "decimal", "exponent", "negative", "scaled")
_FIRST, _STEP = 71_234_563, 20_010  # none ends in a zero: it has eight digits to tell
_LISTED = ("integers", "decimals")
_NUMERIC = ("integer", "decimal", *_LISTED)
_AT_ONCE = 3
"""Elements that are spoiled in one series."""
_STRIDE = 97
"""Places between them: no common factor with the number of places."""


@dataclass(frozen=True)
class Place:
    """An element that becomes a number of the facts, and the form in which a number is typed."""

    column: SeriesColumn
    path: Path
    form: str


def places() -> list[Place]:
    """Every path of every numeric column, also those that the policy does not name."""
    paths = [
        (column, path)
        for column in series_columns(MR.series_columns)
        if column.type in _NUMERIC
        for path in dict.fromkeys((*column.paths, column.functional_group_path))
        if path is not None
    ]
    return [Place(column, path, form) for form in FORMS for column, path in paths]


@dataclass
class NumberPlanter:
    """Spoils each series in a few places, the next places in the next series.

    Attributes:
        planted: Place by the eight digits that were typed there.
    """

    planted: dict[str, Place] = field(default_factory=dict)
    _of_series: dict[str, list[tuple[Place, int]]] = field(default_factory=dict)
    _next: Iterator[int] = field(default_factory=count)

    def __call__(self, instance: Dataset) -> None:
        """Spoil an instance as its series is spoiled."""
        (uid,) = instance["0020000E"]["Value"]
        for place, number in self._of_series.get(uid) or self._choose(uid):
            _plant(instance, place, number)

    def choose(self, uids: Iterable[str]) -> None:
        """Choose the places of some series in their order, not in that of their arrival."""
        for uid in uids:
            if uid not in self._of_series:
                self._choose(uid)

    def _choose(self, uid: str) -> list[tuple[Place, int]]:
        every, chosen = places(), []
        for _ in range(_AT_ONCE):
            number = next(self._next)
            # Far apart: paths of one column would be typed over each other in one series.
            place = every[number * _STRIDE % len(every)]
            token = _FIRST + _STEP * number
            self.planted[str(token)] = place
            chosen.append((place, token))
        return self._of_series.setdefault(uid, chosen)

    @property
    def missing(self) -> list[Place]:
        """Places that no series was left for."""
        return [one for one in places() if one not in self.planted.values()]


def _typed(number: int, form: str) -> int | float | str:
    forms: dict[str, int | float | str] = {
        "number": number,
        "text": str(number),
        "decimal": number + 0.25,
        "exponent": f"{number / 10_000_000:.7f}E7",
        "negative": -number,
        "scaled": number / 1_000_000,
    }
    return forms[form]


def _plant(instance: Dataset, place: Place, number: int) -> None:
    value = _typed(number, place.form)
    *groups, last = place.path.steps
    if not groups and last.creator is None:
        tag = last.group + last.element
        found = list(_everywhere(instance, tag)) or [instance.setdefault(tag, _empty(last))]
    else:
        found = [_made(instance, place.path)]
    for element in found:
        values = list(element.get("Value") or [])
        if place.column.type in _LISTED:
            values = values if len(values) > 1 else [1, 1]
            values[1] = value
        else:
            values = [value]
        element["Value"] = values
        element.pop("InlineBinary", None)


def _everywhere(dataset: Dataset, tag: str) -> Iterator[Element]:
    for key, element in dataset.items():
        if key == tag:
            yield element
        elif isinstance(element, dict) and element.get("vr") == "SQ":
            for item in element.get("Value") or []:
                yield from _everywhere(item, tag)


def _made(dataset: Dataset, path: Path) -> Element:
    """The element at a path; what is missing on the way is made."""
    *groups, last = path.steps
    holder = dataset
    if groups and groups[0].creator is None:  # a functional group: of all frames
        holder = _item(holder, "52009229")
    for step in groups:
        holder = _item(holder, _tag(holder, step))
    element: Element = holder.setdefault(_tag(holder, last), _empty(last))
    return element


def _item(dataset: Dataset, tag: str) -> Dataset:
    sequence = dataset.setdefault(tag, {"vr": "SQ", "Value": [{}]})
    if not sequence.get("Value"):
        sequence["Value"] = [{}]
    item: Dataset = sequence["Value"][0]
    return item


def _tag(dataset: Dataset, step: Step) -> str:
    if step.creator is None:
        return step.group + step.element
    tags = reservations(step.group)
    blocks = private_blocks(dataset, tags)
    block = blocks.get((step.group, step.creator))
    if block is None:
        reservation = min(tags - dataset.keys())
        dataset[reservation] = {"vr": "LO", "Value": [step.creator]}
        block = reservation[6:]
    return step.group + block + step.element


def _empty(step: Step) -> Element:
    if step.creator is not None:
        return {"vr": "DS"}
    return {"vr": dictionary_VR(int(step.group + step.element, 16))}


class NumberSearch:
    """Finds typed numbers: as text in any notation, and as little-endian numbers of eight bytes.

    Four bytes are no evidence: with 3,000 numbers, tens of megabytes hold some of them by chance.
    Columns that narrow are searched as text, since every table is also decoded.
    """

    def __init__(self, tokens: set[str]) -> None:
        self._digits: dict[str, str] = {}
        binary: dict[bytes, str] = {}
        for token in tokens:
            number = int(token)
            self._digits |= {token.rstrip("0"): token, f"{token}25": token}
            for value in (number, -number):
                binary[struct.pack("<q", value)] = token
            for real in (number, -number, number + 0.25, number / 1_000_000):
                binary[struct.pack("<d", real)] = token
        self._binary = {int.from_bytes(key, "little"): token for key, token in binary.items()}
        self._tokens = tokens

    def hits(self, content: bytes) -> set[str]:
        """The tokens that were found."""
        text = content.decode("utf-8", "ignore")
        found = {one for one in _WHOLE.findall(text) if one in self._tokens}
        for whole, fraction in _NUMBER.findall(text):
            digits = (whole + fraction).strip("0")
            if digits in self._digits:
                found.add(self._digits[digits])
        return found | set(_binary(content, self._binary))


# Eight digits by themselves or within a name; not a part of a hash.
_WHOLE = re.compile(r"(?<![0-9a-fA-F])[0-9]{8}(?![0-9a-fA-F])")
_NUMBER = re.compile(r"(?<![\w.])-?([0-9]{1,9})(?:\.([0-9]{1,10}))?(?:[eE][+-]?[0-9]+)?(?![\w.])")


def _binary(content: bytes, wanted: dict[int, str]) -> Iterator[str]:
    size = np.dtype(np.uint64).itemsize
    keys = np.sort(np.array(list(wanted), np.uint64))
    for offset in range(size):
        length = (len(content) - offset) // size
        if length > 0:
            window = np.frombuffer(content, np.uint64, length, offset)
            places_ = np.searchsorted(keys, window) % len(keys)
            for hit in window[keys[places_] == window].tolist():
                yield wanted[hit]
