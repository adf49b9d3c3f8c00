"""Parallel imaging factors, from the standard attributes or the vendor's own field."""

from __future__ import annotations

import re
from functools import lru_cache

from protocol_assets.vendors.row import Row, number, numbers, positive, text

__all__ = ["acceleration"]

_SIEMENS_FACTOR = re.compile(r"\bp(\d+)", re.IGNORECASE)


def acceleration(row: Row, vendor: str | None) -> tuple[float | None, float | None]:
    """Parallel imaging factor in plane and through the slab; 1 where it is known to be off.

    Order: Parallel Reduction Factor (0018,9069) and (0018,9155); the ``p2`` of Siemens (0051,xx11);
    1 / ASSET of GE (0043,xx83); Parallel Acquisition (0018,9077) ``NO``. Siemens classic writes the
    text only where parallel imaging is on: it is off where the private block is there (the ``TA``
    text stands) without it.
    """
    in_plane = positive(row, "ParallelReductionFactorInPlane")
    out_of_plane = positive(row, "ParallelReductionFactorOutOfPlane")
    if in_plane is not None:
        return in_plane, out_of_plane
    siemens = text(row, "SiemensParallelImagingText")
    if siemens is not None:
        return _siemens_factor(siemens), out_of_plane
    asset = numbers(row, "GEAssetRFactors")
    if asset:
        return _inverse(asset[0]), _inverse(asset[1]) if len(asset) > 1 else out_of_plane
    if text(row, "ParallelAcquisition") == "NO":
        return 1.0, 1.0
    if vendor == "siemens" and text(row, "SiemensAcquisitionTimeText") is not None:
        return 1.0, out_of_plane
    return None, out_of_plane


@lru_cache(maxsize=1024)
def _siemens_factor(value: str) -> float | None:
    match = _SIEMENS_FACTOR.search(value)
    factor = float(match[1]) if match and len(match[1]) < 4 else 0.0
    return factor or None


def _inverse(value: float) -> float | None:
    # ASSET is written with six digits: 0.333333 is a factor of 3.
    factor = number({"factor": round(1 / value, 3)}, "factor") if value > 0 else None
    return factor if factor is not None and factor > 0 else None
