"""Reconstruction as a term: deep learning, compressed sensing or standard.

A grouping key, since one average with deep learning is no fair target for a scanner without it.
"""

from __future__ import annotations

import re
from functools import cache

from protocol_assets.data import read_table
from protocol_assets.modalities.shared.row import Row, number, text, tokens

__all__ = ["reconstruction"]

_LEVELS = frozenset({"LOW", "MEDIUM", "HIGH"})
_FIRST_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def reconstruction(row: Row, vendor: str | None) -> str | None:
    """``deep_learning``, ``compressed_sensing`` or ``standard``; None where the header cannot tell.

    ``standard`` needs the place where the vendor would say otherwise. For a vendor whose marker is
    not known (Canon, Hitachi, United Imaging) the answer stays open.
    """
    for column, maker, match, value, term in _rules():
        if row.get(column) is None or (maker and maker != vendor):
            continue
        if _matches(row, column, match, value):
            return term
    return None


def _matches(row: Row, column: str, match: str, value: str) -> bool:
    match match:
        case "token":
            return value in tokens(row, column)
        case "contains":
            return value in (text(row, column) or "").upper()
        case "level":
            return _is_level(text(row, column) or "")
        case "factor":
            return _first_number(text(row, column) or "") > 1
        case _:
            return text(row, column) is not None or number(row, column) is not None


def _is_level(value: str) -> bool:
    words = set(value.upper().split("\\"))
    return bool(words & _LEVELS) or _first_number(value) > 0


def _first_number(value: str) -> float:
    found = _FIRST_NUMBER.search(value)
    return float(found[0]) if found else 0.0


@cache
def _rules() -> tuple[tuple[str, str, str, str, str], ...]:
    return tuple(
        (row["column"], row["vendor"], row["match"], row["value"], row["reconstruction"])
        for row in read_table("vendors_reconstruction.csv")
    )
