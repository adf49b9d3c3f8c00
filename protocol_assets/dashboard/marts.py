"""Reading what is published: one version at a time, never the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from protocol_assets.dashboard.columns import TABLES, columns, typed
from protocol_assets.dashboard.names import named, protocol_names
from protocol_assets.faults import Fault, explain_os_error
from protocol_assets.lake.zones import Lake

__all__ = ["Marts", "newest_version", "read_marts"]

_DAMAGED: Final = "it is damaged; publish again with 'protocol-assets rebuild'"


@dataclass(frozen=True, slots=True)
class Marts:
    """The published tables of one version; they are shared between sessions, never changed.

    Attributes:
        version: Name of the version, None where nothing is published yet.
        tables: By name, with ``scanner`` and ``protocol`` as they are shown.
    """

    version: str | None
    tables: Mapping[str, pd.DataFrame]

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]


def newest_version(lake: Lake) -> Path | None:
    """The directory that ``publish/marts`` points at now; None where nothing is published."""
    directory = lake.marts.resolve()
    return directory if directory.is_dir() else None


def read_marts(directory: Path | None, unnamed: str) -> Marts:
    """Read all tables of a version; a table that it does not hold has no rows.

    Args:
        directory: From ``newest_version``.
        unnamed: Name of the scanners whose name is not published.

    Raises:
        FileNotFoundError: The version has been removed meanwhile.
        Fault: A file cannot be read.
    """
    frames = {name: _read(directory, name) for name in TABLES}
    if directory is not None and not directory.is_dir():
        raise FileNotFoundError(directory.name)
    protocols = protocol_names(frames.values())
    return Marts(
        directory.name if directory else None,
        {name: named(frame, protocols, unnamed) for name, frame in frames.items()},
    )


def _read(directory: Path | None, name: str) -> pd.DataFrame:
    spec = columns(name).values()
    path = directory / f"{name}.parquet" if directory else None
    problem = ""
    try:
        if path is None or not path.exists():
            return typed(pd.DataFrame(), spec)
        with pq.ParquetFile(path) as file:
            wanted = [one.name for one in spec if one.name in file.schema_arrow.names]
            return typed(file.read(wanted).to_pandas(date_as_object=False), spec)
    except FileNotFoundError:
        return typed(pd.DataFrame(), spec)  # the version goes away; the caller looks
    except PermissionError:
        problem = "may not be read; let the dashboard's user read publish/"
    except OSError as error:
        problem = f"cannot be read: {explain_os_error(error) or _DAMAGED}"
    except (pa.ArrowInvalid, ValueError, TypeError):
        problem = f"cannot be read: {_DAMAGED}"
    raise Fault(f"publish/marts/{name}.parquet {problem}")
