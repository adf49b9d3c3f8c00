"""How fast de-identification is, against pydicom with a deny-list on the same series.

Ways over the same studies, interleaved, medians of several rounds, CPU time:

- keyed: the pseudonyms of every key column;
- projection: described series to facts, keys included;
- whole: series to facts, the protocol rules included;
- deny-list: each series' first instance as a pydicom ``Dataset``, every attribute of PS3.15 Table
  E.1-1 removed at any depth, private ones with them, UIDs replaced, the same columns read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pyarrow as pa
from pydicom import Dataset

from protocol_assets.data import read_table
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import fact_columns
from protocol_assets.deidentify.projection import project
from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.json_text import decode_instance, encode_instance
from protocol_assets.ingest.facts import describe_and_project
from protocol_assets.lake.zones import Partition
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode

STUDIES = 120
COPIES = 20  # of the described series, for the stages that take microseconds
ROUNDS = 3


def main() -> None:
    """Print rates and ratios."""
    pseudonyms = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
    rows, firsts = _series()
    described = [row | derived for row, derived in zip(rows, describe_partition(rows), strict=True)]
    many = [
        row | {"SeriesInstanceUID": f"{row['SeriesInstanceUID']}.{copy}"}
        for copy in range(COPIES)
        for row in described
    ]
    table = pa.Table.from_pylist(rows, schema=series_schema(MR.series_columns))
    partition = Partition(dt.date(2026, 2, 2), "north")
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "keyed": (len(many), lambda: _keyed(many, pseudonyms)),
        "projection": (len(many), lambda: project(many, MR.facts_columns, pseudonyms, "north")),
        "whole": (len(rows), lambda: describe_and_project(MR, table, partition, pseudonyms)),
        "deny-list": (len(firsts), lambda: _deny_list(firsts)),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (series, way) in ways.items():
            start = time.process_time()
            way()
            rates[name].append(series / (time.process_time() - start))
    median = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{len(rows)} series of {STUDIES} studies, series per CPU second, {ROUNDS} rounds")
    for name, rate in median.items():
        print(f"  {name:<11}{rate:12,.0f}   {rate / median['deny-list']:8.1f} x the deny-list way")


def _series() -> tuple[list[dict[str, Any]], list[bytes]]:
    fleet = Fleet()
    rows: list[dict[str, Any]] = []
    firsts: list[bytes] = []
    studies = fleet.studies(None, fleet.start, fleet.end)[:STUDIES]
    for study in studies:
        for scan in fleet.scans(study):
            instances = [decode_instance(encode_instance(one)) for one in encode(scan)]
            if scan.purpose == "image" and not scan.defect:  # pydicom raises on dirty values
                firsts.append(encode_instance(instances[0]))
                rows.extend(
                    {"pacs": "north", **row}
                    for row in flatten_study(instances, MR.series_columns).rows
                )
    return rows, firsts


def _keyed(rows: Sequence[dict[str, Any]], pseudonyms: Pseudonyms) -> None:
    for column in fact_columns(MR.facts_columns):
        if column.action == "key":
            pseudonyms.column(column.argument, [row.get(column.source) for row in rows])


_DENIED = {
    int(row["tag"], 16)
    for row in read_table("ps315_e1_1_2026c.csv")
    if "X" not in row["tag"] and row["vr"] != "UI"
}
_WANTED = [column.name for column in series_columns(MR.series_columns) if column.group != "private"]


def _deny_list(lines: Sequence[bytes]) -> list[list[Any]]:
    return [_cleaned(line) for line in lines]


def _cleaned(line: bytes) -> list[Any]:
    dataset = Dataset.from_json(orjson.loads(line))
    dataset.remove_private_tags()
    dataset.walk(_clean)
    return [dataset.get(keyword) for keyword in _WANTED]


def _clean(dataset: Dataset, element: Any) -> None:
    if element.tag in _DENIED:
        del dataset[element.tag]
    elif element.VR == "UI" and element.keyword.endswith("InstanceUID"):
        element.value = "2.25." + str(
            int(hashlib.sha256(str(element.value).encode()).hexdigest()[:24], 16)
        )


if __name__ == "__main__":
    main()
