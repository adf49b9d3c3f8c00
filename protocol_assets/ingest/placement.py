"""The parts of a partition that passed the gate are put in place together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from protocol_assets.lake.zones import RESTRICTED_FILE, Lake, Partition
from protocol_assets.storage.files import delete_empty_directories
from protocol_assets.storage.transactions import Move, finish_moves, move_together

__all__ = ["finish_placements", "place_facts"]

_FOLDER: Final = "placing"


def place_facts(lake: Lake, partition: Partition, *, has_counts: bool) -> None:
    """Put the candidates of the facts, and of what belongs to them, in place.

    Args:
        lake: The lake.
        partition: The partition.
        has_counts: Whether there is a candidate of the completeness too.
    """
    moves = [
        Move(lake.candidate("labels", partition), lake.label_registry(partition), RESTRICTED_FILE),
        Move(lake.candidate("impossible", partition), lake.impossible(partition), RESTRICTED_FILE),
        Move(lake.candidate("quarantine", partition), lake.quarantine(partition), RESTRICTED_FILE),
        Move(lake.candidate("series_facts", partition), lake.facts(partition), RESTRICTED_FILE),
    ]
    if has_counts:
        moves.append(
            Move(
                lake.candidate("completeness", partition),
                lake.completeness(partition),
                RESTRICTED_FILE,
            )
        )
    with lake.storage.locks.exclusive(_FOLDER, wait=True, what="the parts of a partition"):
        move_together(lake.home, _mark(lake, partition), moves)
        _tidy(lake, partition)


def finish_placements(lake: Lake, partitions: Iterable[Partition] | None = None) -> int:
    """Finish what runs that were killed have begun to put in place.

    Args:
        lake: The lake.
        partitions: Of these partitions alone, before new candidates of theirs are written; all by
        default.

    Returns:
        Partitions that were finished.
    """
    folder = lake.restricted / "candidates" / _FOLDER
    if not folder.exists():
        return 0
    with lake.storage.locks.exclusive(_FOLDER, wait=True, what="the parts of a partition"):
        if partitions is None:
            partitions = [
                Partition.of_prefix(str(path.parent)) for path in folder.glob("*/*/*.json")
            ]
        finished = 0
        for partition in partitions:
            if finish_moves(lake.home, _mark(lake, partition)):
                finished += 1
                _tidy(lake, partition)
        return finished


def _mark(lake: Lake, partition: Partition) -> Path:
    return lake.restricted / "candidates" / _FOLDER / partition.prefix / "moves.json"


def _tidy(lake: Lake, partition: Partition) -> None:
    delete_empty_directories(_mark(lake, partition).parent, lake.restricted)
