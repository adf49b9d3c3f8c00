"""Flattening: the instances of one study become one row per series.

Streams: an instance is read once and forgotten. What is kept per series is, for each column, how
many frames held which value.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from protocol_assets.dicom.columns import SeriesColumn, series_columns
from protocol_assets.dicom.functional_groups import FunctionalGroups, GroupedColumns, find_first
from protocol_assets.dicom.paths import Dataset, Step, private_blocks, reservations
from protocol_assets.dicom.tally import Tally, typed
from protocol_assets.dicom.values import DIRTY, raw_values, reader

__all__ = ["SERIES_UID_INVALID", "FlattenedStudy", "Row", "flatten_study"]

Row = dict[str, Any]
"""One series: the columns of ``series_schema`` without ``pacs``."""

SERIES_UID_INVALID = "series_uid_invalid"
"""Quarantine rule of instances without a SeriesInstanceUID that is a UID (PS3.5 section 9.1)."""

_SERIES_UID = "0020000E"
_FRAMES = "00280008"


@dataclass(frozen=True, slots=True)
class FlattenedStudy:
    """The rows of a study and what could not be used.

    Attributes:
        rows: One row per series, ordered by SeriesInstanceUID. Instances whose SeriesInstanceUID is
            no UID follow, one row for each text that stands in its place; their
            ``quarantine_rule`` says so.
        dirty: Unreadable values by column.
    """

    rows: list[Row]
    dirty: Counter[str]


def flatten_study(instances: Iterable[Dataset], specification: str) -> FlattenedStudy:
    """Rows of the series in ``instances``.

    Args:
        instances: Datasets of the DICOM JSON model, as WADO-RS metadata answers them; any order.
        specification: Name of a column specification, ``Modality.series_columns``.

    Returns:
        One row per SeriesInstanceUID. Parameters that may vary hold the mode over the frames (ties:
        the smallest), with minimum, maximum and number of distinct values beside it.
    """
    with _no_cycle_collection():
        return _flatten(instances, specification)


def _flatten(instances: Iterable[Dataset], specification: str) -> FlattenedStudy:
    series: dict[str, _Accumulator] = {}
    invalid: dict[str, _Accumulator] = {}
    read_uid = reader("uid")
    for instance in instances:
        if _SERIES_UID not in instance:
            instance = _canonical_tags(instance)
        values = raw_values(instance.get(_SERIES_UID))
        uid = None if values is None or values is DIRTY else read_uid(values)
        of = series
        if uid is None or uid is DIRTY:
            uid, of = _stated_text(values), invalid
        if uid not in of:
            of[uid] = _Accumulator(_plan(specification))
        of[uid].add(instance)
    dirty: Counter[str] = Counter()
    rows = [series[uid].row(dirty) for uid in sorted(series)]
    for text in sorted(invalid):
        named = {"SeriesInstanceUID": text or None, "quarantine_rule": SERIES_UID_INVALID}
        rows.append(invalid[text].row(dirty) | named)
    return FlattenedStudy(rows, dirty)


def _stated_text(values: Any) -> str:
    """What an instance writes where a SeriesInstanceUID belongs; empty where it is no text."""
    text = None if values is None or values is DIRTY else reader("string")(values)
    return text if isinstance(text, str) else ""


@contextmanager
def _no_cycle_collection() -> Iterator[None]:
    """JSON holds no cycles, yet the collector walks it again and again: half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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


_Constant = tuple[int, SeriesColumn, tuple[str, ...]]


@dataclass(frozen=True)
class _Plan:
    """The columns by how they are read; the number is the place in the specification."""

    columns: tuple[SeriesColumn, ...]
    constant: tuple[_Constant, ...]
    varying: tuple[tuple[int, SeriesColumn], ...]
    tags: tuple[tuple[int, str], ...]
    private: tuple[tuple[int, Step], ...]
    nested: tuple[tuple[int, SeriesColumn], ...]
    grouped: GroupedColumns
    reservations: frozenset[str]


