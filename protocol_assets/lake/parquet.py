"""Parquet parts: the same rows give the same bytes, with versions in the metadata.

A part of a partition is named by its own key, also where its rows are stored in the part of a
compacted month (``months``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeVar

import pyarrow as pa

from protocol_assets.lake.damaged_parts import DamagedPartError, damaged_parts_named
from protocol_assets.lake.months import MonthPart, find_in_month
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.storage.parquet import DamagedTableError, encode_table

__all__ = [
    "encode_part",
    "has_part",
    "part_versions",
    "read_part",
    "require_whole",
    "write_part",
    "write_schema_part",
]

_T = TypeVar("_T")
_PREFIX: Final = "protocol_assets."


def write_part(lake: Lake, key: str, table: pa.Table, *, versions: Mapping[str, str]) -> None:
    """Write a table atomically.

    Args:
        lake: The lake.
        key: The part.
        table: The rows, sorted by the caller.
        versions: ``spec_version``, ``rules_version``, ``policy_version``, ``key_id``; no time, so
            that the same rows are the same bytes.
    """
    lake.storage.tables.write(key, table, _metadata(table, versions))


def encode_part(table: pa.Table, *, versions: Mapping[str, str]) -> bytes:
    """The bytes that ``write_part`` writes."""
    return encode_table(table, _metadata(table, versions))


def write_schema_part(lake: Lake, prefix: str, schema: pa.Schema) -> None:
    """Put a part without rows into a data set: readers find every column from the first day."""
    key = f"{prefix}/schema.parquet"
    if _schema_of(lake, key) != schema:
        write_part(lake, key, schema.empty_table(), versions={})


def read_part(lake: Lake, key: str) -> pa.Table:
    """The rows of one part (prefixes named ``name=value`` add no columns).

    Raises:
        DamagedPartError: It is damaged.
    """
    with damaged_parts_named(key):
        return _resolved(lake, key, lake.storage.tables.read, MonthPart.table_of)


def has_part(lake: Lake, key: str) -> bool:
    """Whether there is such a part, on its own or in a month, be it damaged."""
    try:
        # Twice on its own, because the month may be opened in between.
        return lake.has(key) or find_in_month(lake, key) is not None or lake.has(key)
    except DamagedPartError:
        return True


def require_whole(lake: Lake, *prefixes: str) -> None:
    """Verify every part below some prefixes, before a program reads them without checking seals.

    Raises:
        DamagedPartError: One of them is damaged.
    """
    for prefix in prefixes:
        for key in lake.storage.objects.list_keys(f"{prefix}/**/*.parquet"):
            with damaged_parts_named(key):
                lake.storage.tables.read_metadata(key)


def part_versions(lake: Lake, key: str) -> dict[str, str]:
    """The versions a part carries.

    Raises:
        DamagedPartError: It is damaged.
    """
    with damaged_parts_named(key):
        # In the order in which they were written, which a rewritten part keeps.
        metadata = _resolved(
            lake,
            key,
            lambda one: lake.storage.tables.read_schema(one).metadata or {},
            lambda part, partition: part.entries[partition].metadata,
        )
    return {
        name.decode().removeprefix(_PREFIX): text.decode()
        for name, text in metadata.items()
        if name.startswith(_PREFIX.encode())
    }


def _schema_of(lake: Lake, key: str) -> pa.Schema | None:
    """The columns of a part; None where it is missing or damaged: it has no rows to lose."""
    try:
        return lake.storage.tables.read_schema(key)
    except (FileNotFoundError, DamagedTableError):
        return None


def _resolved(
    lake: Lake,
    key: str,
    of_its_own: Callable[[str], _T],
    in_month: Callable[[MonthPart, Partition], _T],
) -> _T:
    """Read a part where its rows are stored; its own part comes first, because it may be newer."""
    with suppress(FileNotFoundError):
        return of_its_own(key)
    found = find_in_month(lake, key)
    if found is not None:
        return in_month(*found)
    return of_its_own(key)  # the month was opened in between


def _metadata(table: pa.Table, versions: Mapping[str, str]) -> dict[bytes, bytes]:
    metadata = dict(table.schema.metadata or {})
    return metadata | {f"{_PREFIX}{name}".encode(): one.encode() for name, one in versions.items()}
