"""Compaction: the parts of a month's partitions become one part per data set, and back.

A month is **open** (each partition has its own parts) or **compacted** (one part per data set holds
all partitions). Whoever changes a part of a partition opens the month first and holds it open.
Whoever reads all parts of a data set, without resolving single partitions, does so ``undisturbed``.

The part of the month is its own commit mark: it lists what it holds. The parts of its partitions
are deleted after it is written, and it is deleted after they are written again. If the process ends
in between, both exist with the same rows, and ``finish_months`` deletes the parts of the
partitions. A part that differs from what the month lists is newer (a backup, or a release that does
not know months): it wins, and the month is opened.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from protocol_assets.lake.damaged_parts import DamagedPartError, damaged_parts_named
from protocol_assets.lake.months import (
    MonthPart,
    day_keys,
    decode_month,
    encode_month,
    month_keys,
    part_key,
    read_month,
)
from protocol_assets.lake.zones import DATA_SETS, Lake, Partition
from protocol_assets.storage.locks import LockedError
from protocol_assets.storage.parquet import DamagedTableError, decode_table, encode_table

__all__ = [
    "Compacted",
    "compact_month",
    "discard_damaged_months",
    "finish_months",
    "open_months",
    "opened",
    "undisturbed",
]

_LAYOUT: Final = "compaction"
_WHAT: Final = "the compaction of stored months"


@dataclass(frozen=True, slots=True)
class Compacted:
    """What the compaction of a month has replaced.

    Attributes:
        parts: Parts of partitions.
        bytes_before: Their size.
        bytes_after: Size of the parts of the month in their place.
    """

    parts: int = 0
    bytes_before: int = 0
    bytes_after: int = 0

    def __add__(self, other: Compacted) -> Compacted:
        return Compacted(
            self.parts + other.parts,
            self.bytes_before + other.bytes_before,
            self.bytes_after + other.bytes_after,
        )


def open_months(lake: Lake) -> list[dt.date]:
    """First days of the months with parts of partitions, sorted; some of them may be compacted."""
    return sorted({month for data_set in DATA_SETS for month in _months_of_days(lake, data_set)})


def compact_month(lake: Lake, month: dt.date) -> Compacted:
    """Compact the data sets of a month that are not compacted yet.

    Partitions whose columns differ from those of the newest one keep their own parts, and so does a
    data set from which a partition could not be restored exactly.

    Args:
        lake: The lake.
        month: Its first day; nothing more is expected for it.

    Raises:
        LockedError: Another run is working on the month.
        DamagedPartError: A part is damaged; its data set was not compacted.
    """
    done = Compacted()
    with _switching(lake, month, wait=False):
        for data_set in DATA_SETS:
            _finish(lake, data_set, month)
            if not lake.has(lake.month_part(data_set, month)):
                done += _compact(lake, data_set, month)
    return done


@contextmanager
def opened(lake: Lake, partitions: Iterable[Partition]) -> Iterator[None]:
    """Within, these partitions have parts of their own; a compacted month is opened first.

    The caller may hold the locks of partitions, and takes none within.

    Raises:
        DamagedPartError: The part of a month is damaged.
    """
    with ExitStack() as stack:
        for month in sorted({partition.month for partition in partitions}):
            stack.enter_context(_held_open(lake, month))
        yield


@contextmanager
def undisturbed(lake: Lake) -> Iterator[None]:
    """Within, no month is compacted or opened, and each row is stored once."""
    while True:
        with lake.storage.locks.shared(_LAYOUT, what=_WHAT):
            if not list(_unfinished(lake)):
                yield
                return
        finish_months(lake)


def finish_months(lake: Lake) -> None:
    """Finish the compactions that killed runs have begun; damaged parts are not changed."""
    for month in sorted({month for _, month in _unfinished(lake)}):
        with _switching(lake, month, wait=True):
            for data_set in DATA_SETS:
                _finish(lake, data_set, month)


def discard_damaged_months(lake: Lake, partitions: Iterable[Partition]) -> None:
    """Delete the damaged parts of months, so that their partitions can be rebuilt.

    Args:
        lake: The lake.
        partitions: Partitions that will be rebuilt; other months are not changed.
    """
    for month in sorted({partition.month for partition in partitions}):
        with _switching(lake, month, wait=True):
            for data_set in DATA_SETS:
                if _is_damaged(lake, data_set, month):
                    lake.storage.objects.delete(lake.month_part(data_set, month))


@contextmanager
def _switching(lake: Lake, month: dt.date, *, wait: bool) -> Iterator[None]:
    """Exclude those who hold the month open, and those who read undisturbed."""
    locks = lake.storage.locks
    with (
        locks.exclusive(_lock(month), wait=wait, what=f"month {month:%Y-%m}"),
        locks.exclusive(_LAYOUT, wait=True, what=_WHAT),
    ):
        yield


@contextmanager
def _held_open(lake: Lake, month: dt.date) -> Iterator[None]:
    while True:
        with lake.storage.locks.shared(_lock(month), what=f"month {month:%Y-%m}"):
            if not _is_compacted(lake, month):
                yield
                return
        # Another run may be opening it too, and then work for hours on what it needs.
        with suppress(LockedError), _switching(lake, month, wait=False):
            for data_set in DATA_SETS:
                part = read_month(lake, data_set, month)
                if part is not None:
                    _open(lake, data_set, month, part)


def _lock(month: dt.date) -> str:
    return f"month-{month:%Y-%m}"


def _is_compacted(lake: Lake, month: dt.date) -> bool:
    return any(lake.has(lake.month_part(data_set, month)) for data_set in DATA_SETS)


def _is_damaged(lake: Lake, data_set: str, month: dt.date) -> bool:
    try:
        read_month(lake, data_set, month)
    except DamagedPartError:
        return True
    return False


def _months_of_days(lake: Lake, data_set: str) -> set[dt.date]:
    prefixes = lake.storage.objects.list_prefixes(f"{data_set}/study_date=*/pacs=*")
    return {Partition.of_prefix(prefix).month for prefix in prefixes}


def _unfinished(lake: Lake) -> Iterator[tuple[str, dt.date]]:
    """Data sets and months in which a partition has a part of its own and is in the month's too."""
    for data_set in DATA_SETS:
        compacted = month_keys(lake, data_set)
        for month in sorted(compacted.keys() & _months_of_days(lake, data_set)):
            if not _is_damaged(lake, data_set, month):
                part = read_month(lake, data_set, month)
                if part and part.entries.keys() & day_keys(lake, data_set, month):
                    yield data_set, month


