"""Parquet parts: written whole, the same bytes for the same rows, versions in the metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from protocol_assets.storage.files import OPEN_FILE
from protocol_assets.storage.parquet import read_metadata, read_schema, read_table, write_table

__all__ = ["part_versions", "read_part", "write_part", "write_schema_part"]

_PREFIX = "protocol_assets."


def write_part(
    path: Path, table: pa.Table, *, versions: Mapping[str, str], mode: int = OPEN_FILE
) -> None:
    """Write a table atomically.

    Args:
        path: Where the part shall stand.
        table: The rows, sorted by the caller.
        versions: ``spec_version``, ``rules_version``, ``policy_version``, ``key_id``; no time, so
            that the same rows are the same bytes.
        mode: Permission bits.
    """
    metadata = dict(table.schema.metadata or {})
    metadata |= {f"{_PREFIX}{name}".encode(): text.encode() for name, text in versions.items()}
    write_table(path, table, metadata, mode=mode)


def write_schema_part(directory: Path, schema: pa.Schema) -> None:
    """Put a part without rows into a data set: readers find every column from the first day."""
    path = directory / "schema.parquet"
    if not path.exists() or read_schema(path) != schema:
        write_part(path, schema.empty_table(), versions={})


def read_part(path: Path) -> pa.Table:
    """The rows of one part (the file alone: directories named ``key=value`` add no columns)."""
    return read_table(path)


def part_versions(path: Path) -> dict[str, str]:
    """The versions a part carries."""
    metadata = read_metadata(path)
    return {
        name.decode().removeprefix(_PREFIX): text.decode()
        for name, text in metadata.items()
        if name.startswith(_PREFIX.encode())
    }
