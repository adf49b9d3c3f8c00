"""Placeholders: values that identify nobody and nothing, because many share them.

The patterns, each with its source, are in ``identity_placeholders.csv``. They are compared with the
whole value in upper case, letters and digits only, without accents.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from protocol_assets.data import read_table

__all__ = ["folded", "is_placeholder"]

_ACCENTS = re.compile(r"(?<=[A-Z])[\u0300-\u036f]+")


def is_placeholder(attribute: str, value: str) -> bool:
    """Whether a value of Patient ID or Device Serial Number identifies nobody and nothing.

    Args:
        attribute: ``PatientID`` or ``DeviceSerialNumber``.
        value: The value, not empty.
    """
    return _matches(attribute, folded(value))


@lru_cache(maxsize=4096)
def folded(value: str) -> str:
    """Letters and digits of any script in upper case, Latin letters without accents."""
    apart = unicodedata.normalize("NFKD", value.upper())
    # In other scripts a mark makes another letter: a й is no и, a テ no デ.
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", apart))
    return "".join(re.findall(r"[^\W_]+", plain))


@lru_cache(maxsize=65536)
def _matches(attribute: str, value: str) -> bool:
    return any(pattern.fullmatch(value) for pattern in _patterns(attribute))


@cache
def _patterns(attribute: str) -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(row["pattern"])
        for row in read_table("identity_placeholders.csv")
        if attribute in row["attributes"].split()
    )
