"""Parquet parts: the same bytes for the same rows, versions in the metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from protocol_assets.faults import Fault
from protocol_assets.storage.files import RESTRICTED_FILE
from protocol_assets.storage.parquet import (
    DamagedTableError,
    encode_table,
    read_metadata,
    read_schema,
    read_table,
    write_table,
)

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
"""Data set, study date, PACS and file: the rest of a path may say more than it should."""


class DamagedPartError(Fault):
    """A part is not as it was written; the text names its place and nothing of its content."""


def write_part(
    path: Path, table: pa.Table, *, versions: Mapping[str, str], mode: int = RESTRICTED_FILE
) -> None:
    """Write a table atomically.

    Args:
        path: Where the part shall stand.
        table: The rows, sorted by the caller.
        versions: ``spec_version``, ``rules_version``, ``policy_version``, ``key_id``; no time, so
            that the same rows are the same bytes.
        mode: Permission bits; only what is published is for others to read.
    """
    write_table(path, table, _metadata(table, versions), mode=mode)


def encode_part(table: pa.Table, *, versions: Mapping[str, str]) -> bytes:
    """The bytes that ``write_part`` writes."""
    return encode_table(table, _metadata(table, versions))


def write_schema_part(directory: Path, schema: pa.Schema) -> None:
    """Put a part without rows into a data set: readers find every column from the first day."""
    path = directory / "schema.parquet"
    if not path.exists() or _schema_of(path) != schema:
        write_part(path, schema.empty_table(), versions={})


def read_part(path: Path) -> pa.Table:
    """The rows of one part (the file alone: directories named ``key=value`` add no columns).

    Raises:
        DamagedPartError: It is not as it was written.
    """
    with _named(path):
        return read_table(path)


def require_whole(*directories: Path) -> None:
    """Read every part below some directories before a program reads them that knows no seals.

    Raises:
        DamagedPartError: One of them is not as it was written.
    """
    for directory in directories:
        for path in sorted(directory.rglob("*.parquet")):
            with _named(path):
                read_metadata(path)


def part_versions(path: Path) -> dict[str, str]:
    """The versions a part carries.

    Raises:
        DamagedPartError: It is not as it was written.
    """
    with _named(path):
        metadata = read_metadata(path)
    return {
        name.decode().removeprefix(_PREFIX): text.decode()
        for name, text in metadata.items()
        if name.startswith(_PREFIX.encode())
    }


def _schema_of(path: Path) -> pa.Schema | None:
    """The columns of a part; None where it is damaged: it holds no rows that could be lost."""
    try:
        return read_schema(path)
    except DamagedTableError:
        return None


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
        return
    except DamagedTableError:
        place = "/".join(path.parts[-_NAMED:])
    raise DamagedPartError(f"{place} is damaged; run protocol-assets verify --repair")


def _metadata(table: pa.Table, versions: Mapping[str, str]) -> dict[bytes, bytes]:
    metadata = dict(table.schema.metadata or {})
    return metadata | {f"{_PREFIX}{name}".encode(): one.encode() for name, one in versions.items()}
