from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from protocol_assets.lake.parquet import part_versions, read_part, write_part, write_schema_part

VERSIONS = {"spec_version": "1", "key_id": "ABC"}


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2]})
    for name in ("one", "two"):
        write_part(tmp_path / name, table, versions=VERSIONS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert part_versions(tmp_path / "one") == VERSIONS


def test_directories_add_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "pacs=x" / "part.parquet"
    write_part(path, pa.table({"a": [1]}), versions={})
    assert read_part(path).column_names == ["a"]


def test_the_schema_part_follows_the_schema(tmp_path: Path) -> None:
    write_schema_part(tmp_path, pa.schema([("a", pa.int64())]))
    write_schema_part(tmp_path, pa.schema([("a", pa.int64()), ("b", pa.string())]))
    part = read_part(tmp_path / "schema.parquet")
    assert (part.num_rows, part.column_names) == (0, ["a", "b"])
