"""Flattening: the instances of one study become one row per series.

Streams: an instance is read once and forgotten. What is kept per series is, for each column, how
many frames held which raw value; typing happens once per distinct value.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from protocol_assets.dicom.columns import SeriesColumn, series_columns
from protocol_assets.dicom.functional_groups import FunctionalGroups, find_first
from protocol_assets.dicom.paths import Dataset, Step, private_blocks
from protocol_assets.dicom.values import DIRTY, raw_values, reader

__all__ = ["FlattenedStudy", "Row", "flatten_study"]

Row = dict[str, Any]
"""One series: the columns of ``series_schema`` without ``pacs``."""

_SERIES_UID = "0020000E"
_FRAMES = "00280008"


@dataclass(frozen=True, slots=True)
class FlattenedStudy:
    """The rows of a study and what could not be used.

    Attributes:
        rows: One row per series, ordered by SeriesInstanceUID.
        rejected_instances: Instances without a readable SeriesInstanceUID.
        dirty: Unreadable values by column.
    """

    rows: list[Row]
    rejected_instances: int
    dirty: Counter[str]


def flatten_study(instances: Iterable[Dataset]) -> FlattenedStudy:
    """Rows of the series in ``instances``.

    Args:
        instances: Datasets of the DICOM JSON model, as WADO-RS metadata answers them; any order.

    Returns:
        One row per SeriesInstanceUID. Parameters that may vary hold the mode over the frames (ties:
        the smallest), with minimum, maximum and number of distinct values beside it.
    """
    series: dict[str, _Accumulator] = {}
    read_uid = reader("uid")
    rejected = 0
    for instance in instances:
        if _SERIES_UID not in instance:
            instance = _canonical_tags(instance)
        values = raw_values(instance.get(_SERIES_UID))
        uid = None if values is None or values is DIRTY else read_uid(values)
        if uid is None or uid is DIRTY:
            rejected += 1
            continue
        if uid not in series:
            series[uid] = _Accumulator()
        series[uid].add(instance)
    dirty: Counter[str] = Counter()
    rows = [series[uid].row(dirty) for uid in sorted(series)]
    return FlattenedStudy(rows, rejected, dirty)


def _canonical_tags(instance: Dataset) -> Dataset:
    """Tags as PS3.18 annex F.2.2 writes them, where a server wrote them otherwise."""

    def canonical(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key.replace(",", "").replace(" ", "").strip("()").upper()
                if _is_tag(key)
                else key: (canonical(value))
                for key, value in node.items()
            }
        return [canonical(member) for member in node] if isinstance(node, list) else node

    result: Dataset = canonical(instance)
    return result


def _is_tag(key: str) -> bool:
    digits = key.replace(",", "").replace(" ", "").strip("()")
    return len(digits) == 8 and all(digit in "0123456789abcdefABCDEF" for digit in digits)


@dataclass(frozen=True)
class _Plan:
    """The columns sorted by how they are read."""

    constant: tuple[tuple[int, SeriesColumn], ...]
    varying_tags: tuple[tuple[int, str], ...]
    varying_private: tuple[tuple[int, Step], ...]
    varying_nested: tuple[tuple[int, SeriesColumn], ...]
    varying: tuple[tuple[int, SeriesColumn], ...]


@cache
def _plan() -> _Plan:
    numbered = [
        (index, column)
        for index, column in enumerate(series_columns())
        if column.statistic not in ("instances", "frames")
    ]
    varying = [(index, column) for index, column in numbered if column.statistic != "first"]
    tags: dict[int, str] = {}
    private: dict[int, Step] = {}
    for index, column in varying:
        path = column.paths[0] if len(column.paths) == 1 else None
        if path is not None and path.tag is not None:
            tags[index] = path.tag
        elif path is not None and path.single is not None:
            private[index] = path.single
    return _Plan(
        constant=tuple(
            (index, column) for index, column in numbered if column.statistic == "first"
        ),
        varying_tags=tuple(tags.items()),
        varying_private=tuple(private.items()),
        varying_nested=tuple(
            (index, column)
            for index, column in varying
            if column.paths and index not in tags and index not in private
        ),
        varying=tuple(varying),
    )


@dataclass(slots=True)
class _Accumulator:
    """What is known of one series so far."""

    instances: int = 0
    frames: int = 0
    constant: dict[int, Any] = field(default_factory=dict)
    dirty_constant: Counter[int] = field(default_factory=Counter)
    values: dict[int, defaultdict[Any, int]] = field(
        default_factory=lambda: {index: defaultdict(int) for index, _ in _plan().varying}
    )

    def add(self, instance: Dataset) -> None:
        plan = _plan()
        self.instances += 1
        groups = FunctionalGroups.of(instance)
        self._add_constant(plan, instance, groups)
        if groups is None:
            self.frames += _declared_frames(instance)
            self._add_classic(plan, instance)
            return
        count = max(_declared_frames(instance), len(groups.frames))
        self.frames += count
        for index, column in plan.varying:
            for element, weight in groups.elements(
                column.functional_group_paths, column.paths, count
            ):
                self._count(index, element, weight)

    def _add_constant(
        self, plan: _Plan, instance: Dataset, groups: FunctionalGroups | None
    ) -> None:
        if len(self.constant) == len(plan.constant):
            return
        for index, column in plan.constant:
            if index in self.constant:
                continue
            if groups is None:
                element = find_first(instance, column.paths)
            else:
                element = groups.first(column.functional_group_paths, column.paths)
            values = raw_values(element)
            if values is None:
                continue
            value = DIRTY if values is DIRTY else reader(column.type)(values)
            if value is DIRTY:
                self.dirty_constant[index] += 1
            elif value is not None:
                self.constant[index] = value

    def _add_classic(self, plan: _Plan, instance: Dataset) -> None:
        counters = self.values
        for index, tag in plan.varying_tags:
            element = instance.get(tag)
            if element is not None:
                values: Any = element.get("Value") if element.__class__ is dict else None
                # The plain case of one value inline: it is nearly all of them.
                if values.__class__ is list and len(values) == 1 and "vr" in element:
                    value = values[0]
                    if value.__class__ in _PLAIN:
                        counters[index][value] += 1
                        continue
                self._count(index, element, 1)
        blocks = private_blocks(instance)
        for index, step in plan.varying_private if blocks else ():
            block = blocks.get((step.group, step.creator or ""))
            if block is not None:
                self._count(index, instance.get(step.group + block + step.element), 1)
        for index, column in plan.varying_nested:
            self._count(index, find_first(instance, column.paths), 1)

    def _count(self, index: int, element: Any, weight: int) -> None:
        values = raw_values(element)
        if values is None:
            return
        key: Any = values
        if values is not DIRTY:
            key = values[0] if len(values) == 1 and values[0].__class__ in _PLAIN else tuple(values)
        try:
            self.values[index][key] += weight
        except TypeError:  # an object where a value belongs
            self.values[index][DIRTY] += weight

    def row(self, dirty: Counter[str]) -> Row:
        row: Row = {}
        dirty_values = 0
        for index, column in enumerate(series_columns()):
            if column.statistic == "instances":
                row[column.name] = self.instances
                continue
            if column.statistic == "frames":
                row[column.name] = self.frames
                continue
            if column.statistic == "first":
                row[column.name] = _stored(self.constant.get(index))
                bad = self.dirty_constant[index]
            else:
                summary, bad = _summary(column, self.values[index])
                row.update(summary)
            if bad:
                dirty[column.name] += bad
                dirty_values += bad
        row["dirty_values"] = dirty_values
        return row


_PLAIN = frozenset((int, float, str))


def _declared_frames(instance: Dataset) -> int:
    values = raw_values(instance.get(_FRAMES))
    count = None if values is None or values is DIRTY else reader("integer")(values)
    return count if isinstance(count, int) and count > 0 else 1


def _summary(column: SeriesColumn, counter: Mapping[Any, int]) -> tuple[Row, int]:
    """Value, range and distinct count of one column, and how many values were dirty."""
    typed: Counter[Any] = Counter()
    bad = 0
    read = reader(column.type)
    for key, weight in counter.items():
        value = DIRTY if key is DIRTY else read(list(key) if isinstance(key, tuple) else [key])
        if value is DIRTY:
            bad += weight
        elif value is not None:
            typed[value] += weight
    row: Row = {column.name: None}
    if typed:
        if column.statistic == "min":
            row[column.name] = min(typed)
        elif column.statistic == "distinct":
            row[column.name] = _stored(min(typed))
        else:
            row[column.name] = _stored(min(typed, key=lambda value: (-typed[value], value)))
    if column.has_range:
        row[f"{column.name}_min"] = min(typed, default=None)
        row[f"{column.name}_max"] = max(typed, default=None)
    if column.has_distinct:
        row[f"{column.name}_distinct"] = len(typed) or None
    return row, bad


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
