"""Elements of unknown value representation (UN), read as what the dictionaries say they hold.

An archive that received an object in implicit VR, and does not know an element, answers with UN and
InlineBinary (PS3.18 annex F.2.7). The bytes are the value in Implicit VR Little Endian (PS3.5
section 6.2.2), so that text and numbers can be read once their VR is known: from the standard, from
pydicom's dictionary of private elements, or, for text, from the column that wants it.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from pydicom.datadict import dictionary_VR, private_dictionary_VR

from protocol_assets.dicom.columns import all_series_columns
from protocol_assets.dicom.paths import Path
from protocol_assets.dicom.values import UNREADABLE

__all__ = ["with_known_values"]

_SINGLE_TEXTS: Final = frozenset({"LT", "ST", "UT", "UR"})
_TEXTS: Final = _SINGLE_TEXTS | {
    "AE",
    "AS",
    "CS",
    "DA",
    "DS",
    "DT",
    "IS",
    "LO",
    "PN",
    "SH",
    "TM",
    "UC",
    "UI",
}
_NUMBERS: Final = {
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "UV": "Q",
    "SV": "q",
    "FL": "f",
    "FD": "d",
}
_FIRST_BLOCK: Final = 0x10
_LARGEST: Final = 1 << 16
_CONTROL: Final = frozenset(chr(code) for code in range(32)) - {"\t", "\n", "\f", "\r", "\x1b"}

Blocks = Mapping[str, str]
"""Private creator by group and block: ``001910`` for (0019,0010)."""


def with_known_values(node: Any) -> Any:
    """The dataset with its UN elements read, at every depth.

    What cannot be read loses its bytes and is marked ``UNREADABLE``, so that it is counted where a
    column wants it.
    """
    if isinstance(node, list):
        return [with_known_values(member) for member in node]
    if not isinstance(node, dict):
        return node
    read = {tag: _known(tag, element, {}) for tag, element in node.items() if _is_creator(tag)}
    blocks = {tag[:4] + tag[6:8]: _creator(element) for tag, element in read.items()}
    return {
        tag: read[tag] if tag in read else with_known_values(_known(tag, element, blocks))
        for tag, element in node.items()
    }


def _known(tag: str, element: Any, blocks: Blocks) -> Any:
    """The element, read where it is UN with bytes."""
    if not isinstance(element, dict) or element.get("vr") != "UN" or "Value" in element:
        return element
    if "InlineBinary" not in element and "BulkDataURI" not in element:
        return element
    vr = _vr(tag, blocks)
    values = _values(element.get("InlineBinary"), vr)
    if vr is None or values is None:
        return {"vr": "UN", UNREADABLE: True}
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _is_creator(tag: str) -> bool:
    """Whether the tag reserves a block of private elements (PS3.5 section 7.8.1)."""
    return len(tag) == 8 and tag[4:6] == "00" and tag[3] in "13579BDFbdf" and tag[6:] >= "10"


def _creator(element: Any) -> str:
    values = element.get("Value") if isinstance(element, dict) else None
    first = values[0] if isinstance(values, list) and values else None
    return first.strip() if isinstance(first, str) else ""


def _vr(tag: str, blocks: Blocks) -> str | None:
    if _is_creator(tag):
        return "LO"
    creator = blocks.get(tag[:6]) if len(tag) == 8 else None
    try:
        number = int(tag, 16)
        if not number >> 16 & 1:
            return str(dictionary_VR(number))
    except (KeyError, ValueError):
        return None
    return _private_vr(tag[:4].upper(), tag[6:].upper(), creator) if creator else None


@lru_cache(maxsize=4096)
def _private_vr(group: str, element: str, creator: str) -> str | None:
    try:
        return str(private_dictionary_VR(int(f"{group}{_FIRST_BLOCK:02X}{element}", 16), creator))
    except KeyError:
        return "LO" if (group, element, creator) in _wanted_texts() else None


@cache
def _wanted_texts() -> frozenset[tuple[str, str, str]]:
    """Private elements that a column reads as text."""
    return frozenset(
        (step.group, step.element, step.creator)
        for column in all_series_columns()
        if column.type in ("string", "strings")
        for path in (*column.paths, *_optional(column.functional_group_path))
        for step in path.steps[-1:]
        if step.creator is not None
    )


def _optional(path: Path | None) -> tuple[Path, ...]:
    return () if path is None else (path,)


def _values(inline: Any, vr: str | None) -> list[Any] | None:
    """The values in the bytes; None where they are no text or number of that VR."""
    if not isinstance(inline, str) or len(inline) > _LARGEST:
        return None
    try:
        data = base64.b64decode(inline, validate=True)
    except (binascii.Error, ValueError):
        return None
    if vr in _TEXTS:
        return _texts(data, vr)
    form = _NUMBERS.get(vr or "")
    if form is None or len(data) % struct.calcsize(form):
        return None
    numbers = struct.unpack(f"<{len(data) // struct.calcsize(form)}{form}", data)
    # JSON has no word for a number that is none; as text it is counted as unreadable.
    return [number if math.isfinite(number) else str(number) for number in numbers]


def _texts(data: bytes, vr: str) -> list[Any] | None:
    try:
        text = data.rstrip(b"\0 ").decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text:
        return []
    if not _CONTROL.isdisjoint(text):
        return None
    parts = [text] if vr in _SINGLE_TEXTS else [part.strip() for part in text.split("\\")]
    return [{"Alphabetic": part} for part in parts] if vr == "PN" else list(parts)
