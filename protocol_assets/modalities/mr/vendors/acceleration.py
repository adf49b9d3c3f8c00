"""Parallel imaging factors, from the standard attributes or the vendor's own field.

Which attribute and how it is read: ``data/vendors_acceleration.csv``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from protocol_assets.modalities.shared.row import Row, number, numbers, positive, text, tokens
from protocol_assets.modalities.shared.vendor_rules import applicable

__all__ = ["acceleration", "compressed_sensing"]

_TABLE = "vendors_acceleration.csv"


def acceleration(
    row: Row, vendor: str | None, layout: str | None = "classic"
) -> tuple[float | None, float | None]:
    """Parallel imaging factor in plane and through the slab; 1 where it is known to be off.

    The first attribute of the table that is there decides, also where it cannot be read.

    Args:
        row: The row of ``series``.
        vendor: Manufacturer as a term.
        layout: The rules that the header follows (``layout.header_layout``).
    """
    out_of_plane = positive(row, "ParallelReductionFactorOutOfPlane")
    for rule in applicable(_TABLE, vendor=vendor, encoding=layout):
        column, value = rule["column"], rule["value"]
        match rule["reading"]:
            case "factor" if (factor := positive(row, column)) is not None:
                return factor, out_of_plane
            case "text" if (written := text(row, column)) is not None:
                return _factor(written, value), out_of_plane
            case "reciprocal" if shares := numbers(row, column):
                return _inverse(shares[0]), _inverse(shares[1]) if shares[1:] else out_of_plane
            case "off_where" if text(row, column) == value:
                return 1.0, 1.0
            case "off_where_present" if text(row, column) is not None:
                return 1.0, out_of_plane
            case "off_without" if (found := tokens(row, column)) and value not in found:
                return 1.0, out_of_plane
    return None, out_of_plane


def compressed_sensing(row: Row) -> float:
    """Factor by which GE HyperSense (0043,xxB7) leaves out lines beside parallel imaging, else 1.

    Philips counts Compressed SENSE in Parallel Reduction Factor (0018,9069) itself.
    """
    written = (text(row, "GECompressedSensingText") or "").split("\\")[0]
    factor = _factor(written, r"(\d+(?:\.\d+)?)")
    return factor if factor is not None and factor > 1 else 1.0


@lru_cache(maxsize=1024)
def _factor(value: str, pattern: str) -> float | None:
    match = re.search(pattern, value, re.IGNORECASE)
    factor = float(match[1]) if match and len(match[1]) < 8 else 0.0
    return factor or None


def _inverse(value: float) -> float | None:
    # ASSET is written with six digits: 0.333333 is a factor of 3.
    factor = number({"factor": round(1 / value, 3)}, "factor") if value > 0 else None
    return factor if factor is not None and factor > 0 else None
