"""One element of the DICOM JSON model, read as a typed value.

A value is absent (no element, no Value, an empty or null one), good, or dirty: present and not
readable as its type, or one of several where the attribute has one. Dirty values become None and
are counted; they are never an exception.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from pydicom.valuerep import DA, DT, TM

from protocol_assets.dicom.dates import is_sentinel

__all__ = ["CURRENCY_SIGNS", "DIRTY", "UNREADABLE", "raw_values", "reader"]


class Dirty:
    """Marks a value that is present and unreadable."""


DIRTY: Final = Dirty()

UNREADABLE: Final = "unreadable"
"""Member of a landed element that held a value of unknown VR which cannot be read."""

_BYTES = (UNREADABLE, "InlineBinary", "BulkDataURI")

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_INT64 = 2**63
# Decimal String (PS3.5 table 6.2-1, DS), without its limit of 16 characters.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
# The microseconds that PS3.5 (TM, DT) allows; some write more.
_FRACTION = re.compile(r"(\.[0-9]{6})[0-9]+")
CURRENCY_SIGNS: Final = frozenset(
    "\N{YEN SIGN}\N{FULLWIDTH YEN SIGN}\N{WON SIGN}\N{FULLWIDTH WON SIGN}"
)
"""What the backslash between values becomes where it is decoded in ISO 646 of Japan or Korea."""

_SEPARATORS = re.compile(f"[{re.escape(chr(92))}{''.join(sorted(CURRENCY_SIGNS))}]")
_STATED_DATETIME = re.compile(r"([0-9]+)(\.[0-9]+)?([+-][0-9]{4})?")
_ISO_DATETIME = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[T ]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(\.[0-9]+)?)?"
    r" ?(?:(Z)|([+-][0-9]{2}):?([0-9]{2}))?"
)
_TO_THE_MINUTE = len("YYYYMMDDHHMM")
_TIME_TO_THE_MINUTE = len("HHMM")


def raw_values(element: Any) -> Any:
    """The value list of an element, None where it is absent, ``DIRTY`` where it is malformed.

    An element has a ``vr`` and its ``Value`` is an array (PS3.18 annex F.2.2). Some servers leave
    out the ``vr``, or write a single value without its array; neither leaves a doubt about the
    value, whose type the attribute decides. An element that holds bytes in place of a value is
    ``DIRTY``: whoever asks for it wants text or a number.
    """
    if element is None:
        return None
    if not isinstance(element, dict):
        return DIRTY
    values = element.get("Value")
    if values is None or values == []:
        return DIRTY if any(name in element for name in _BYTES) else None
    if isinstance(values, list):
        return values
    return DIRTY if isinstance(values, dict) else [values]


def _text(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _INT64:
        return str(int(value))  # a serial number as a JSON number, 41001.0
    if not isinstance(value, str):
        return DIRTY
    text = value.strip(" \0\t\r\n")
    # A lone surrogate cannot be stored as UTF-8; a NUL inside breaks readers downstream.
    if "\0" in text or not (text.isascii() or _is_unicode(text)):
        return DIRTY
    return text or None


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _decimal(value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip(" \0")
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            return DIRTY
        value = float(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return DIRTY
    try:
        number = float(value)
    except OverflowError:
        return DIRTY
    return number if math.isfinite(number) else DIRTY


def _integer(value: Any) -> Any:
    number = _decimal(value)
    if number is None or number is DIRTY:
        return number
    if number != int(number) or abs(number) >= _INT64:
        return DIRTY
    return int(number)


def _uid(value: Any) -> Any:
    text = _text(value)
    if text is None or text is DIRTY:
        return text
    return text if len(text) <= 64 and _UID.fullmatch(text) else DIRTY


def _parsed(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        text = _text(value)
        if text is None or text is DIRTY:
            return text
        try:
            return parse(text)
        except (ValueError, TypeError, OverflowError):
            return DIRTY

    return read


def _date(text: str) -> dt.date:
    day = DA(text)
    if day is None:
        raise ValueError("no date")
    return dt.date(day.year, day.month, day.day)


def _time(text: str) -> dt.time | None:
    """Time of day; None where the value states no minute (an hour alone is not the full hour)."""
    # ACR-NEMA wrote colons (PS3.5 table 6.2-1, TM); a leap second is the end of its minute.
    text = re.sub(r"^(\d{4})60", r"\g<1>59", text.replace(":", ""))
    time = TM(_FRACTION.sub(r"\1", text))
    if time is None:
        raise ValueError("no time")
    if len(text) < _TIME_TO_THE_MINUTE:
        return None
    return dt.time(time.hour, time.minute, time.second, time.microsecond)


def _datetime(text: str) -> dt.datetime | None:
    """Wall-clock time as written; ``utc_offset`` reads its offset from UTC.

    None where the value states no minute (a date alone is not midnight), or a sentinel date.
    """
    stated = _stated_datetime(text)
    moment = None if stated is None else DT(_FRACTION.sub(r"\1", stated[0]))
    if stated is None or moment is None:
        raise ValueError("no datetime")
    if is_sentinel(moment) or len(stated[1]) < _TO_THE_MINUTE:
        return None
    return dt.datetime.combine(
        dt.date(moment.year, moment.month, moment.day),
        dt.time(moment.hour, moment.minute, moment.second, moment.microsecond),
    )


def _utc_offset(text: str) -> str | None:
    """The suffix ``&ZZXX`` of a DT (PS3.5 table 6.2-1), as in Timezone Offset From UTC."""
    stated = _stated_datetime(text)
    return None if stated is None else stated[3]


def _stated_datetime(text: str) -> re.Match[str] | None:
    """A date-time by the grammar of DT, also where it was written as ISO 8601 writes it."""
    stated = _STATED_DATETIME.fullmatch(text)
    if stated is None and (iso := _ISO_DATETIME.fullmatch(text)):
        digits = "".join(part or "" for part in iso.groups()[:7])
        offset = "+0000" if iso[8] else f"{iso[9]}{iso[10]}" if iso[9] else ""
        stated = _STATED_DATETIME.fullmatch(digits + offset)
    return stated


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _integer,
    "decimal": _decimal,
    "uid": _uid,
    "date": _parsed(_date),
    "time": _parsed(_time),
    "datetime": _parsed(_datetime),
    "utc_offset": _parsed(_utc_offset),
}
_LISTS = {"strings": _text, "integers": _integer, "decimals": _decimal}


@cache
def reader(column_type: str, takes_first: bool = False) -> Callable[[Any], Any]:
    """A function from a value list to the typed value, None, or ``DIRTY``.

    Args:
        column_type: Type of the column. Of scalars several values are dirty; lists are dirty as a
            whole where one value is.
        takes_first: Whether a scalar takes the first of several values that are there.
    """
    if column_type in _SCALARS:
        return _scalar_reader(_SCALARS[column_type], takes_first)
    return _list_reader(_LISTS[column_type], is_text=column_type == "strings")


def _scalar_reader(scalar: Callable[[Any], Any], takes_first: bool) -> Callable[[Any], Any]:
    def read_scalar(values: list[Any]) -> Any:
        if len(values) == 1:
            return scalar(values[0])
        found = [read for value in values if (read := scalar(value)) is not None]
        if len(found) > 1 and not takes_first:
            return DIRTY
        return found[0] if found else None

    return read_scalar


def _list_reader(member: Callable[[Any], Any], is_text: bool) -> Callable[[Any], Any]:
    def read_list(values: list[Any]) -> Any:
        read = [member(value) for value in _apart(values)]
        if any(value is DIRTY for value in read):
            return DIRTY
        if is_text:
            return "\\".join(value or "" for value in read) if any(read) else None
        return None if any(value is None for value in read) else tuple(read)

    return read_list


def _apart(values: list[Any]) -> list[Any]:
    """The values, those apart that were joined by a backslash or by what a server made of it."""
    for value in values:
        # Nearly every value is a number, or plain text that holds no separator.
        if isinstance(value, str) and ("\\" in value or not value.isascii()):
            break
    else:
        return values
    return [
        part
        for value in values
        for part in (_SEPARATORS.split(value) if isinstance(value, str) else (value,))
    ]
