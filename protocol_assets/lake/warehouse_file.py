"""Opens, copies and replaces the warehouse file, safely against other programs that use it.

DuckDB lets one process write to a file. A program that opens the warehouse for writing locks it. If
it ends before it closes the file, it leaves a log (WAL) next to it, which does not match the next
warehouse. The platform always closes its files, so such a log belongs to another program. It is
removed as soon as no program has the file open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from protocol_assets.faults import Fault
from protocol_assets.lake.zones import RESTRICTED_FILE, Lake
from protocol_assets.storage.files import copy_content, delete, move
from protocol_assets.storage.full_disk import describe_full_disk

__all__ = [
    "can_be_read",
    "copy_for_building",
    "escape_glob",
    "explain_warehouse_errors",
    "finish_building",
    "is_about_full_disk",
    "is_open_elsewhere",
    "open_for_tests",
    "open_read_only",
    "prepare_building",
    "put_in_place",
    "remove_logs",
    "restrict_to",
    "room_for_building",
    "write_ahead_logs",
]

_CLOSED: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}
_LOCKED: Final = re.compile(r"Could not set lock on file|Conflicting lock")
_FULL: Final = re.compile(r"(?i)no space left|disk quota|ENOSPC|EDQUOT|disk full")
_HOLDER: Final = re.compile(r"\(PID (\d+)\)")


def write_ahead_logs(path: Path) -> list[Path]:
    """The logs of a database: changes that are not yet part of its file."""
    return sorted(one for one in path.parent.iterdir() if one.name.startswith(f"{path.name}.wal"))


@contextmanager
def explain_warehouse_errors(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors about a file into one line that says what to do.

    Raises:
        Fault: Another program holds the file, or it cannot be opened.
    """
    problem = ""
    try:
        yield
    except (duckdb.IOException, duckdb.FatalException) as error:
        problem = _problem(path, str(error))
    if problem:
        raise Fault(problem)


def open_read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads a database and no other file of the machine.

    With ``read_only`` alone, a query could still read any local file.

    Raises:
        Fault: Another program holds the file, or it cannot be opened.
    """
    with explain_warehouse_errors(path):
        _remove_foreign_log(path)
        return duckdb.connect(str(path), read_only=True, config=_CLOSED)


def open_for_tests(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads a database, and the facts beside it that its views show.

    Raises:
        Fault: Another program holds the file, or it cannot be opened.
    """
    with explain_warehouse_errors(path):
        connection = duckdb.connect(str(path), read_only=True)
    restrict_to(connection, path.parent)
    return connection


def restrict_to(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Deny a connection all files outside of a directory, for as long as it is open.

    Args:
        connection: Before it executes anything else.
        directory: What it may read.
    """
    # DuckDB compares a pattern as it is written, and then each file that it matches.
    allowed = [one.replace("'", "''") for one in (str(directory), escape_glob(directory))]
    # In this order: the second allows no more directories, and the third no more options.
    connection.execute(f"set allowed_directories = ['{allowed[0]}', '{allowed[1]}']")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def escape_glob(path: Path) -> str:
    """A path for DuckDB's file functions, with the characters of patterns escaped.

    ``dbt_project.yml`` does the same for dbt's sources, without Python.
    """
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def can_be_read(path: Path) -> bool:
    """Whether every row of a database can be read, without changing anything.

    Also true while another program writes to it, because its content is unknown then.
    """
    if write_ahead_logs(path):
        return True
    try:
        with duckdb.connect(str(path), read_only=True, config=_CLOSED) as connection:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables"
                " where table_type = 'BASE TABLE' order by all"
            ).fetchall()
            for schema, name in tables:
                connection.execute(f'select bit_xor(hash(t)) from "{schema}"."{name}" as t')  # noqa: S608
    except duckdb.Error as error:
        return bool(_LOCKED.search(str(error)))
    return True


def prepare_building(lake: Lake) -> None:
    """Remove the files of a build that was killed."""
    remove_logs(lake.warehouse_building)
    delete(lake.warehouse_building)


def room_for_building(path: Path) -> int:
    """The most bytes that a build needs, estimated from the last warehouse."""
    return path.stat().st_size if path.exists() else 0


def copy_for_building(lake: Lake) -> None:
    """Start a build with a copy of the warehouse.

    Raises:
        Fault: Another program may be writing to it, so that a copy could be torn.
    """
    with explain_warehouse_errors(lake.warehouse):
        _remove_foreign_log(lake.warehouse)
        # While this connection is open, no other program can start to write.
        with duckdb.connect(str(lake.warehouse), read_only=True, config=_CLOSED):
            copy_content(lake.warehouse, lake.warehouse_building)


def finish_building(path: Path) -> None:
    """Merge the log into the file: on a full disk, DuckDB closes without doing so.

    Raises:
        Fault: The disk is full, or another program holds the file.
    """
    if write_ahead_logs(path):
        with explain_warehouse_errors(path), duckdb.connect(str(path)) as connection:
            connection.execute("checkpoint")


def put_in_place(new: Path, target: Path) -> None:
    """Replace a database by a new one that is complete in its file.

    Raises:
        Fault: Another program holds the new one.
    """
    finish_building(new)
    # Before the file, so that readers never find the new one beside the log of the old one.
    remove_logs(target)
    move(new, target, mode=RESTRICTED_FILE, sync_content=True)


def remove_logs(path: Path) -> None:
    """Remove the logs of a database; the changes in them are lost."""
    for log in write_ahead_logs(path):
        delete(log)


def is_open_elsewhere(path: Path) -> bool:
    """Whether a program has a database open, so that no other can write to it."""
    try:
        if path.exists():
            duckdb.connect(str(path)).close()
    except duckdb.ConnectionException:
        return True  # this process, with other options
    except duckdb.Error as error:
        return bool(_LOCKED.search(str(error)))
    return False


def _remove_foreign_log(path: Path) -> None:
    """Remove the log of another program, unless that still has the file open."""
    if not write_ahead_logs(path):
        return
    try:
        duckdb.connect(str(path), read_only=True, config=_CLOSED).close()
    except duckdb.IOException as error:
        if _LOCKED.search(str(error)):
            raise
    remove_logs(path)


def is_about_full_disk(text: str) -> bool:
    """Whether a message of DuckDB says that the disk is full."""
    return bool(_FULL.search(text))


def _problem(path: Path, text: str) -> str:
    name = f"{path.parent.name}/{path.name}"
    if is_about_full_disk(text):
        return describe_full_disk(path.parent, room_for_building(path))
    if _LOCKED.search(text):
        holder = _HOLDER.search(text)
        who = f"another program (process {holder[1]})" if holder else "another program"
        return (
            f"{who} has {name} open for writing; close it there and run again; other programs "
            "should open safe/reading/warehouse.duckdb, read-only"
        )
    return (
        f"DuckDB cannot read or write {name}; check that the disk has free space, then run "
        "'protocol-assets rebuild', which builds it from the facts"
    )
