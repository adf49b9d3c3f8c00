"""How many times faster flattening is than pydicom on the same NDJSON, and its cost beyond I/O.

Three ways over the same study files, interleaved, medians of several rounds:

- ours: decompress, parse, flatten to series rows;
- pydicom: decompress, parse, keep the wanted tags, ``Dataset.from_json`` and read each keyword;
- bytes: decompress and look at every line.
"""

from __future__ import annotations

import dataclasses
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import zstandard
from pydicom import Dataset

from protocol_assets.dicom.columns import series_columns
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.json_text import encode_instance
from protocol_assets.lake.raw import Stamp, read_study, write_study
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.reconcile import content_hash
from protocol_assets.storage.posix import PosixObjects
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode

STUDIES = 16
ROUNDS = 5
SLICES = 26  # about 175 instances a study, as in routine spine MR


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        objects = PosixObjects(Path(folder))
        hashes = dict(_studies(objects))
        files = list(hashes)
        instances = sum(1 for one in hashes.items() for _ in read_study(objects, *one))
        ways: dict[str, Callable[[str], object]] = {
            "ours": lambda key: flatten_study(
                read_study(objects, key, hashes[key]), MR.series_columns
            ),
            "pydicom": lambda key: _with_pydicom(read_study(objects, key, hashes[key])),
            "bytes": lambda key: _bytes_only(objects.local_path(key)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                start = time.process_time()
                for key in files:
                    way(key)
                seconds[name].append(time.process_time() - start)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"{instances} instances of {len(files)} studies, CPU seconds, median of {ROUNDS} rounds")
    for name, value in median.items():
        print(f"  {name:<8}{value:8.3f} s {instances / value:10.0f} instances/s")
    print(f"flattening is {median['pydicom'] / median['ours']:.1f} times as fast as pydicom")
    print(f"and takes {median['ours'] / median['bytes']:.1f} times as long as scanning the bytes")


def _studies(objects: PosixObjects) -> Iterator[tuple[str, str]]:
    fleet = Fleet()
    for study in fleet.studies(None, fleet.start, fleet.end)[:: fleet.number_of_studies // STUDIES]:
        key = f"{study.index}.ndjson.zst"
        # pydicom raises on a dirty value, so that the race is run without them.
        scans = [
            dataclasses.replace(scan, slices=SLICES)
            for scan in fleet.scans(study)
            if not scan.defect
        ]
        lines = [encode_instance(one) for scan in scans for one in encode(scan)]
        write_study(objects, key, lines, Stamp("", content_hash(lines), None, len(lines)))
        yield key, content_hash(lines)


def _with_pydicom(instances: Iterable[Mapping[str, Any]]) -> None:
    wanted = _wanted_tags()
    keywords = [
        column.name for column in series_columns(MR.series_columns) if column.group != "private"
    ]
    for instance in instances:
        kept: dict[str, Any] = {tag: instance[tag] for tag in wanted if tag in instance}
        dataset = Dataset.from_json(orjson.dumps(kept).decode())
        for keyword in keywords:
            dataset.get(keyword)


def _wanted_tags() -> list[str]:
    tags = {path.steps[0] for column in series_columns(MR.series_columns) for path in column.paths}
    standard = [step.group + step.element for step in tags if step.creator is None]
    return [*standard, "52009229", "52009230"]


def _bytes_only(path: Path) -> int:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as frame:
        return sum(len(line) for line in io.BufferedReader(frame, buffer_size=1 << 20))


if __name__ == "__main__":
    main()
