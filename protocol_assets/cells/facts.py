"""The facts station: a cell's series described by the protocol rules and de-identified."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from protocol_assets.cells.kept import kept_pseudonyms, with_kept_keys
from protocol_assets.deidentify.impossible import impossible_table
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import register_texts
from protocol_assets.deidentify.projection import Projection, project
from protocol_assets.lake.zones import Cell
from protocol_assets.protocols.description import describe_cell
from protocol_assets.protocols.identity import read_identities
from protocol_assets.protocols.impossible import impossible_values, unreadable_values

__all__ = ["CellFacts", "describe_and_project"]


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What one cell gives to the safe zone, and to the restricted label registry.

    Attributes:
        projection: The facts.
        impossible: ``IMPOSSIBLE_SCHEMA``: what became NULL, by scanner.
        registry: The texts seen.
    """

    projection: Projection
    impossible: pa.Table
    registry: pa.Table


def describe_and_project(
    series: pa.Table, cell: Cell, pseudonyms: Pseudonyms, zone: dt.tzinfo | None = None
) -> CellFacts:
    """Describe each series, then let through what the policy allows.

    Args:
        series: The cell's ``series``.
        cell: Study day and PACS.
        pseudonyms: The keyed pseudonyms.
        zone: Time zone of the PACS's scanners, None where unknown.
    """
    rows = [with_kept_keys(row) for row in series.to_pylist()]
    described = [
        row | derived for row, derived in zip(rows, describe_cell(rows, zone), strict=True)
    ]
    pseudonyms = pseudonyms.keeping(kept_pseudonyms(described))
    projection = project(described, pseudonyms, cell.pacs)
    impossible = [
        (row, column, reason)
        for row in described
        for column, reason in (*impossible_values(row), *unreadable_values(row))
    ]
    impossible += [
        (row, column, reason)
        for row, who in zip(described, read_identities(rows), strict=True)
        for column, reason in who.problems
    ]
    impossible += [
        (described[place], column, "out_of_vocabulary")
        for place, column in projection.unknown_terms
    ]
    return CellFacts(
        projection=projection,
        impossible=impossible_table(impossible, pseudonyms, cell.day, cell.pacs),
        registry=register_texts(described, pseudonyms),
    )
