"""Read access to the warehouse: no other file can be read, and nothing can be changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import duckdb

from protocol_assets.deidentify.disclosure_limits import disclosure_limit
from protocol_assets.lake.warehouse_file import (
    explain_warehouse_errors,
    open_read_only,
    remove_logs,
)
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.files import move, staging_directory

__all__ = [
    "FEW_PATIENTS",
    "quarters",
    "read_warehouse",
    "share_below_k",
    "write_reading_copy",
]

FEW_PATIENTS: Final = disclosure_limit("few_patients")
"""With fewer patients than this, the facts of a scanner's day count as those of few."""

_READ_ONLY: Final = 0o400
_SCHEMAS: Final = ("marts", "published")


@dataclass(frozen=True, slots=True)
class Shown:
    """Shares of the quarters of a scanner and protocol (0 to 1); None if no month is closed.

    Attributes:
        anyhow: Share with a published row, including those merged into ``other``.
        by_name: Share with a row of their own.
    """

    anyhow: float | None
    by_name: float | None


def read_warehouse(lake: Lake) -> duckdb.DuckDBPyConnection:
    """A connection that reads the warehouse and no other file of the machine.

    Raises:
        Fault: Another program holds the warehouse, or it cannot be opened.
    """
    return open_read_only(lake.warehouse)


def share_below_k(lake: Lake) -> float | None:
    """Share of the facts whose scanner and study day have fewer than ``FEW_PATIENTS`` patients.

    This is why the facts stay in the safe zone. None if there are no facts.
    """
    query = """
        with days as (
            select study_date, device_key, count(distinct patient_key) as patients, count(*) as rows
            from marts.fct_series
            group by study_date, device_key
        )
        select sum(case when patients < ? then rows else 0 end) / sum(rows) from days
    """
    with read_warehouse(lake) as connection:
        share: float | None = connection.execute(query, [FEW_PATIENTS]).fetchall()[0][0]
    return share


def quarters(lake: Lake, published: Iterable[Mapping[str, object]]) -> Shown:
    """How much of what was scanned is visible in the published tables.

    Args:
        lake: The lake.
        published: Rows of ``nex_monthly``.
    """
    query = """
        select
            facts.device_key, facts.protocol_key, date_trunc('quarter', dates.month_start) as q,
            scanners.scanner_label, dates.month_start, cells.published_protocol_key
        from marts.fct_acquisition as facts
        inner join marts.dim_date as dates on facts.study_date = dates.study_date
        left join marts.dim_scanner as scanners
            on facts.device_key = scanners.device_key and scanners.is_latest
        left join intermediate.int_nex_publication_cells as cells
            on facts.device_key = cells.device_key and facts.protocol_key = cells.protocol_key
            and dates.month_start = cells.month_start
        where dates.is_closed_month
        group by all
    """
    with read_warehouse(lake) as connection:
        cells = connection.execute(query).fetchall()
    rows = {(row["scanner_label"], row["month_start"], row["protocol_key"]) for row in published}
    shown: dict[tuple[object, ...], set[bool]] = defaultdict(set)
    for device, protocol, quarter, *row in cells:
        found = shown[device, protocol, quarter]
        if tuple(row) in rows:
            found.add(row[-1] == protocol)
    if not shown:
        return Shown(None, None)
    anyhow = sum(bool(found) for found in shown.values())
    by_name = sum(True in found for found in shown.values())
    return Shown(anyhow / len(shown), by_name / len(shown))


def write_reading_copy(lake: Lake) -> int:
    """Write a copy of the marts for BI tools: tables without views, in a read-only file.

    Returns:
        Tables in the copy.

    Raises:
        Fault: Another program holds the warehouse, or it cannot be opened.
    """
    read_warehouse(lake).close()  # removes a log that another program may have left
    with staging_directory(lake.reading_copy.parent) as folder:
        temporary = folder / lake.reading_copy.name
        # Attaching a file needs external access, so it stays enabled here.
        with explain_warehouse_errors(lake.warehouse), duckdb.connect(str(temporary)) as copy:
            copy.execute(f"attach '{_quoted(str(lake.warehouse))}' as source (read_only)")
            tables = copy.execute(
                "select table_schema, table_name from information_schema.tables"
                " where table_catalog = 'source' and table_type = 'BASE TABLE' order by 1, 2"
            ).fetchall()
            tables = [(schema, name) for schema, name in tables if schema in _SCHEMAS]
            for schema, name in tables:
                copy.execute(f"create schema if not exists {schema}")
                copy.execute(f'create table {schema}."{name}" as from source.{schema}."{name}"')
            copy.execute("detach source")
        remove_logs(lake.reading_copy)
        move(temporary, lake.reading_copy, mode=_READ_ONLY, sync_content=True)
    return len(tables)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
