"""Other programs open the warehouse, write to it, and end in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from protocol_assets.faults import Fault
from protocol_assets.lake.reading import read_warehouse, write_reading_copy
from protocol_assets.lake.warehouse_file import (
    copy_for_building,
    prepare_building,
    put_in_place,
    write_ahead_logs,
)
from protocol_assets.lake.zones import Lake

_FOREIGN = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
connection.execute("update marts.a set x = 666")
print("open", flush=True)
time.sleep(600)
"""


def build(path: Path, value: int) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema marts; create table marts.a as select {value} as x")


def value_of(lake: Lake) -> int:
    with read_warehouse(lake) as connection:
        ((value,),) = connection.execute("from marts.a").fetchall()
    return int(value)


@contextmanager
def foreign_writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program that has written to a database and keeps it open; it is killed at the end."""
    command = [sys.executable, "-c", _FOREIGN, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "home")
    lake.prepare()
    build(lake.warehouse, 1)
    return lake


def test_a_log_left_behind_is_removed_and_nothing_of_it_is_read(lake: Lake) -> None:
    with foreign_writer(lake.warehouse):
        pass
    assert write_ahead_logs(lake.warehouse)
    assert value_of(lake) == 1
    assert not write_ahead_logs(lake.warehouse)


def test_a_log_left_behind_does_not_stop_the_next_warehouse(lake: Lake) -> None:
    with foreign_writer(lake.warehouse):
        pass
    build(lake.warehouse_building, 2)
    put_in_place(lake.warehouse_building, lake.warehouse)
    assert value_of(lake) == 2


def test_a_log_of_the_warehouse_before_is_no_part_of_this_one(lake: Lake) -> None:
    """A program that had the old file open writes its log after the new one was put in place."""
    with foreign_writer(lake.warehouse):
        pass
    (log,) = write_ahead_logs(lake.warehouse)
    content = log.read_bytes()
    build(lake.warehouse_building, 2)
    put_in_place(lake.warehouse_building, lake.warehouse)
    log.write_bytes(content)
    with pytest.raises(duckdb.IOException):
        duckdb.connect(str(lake.warehouse), read_only=True)
    assert value_of(lake) == 2


def test_who_holds_the_warehouse_is_named_until_a_new_one_replaces_it(lake: Lake) -> None:
    with foreign_writer(lake.warehouse) as process:
        for read in (read_warehouse, write_reading_copy, copy_for_building):
            with pytest.raises(Fault) as caught:
                read(lake)
            said = str(caught.value)
            assert f"another program (process {process.pid}) has safe/warehouse.duckdb open" in said
            assert "close it there and run again" in said
            assert str(lake.home) not in said
        assert write_ahead_logs(lake.warehouse)
        build(lake.warehouse_building, 2)
        put_in_place(lake.warehouse_building, lake.warehouse)
        assert value_of(lake) == 2
    assert value_of(lake) == 2


def test_the_findings_build_on_a_copy_without_what_others_wrote(lake: Lake) -> None:
    with foreign_writer(lake.warehouse):
        pass
    prepare_building(lake)
    copy_for_building(lake)
    with duckdb.connect(str(lake.warehouse_building), read_only=True) as connection:
        assert connection.execute("from marts.a").fetchall() == [(1,)]


def test_a_build_that_was_killed_leaves_nothing_to_the_next(lake: Lake) -> None:
    build(lake.warehouse_building, 2)
    with foreign_writer(lake.warehouse_building):
        pass
    assert write_ahead_logs(lake.warehouse_building)
    prepare_building(lake)
    build(lake.warehouse_building, 3)
    put_in_place(lake.warehouse_building, lake.warehouse)
    assert value_of(lake) == 3


def test_a_log_of_the_new_warehouse_goes_with_it(lake: Lake) -> None:
    build(lake.warehouse_building, 2)
    with foreign_writer(lake.warehouse_building):  # stands for dbt that ends before it has closed
        pass
    put_in_place(lake.warehouse_building, lake.warehouse)
    assert value_of(lake) == 666


def test_a_damaged_warehouse_is_a_fault_that_says_what_to_do(lake: Lake) -> None:
    lake.warehouse.write_bytes(b"no database")
    with pytest.raises(Fault, match="run 'protocol-assets rebuild'"):
        read_warehouse(lake)
    lake.warehouse.unlink()
    with pytest.raises(Fault, match="run 'protocol-assets rebuild'"):
        read_warehouse(lake)


def test_a_log_beside_the_reading_copy_does_not_outlive_it(lake: Lake) -> None:
    write_reading_copy(lake)
    lake.reading_copy.with_name("warehouse.duckdb.wal").write_bytes(b"left behind")
    write_reading_copy(lake)
    with duckdb.connect(str(lake.reading_copy), read_only=True) as connection:
        assert connection.execute("from marts.a").fetchall() == [(1,)]
