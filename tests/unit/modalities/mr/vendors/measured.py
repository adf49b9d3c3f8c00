"""What the vendor rules say of one row, as the description of a partition asks them."""

from __future__ import annotations

from typing import Any

from protocol_assets.modalities.mr.vendors.measures import measures
from protocol_assets.modalities.mr.vendors.sequence import dimension, sequence_family
from protocol_assets.modalities.shared.header_texts import series_texts
from protocol_assets.modalities.shared.row import Row, text
from protocol_assets.modalities.shared.scanners import identify

__all__ = ["measured"]


def measured(row: Row, encoding: str = "classic", *, is_original: bool = True) -> dict[str, Any]:
    """The columns of an MR image series; ``row`` names its manufacturer."""
    vendor = identify(row)
    return measures(
        row,
        series_texts(row, vendor),
        vendor=vendor,
        encoding="enhanced" if text(row, "EchoPulseSequence") else encoding,
        family=sequence_family(row),
        dimension=dimension(row),
        is_image=True,
        is_original=is_original,
    )
