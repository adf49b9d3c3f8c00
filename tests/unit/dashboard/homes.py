"""Homes that publish invented rows, and the tables as the pages get them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.dashboard.columns import TABLES, columns, typed
from protocol_assets.dashboard.names import named, protocol_names
from tests.unit.dashboard.published import Row, Tables

UNNAMED = "Name withheld"
_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
}


def frames(tables: Tables) -> dict[str, pd.DataFrame]:
    """The tables as the pages get them."""
    found = {
        name: typed(
            pd.DataFrame(list(tables.get(name, [])), dtype="object"), columns(name).values()
        )
        for name in TABLES
    }
    protocols = protocol_names(found.values())
    return {name: named(frame, protocols, UNNAMED) for name, frame in found.items()}


def arrow(table: str, rows: Sequence[Row]) -> pa.Table:
    """Rows with the types that dbt's contract gives them."""
    schema = pa.schema([(one.name, _ARROW[one.type]) for one in columns(table).values()])
    return pa.Table.from_pylist(
        [{name: row[name] for name in schema.names} for row in rows], schema
    )


def publish(home: Path, tables: Tables, version: str = "0123456789abcdef") -> None:
    """A version of the tables that are given, and the link to it."""
    directory = home / "publish" / "versions" / version
    directory.mkdir(parents=True)
    for name, rows in tables.items():
        pq.write_table(arrow(name, rows), directory / f"{name}.parquet")
    link = home / "publish" / "marts.new"
    link.symlink_to(Path("versions") / version)
    link.replace(home / "publish" / "marts")


def configured(folder: Path, tables: Tables | None, language: str = "en") -> Path:
    """A configuration whose home publishes the tables; None publishes nothing at all."""
    config = folder / "protocol_assets.toml"
    config.write_text(
        f'home = "home"\nlanguage = "{language}"\nstart_date = 2025-12-01\n'
        '[[pacs]]\nname = "north"\nurl = "http://127.0.0.1:9/dicom-web"\n',
        encoding="utf-8",
    )
    if tables is not None:
        publish(folder / "home", tables)
    return config
