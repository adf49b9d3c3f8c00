"""The values of one column over the frames of one series: how often each, and what they come to."""

from __future__ import annotations

from typing import Any, Final

from protocol_assets.dicom.columns import SeriesColumn
from protocol_assets.dicom.values import DIRTY, raw_values

__all__ = ["Tally", "typed"]

_NOTHING: Final = object()


def typed(element: Any, column: SeriesColumn) -> Any:
    """The value of an element as the column's type; None where absent, else ``DIRTY``."""
    values = raw_values(element)
    if values is None or values is DIRTY:
        return values
    return column.read(values)


class Tally:
    """Counts typed values by the frames that hold them.

    Most elements equal the one before, so that a run of equal elements is read once, when it ends.

    Attributes:
        last: The element of the current run.
        repeats: Frames in the current run.
        dirty: Frames whose value could not be read.
    """

    __slots__ = ("_column", "_counts", "dirty", "last", "repeats")

    def __init__(self, column: SeriesColumn) -> None:
        self._column = column
        self._counts: dict[Any, int] = {}
        self.last: Any = _NOTHING
        self.repeats = 0
        self.dirty = 0

    def add(self, element: Any, frames: int = 1) -> None:
        """Count one element for a number of frames."""
        if element == self.last:
            self.repeats += frames
        else:
            self._end_run()
            self.last, self.repeats = element, frames

    def summary(self) -> dict[str, Any]:
        """The columns of the row: the value, and its range and number where the column has them."""
        self._end_run()
        self.last = _NOTHING
        column, counts = self._column, self._counts
        row = {column.name: self._value()}
        if column.has_range:
            row[column.range_names[0]] = min(counts, default=None)
            row[column.range_names[1]] = max(counts, default=None)
        if column.has_distinct:
            row[column.distinct_name] = len(counts) or None
        return row

    def _value(self) -> Any:
        counts = self._counts
        if not counts:
            return None
        if len(counts) == 1 or self._column.statistic in ("min", "distinct"):
            value = min(counts)
        else:
            value = min(counts, key=lambda one: (-counts[one], one))
        return list(value) if isinstance(value, tuple) else value

    def _end_run(self) -> None:
        if self.last is _NOTHING or self.last is None:
            return
        value = typed(self.last, self._column)
        if value is DIRTY:
            self.dirty += self.repeats
        elif value is not None:
            self._counts[value] = self._counts.get(value, 0) + self.repeats