def _compact(lake: Lake, data_set: str, month: dt.date) -> Compacted:
    objects = lake.storage.objects
    keys = day_keys(lake, data_set, month)
    parts = {one: content for one, key in keys.items() if (content := objects.read(key))}
    tables = {}
    for one, content in parts.items():
        with damaged_parts_named(keys[one]):
            tables[one] = decode_table(content, keys[one])
    alike = [one for one in tables if _has_columns_of(tables[one], tables[max(tables)])]
    if len(alike) < 2:
        return Compacted()
    chosen = {one: parts[one] for one in alike}
    content = encode_month(chosen, tables)
    part = decode_month(content)
    if not all(_restores(part, one, parts[one], tables[one]) for one in alike):
        return Compacted()
    objects.write(lake.month_part(data_set, month), content)
    objects.delete_many(keys[one] for one in alike)
    return Compacted(len(alike), sum(map(len, chosen.values())), len(content))


def _has_columns_of(table: pa.Table, other: pa.Table) -> bool:
    one, two = (each.schema.remove_metadata() for each in (table, other))
    return bool(one.equals(two, check_metadata=True))


def _restores(part: MonthPart, partition: Partition, content: bytes, table: pa.Table) -> bool:
    """Whether the partition's own part can be made again.

    Its bytes are the same, or what today's writer makes of its rows if an earlier version of the
    library wrote them.
    """
    made = part.encoded(partition)
    return made == content or made == encode_table(table, table.schema.metadata or {})


def _open(lake: Lake, data_set: str, month: dt.date, part: MonthPart) -> None:
    """Write the parts of the partitions that have none of their own, then delete the month's."""
    objects, existing = lake.storage.objects, day_keys(lake, data_set, month)
    for one in part.entries:
        if one not in existing:
            objects.write(part_key(data_set, one), part.encoded(one))
    objects.delete(lake.month_part(data_set, month))
    decode_month.cache_clear()  # what is deleted from the partitions next must not stay in memory


def _finish(lake: Lake, data_set: str, month: dt.date) -> None:
    """Leave one copy of each partition: the month's, or all others if one of them differs."""
    if _is_damaged(lake, data_set, month):
        return
    part = read_month(lake, data_set, month)
    twice = {
        one: key
        for one, key in day_keys(lake, data_set, month).items()
        if part is not None and one in part.entries
    }
    if part is None or not twice:
        return
    objects = lake.storage.objects
    same = [key for one, key in twice.items() if _is_leftover(lake, key, part.entries[one].sha256)]
    objects.delete_many(same)
    if len(same) < len(twice):
        _open(lake, data_set, month, part)


def _is_leftover(lake: Lake, key: str, digest: str) -> bool:
    """Whether a part says nothing that the month's does not: the same bytes, or damaged ones."""
    content = lake.storage.objects.read(key) or b""
    if hashlib.sha256(content).hexdigest() == digest:
        return True
    try:
        decode_table(content, key)
    except DamagedTableError:
        return True
    return False
