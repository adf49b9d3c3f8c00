"""Functional groups of multi-frame objects (PS3.3 section C.7.6.16).

Per-frame groups come first, then the shared ones, then the top level. Legacy Converted Enhanced
objects keep classic attributes in the Unassigned Converted Attributes sequences
(PS3.3 section C.7.6.16.2.25), which are read as part of their group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from protocol_assets.dicom.paths import Dataset, Path, first_item, items
from protocol_assets.dicom.values import raw_values

__all__ = ["FunctionalGroups", "find_first"]

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

    def elements(
        self, grouped: Sequence[Path], classic: Sequence[Path], count: int
    ) -> Iterator[tuple[Any, int]]:
        """Elements of one column with the number of frames each stands for.

        Args:
            grouped: Where the functional groups hold the column.
            classic: Where classic objects hold it; also the unassigned converted attributes.
            count: Frames of the instance.
        """
        unassigned = bool(self.frames) and _UNASSIGNED_PER_FRAME in self.frames[0]
        rest = count
        if grouped or unassigned:
            for frame in self.frames:
                element = find_first(frame, grouped)
                if element is None and unassigned:
                    element = find_first(first_item(frame.get(_UNASSIGNED_PER_FRAME)), classic)
                if element is not None:
                    rest -= 1
                    yield element, 1
        if rest > 0:
            element = self._constant(grouped, classic)
            if element is not None:
                yield element, rest

    def first(self, grouped: Sequence[Path], classic: Sequence[Path]) -> Any:
        """The first element of one column that holds a value, else None."""
        return next((element for element, _ in self.elements(grouped, classic, 1)), None)

    def _constant(self, grouped: Sequence[Path], classic: Sequence[Path]) -> Any:
        searches: tuple[Callable[[], Any], ...] = (
            lambda: find_first(self.shared, grouped),
            lambda: find_first(first_item(self.shared.get(_UNASSIGNED_SHARED)), classic),
            lambda: find_first(self.top, classic),
        )
        return next((found for search in searches if (found := search()) is not None), None)
