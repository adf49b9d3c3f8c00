"""Which scanner made a series: manufacturer, model, device, field strength."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.dicom.placeholders import folded, is_placeholder
from protocol_assets.modalities.shared.row import Row, positive, text

__all__ = ["device_id", "field_strength_t", "identify", "model"]

_GAUSS_PER_TESLA = 10_000.0
# A field to the millitesla: fewer digits than a number of a patient has.
_GAUSS_DECIMALS = 3
# No clinical magnet reaches 20 T: what is above was written in gauss.
_HIGHEST_TESLA = max(float(row["below_t"]) for row in read_table("field_strength_classes.csv"))


def identify(row: Row) -> str | None:
    """The manufacturer as a term: ``siemens``, ``ge``, ..., ``other``; None where none is named."""
    name = text(row, "Manufacturer")
    return None if name is None else _vendor(name)


def model(row: Row) -> str | None:
    """The model as its term in the vocabulary, None where it is not there."""
    name = text(row, "ManufacturerModelName")
    return None if name is None else _models().get(_folded(name))


def device_id(row: Row) -> str | None:
    """Manufacturer and serial number joined with ``|``, None where the serial number is missing.

    Serial numbers are unique within a manufacturer only. The many makers of the term ``other``
    are told apart by their own spelling. A placeholder, or the name of model or manufacturer, is no
    serial number.
    """
    serial = text(row, "DeviceSerialNumber")
    if serial is None or is_placeholder("DeviceSerialNumber", serial):
        return None
    names = (text(row, "ManufacturerModelName"), text(row, "Manufacturer"))
    if folded(serial) in {folded(name) for name in names if name is not None}:
        return None
    vendor = identify(row)
    if vendor in (None, "other"):
        vendor = _folded(text(row, "Manufacturer") or "")
    return f"{vendor}|{serial}"


def field_strength_t(row: Row) -> float | None:
    """Magnetic field strength in tesla; values above 20 are gauss."""
    value = positive(row, "MagneticFieldStrength")
    if value is not None and value > _HIGHEST_TESLA:
        return round(value / _GAUSS_PER_TESLA, _GAUSS_DECIMALS)
    return value


@lru_cache(maxsize=1024)
def _vendor(name: str) -> str:
    words = _folded(name)
    for leading, vendor in _manufacturers():
        if words == leading or words.startswith(f"{leading} "):
            return vendor
    return "other"


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name.upper()))


@cache
def _manufacturers() -> tuple[tuple[str, str], ...]:
    table = read_table("vendors_manufacturers.csv")
    return tuple((row["leading_words"], row["vendor"]) for row in table)


@cache
def _models() -> dict[str, str]:
    terms = read_table("terms.csv")
    return {_folded(row["term"]): row["term"] for row in terms if row["vocabulary"] == "model"}
