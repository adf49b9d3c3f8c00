"""Functional groups of multi-frame objects (PS3.3 section C.7.6.16).

Per-frame groups come first, then the shared ones, then the top level. Legacy Converted Enhanced
objects keep classic attributes in the Unassigned Converted Attributes sequences
(PS3.3 section C.7.6.16.2.25), which are read as part of their group.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from protocol_assets.dicom.paths import Dataset, Path, first_item, items
from protocol_assets.dicom.values import raw_values

__all__ = ["FunctionalGroups", "GroupedColumns", "find_first"]

_SHARED = "52009229"
_PER_FRAME = "52009230"
_UNASSIGNED_SHARED = "00209170"
_UNASSIGNED_PER_FRAME = "00209171"


def find_first(dataset: Dataset, paths: Sequence[Path]) -> Any:
    """The first element on one of the paths that holds a value, else None."""
    for path in paths:
        element = path.find(dataset)
        if raw_values(element) is not None:
            return element
    return None


@dataclass(frozen=True, slots=True)
class GroupedColumn:
    """Where one column stands in functional groups, and where classic objects hold it."""

    index: int
    grouped: Path | None
    classic: Sequence[Path]


class GroupedColumns:
    """Columns arranged for one pass over the frames: each sequence is opened once a frame."""

    def __init__(self, columns: Iterable[tuple[int, Path | None, Sequence[Path]]]) -> None:
        self.all = tuple(GroupedColumn(*column) for column in columns)
        self.by_sequence: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self.others: list[tuple[int, Path]] = []
        for column in self.all:
            tags = column.grouped.tags if column.grouped else None
            if tags is not None and len(tags) == 2:
                self.by_sequence[tags[0]].append((column.index, tags[1]))
            elif column.grouped is not None:
                self.others.append((column.index, column.grouped))


@dataclass(frozen=True, slots=True)
class FunctionalGroups:
    """The groups of one multi-frame instance.

    Attributes:
        shared: The shared item, empty where there is none.
        frames: One item a frame, in order.
        top: The instance itself.
    """

    shared: Dataset
    frames: Sequence[Dataset]
    top: Dataset

    @classmethod
    def of(cls, instance: Dataset) -> FunctionalGroups | None:
        """The groups of an instance, or None where it has none (classic encoding)."""
        if _SHARED not in instance and _PER_FRAME not in instance:
            return None
        return cls(first_item(instance.get(_SHARED)), items(instance.get(_PER_FRAME)), instance)

    def elements(self, columns: GroupedColumns, count: int) -> Iterator[tuple[int, Any, int]]:
        """Index of each column, an element that holds a value, and the frames it stands for.

        Args:
            columns: What is looked for.
            count: Frames of the instance.
        """
        found: Counter[int] = Counter()
        for index, element in self._per_frame(columns):
            found[index] += 1
            yield index, element, 1
        for column in columns.all:
            rest = count - found[column.index]
            if rest > 0:
                element = self._constant(column.grouped, column.classic)
                if element is not None:
                    yield column.index, element, rest

    def first(self, grouped: Path | None, classic: Sequence[Path]) -> Any:
        """The first element of one column that holds a value, else None."""
        if grouped is not None:
            for frame in self.frames:
                element = grouped.find(frame)
                if raw_values(element) is not None:
                    return element
        return self._constant(grouped, classic)

    def _per_frame(self, columns: GroupedColumns) -> Iterator[tuple[int, Any]]:
        sequences = _Sequences(columns)
        for frame in self.frames:
            found = sequences.read(frame)
            yield from found
            if _UNASSIGNED_PER_FRAME in frame:
                told = {index for index, _ in found}
                item = first_item(frame[_UNASSIGNED_PER_FRAME])
                for column in columns.all:
                    element = find_first(item, column.classic)
                    if column.index not in told and element is not None:
                        yield column.index, element

    def _constant(self, grouped: Path | None, classic: Sequence[Path]) -> Any:
        element = None if grouped is None else find_first(self.shared, (grouped,))
        if element is None and _UNASSIGNED_SHARED in self.shared:
            element = find_first(first_item(self.shared[_UNASSIGNED_SHARED]), classic)
        return find_first(self.top, classic) if element is None else element


class _Sequences:
    """Reads frame after frame; a sequence that equals the last frame's is not opened again."""

    def __init__(self, columns: GroupedColumns) -> None:
        self._columns = columns
        self._last: dict[str, Any] = {}
        self._held: dict[str, list[tuple[int, Any]]] = {}

    def read(self, frame: Dataset) -> list[tuple[int, Any]]:
        """Index and element of the columns that the frame's own groups hold."""
        found: list[tuple[int, Any]] = []
        last = self._last
        for tag, leaves in self._columns.by_sequence.items():
            sequence = frame.get(tag)
            if sequence is None:
                continue
            if sequence != last.get(tag):
                item = first_item(sequence)
                last[tag] = sequence
                self._held[tag] = [
                    (index, element)
                    for index, leaf in leaves
                    if raw_values(element := item.get(leaf)) is not None
                ]
            found += self._held[tag]
        for index, path in self._columns.others:
            element = path.find(frame)
            if raw_values(element) is not None:
                found.append((index, element))
        return found
