"""Parquet parts: the same rows give the same bytes, with versions in the metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.parquet import DamagedTableError, encode_table

__all__ = [
    "DamagedPartError",
    "encode_part",
    "part_versions",
    "read_part",
    "require_whole",
    "write_part",
    "write_schema_part",
]

_PREFIX: Final = "protocol_assets."
_NAMED: Final = 4
"""Data set, study date, PACS and file; more of a key is not shown in messages."""


class DamagedPartError(Fault):
    """A part is damaged; the message names its place and nothing of its content."""


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
    with _named(key):
        return lake.storage.tables.read(key)


def require_whole(lake: Lake, *prefixes: str) -> None:
    """Verify every part below some prefixes, before a program reads them without checking seals.

    Raises:
        DamagedPartError: One of them is damaged.
    """
    for prefix in prefixes:
        for key in lake.storage.objects.list_keys(f"{prefix}/**/*.parquet"):
            with _named(key):
                lake.storage.tables.read_metadata(key)


def part_versions(lake: Lake, key: str) -> dict[str, str]:
    """The versions a part carries.

    Raises:
        DamagedPartError: It is damaged.
    """
    with _named(key):
        metadata = lake.storage.tables.read_metadata(key)
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


@contextmanager
def _named(key: str) -> Iterator[None]:
    try:
        yield
        return
    except DamagedTableError:
        place = "/".join(key.split("/")[-_NAMED:])
    raise DamagedPartError(f"{place} is damaged; run protocol-assets verify --repair")


def _metadata(table: pa.Table, versions: Mapping[str, str]) -> dict[bytes, bytes]:
    metadata = dict(table.schema.metadata or {})
    return metadata | {f"{_PREFIX}{name}".encode(): one.encode() for name, one in versions.items()}
