"""A build that DuckDB has closed with its log beside it, as on a full disk."""

from __future__ import annotations

from pathlib import Path

import duckdb

from protocol_assets.lake.warehouse_file import finish_building, open_read_only, write_ahead_logs


def test_what_stands_in_the_log_of_a_build_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.building.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("create table model as select 1 as a")
    assert write_ahead_logs(path)
    finish_building(path)
    assert not write_ahead_logs(path)
    with open_read_only(path) as connection:
        assert connection.execute("from model").fetchall() == [(1,)]
