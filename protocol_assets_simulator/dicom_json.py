"""Writing the DICOM JSON model (PS3.18 Annex F) by attribute keyword."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final

import orjson
from pydicom.datadict import dictionary_VR, tag_for_keyword

DicomJson = dict[str, dict[str, Any]]
"""A data set: eight hexadecimal digits to an element with `vr` and `Value` or `BulkDataURI`."""

EMPTY: Final = ()
"""The value of an element that is present and holds nothing (type 2)."""


@cache
def _attribute(keyword: str) -> tuple[str, str]:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{keyword} is no DICOM keyword")
    return f"{tag:08X}", dictionary_VR(tag).split(" or ")[0]


def number(value: float) -> float | int:
    """A number as JSON writers emit it: integral values without a fraction."""
    return int(value) if value == int(value) else round(value, 6)


def single(value: float) -> float:
    """The value after a round through 32-bit floating point, with its noise, as VR FL holds it."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _item(vr: str, value: Any) -> Any:
    if vr == "PN" and isinstance(value, str):
        return {"Alphabetic": value}
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"{value:%Y%m%d}"
    if isinstance(value, float):
        return number(value)
    return value


def element(vr: str, *values: Any) -> dict[str, Any]:
    """One element; without values it is present and empty."""
    return {"vr": vr, "Value": [_item(vr, value) for value in values]} if values else {"vr": vr}


def attributes(values: Mapping[str, Any]) -> DicomJson:
    """A data set from keywords; None leaves the attribute out, `EMPTY` writes it empty.

    Sequences take a data set or a list of data sets; other attributes a value or a sequence of
    values.

    Raises:
        KeyError: A key is no keyword of the DICOM dictionary.
    """
    result: DicomJson = {}
    for keyword, value in values.items():
        if value is None:
            continue
        tag, vr = _attribute(keyword)
        many = value if isinstance(value, list | tuple) else (value,)
        result[tag] = element(vr, *many)
    return result


def code(value: str, scheme: str, meaning: str) -> DicomJson:
    """A coded entry (PS3.3 Table 8.8-1)."""
    return attributes(
        {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}
    )


def ordered(*data_sets: DicomJson) -> DicomJson:
    """The union of data sets in ascending tag order; a later one wins."""
    merged: DicomJson = {}
    for data_set in data_sets:
        merged.update(data_set)
    return dict(sorted(merged.items()))


def clock(moment: datetime, digits: int) -> str:
    """A DICOM time (TM) with `digits` fractional digits, 0 for none."""
    text = f"{moment:%H%M%S}"
    return f"{text}.{moment.microsecond:06d}"[: 7 + digits] if digits else text


def serialised(template: DicomJson, variations: Iterable[DicomJson]) -> Iterator[bytes]:
    """The JSON text of every data set `template | variation`; what does not vary is written once.

    Args:
        template: The elements in ascending order, with a place for each that varies.
        variations: Data sets with the same tags each, all of them in the template.
    """
    parts: list[bytes] = []
    tags: tuple[str, ...] = ()
    for variation in variations:
        if not parts:
            parts, tags = _cut(template, frozenset(variation))
        texts = [orjson.dumps(variation[tag]) for tag in tags]
        yield b"".join(
            [piece for pair in zip(parts, texts, strict=False) for piece in pair] + parts[-1:]
        )


def _cut(template: DicomJson, varying: frozenset[str]) -> tuple[list[bytes], tuple[str, ...]]:
    """The text around the elements that vary, and their tags in order."""
    parts: list[bytes] = []
    tags: list[str] = []
    run: DicomJson = {}
    for tag, value in template.items():
        if tag in varying:
            parts.append(_joined(run, bool(parts)) + b'"%s":' % tag.encode())
            tags.append(tag)
            run = {}
        else:
            run[tag] = value
    last = _joined(run, bool(parts)).removesuffix(b",")
    return [b"{" + parts[0], *parts[1:], last + b"}"], tuple(tags)


def _joined(run: DicomJson, follows: bool) -> bytes:
    """The elements without braces, a comma behind each, and before them where some went before."""
    inner = orjson.dumps(run)[1:-1]
    return (b"," if follows else b"") + inner + (b"," if inner else b"")
