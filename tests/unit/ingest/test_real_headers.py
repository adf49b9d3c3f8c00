"""The series of the real headers, landed over HTTP, against an independent reading of the JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint

FAMILIES = ("dcm_qa", "dcm_qa_ge", "dcm_qa_philips", "dcm_qa_toshiba", "dcm_qa_xa30")
PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
ENHANCED = {"1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.3"}
# Column, classic tag, tag inside the functional groups.
PARAMETERS = (
    ("NumberOfAverages", "00180083", "00180083"),
    ("RepetitionTime", "00180080", "00180080"),
    ("EchoTime", "00180081", "00189082"),
    ("EchoTrainLength", "00180091", "00189240"),
    ("MagneticFieldStrength", "00180087", None),
)


def load(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read().decode()
    return [json.loads(line) for line in text.splitlines()]


def anywhere(node: Any, tag: str) -> Iterator[Any]:
    """Values of a tag anywhere below a node: a reading that knows nothing of sequences."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == tag:
                yield from value.get("Value", [])
            yield from anywhere(value, tag)
    elif isinstance(node, list):
        for member in node:
            yield from anywhere(member, tag)


def frames(instance: dict[str, Any], classic: str, grouped: str | None) -> list[float]:
    """One value a frame, read straight from the JSON."""
    if instance["00080016"]["Value"][0] not in ENHANCED or grouped is None:
        return [float(value) for value in instance.get(classic, {}).get("Value", [])[:1]]
    per_frame = instance.get("52009230", {}).get("Value", [])
    shared = list(anywhere(instance.get("52009229", {}), grouped))[:1]
    found = [(list(anywhere(frame, grouped)) or shared)[:1] for frame in per_frame]
    return [float(values[0]) for values in found if values]


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_equal_the_headers(
    family: str,
    real_headers: Path,
    serve_instances: Callable[[list[dict[str, Any]]], str],
    tmp_path: Path,
) -> None:
    instances = load(real_headers / f"{family}.ndjson.zst")
    endpoint = Endpoint(name="real", url=serve_instances(instances))
    lake = Lake(tmp_path)
    stages = Stages(MR, lake, PSEUDONYMS, lambda _: PacsClient(endpoint), lambda *_: None)
    days = {dt.datetime.strptime(one["00080020"]["Value"][0], "%Y%m%d").date() for one in instances}  # noqa: DTZ007
    partitions = [Partition(day, "real") for day in sorted(days)]
    landed = stages.land(partitions)
    assert not landed.refused
    assert not stages.flatten(partitions).refused

    rows = {
        row["SeriesInstanceUID"]: row
        for partition in partitions
        for row in read_part(lake, lake.series(partition)).to_pylist()
    }
    by_series: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in instances:
        by_series[one["0020000E"]["Value"][0]].append(one)
    assert rows.keys() == by_series.keys()

    told = 0
    for uid, members in by_series.items():
        for column, classic, grouped in PARAMETERS:
            values = Counter(value for one in members for value in frames(one, classic, grouped))
            expected = min(values, key=lambda value: (-values[value], value), default=None)
            assert rows[uid][column] == expected, (column, len(members))
            assert rows[uid][f"{column}_min"] == min(values, default=None), column
            assert rows[uid][f"{column}_max"] == max(values, default=None), column
            told += expected is not None
    assert told > len(by_series)
