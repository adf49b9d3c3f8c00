"""Restricts dbt's DuckDB to the safe zone, whatever files a model, test or macro names.

A model that read a restricted file would copy its values into tables and compiled SQL, and into
error messages, because DuckDB quotes a value that it cannot cast.
"""

from __future__ import annotations

from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from protocol_assets.lake.warehouse_file import restrict_to

__all__ = ["Plugin"]


class Plugin(BasePlugin):
    """The plugin of dbt-duckdb that ``profiles.yml`` names; dbt-duckdb expects this class name."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Deny access to all files outside of the warehouse's directory.

        Args:
            conn: The connection of the dbt run, before it executes anything else.

        Raises:
            ValueError: The profile names no file.
        """
        if self.creds is None or self.creds.path == ":memory:":
            raise ValueError("the warehouse of the dbt profile must be a file in the safe zone")
        restrict_to(conn, Path(self.creds.path).parent)
