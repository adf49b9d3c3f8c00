"""``scanners.csv``: readable names and sites of scanners, by keyed device.

The hospital names its scanners. Serial numbers and station names never leave the restricted zone.
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
from protocol_assets.lake.compaction import undisturbed
from protocol_assets.lake.months import part_keys
from protocol_assets.lake.warehouse_file import escape_glob
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
    """A device in the restricted series, with values that help to recognise it.

    Attributes:
        device_key: Keyed device; empty if the serial number is a placeholder.
        vendor: Manufacturer as one term.
        manufacturer: Manufacturer as the headers write it.
        models: Model names as the headers write them; several of them mean several scanners or an
            upgrade.
        station: A station name.
        serial: The serial number.
        series: Number of series.
    """

    device_key: str
    vendor: str
    manufacturer: str
    models: frozenset[str]
    station: str
    serial: str
    series: int


def scanners_file(lake: Lake) -> Path:
    """Return the path of the governance file of scanner names."""
    return lake.governance / "scanners.csv"


def read_scanner_names(lake: Lake) -> list[ScannerName]:
    """Read and check the lines of the file; without a file there are none.

    Raises:
        Fault: A line is wrong; the text names the line and the reason.
    """
    return read_lines(scanners_file(lake), _COLUMNS, _scanner_name)


def _scanner_name(line: Line, before: list[ScannerName]) -> ScannerName:
    key, label, site = (line[name] for name in _COLUMNS)
    if not _KEY.fullmatch(key):
        raise ValueError(
            "device_key must have the 26 characters that 'protocol-assets scanners pending' shows"
        )
    if not label or not site:
        raise ValueError("scanner_label and site must not be empty")
    if any(other.device_key == key for other in before):
        raise ValueError("an earlier line has the same device_key; keep only one of them")
    if any(other.scanner_label == label for other in before):
        raise ValueError(
            f"another scanner already has the name {label!r}; if this device replaced it, run "
            "'protocol-assets scanners join NEW OLD' to keep the name and the history"
        )
    return ScannerName(key, label, site)


def name_scanner(lake: Lake, name: ScannerName) -> None:
    """Add or change one name.

    Raises:
        Fault: The name is not valid, or another scanner has it.
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
    """Return the names as a table for the warehouse."""
    rows = [{column: getattr(name, column) for column in _COLUMNS} for name in names]
    return pa.Table.from_pylist(rows, schema=SCANNER_NAMES_SCHEMA)


def seen_scanners(lake: Lake, pseudonyms: Pseudonyms) -> list[SeenScanner]:
    """Return the devices in the restricted series, those with the most series first.

    This reads the restricted zone, so show the result only on the hospital's own terminals. Serial
    numbers that are placeholders are included, without a key.
    """
    parts = f"{escape_glob(lake.restricted)}/series/**/part.parquet"
    if not part_keys(lake, "restricted/series"):
        return []
    query = """
        select Manufacturer, ManufacturerModelName, max(StationName), DeviceSerialNumber, count(*)
        from read_parquet(?, union_by_name = true, hive_partitioning = false)
        where DeviceSerialNumber is not null
        group by Manufacturer, ManufacturerModelName, DeviceSerialNumber
        order by count(*) desc, DeviceSerialNumber, ManufacturerModelName, Manufacturer
    """
    with undisturbed(lake), duckdb.connect() as connection:
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
