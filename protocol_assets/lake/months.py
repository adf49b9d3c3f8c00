"""Compacted months: one part for all partitions of a month, and how a partition is read from it.

The rows of the partitions follow each other in order of day and PACS. The metadata of the part list
the partitions with their number of rows, the metadata of their own parts and the digest of these,
so ``encode_table`` makes the same bytes of a partition again. ``compaction`` says who writes it.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pyarrow as pa

from protocol_assets.lake.damaged_parts import damaged_parts_named
from protocol_assets.lake.zones import DATA_SETS, Lake, Partition
from protocol_assets.storage.parquet import (
    DamagedTableError,
    decode_table,
    encode_table,
    written_schema,
)

__all__ = [
    "Entry",
    "MonthPart",
    "day_keys",
    "decode_month",
    "encode_month",
    "find_in_month",
    "kept_partitions",
    "month_keys",
    "part_key",
    "part_keys",
    "partitions_with_files",
    "read_month",
    "stored_partitions",
]

_DIRECTORY: Final = b"protocol_assets_partitions"
_BYTES: Final = "latin-1"
"""Any bytes are text in this encoding."""
_PART: Final = "part.parquet"
_RAW: Final = "restricted/raw"
_CANDIDATES: Final = "restricted/candidates/*"
_DAYS: Final = "study_date=*/pacs=*"


@dataclass(frozen=True, slots=True)
class Entry:
    """One partition in the part of a month.

    Attributes:
        first: Its first row.
        rows: Its number of rows.
        schema: The columns as its own part was written.
        metadata: Metadata of its own part.
        sha256: Digest of the bytes of its own part, in hex.
    """

    first: int
    rows: int
    schema: pa.Schema
    metadata: Mapping[bytes, bytes]
    sha256: str


@dataclass(frozen=True, slots=True)
class MonthPart:
    """The part of a compacted month.

    Attributes:
        table: The rows of all its partitions.
        entries: Its partitions, in the order of their rows.
    """

    table: pa.Table
    entries: Mapping[Partition, Entry]

    def table_of(self, partition: Partition) -> pa.Table:
        """The rows of a partition as its own part had them, with their metadata.

        Raises:
            KeyError: The partition is not in this part.
        """
        entry = self.entries[partition]
        rows = self.table.slice(entry.first, entry.rows)
        return rows.replace_schema_metadata(dict(entry.metadata) or None)

    def encoded(self, partition: Partition) -> bytes:
        """The bytes of the partition's own part."""
        entry = self.entries[partition]
        table = self.table_of(partition).cast(entry.schema).combine_chunks()
        return encode_table(table, entry.metadata)


def encode_month(parts: Mapping[Partition, bytes], tables: Mapping[Partition, pa.Table]) -> bytes:
    """The part of a month; the same partitions give the same bytes.

    Args:
        parts: The bytes of each partition's own part.
        tables: Their rows, all with the same columns.
    """
    metadata: list[list[tuple[str, str]]] = []
    schemas = [written_schema(parts[max(parts)])]
    directory: list[list[object]] = []
    order = sorted(parts)
    for one in order:
        stated = tables[one].schema.metadata or {}
        own = [(name.decode(_BYTES), text.decode(_BYTES)) for name, text in stated.items()]
        if own not in metadata:  # in their order, which the bytes of a part depend on
            metadata.append(own)
        schema = _place_of(written_schema(parts[one]), schemas)
        digest = hashlib.sha256(parts[one]).hexdigest()
        directory.append([one.key, tables[one].num_rows, schema, metadata.index(own), digest])
    stated = {
        "metadata": metadata,
        "partitions": directory,
        "schemas": [_packed(one) for one in schemas[1:]],  # the part itself has the first
    }
    table = pa.concat_tables(tables[one].replace_schema_metadata(None) for one in order)
    content = json.dumps(stated, separators=(",", ":")).encode()
    return encode_table(table.cast(schemas[0]).combine_chunks(), {_DIRECTORY: content})


def _place_of(schema: pa.Schema, schemas: list[pa.Schema]) -> int:
    for place, one in enumerate(schemas):
        if one.serialize().equals(schema.serialize()):
            return place
    schemas.append(schema)
    return len(schemas) - 1


def _packed(schema: pa.Schema) -> str:
    return base64.b64encode(zlib.compress(schema.serialize().to_pybytes())).decode("ascii")


def _unpacked(text: str) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(zlib.decompress(base64.b64decode(text))))


