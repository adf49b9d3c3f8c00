"""A full disk in SQLite's words, which have numbers of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from protocol_assets.storage import full_disk
from protocol_assets.storage.full_disk import DiskFullError, explain_full_disk


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database that may not grow: SQLite reports it as a full disk."""
    with closing(sqlite3.connect(tmp_path / "runs.db", isolation_level=None)) as connection:
        connection.execute("create table runs (body blob)")
        connection.execute("pragma max_page_count = 2")
        yield connection


def fill(connection: sqlite3.Connection) -> None:
    connection.execute("insert into runs values (zeroblob(100000))")


def fill_by_a_library(connection: sqlite3.Connection) -> None:
    try:
        fill(connection)
    except sqlite3.OperationalError as error:
        raise sqlalchemy.exc.OperationalError("insert", {}, error) from error


def test_sqlites_full_disk_is_told_as_any_other(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    with pytest.raises(DiskFullError, match="is full: at least"), explain_full_disk(tmp_path):
        fill(database)


def test_a_library_that_passes_it_on_hides_nothing(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    with pytest.raises(DiskFullError, match="is full"), explain_full_disk(tmp_path):
        fill_by_a_library(database)


def test_a_failed_write_is_a_full_disk_where_no_room_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(sqlite3.OperationalError), explain_full_disk(tmp_path):
        sqlite3.connect(tmp_path / "no" / "runs.db")
    monkeypatch.setattr(full_disk, "_free", lambda _folder: 4096)
    with pytest.raises(DiskFullError), explain_full_disk(tmp_path):
        sqlite3.connect(tmp_path / "no" / "runs.db")


def test_other_errors_stay_what_they_are(database: sqlite3.Connection, tmp_path: Path) -> None:
    with (
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        explain_full_disk(tmp_path),
    ):
        database.execute("select * from absent")
    with pytest.raises(ValueError, match="a word"), explain_full_disk(tmp_path):
        raise ValueError("a word")
