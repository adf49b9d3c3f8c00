"""The facts station: a cell's series described by the protocol rules and de-identified."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import register_texts
from protocol_assets.deidentify.projection import Projection, project
from protocol_assets.lake.zones import Cell
from protocol_assets.protocols.description import describe_cell

__all__ = ["CellFacts", "describe_and_project"]


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What one cell gives to the safe zone, and to the restricted label registry."""

    projection: Projection
    registry: pa.Table


def describe_and_project(series: pa.Table, cell: Cell, pseudonyms: Pseudonyms) -> CellFacts:
    """Describe each series, then let through what the policy allows.

    Args:
        series: The cell's ``series``.
        cell: Study day and PACS.
        pseudonyms: The keyed pseudonyms.
    """
    rows = series.to_pylist()
    described = [row | derived for row, derived in zip(rows, describe_cell(rows), strict=True)]
    return CellFacts(
        projection=project(described, pseudonyms, cell.pacs),
        registry=register_texts(described, pseudonyms),
    )