@lru_cache(maxsize=len(DATA_SETS))
def decode_month(content: bytes) -> MonthPart:
    """The part of a month, from its bytes.

    It is decoded once while its partitions are read one by one. The bytes decide and not a time, so
    the result is never that of an earlier part.

    Raises:
        DamagedTableError: The bytes are not what was written.
    """
    table = decode_table(content, _PART)
    try:
        stated = json.loads((table.schema.metadata or {})[_DIRECTORY])
        shared = [
            {name.encode(_BYTES): text.encode(_BYTES) for name, text in one}
            for one in stated["metadata"]
        ]
        schemas = [written_schema(content), *map(_unpacked, stated["schemas"])]
        entries, first = {}, 0
        for key, rows, schema, place, digest in stated["partitions"]:
            entry = Entry(first, rows, schemas[schema], shared[place], digest)
            entries[Partition.from_key(key)] = entry
            first += rows
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        entries, first = {}, -1
    if first != table.num_rows:
        raise DamagedTableError(_PART)
    return MonthPart(table.replace_schema_metadata(None), entries)


def read_month(lake: Lake, data_set: str, month: dt.date) -> MonthPart | None:
    """The part of a compacted month; None where there is none.

    Args:
        lake: The lake.
        data_set: A prefix among ``DATA_SETS``.
        month: Its first day.

    Raises:
        DamagedPartError: It is damaged.
    """
    key = lake.month_part(data_set, month)
    content = lake.storage.objects.read(key)
    with damaged_parts_named(key):
        return None if content is None else decode_month(content)


def find_in_month(lake: Lake, key: str) -> tuple[MonthPart, Partition] | None:
    """The part of a month in which a partition is stored, from the key of its own part.

    Args:
        lake: The lake.
        key: Any key; only parts of partitions can be in a month.

    Raises:
        DamagedPartError: The part of its month is damaged.
    """
    data_set, _, name = key.removesuffix(f"/{_PART}").partition("/study_date=")
    if data_set not in DATA_SETS or not key.endswith(f"/{_PART}"):
        return None
    partition = Partition.of_prefix(f"study_date={name}")
    found = read_month(lake, data_set, partition.month)
    return (found, partition) if found is not None and partition in found.entries else None


def part_key(data_set: str, partition: Partition) -> str:
    """The key of the own part of a partition."""
    return f"{data_set}/{partition.prefix}/{_PART}"


def month_keys(lake: Lake, data_set: str) -> dict[dt.date, str]:
    """The keys of the parts of all compacted months of a data set, by first day; sorted."""
    keys = lake.storage.objects.list_keys(f"{data_set}/month=*/{_PART}")
    days = (key.split("/")[-2].removeprefix("month=") for key in keys)
    return {dt.date.fromisoformat(f"{one}-01"): key for one, key in zip(days, keys, strict=True)}


def day_keys(lake: Lake, data_set: str, month: dt.date) -> dict[Partition, str]:
    """The keys of the parts of single partitions of a month; sorted by partition."""
    pattern = f"{data_set}/study_date={month:%Y-%m}-*/pacs=*/{_PART}"
    keys = lake.storage.objects.list_keys(pattern)
    found = {Partition.of_prefix(key.rpartition("/")[0]): key for key in keys}
    return dict(sorted(found.items()))


def part_keys(lake: Lake, data_set: str) -> list[str]:
    """The keys of all parts of a data set: of partitions, and of compacted months."""
    keys = lake.storage.objects.list_keys(f"{data_set}/{_DAYS}/{_PART}")
    return [*keys, *month_keys(lake, data_set).values()]


def stored_partitions(lake: Lake, data_sets: Iterable[str]) -> set[Partition]:
    """The partitions that are stored in one of some data sets, on their own or in a month.

    Args:
        lake: The lake.
        data_sets: Prefixes; ``*`` stands for any name.

    Raises:
        DamagedPartError: The part of a month is damaged.
    """
    return {one for data_set in data_sets for one in _stored(lake, data_set)}


def kept_partitions(lake: Lake) -> list[Partition]:
    """Partitions with any stored data, also where the manifest is lost.

    Raises:
        DamagedPartError: The part of a month is damaged.
    """
    return sorted({*lake.landed_partitions(), *stored_partitions(lake, DATA_SETS)})


def partitions_with_files(lake: Lake) -> list[Partition]:
    """Partitions with anything stored, landed or not, in order of day and PACS.

    Raises:
        DamagedPartError: The part of a month is damaged.
    """
    return sorted(stored_partitions(lake, (_RAW, _CANDIDATES, *DATA_SETS)))


def _stored(lake: Lake, data_set: str) -> Iterator[Partition]:
    for prefix in lake.storage.objects.list_prefixes(f"{data_set}/{_DAYS}"):
        yield Partition.of_prefix(prefix)
    for month in month_keys(lake, data_set) if data_set in DATA_SETS else ():
        found = read_month(lake, data_set, month)
        yield from found.entries if found else ()
