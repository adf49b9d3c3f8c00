from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from protocol_assets.lake.parquet import part_versions, read_part, write_part, write_schema_part
from protocol_assets.lake.zones import Lake

VERSIONS = {"spec_version": "1", "key_id": "ABC"}


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    lake, table = Lake(tmp_path), pa.table({"a": [1, 2]})
    for name in ("one", "two"):
        write_part(lake, name, table, versions=VERSIONS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert part_versions(lake, "one") == VERSIONS


def test_directories_add_no_columns(tmp_path: Path) -> None:
    lake, key = Lake(tmp_path), "pacs=x/part.parquet"
    write_part(lake, key, pa.table({"a": [1]}), versions={})
    assert read_part(lake, key).column_names == ["a"]


def test_the_schema_part_follows_the_schema(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_schema_part(lake, "safe/facts/x", pa.schema([("a", pa.int64())]))
    write_schema_part(lake, "safe/facts/x", pa.schema([("a", pa.int64()), ("b", pa.string())]))
    part = read_part(lake, "safe/facts/x/schema.parquet")
    assert (part.num_rows, part.column_names) == (0, ["a", "b"])
