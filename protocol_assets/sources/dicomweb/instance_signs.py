"""What a single instance shows of the PACS that sent it."""

from __future__ import annotations

from typing import Any

from protocol_assets.dicom.unknown_values import with_known_values
from protocol_assets.dicom.values import CURRENCY_SIGNS

__all__ = ["has_currency_sign", "is_private", "withholds_private"]

Row = dict[str, Any]


def withholds_private(instance: Row) -> bool:
    """Whether private elements of unknown VR come without a value that can be read."""
    return any(
        is_private(tag) and element.get("vr") == "UN" and "Value" not in element
        for tag, element in with_known_values(instance).items()
        if isinstance(element, dict)
    )


def has_currency_sign(instance: Row) -> bool:
    """Whether a code string, which holds no such sign, has one for its separator."""
    return any(
        not CURRENCY_SIGNS.isdisjoint(text)
        for element in instance.values()
        if isinstance(element, dict) and element.get("vr") == "CS"
        for text in element.get("Value") or ()
        if isinstance(text, str)
    )


def is_private(tag: str) -> bool:
    """Whether a tag is of an odd group (PS3.5 section 7.8)."""
    try:
        return int(tag[:4], 16) % 2 == 1
    except ValueError:
        return False
