"""``scanners.csv``: readable names and sites of the devices, by keyed device.

The hospital decides what a scanner is called; serial numbers and station names never leave the
restricted zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.faults import Fault
from protocol_assets.governance.lines import Line, read_lines, write_lines
from protocol_assets.lake.reading import escape_glob
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.shared.scanners import device_id, identify
from protocol_assets.storage.locks import editing

__all__ = [
    "SCANNER_NAMES_SCHEMA",
    "ScannerName",
    "SeenScanner",
    "name_scanner",
    "read_scanner_names",
    "scanner_names_table",
    "seen_scanners",
]

_COLUMNS: Final = ("device_key", "scanner_label", "site")
_KEY: Final = re.compile(r"[A-Z2-7]{26}")

SCANNER_NAMES_SCHEMA: Final = pa.schema([pa.field(name, pa.string()) for name in _COLUMNS])


@dataclass(frozen=True, slots=True)
class ScannerName:
    """One line of the file."""

    device_key: str
    scanner_label: str
    site: str


@dataclass(frozen=True, slots=True)
class SeenScanner:
    """A device in the restricted series, with what helps to recognise it.

    Attributes:
        device_key: Keyed device; empty where the serial number identifies no scanner.
        vendor: Manufacturer as one term.
        manufacturer: Manufacturer as the headers write it.
        models: Model names as the headers write them; several mean several scanners or an upgrade.
        station: A station name.
        serial: The serial number.
        series: Series.
    """

    device_key: str
    vendor: str
    manufacturer: str
    models: frozenset[str]
    station: str
    serial: str
    series: int


def scanners_file(lake: Lake) -> Path:
    """Where the hospital's scanner names stand."""
    return lake.governance / "scanners.csv"


def read_scanner_names(lake: Lake) -> list[ScannerName]:
    """The checked lines of the file; none where there is no file.

    Raises:
        Fault: A line is wrong; the text names line and reason.
    """
    return read_lines(scanners_file(lake), _COLUMNS, _scanner_name)


def _scanner_name(line: Line, before: list[ScannerName]) -> ScannerName:
    key, label, site = (line[name] for name in _COLUMNS)
    if not _KEY.fullmatch(key):
        raise ValueError(
            "device_key must be the 26 characters that 'protocol-assets scanners pending' shows"
        )
    if not label or not site:
        raise ValueError("scanner_label and site must not be empty")
    if any(other.device_key == key for other in before):
        raise ValueError("this device_key stands on an earlier line")
    if any(other.scanner_label == label for other in before):
        raise ValueError(
            f"the name {label!r} is taken by an earlier line; where this device replaced that one, "
            "run 'protocol-assets scanners join NEW OLD', so that the place keeps name and history"
        )
    return ScannerName(key, label, site)


def name_scanner(lake: Lake, name: ScannerName) -> None:
    """Add or change one name.

    Raises:
        Fault: The name is wrong or taken.
    """
    path = scanners_file(lake)
    with editing(path):
        others = [one for one in read_scanner_names(lake) if one.device_key != name.device_key]
        try:
            _scanner_name({column: getattr(name, column) for column in _COLUMNS}, others)
        except ValueError as error:
            raise Fault(str(error)) from None
        ordered = sorted([*others, name], key=lambda one: (one.site, one.scanner_label))
        write_lines(path, _COLUMNS, (astuple(one) for one in ordered))


def scanner_names_table(names: Iterable[ScannerName]) -> pa.Table:
    """The names for the warehouse."""
    rows = [{column: getattr(name, column) for column in _COLUMNS} for name in names]
    return pa.Table.from_pylist(rows, schema=SCANNER_NAMES_SCHEMA)


def seen_scanners(lake: Lake, pseudonyms: Pseudonyms) -> list[SeenScanner]:
    """The devices in the restricted series, most series first.

    Reads the restricted zone and is for a terminal of the hospital only. Serial numbers that are
    placeholders are there too, without a key.
    """
    parts = f"{escape_glob(lake.restricted)}/series/**/part.parquet"
    if not lake.storage.objects.list_keys("restricted/series/*/*/part.parquet"):
        return []
    query = """
        select Manufacturer, ManufacturerModelName, max(StationName), DeviceSerialNumber, count(*)
        from read_parquet(?, union_by_name = true, hive_partitioning = false)
        where DeviceSerialNumber is not null
        group by Manufacturer, ManufacturerModelName, DeviceSerialNumber
        order by count(*) desc, DeviceSerialNumber, ManufacturerModelName, Manufacturer
    """
    with duckdb.connect() as connection:
        rows = connection.execute(query, [parts]).fetchall()
    seen: dict[tuple[str, str], SeenScanner] = {}
    for manufacturer, model, station, serial, series in rows:
        header = {
            "Manufacturer": manufacturer,
            "ManufacturerModelName": model,
            "DeviceSerialNumber": serial,
        }
        identifier = device_id(header)
        key = "" if identifier is None else pseudonyms.of("device", identifier)
        one = SeenScanner(
            device_key=key,
            vendor=identify(header) or "",
            manufacturer=manufacturer or "",
            models=frozenset([model] if model else []),
            station=station or "",
            serial=serial,
            series=series,
        )
        place = (key, "" if key else serial)
        seen[place] = _merged(seen.get(place), one)
    return sorted(seen.values(), key=lambda one: (-one.series, one.serial, one.device_key))


def _merged(before: SeenScanner | None, one: SeenScanner) -> SeenScanner:
    if before is None:
        return one
    return replace(before, models=before.models | one.models, series=before.series + one.series)
