"""The tables of the analysis: their input from the warehouse, and their storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import duckdb
import pandas as pd
import pyarrow as pa

from protocol_assets.faults import Fault
from protocol_assets.lake.key_record import known_key_id
from protocol_assets.lake.parquet import read_part, write_part
from protocol_assets.lake.reading import read_warehouse
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.transactions import Move, finish_moves, move_together

__all__ = [
    "Measured",
    "finish_analysis",
    "newest_devices",
    "read_analysis",
    "read_mart",
    "read_measured",
    "read_reference",
    "write_analysis",
]

Row = dict[str, Any]

_MARK: Final = "safe/analysis/moves.json"
_FIRST: Final = "run 'protocol-assets materialize' first"


class Measured(NamedTuple):
    """What the warehouse has measured: ``fct_acquisition`` and ``fct_exam``."""

    acquisitions: pd.DataFrame
    exams: pd.DataFrame


def read_measured(lake: Lake) -> Measured:
    """The acquisitions and exams of the warehouse.

    Raises:
        Fault: There is no warehouse yet.
    """
    with _warehouse(lake) as connection:
        acquisitions = connection.sql("from marts.fct_acquisition").df()
        exams = connection.sql("from marts.fct_exam").df()
    return Measured(acquisitions, exams)


def read_reference(lake: Lake, name: str) -> pd.DataFrame:
    """A governance file as the warehouse reads it: ``targets`` or ``findings``."""
    frame: pd.DataFrame = read_part(lake, lake.reference(name)).to_pandas()
    return frame


def write_analysis(lake: Lake, tables: Mapping[str, pa.Table], version: str) -> None:
    """Put the tables in place together.

    Args:
        lake: The lake.
        tables: From ``analysis_tables``.
        version: From ``analysis_version``.
    """
    finish_analysis(lake)
    versions = {"analysis_version": version, "key_id": known_key_id(lake) or ""}
    moves = [Move(lake.analysis(f"next/{name}"), lake.analysis(name)) for name in tables]
    for one, table in zip(moves, tables.values(), strict=True):
        write_part(lake, one.source, table, versions=versions)
    with lake.storage.locks.exclusive("analysis", wait=True, what="the tables of the analysis"):
        move_together(lake.storage.objects, _MARK, moves)


def finish_analysis(lake: Lake) -> bool:
    """Finish the moves of a run that was killed; False if there were none."""
    if not lake.has(_MARK):
        return False
    with lake.storage.locks.exclusive("analysis", wait=True, what="the tables of the analysis"):
        return finish_moves(lake.storage.objects, _MARK)


def read_analysis(lake: Lake, name: str) -> pa.Table:
    """A table of the last analysis.

    Raises:
        Fault: There is no analysis yet.
    """
    if not lake.has(lake.analysis(name)):
        raise Fault(f"there is no analysis yet; {_FIRST}")
    return read_part(lake, lake.analysis(name))


def newest_devices(lake: Lake) -> dict[str, str]:
    """The key of a scanner in the last analysis by each of its keys: a serial number can change."""
    rows = read_analysis(lake, "devices").to_pylist()
    return {row["device_key"]: row["analysed_as"] for row in rows}


def read_mart(lake: Lake, name: str) -> list[Row]:
    """All rows of one mart.

    Raises:
        Fault: There is no warehouse, or the mart is not in it yet.
    """
    with _warehouse(lake) as connection:
        known = connection.sql(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
        if (name,) not in known:
            raise Fault(f"the warehouse has no {name} yet; {_FIRST}")
        rows: list[Row] = connection.sql(f'from marts."{name}"').to_arrow_table().to_pylist()
    return rows


def _warehouse(lake: Lake) -> duckdb.DuckDBPyConnection:
    if not lake.warehouse.exists():
        raise Fault(f"there is no warehouse yet; {_FIRST}")
    return read_warehouse(lake)
