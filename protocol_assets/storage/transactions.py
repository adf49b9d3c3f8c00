"""Several files that are put in place together: they are all moved, or will be.

Whole files wait beside their places. A mark that names every move is written, the files are moved,
and the mark is deleted. Where the process ends in between, ``finish_moves`` does the rest: before
the mark stands nothing has changed, and from then on nothing can be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from protocol_assets.storage.documents import DamagedDocumentError, Documents
from protocol_assets.storage.files import delete, move
from protocol_assets.storage.posix import PosixObjects

__all__ = ["Move", "finish_moves", "move_together"]


@dataclass(frozen=True, slots=True)
class Move:
    """One file and its place.

    Attributes:
        source: A file that is whole.
        target: Its place.
        mode: The permission bits that it gets there.
    """

    source: Path
    target: Path
    mode: int


def move_together(root: Path, mark: Path, moves: Sequence[Move]) -> None:
    """Put files in place; a caller that is not alone holds a lock.

    Args:
        root: A folder that all of them lie in; it may be restored elsewhere.
        mark: Where the mark is written.
        moves: The files.
    """
    content = [
        [str(one.source.relative_to(root)), str(one.target.relative_to(root)), one.mode]
        for one in moves
    ]
    Documents(PosixObjects(mark.parent)).write(mark.name, {"moves": content})
    _move_all(moves)
    delete(mark)


def finish_moves(root: Path, mark: Path) -> bool:
    """Finish what a process that ended has begun.

    Returns:
        Whether there was anything to finish.
    """
    try:
        content = Documents(PosixObjects(mark.parent)).read(mark.name)
        if content is None:
            return False
        moves = [
            Move(root / source, root / target, int(mode))
            for source, target, mode in content["moves"]
        ]
    except (DamagedDocumentError, KeyError, TypeError, ValueError):
        moves = []  # a mark is replaced whole: somebody has written to it, and nothing is known
    _move_all(moves)
    delete(mark)
    return True


def _move_all(moves: Sequence[Move]) -> None:
    for one in moves:
        with suppress(FileNotFoundError):  # moved before
            move(one.source, one.target, mode=one.mode)
