"""The state of every landed cell: whole or not, up to date or stale."""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.cells.versions import cell_versions
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.parquet import part_versions
from protocol_assets.lake.zones import Cell, Lake

__all__ = ["CellState", "cell_states"]


@dataclass(frozen=True, slots=True)
class CellState:
    """One landed cell.

    Attributes:
        cell: The cell.
        landed: Studies landed.
        expected: Studies listed.
        is_stale: Whether its facts are missing or were made by other versions than today's.
    """

    cell: Cell
    landed: int
    expected: int
    is_stale: bool

    @property
    def is_good(self) -> bool:
        """Whether nothing is to be done."""
        return self.landed == self.expected and not self.is_stale

    @property
    def words(self) -> str:
        """The state in words."""
        parts = []
        if self.landed < self.expected:
            parts.append("incomplete: materialize it again")
        if self.is_stale:
            parts.append("stale: run rebuild")
        return "; ".join(parts) or "good"


def cell_states(lake: Lake, pseudonyms: Pseudonyms) -> list[CellState]:
    """All landed cells, in order of day and PACS."""
    now = cell_versions(pseudonyms)
    states = []
    for cell in lake.landed_cells():
        manifest = read_manifest(lake, cell)
        if manifest is None:
            continue
        facts = lake.facts(cell)
        stale = not facts.exists() or part_versions(facts) != now
        states.append(CellState(cell, manifest.count("landed"), manifest.expected, stale))
    return states
