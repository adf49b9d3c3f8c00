"""The column specification of ``series``: where each column is read and how it is summed up.

One file a modality, ``series_columns.csv`` of MR, makes the Arrow schema, the flattening, the
Parquet schema, Dagster's column schema and the data dictionary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast, get_args

import pyarrow as pa

from protocol_assets.data import data_version, files_ending, read_table
from protocol_assets.dicom.paths import Path, parse_paths
from protocol_assets.dicom.values import reader

__all__ = ["SeriesColumn", "all_series_columns", "series_columns", "series_schema", "spec_version"]

ColumnType = Literal[
    "string",
    "strings",
    "integer",
    "integers",
    "decimal",
    "decimals",
    "date",
    "time",
    "datetime",
    "utc_offset",
    "uid",
]
Statistic = Literal["first", "mode", "min", "distinct", "instances", "frames"]

_SPECIFICATIONS = "series_columns.csv"
_FIRST = "first"
# Raised when the meaning of a column changes although the file does not.
_FLATTENING_REVISION = 4

_ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "strings": pa.string(),
    "uid": pa.string(),
    "integer": pa.int64(),
    "integers": pa.list_(pa.int64()),
    "decimal": pa.float64(),
    "decimals": pa.list_(pa.float64()),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "datetime": pa.timestamp("us"),
    "utc_offset": pa.string(),
}


@dataclass(frozen=True, slots=True)
class SeriesColumn:
    """One column of ``series``.

    Attributes:
        name: DICOM keyword; for private attributes the vendor's name and what it holds.
        type: Type of the value; ``strings`` are joined with a backslash as in DICOM.
        takes_first: Whether the first of several values is taken; elsewhere they are unreadable.
        statistic: How the values of the series' frames become one value.
        group: Heading in the data dictionary.
        unit: Unit as in PS3.3, empty where there is none.
        confidentiality: ``direct`` for direct identifiers, ``text`` for free text, else empty.
        paths: Where classic objects hold it, first hit wins.
        functional_group_path: Where the functional groups of enhanced objects hold it.
        description: PS3.6 name and tag, or what the private attribute means.
        has_range: Whether smallest and largest stand beside the value, under ``range_names``.
        has_distinct: Whether the number of distinct values does, under ``distinct_name``.
        read: From a value list to the typed value, None or ``DIRTY``.
    """

    name: str
    type: ColumnType
    takes_first: bool
    statistic: Statistic
    group: str
    unit: str
    confidentiality: str
    paths: tuple[Path, ...]
    functional_group_path: Path | None
    description: str

    has_range: bool = field(init=False)
    has_distinct: bool = field(init=False)
    range_names: tuple[str, str] = field(init=False)
    distinct_name: str = field(init=False)
    read: Callable[[list[Any]], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        varies = self.statistic == "mode"
        object.__setattr__(self, "has_range", varies and self.type in ("integer", "decimal"))
        object.__setattr__(self, "has_distinct", self.statistic in ("mode", "distinct"))
        object.__setattr__(self, "range_names", (f"{self.name}_min", f"{self.name}_max"))
        object.__setattr__(self, "distinct_name", f"{self.name}_distinct")
        object.__setattr__(self, "read", reader(self.type, self.takes_first))

    def fields(self) -> list[pa.Field]:
        """The Arrow fields this column makes, in order."""
        arrow = _ARROW[self.type]

        def arrow_field(name: str, kind: pa.DataType, text: str) -> pa.Field:
            metadata = (
                {"description": text, "unit": self.unit} if self.unit else {"description": text}
            )
            return pa.field(name, kind, metadata=metadata)

        fields = [arrow_field(self.name, arrow, self.description)]
        if self.has_range:
            smallest, largest = self.range_names
            fields.append(arrow_field(smallest, arrow, f"Smallest {self.name} in the series"))
            fields.append(arrow_field(largest, arrow, f"Largest {self.name} in the series"))
        if self.has_distinct:
            text = f"Distinct values of {self.name} in the series"
            fields.append(pa.field(self.distinct_name, pa.int64(), metadata={"description": text}))
        return fields


@cache
def series_columns(specification: str) -> tuple[SeriesColumn, ...]:
    """The columns in the order of a specification.

    Args:
        specification: Name of a data file, ``Modality.series_columns``.

    Raises:
        ValueError: A row of the specification is malformed; the message names it.
    """
    columns = []
    for row in read_table(specification):
        kind, _, choice = row["type"].partition(" ")
        is_known = kind in get_args(ColumnType) and choice in ("", _FIRST)
        if not is_known or row["statistic"] not in get_args(Statistic):
            raise ValueError(
                f"{specification}: {row['column']} has type {row['type']!r} and statistic "
                f"{row['statistic']!r}; use one of {get_args(ColumnType)}, with {_FIRST!r} behind "
                f"it where the first of several values is taken, and {get_args(Statistic)}"
            )
        columns.append(
            SeriesColumn(
                name=row["column"],
                type=cast("ColumnType", kind),
                takes_first=choice == _FIRST,
                statistic=cast("Statistic", row["statistic"]),
                group=row["group"],
                unit=row["unit"],
                confidentiality=row["confidentiality"],
                paths=parse_paths(row["path"]),
                functional_group_path=next(iter(parse_paths(row["functional_group_path"])), None),
                description=row["description"],
            )
        )
    return tuple(columns)


def all_series_columns() -> tuple[SeriesColumn, ...]:
    """The columns of every modality: of every data file whose name ends as a specification."""
    names = files_ending(_SPECIFICATIONS)
    return tuple(column for name in names for column in series_columns(name))


_OWN_COLUMNS = (
    (
        "clean_texts",
        "Text columns that hold no identifier of their own study, joined with a backslash",
    ),
    (
        "shared_patient_id",
        "What differs between the people who share this patient ID: birth_date or sex",
    ),
    ("kept_patient_key", "Pseudonym of the patient, where the identifiers were purged"),
    ("kept_device_key", "Pseudonym of the scanner, where the identifiers were purged"),
    ("kept_station_code", "Code of the station, where the identifiers were purged"),
    ("kept_key_id", "Key that the kept pseudonyms were made with"),
    ("quarantine_rule", "Rule by which the row is left out of the facts; NULL where it is not"),
    ("quarantine_detail", "Place in the code where the rule applied, where there is one"),
)


@cache
def series_schema(specification: str) -> pa.Schema:
    """The Arrow schema of ``series``.

    ``pacs``, the specified columns, what was unreadable, what is clean, what is kept of the
    identifiers after they were purged, and why a row is left out of the facts.
    """
    fields = [pa.field("pacs", pa.string(), metadata={"description": "Name of the PACS"})]
    for column in series_columns(specification):
        fields.extend(column.fields())
    text = "Attribute values of the series that could not be read as their type"
    fields.append(pa.field("dirty_values", pa.int64(), metadata={"description": text}))
    text = "Columns that had such values, joined with a backslash"
    fields.append(pa.field("dirty_columns", pa.string(), metadata={"description": text}))
    fields.extend(
        pa.field(name, pa.string(), metadata={"description": text}) for name, text in _OWN_COLUMNS
    )
    return pa.schema(fields)


def spec_version(specification: str) -> str:
    """Version of a column specification, carried by every partition."""
    return f"{_FLATTENING_REVISION}-{data_version(specification)}"
