"""A version is named by its content, in whatever order the rows come."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.lake.parquet import write_part
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.versions import _forget_old, _in_order, version_name

ROWS: list[dict[str, object]] = [
    {"name": name, "count": count, "share": share, "is_known": is_known}
    for name in ("b", "a", None)
    for count in (2, 1, None)
    for share in (0.5, None, 0.25)
    for is_known in (True, None, False)
]


def digest(folder: Path, rows: list[dict[str, object]], chunks: int = 1) -> str:
    folder.mkdir()
    schema = pa.table({"name": ["x"], "count": [1], "share": [0.1], "is_known": [True]}).schema
    size = -(-len(rows) // chunks)
    table = pa.concat_tables(
        pa.Table.from_pylist(rows[first : first + size], schema=schema)
        for first in range(0, len(rows), size)
    )
    write_part(Lake(folder), "table.parquet", _in_order(table), versions={})
    return version_name(folder)


def test_the_same_rows_are_the_same_version(tmp_path: Path) -> None:
    first = digest(tmp_path / "first", ROWS)
    for seed in range(5):
        rows = list(ROWS)
        random.Random(seed).shuffle(rows)
        assert digest(tmp_path / str(seed), rows, chunks=seed + 1) == first
    assert pq.read_table(tmp_path / "first" / "table.parquet").num_rows == len(ROWS)


def test_another_row_is_another_version(tmp_path: Path) -> None:
    assert digest(tmp_path / "all", ROWS) != digest(tmp_path / "fewer", ROWS[1:])


def test_a_version_that_is_not_what_its_name_says_is_deleted(tmp_path: Path) -> None:
    for number in range(3):
        write_part(Lake(tmp_path), "new/t.parquet", pa.table({"a": [number]}), versions={})
        (tmp_path / "new").rename(tmp_path / version_name(tmp_path / "new"))
    damaged, *whole = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    (damaged / "t.parquet").write_bytes(b"something else")
    _forget_old(tmp_path)
    assert sorted(path for path in tmp_path.iterdir() if path.is_dir()) == whole