@cache
def _plan(specification: str) -> _Plan:
    constant = []
    varying = []
    tags: dict[int, str] = {}
    private: dict[int, Step] = {}
    for index, column in enumerate(series_columns(specification)):
        path = column.paths[0] if len(column.paths) == 1 else None
        if column.statistic == "first":
            starts = tuple(path.steps[0].group + path.steps[0].element for path in column.paths)
            constant.append((index, column, starts))
        elif column.statistic not in ("instances", "frames"):
            varying.append((index, column))
            if path is not None and path.tag is not None:
                tags[index] = path.tag
            elif path is not None and path.single is not None:
                private[index] = path.single
    nested = tuple(
        (index, column)
        for index, column in varying
        if column.paths and index not in tags and index not in private
    )
    first_steps = [path.steps[0] for _, column in nested for path in column.paths]
    groups = {step.group for step in [*private.values(), *first_steps] if step.creator}
    return _Plan(
        columns=series_columns(specification),
        constant=tuple(constant),
        varying=tuple(varying),
        tags=tuple(tags.items()),
        private=tuple(private.items()),
        nested=nested,
        grouped=GroupedColumns(
            (index, column.functional_group_path, column.paths) for index, column in varying
        ),
        reservations=reservations(*sorted(groups)),
    )


class _Accumulator:
    """What is known of one series so far."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._instances = 0
        self._frames = 0
        self._constant: dict[int, Any] = {}
        self._pending = list(plan.constant)
        self._dirty_constant: Counter[int] = Counter()
        self._tallies = {index: Tally(column) for index, column in plan.varying}
        self._tags = [(self._tallies[index], tag) for index, tag in plan.tags]
        self._private = [(self._tallies[index], step) for index, step in plan.private]
        self._nested = [
            (self._tallies[index], column.paths, *_starts(column)) for index, column in plan.nested
        ]

    def add(self, instance: Dataset) -> None:
        plan = self._plan
        self._instances += 1
        groups = FunctionalGroups.of(instance)
        self._add_constant(instance, groups)
        if groups is None:
            self._frames += _declared_frames(instance)
            self._add_classic(plan, instance)
            return
        count = max(_declared_frames(instance), len(groups.frames))
        self._frames += count
        for index, element, frames in groups.elements(plan.grouped, count):
            self._tallies[index].add(element, frames)

    def _add_constant(self, instance: Dataset, groups: FunctionalGroups | None) -> None:
        for entry in self._pending.copy():
            index, column, starts = entry
            if groups is not None:
                element = groups.first(column.functional_group_path, column.paths)
            else:
                for tag in starts:
                    if tag in instance:
                        element = find_first(instance, column.paths)
                        break
                else:
                    continue
            value = typed(element, column)
            if value is DIRTY:
                self._dirty_constant[index] += 1
            elif value is not None:
                self._constant[index] = value
                self._pending.remove(entry)

    def _add_classic(self, plan: _Plan, instance: Dataset) -> None:
        for tally, tag in self._tags:
            element = instance.get(tag)
            if element == tally.last:  # inline, for it is nearly always so
                tally.repeats += 1
            else:
                tally.add(element)
        blocks = private_blocks(instance, plan.reservations)
        for tally, step in self._private if blocks else ():
            block = blocks.get((step.group, step.creator or ""))
            if block is not None:
                tally.add(instance.get(step.group + block + step.element))
        present, reserved = instance.keys(), blocks.keys()
        for tally, paths, tags, creators in self._nested:
            # Looked for only where one of the paths begins in this instance.
            if not (present.isdisjoint(tags) and reserved.isdisjoint(creators)):
                tally.add(find_first(instance, paths))

    def row(self, dirty: Counter[str]) -> Row:
        row: Row = {}
        bad: Counter[str] = Counter()
        for index, column in enumerate(self._plan.columns):
            if column.statistic == "instances":
                row[column.name] = self._instances
            elif column.statistic == "frames":
                row[column.name] = self._frames
            elif column.statistic == "first":
                row[column.name] = _stored(self._constant.get(index))
                bad[column.name] += self._dirty_constant[index]
            else:
                tally = self._tallies[index]
                row.update(tally.summary())
                bad[column.name] += tally.dirty
        dirty.update(+bad)
        row["dirty_values"] = bad.total()
        row["dirty_columns"] = "\\".join(sorted(+bad)) or None
        return row


def _starts(column: SeriesColumn) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The tags, and the groups and creators, with one of which a value of the column begins."""
    steps = [path.steps[0] for path in column.paths]
    return (
        frozenset(step.group + step.element for step in steps if not step.creator),
        frozenset((step.group, step.creator) for step in steps if step.creator),
    )


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _declared_frames(instance: Dataset) -> int:
    values = raw_values(instance.get(_FRAMES))
    count = None if values is None or values is DIRTY else reader("integer")(values)
    return count if isinstance(count, int) and count > 0 else 1
