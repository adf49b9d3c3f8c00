"""Several objects that are put in place together: all of them are moved, or will be.

Whole objects wait beside their places. A mark that names every move is written, the objects are
moved, and the mark is deleted. If the process ends in between, ``finish_moves`` does the rest.
Before the mark is written nothing has changed, and from then on nothing can be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from protocol_assets.storage.documents import DamagedDocumentError, Documents
from protocol_assets.storage.ports import ObjectStore

__all__ = ["Move", "finish_moves", "move_together"]


class Move(NamedTuple):
    """One object and its place.

    Attributes:
        source: Key of an object that is complete.
        target: Its place.
    """

    source: str
    target: str


def move_together(objects: ObjectStore, mark: str, moves: Sequence[Move]) -> None:
    """Put objects in place; if other processes might do the same, the caller holds a lock.

    Args:
        objects: The store.
        mark: Key of the mark.
        moves: The objects.
    """
    Documents(objects).write(mark, {"moves": moves})
    _move_all(objects, moves)
    objects.delete_many([mark])


def finish_moves(objects: ObjectStore, mark: str) -> bool:
    """Finish what a process that ended has begun.

    Returns:
        Whether there was anything to finish.
    """
    try:
        content = Documents(objects).read(mark)
        if content is None:
            return False
        # Up to version 0.1 a move ended with the permission bits of the file.
        moves = [Move(source, target) for source, target, *_ in content["moves"]]
    except (DamagedDocumentError, KeyError, TypeError, ValueError):
        moves = []  # writes are atomic, so another program changed it
    _move_all(objects, moves)
    objects.delete_many([mark])
    return True


def _move_all(objects: ObjectStore, moves: Sequence[Move]) -> None:
    for one in moves:
        with suppress(FileNotFoundError):  # moved before
            objects.move(one.source, one.target)
