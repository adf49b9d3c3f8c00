"""Parquet tables with a seal: a reader gets the rows that were written, or an error."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.storage.ports import ObjectStore
from protocol_assets.storage.seal import BLANK, is_sealed, seal

__all__ = ["DamagedTableError", "Tables", "decode_table", "encode_table", "written_schema"]

_DIGEST: Final = b"protocol_assets_sha256"
_PLACE: Final = _DIGEST + b"\x18" + bytes([len(BLANK)])
"""As Thrift's compact protocol writes the key, the next field and the length of its text."""
_IS_SEALED: Final = b"protocol_assets_is_sealed"
"""A second mark: a file whose seal was damaged differs from one that was never sealed."""


class DamagedTableError(ValueError):
    """A table is not what ``Tables`` wrote; the message is its name alone."""


def encode_table(table: pa.Table, metadata: Mapping[bytes, bytes]) -> bytes:
    """A table as Parquet with a seal; the same rows and metadata give the same bytes."""
    marked = table.replace_schema_metadata({**metadata, _IS_SEALED: b"yes"})
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, marked.schema, compression="zstd") as writer:
        writer.write_table(marked)
        writer.add_key_value_metadata({_DIGEST.decode(): BLANK})
    return seal(sink.getvalue().to_pybytes(), _PLACE)


def decode_table(content: bytes, name: str) -> pa.Table:
    """The rows that ``encode_table`` has made into bytes, with their metadata.

    Args:
        content: The bytes of a file.
        name: Its name, for the error.

    Raises:
        DamagedTableError: The bytes are not what was written.
    """
    file = _opened(content, name)
    try:
        table = file.read()
    except (pa.ArrowException, OSError, ValueError):
        table = None
    if table is None:  # it has no seal
        raise DamagedTableError(name)
    return table.replace_schema_metadata(_without_marks(table.schema.metadata) or None)


def written_schema(content: bytes) -> pa.Schema:
    """The columns as the writer had them, without metadata of the table.

    A reader gets other names for the elements of lists, so only a table with these columns gives
    the same bytes again.

    Args:
        content: What ``encode_table`` has made.
    """
    metadata = pq.read_metadata(pa.BufferReader(content)).metadata
    stored = pa.py_buffer(base64.b64decode(metadata[b"ARROW:schema"]))
    return pa.ipc.read_schema(stored).remove_metadata()


@dataclass(frozen=True, slots=True)
class Tables:
    """Parquet tables in an object store, each written as a whole.

    A reader gets the rows that were written, or an error. All read methods raise
    ``FileNotFoundError`` where there is no table, and ``DamagedTableError`` where it is not what
    was written.

    Attributes:
        objects: Where they are.
    """

    objects: ObjectStore

    def write(self, key: str, table: pa.Table, metadata: Mapping[bytes, bytes]) -> None:
        """Write or replace a table, atomically and durably.

        Args:
            key: The table.
            table: The rows.
            metadata: Key-value metadata of the file.
        """
        self.objects.write(key, encode_table(table, metadata))

    def read(self, key: str) -> pa.Table:
        """The rows of one table (prefixes named ``name=value`` add no columns)."""
        return decode_table(self._read(key), _name(key))

    def read_schema(self, key: str) -> pa.Schema:
        """The columns of one table, with its metadata."""
        with self._open(key) as file:
            schema = file.schema_arrow
        return schema.with_metadata(_without_marks(schema.metadata) or None)

    def read_metadata(self, key: str) -> dict[bytes, bytes]:
        """The key-value metadata of one table."""
        with self._open(key) as file:
            return _without_marks(file.metadata.metadata)

    def _open(self, key: str) -> pq.ParquetFile:
        return _opened(self._read(key), _name(key))

    def _read(self, key: str) -> bytes:
        content = self.objects.read(key)
        if content is None:
            raise FileNotFoundError(_name(key))
        return content


def _opened(content: bytes, name: str) -> pq.ParquetFile:
    found = is_sealed(content, _PLACE)
    file = None
    if found is not False:
        try:
            file = pq.ParquetFile(pa.BufferReader(content))
        except (pa.ArrowException, OSError, ValueError):
            file = None
    if file is None or (found is None and _IS_SEALED in (file.metadata.metadata or {})):
        raise DamagedTableError(name)
    return file


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _without_marks(metadata: Mapping[bytes, bytes] | None) -> dict[bytes, bytes]:
    return {
        name: text for name, text in (metadata or {}).items() if name not in (_DIGEST, _IS_SEALED)
    }
