"""Parquet files, written whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.storage.files import atomic_file

__all__ = ["read_metadata", "read_schema", "read_table", "write_table"]


def write_table(path: Path, table: pa.Table, metadata: Mapping[bytes, bytes], *, mode: int) -> None:
    """Write a table; the same rows and metadata are the same bytes.

    Args:
        path: The file.
        table: The rows.
        metadata: Key-value metadata of the file.
        mode: Permission bits.
    """
    with atomic_file(path, mode=mode) as file:
        pq.write_table(table.replace_schema_metadata(metadata), file, compression="zstd")


def read_table(path: Path) -> pa.Table:
    """The rows of one file (the file alone: directories named ``key=value`` add no columns)."""
    with pq.ParquetFile(path) as file:
        return file.read()


def read_schema(path: Path) -> pa.Schema:
    """The columns of one file, with the metadata of the file."""
    return pq.read_schema(path)


def read_metadata(path: Path) -> dict[bytes, bytes]:
    """The key-value metadata of one file."""
    return dict(pq.read_metadata(path).metadata or {})
