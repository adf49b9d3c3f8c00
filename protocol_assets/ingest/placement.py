"""Puts the parts of a partition that passed the gate in place together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.storage.transactions import Move, finish_moves, move_together

__all__ = ["finish_placements", "place_facts"]

_LOCK: Final = "placing"
_MARK: Final = "restricted/candidates/placing/{}/moves.json"


def place_facts(lake: Lake, partition: Partition, *, has_counts: bool) -> None:
    """Put the candidates of the facts, and the parts that belong to them, in place.

    Args:
        lake: The lake.
        partition: The partition.
        has_counts: Whether there is a candidate of the completeness too.
    """
    moves = [
        Move(lake.candidate("labels", partition), lake.label_registry(partition)),
        Move(lake.candidate("impossible", partition), lake.impossible(partition)),
        Move(lake.candidate("quarantine", partition), lake.quarantine(partition)),
        Move(lake.candidate("series_facts", partition), lake.facts(partition)),
    ]
    if has_counts:
        moves.append(Move(lake.candidate("completeness", partition), lake.completeness(partition)))
    with lake.storage.locks.exclusive(_LOCK, wait=True, what="the parts of a partition"):
        move_together(lake.storage.objects, _mark(partition), moves)


def finish_placements(lake: Lake, partitions: Iterable[Partition] | None = None) -> int:
    """Finish placements that killed runs have begun.

    Args:
        lake: The lake.
        partitions: Of these partitions alone, before new candidates of theirs are written; all by
        default.

    Returns:
        Partitions that were finished.
    """
    objects = lake.storage.objects
    waiting = objects.list_keys(_MARK.format("study_date=*/pacs=*"))
    if not waiting:
        return 0
    with lake.storage.locks.exclusive(_LOCK, wait=True, what="the parts of a partition"):
        if partitions is None:
            partitions = [Partition.of_prefix(key.rpartition("/")[0]) for key in waiting]
        return sum(finish_moves(objects, _mark(partition)) for partition in partitions)


def _mark(partition: Partition) -> str:
    return _MARK.format(partition.prefix)
