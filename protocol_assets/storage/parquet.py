"""Parquet tables with a seal: a reader gets the rows that were written, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.storage.ports import ObjectStore
from protocol_assets.storage.seal import BLANK, is_sealed, seal

__all__ = ["DamagedTableError", "Tables", "encode_table"]

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
        with self._open(key) as file:
            try:
                table = file.read()
            except (pa.ArrowException, OSError, ValueError):
                table = None
        if table is None:  # it has no seal
            raise DamagedTableError(_name(key))
        return table.replace_schema_metadata(_without_marks(table.schema.metadata) or None)

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
        content = self.objects.read(key)
        if content is None:
            raise FileNotFoundError(_name(key))
        found = is_sealed(content, _PLACE)
        file = None
        if found is not False:
            try:
                file = pq.ParquetFile(pa.BufferReader(content))
            except (pa.ArrowException, OSError, ValueError):
                file = None
        if file is None or (found is None and _IS_SEALED in (file.metadata.metadata or {})):
            raise DamagedTableError(_name(key))
        return file


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _without_marks(metadata: Mapping[bytes, bytes] | None) -> dict[bytes, bytes]:
    return {
        name: text for name, text in (metadata or {}).items() if name not in (_DIGEST, _IS_SEALED)
    }
