"""A small independent reader of DICOM JSON for tests: one row per series, by the column file.

It is deliberately not the platform's flattening: the rules are tested against rows that a second,
much simpler reading of the same specification gives.
"""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from pydicom.datadict import tag_for_keyword

from protocol_assets.data import read_table

HEADERS = Path(__file__).parents[3] / ".." / "shared" / "real_headers"

Json = Mapping[str, Any]
Rows = list[dict[str, object]]


@pytest.fixture(scope="session")
def real_series() -> Callable[[str], Rows]:
    """Reads the series rows of one scanner family; skips where the headers are not at hand."""

    @cache
    def read(name: str) -> Rows:
        path = HEADERS / f"{name}.ndjson.zst"
        if not path.exists():
            pytest.skip("the public QA headers are not beside this checkout")
        return _read_series(path)

    return read


def _read_series(path: Path) -> Rows:
    with path.open("rb") as stream:
        lines = zstandard.ZstdDecompressor().stream_reader(stream).read().splitlines()
    series: dict[str, list[Json]] = defaultdict(list)
    for instance in map(orjson.loads, lines):
        series[instance["0020000E"]["Value"][0]].append(instance)
    return [_row(instances) for instances in series.values()]


@cache
def _columns() -> tuple[dict[str, str], ...]:
    return read_table("series_columns.csv")


def _row(instances: list[Json]) -> dict[str, object]:
    row: dict[str, object] = {"dirty_values": 0}
    for column in _columns():
        values = [v for i in instances for v in _values(i, column) if v is not None]
        row |= _statistics(column, values)
    frames = [int(i.get("00280008", {}).get("Value", [1])[0]) for i in instances]
    return row | {
        "NumberOfFrames": sum(frames),
        "NumberOfSeriesRelatedInstances": len(instances),
    }


def _statistics(column: Mapping[str, str], values: list[Any]) -> dict[str, object]:
    name, statistic = column["column"], column["statistic"]
    keys = [tuple(v) if isinstance(v, list) else v for v in values]
    if statistic == "distinct":
        return {name: values[0] if values else None, f"{name}_distinct": len(set(keys))}
    if not values:
        return {name: None}
    if statistic == "min":
        return {name: min(keys)}
    if statistic != "mode":
        return {name: values[0]}
    top = Counter(keys).most_common(1)[0][0]
    row = {name: list(top) if isinstance(top, tuple) else top, f"{name}_distinct": len(set(keys))}
    if column["type"] in ("integer", "decimal"):
        row |= {f"{name}_min": min(keys), f"{name}_max": max(keys)}
    return row


def _values(instance: Json, column: Mapping[str, str]) -> Iterator[object]:
    group_path = column["functional_group_path"]
    if group_path:
        shared = _items(instance, "52009229")
        found = [v for f in _items(instance, "52009230") for v in _at(f, group_path, column)]
        found = found or [v for g in shared for v in _at(g, group_path, column)]
        if found:
            yield from found
            return
    for path in filter(None, column["path"].split("|")):
        found = list(_at(instance, path, column))
        if found:
            yield from found
            return


def _at(node: Json, path: str, column: Mapping[str, str]) -> Iterator[object]:
    step, rest = _first_step(path)
    tag = _tag(node, step)
    element = node.get(tag) if tag else None
    if not element:
        return
    if rest:
        for item in element.get("Value", []):
            yield from _at(item, rest, column)
    elif element.get("Value"):
        yield _typed([v for v in element["Value"] if v is not None], column["type"])


def _first_step(path: str) -> tuple[str, str]:
    """Split at the dot before the next element; creators hold dots ("SDS 01.0021xx09")."""
    head, *rest = re.split(r"\.(?=[A-Z][a-z]|[0-9A-F]{4}xx)", path, maxsplit=1)
    return head, rest[0] if rest else ""


def _items(node: Json, tag: str) -> list[Json]:
    return list(node.get(tag, {}).get("Value", []))


def _tag(node: Json, step: str) -> str | None:
    if "@" not in step:
        tag = tag_for_keyword(step)
        return None if tag is None else f"{tag:08X}"
    pattern, creator = step.split("@")
    group, element = pattern.split("xx")
    for block in range(0x10, 0x100):
        value = node.get(f"{group}00{block:02X}", {}).get("Value", [None])[0]
        if isinstance(value, str) and value.strip() == creator:
            return f"{group}{block:02X}{element}"
    return None


def _typed(values: list[Any], kind: str) -> object:
    if not values:
        return None
    first = values[0]
    match kind:
        case "strings":
            return "\\".join(str(v) for v in values)
        case "integer":
            return int(first)
        case "decimal":
            return float(first)
        case "integers":
            return [int(v) for v in values]
        case "decimals":
            return [float(v) for v in values]
        case "date":
            return dt.date.fromisoformat(first)
        case "time":
            return dt.time.fromisoformat(f"T{first}")
        case "datetime":
            return dt.datetime.fromisoformat(f"{first[:8]}T{first[8:]}")
        case _:
            return str(first) or None
