"""What dbt's DuckDB may open: the safe zone, whatever a model, test or macro names.

An analyst's model that reads a restricted file would carry its values into tables, compiled SQL
and, where it fails, into messages, for DuckDB quotes the value that it cannot cast.
"""

from __future__ import annotations

from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from protocol_assets.lake.reading import escape_glob

__all__ = ["Plugin"]


class Plugin(BasePlugin):
    """A plugin of dbt-duckdb, which ``profiles.yml`` names and which expects this class name."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Close the database to every file that does not stand in the warehouse's directory.

        Args:
            conn: The connection of the dbt run, before it executes anything else.

        Raises:
            ValueError: The profile names no file.
        """
        if self.creds is None or self.creds.path == ":memory:":
            raise ValueError("the warehouse of the dbt profile must be a file in the safe zone")
        safe = Path(self.creds.path).parent
        # DuckDB compares a pattern with them as it is written, and then each file it matches.
        allowed = [one.replace("'", "''") for one in (str(safe), escape_glob(safe))]
        # In this order: DuckDB takes no directory once it is closed, and no option once locked.
        conn.execute(f"set allowed_directories = ['{allowed[0]}', '{allowed[1]}']")
        conn.execute("set enable_external_access = false")
        conn.execute("set lock_configuration = true")
