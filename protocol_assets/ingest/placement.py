"""The parts of a cell that passed the gate are put in place together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from protocol_assets.lake.zones import RESTRICTED_FILE, Cell, Lake
from protocol_assets.storage.files import delete_empty_directories
from protocol_assets.storage.locks import exclusive
from protocol_assets.storage.transactions import Move, finish_moves, move_together

__all__ = ["finish_placements", "place_facts"]

_FOLDER: Final = "placing"


def place_facts(lake: Lake, cell: Cell, *, has_counts: bool) -> None:
    """Put the candidates of the facts, and of what belongs to them, in place.

    Args:
        lake: The lake.
        cell: The cell.
        has_counts: Whether there is a candidate of the completeness too.
    """
    moves = [
        Move(lake.candidate("labels", cell), lake.label_registry(cell), RESTRICTED_FILE),
        Move(lake.candidate("impossible", cell), lake.impossible(cell), RESTRICTED_FILE),
        Move(lake.candidate("quarantine", cell), lake.quarantine(cell), RESTRICTED_FILE),
        Move(lake.candidate("series_facts", cell), lake.facts(cell), RESTRICTED_FILE),
    ]
    if has_counts:
        moves.append(
            Move(lake.candidate("completeness", cell), lake.completeness(cell), RESTRICTED_FILE)
        )
    with exclusive(_lock(lake), wait=True, what="the parts of a cell"):
        move_together(lake.home, _mark(lake, cell), moves)
        _tidy(lake, cell)


def finish_placements(lake: Lake, cells: Iterable[Cell] | None = None) -> int:
    """Finish what runs that were killed have begun to put in place.

    Args:
        lake: The lake.
        cells: Of these cells alone, before new candidates of theirs are written; all by default.

    Returns:
        Cells that were finished.
    """
    folder = lake.restricted / "candidates" / _FOLDER
    if not folder.exists():
        return 0
    with exclusive(_lock(lake), wait=True, what="the parts of a cell"):
        if cells is None:
            cells = [Lake.cell_of(path.parent) for path in folder.glob("*/*/*.json")]
        finished = 0
        for cell in cells:
            if finish_moves(lake.home, _mark(lake, cell)):
                finished += 1
                _tidy(lake, cell)
        return finished


def _mark(lake: Lake, cell: Cell) -> Path:
    return lake.restricted / "candidates" / _FOLDER / cell.path / "moves.json"


def _lock(lake: Lake) -> Path:
    return lake.lock(_FOLDER)


def _tidy(lake: Lake, cell: Cell) -> None:
    delete_empty_directories(_mark(lake, cell).parent, lake.restricted)
