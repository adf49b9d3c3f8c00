"""Attributes of a listing, read tolerantly: servers write them in many ways.

Stricter reading, with counts of what was dirty, is the business of the DICOM model; here a study
must not be lost because its row is ill-written.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

__all__ = [
    "UnreadableDateError",
    "count",
    "counts",
    "day",
    "is_uid",
    "minute_of_day",
    "texts",
    "uid",
]

STUDY_UID, SERIES_UID, SOP_UID = "0020000D", "0020000E", "00080018"
STUDY_DATE, STUDY_TIME, MODALITIES = "00080020", "00080030", "00080061"
SERIES_COUNT, INSTANCE_COUNT = "00201206", "00201208"
MODALITY, SERIES_INSTANCES = "00080060", "00201209"
AVAILABILITY = "00080056"

_UID = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])", re.ASCII)
_DATE = re.compile(
    r"([0-9]{4})([-./]?)([0-9]{2})\2([0-9]{2})(?:[T ].*|[0-9]{6}(?:\.[0-9]*)?)?", re.ASCII
)


class UnreadableDateError(ValueError):
    """A date is there and cannot be read."""


def texts(row: Mapping[str, Any], tag: str) -> list[str]:
    """The values of ``tag`` (upper-case hexadecimal) as text, without padding and empty ones.

    Takes a tag key in lower case or with spaces, an element that is its own value, and values
    that are scalar, numbers, or joined by a backslash.
    """
    element = row.get(tag)
    if element is None:
        folded = (key for key in row if key.replace(" ", "").upper() == tag)
        element = row.get(next(folded, tag))
    value = element.get("Value") if isinstance(element, dict) else element
    members = value if isinstance(value, list) else [value]
    if len(members) == 1 and isinstance(members[0], str) and "\\" not in members[0]:
        only = members[0].strip(" \0")  # nearly always, and asked for of every instance
        return [only] if only else []
    read: list[str] = []
    for member in members:
        if isinstance(member, str):
            read += [part.strip(" \0") for part in member.split("\\")]
        elif isinstance(member, int | float) and not isinstance(member, bool):
            read.append(str(member))
    return [text for text in read if text]


def uid(row: Mapping[str, Any], tag: str) -> str | None:
    """The UID of ``tag`` (PS3.5 section 9.1); None if it is absent or none."""
    value = next(iter(texts(row, tag)), "")
    return value if is_uid(value) else None


def is_uid(text: str) -> bool:
    """Whether ``text`` has the form of a UID, and so may stand in a URL (PS3.5 section 9.1).

    Leading zeros of a component are let through: such UIDs exist and name real studies.
    """
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def count(row: Mapping[str, Any], tag: str) -> int | None:
    """The whole number of ``tag``, not negative; None if it is absent or none."""
    return next(iter(counts(row, tag)), None)


def counts(row: Mapping[str, Any], tag: str) -> list[int]:
    """The whole numbers of ``tag``, not negative; nothing if the first value is none."""
    read = []
    for text in texts(row, tag):
        text = text.removesuffix(".0")
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            break
        read.append(int(text))
    return read


def day(row: Mapping[str, Any], tag: str) -> dt.date | None:
    """The date of ``tag``; None if it is absent.

    Besides DICOM's ``20260302`` and ACR-NEMA's ``2026.03.02`` it takes ``2026-03-02``,
    ``2026/03/02``, and each of them with a time behind it.

    Raises:
        UnreadableDateError: There is a value, and it is no date or there are several.
    """
    values = set(texts(row, tag))
    if not values:
        return None
    match = _DATE.fullmatch(next(iter(values))) if len(values) == 1 else None
    try:
        if match is not None:
            return dt.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        pass  # such as month 13
    raise UnreadableDateError


def minute_of_day(row: Mapping[str, Any], tag: str) -> int | None:
    """The DICOM TM of ``tag`` as minutes since midnight, None if hour and minute are absent."""
    match = _TIME.match(next(iter(texts(row, tag)), "").replace(":", ""))
    return int(match[1]) * 60 + int(match[2]) if match else None
