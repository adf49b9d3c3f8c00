"""Parquet files, written whole and sealed: readers get the rows that were written, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.storage.files import write_bytes
from protocol_assets.storage.seal import BLANK, is_sealed, seal

__all__ = [
    "DamagedTableError",
    "encode_table",
    "read_metadata",
    "read_schema",
    "read_table",
    "write_table",
]

_DIGEST: Final = b"protocol_assets_sha256"
_PLACE: Final = _DIGEST + b"\x18" + bytes([len(BLANK)])
"""As Thrift's compact protocol writes the key, the next field and the length of its text."""
_IS_SEALED: Final = b"protocol_assets_is_sealed"
"""A second mark: a file whose seal was damaged differs from one that was never sealed."""


class DamagedTableError(ValueError):
    """A file is not as ``write_table`` wrote it; the text is its name alone."""


def write_table(path: Path, table: pa.Table, metadata: Mapping[bytes, bytes], *, mode: int) -> None:
    """Write a table; the same rows and metadata are the same bytes.

    Args:
        path: The file.
        table: The rows.
        metadata: Key-value metadata of the file.
        mode: Permission bits.
    """
    write_bytes(path, encode_table(table, metadata), mode=mode)


def encode_table(table: pa.Table, metadata: Mapping[bytes, bytes]) -> bytes:
    """The bytes that ``write_table`` writes."""
    marked = table.replace_schema_metadata({**metadata, _IS_SEALED: b"yes"})
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, marked.schema, compression="zstd") as writer:
        writer.write_table(marked)
        writer.add_key_value_metadata({_DIGEST.decode(): BLANK})
    return seal(sink.getvalue().to_pybytes(), _PLACE)


def read_table(path: Path) -> pa.Table:
    """The rows of one file (the file alone: directories named ``key=value`` add no columns).

    Raises:
        DamagedTableError: It is not as it was written.
    """
    with _open(path) as file:
        try:
            table = file.read()
        except (pa.ArrowException, OSError, ValueError):
            table = None
    if table is None:  # it has no seal
        raise DamagedTableError(path.name)
    return table.replace_schema_metadata(_without_marks(table.schema.metadata) or None)


def read_schema(path: Path) -> pa.Schema:
    """The columns of one file, with the metadata of the file.

    Raises:
        DamagedTableError: It is not as it was written.
    """
    with _open(path) as file:
        schema = file.schema_arrow
    return schema.with_metadata(_without_marks(schema.metadata) or None)


def read_metadata(path: Path) -> dict[bytes, bytes]:
    """The key-value metadata of one file.

    Raises:
        DamagedTableError: It is not as it was written.
    """
    with _open(path) as file:
        return _without_marks(file.metadata.metadata)


def _open(path: Path) -> pq.ParquetFile:
    content = path.read_bytes()
    found = is_sealed(content, _PLACE)
    file = None
    if found is not False:
        try:
            file = pq.ParquetFile(pa.BufferReader(content))
        except (pa.ArrowException, OSError, ValueError):
            file = None
    if file is None or (found is None and _IS_SEALED in (file.metadata.metadata or {})):
        raise DamagedTableError(path.name)
    return file


def _without_marks(metadata: Mapping[bytes, bytes] | None) -> dict[bytes, bytes]:
    return {
        name: text for name, text in (metadata or {}).items() if name not in (_DIGEST, _IS_SEALED)
    }
