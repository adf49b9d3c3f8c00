"""CPU time of the gates of a partition of 50 studies: over Arrow, and with Great Expectations.

    python -m benchmarks.gates

A simulated PACS serves the partition over HTTP from a process of its own. Both engines judge the
same rows in turn; the ratio is taken round by round.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import pyarrow as pa

from protocol_assets.deidentify.keys import DEMO_KEY, Pseudonyms
from protocol_assets.ingest.gate import as_judged
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.quality.gate import judge_table
from protocol_assets.quality.validation import validate
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets_simulator import Fleet, SimulatedPacs

STUDIES: Final = 50
ROUNDS: Final = 5
DAY: Final = dt.date(2026, 2, 2)
_SPAWN: Final = multiprocessing.get_context("spawn")

Tables = dict[str, pa.Table]


def main() -> None:
    """Land the day, then print the CPU time of its gates by engine and their share."""
    with tempfile.TemporaryDirectory() as folder, _served() as url:
        landed, tables = _land(Lake(Path(folder)), Partition(DAY, "north"), url)
    arrow, great_expectations = [], []
    first = _cpu(lambda: _judge(validate, tables))
    for _ in range(ROUNDS):
        arrow.append(_cpu(lambda: _judge(judge_table, tables)))
        great_expectations.append(_cpu(lambda: _judge(validate, tables)))
    ratios = [slow / fast for fast, slow in zip(arrow, great_expectations, strict=True)]
    gates, slow = statistics.median(arrow), statistics.median(great_expectations)
    rows = " and ".join(f"{table.num_rows} rows of {suite}" for suite, table in tables.items())
    print(f"gates of {STUDIES} studies ({rows}), CPU time, medians of {ROUNDS} rounds")
    print(
        f"Arrow {1000 * gates:.0f} ms, Great Expectations {1000 * slow:.0f} ms, ratio "
        f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}); the first run "
        f"of Great Expectations in a process {first:.1f} s, import included"
    )
    print(f"share of the landed partition's {landed:.2f} s: {gates / landed:.1%}")


def _land(lake: Lake, partition: Partition, url: str) -> tuple[float, Tables]:
    """CPU seconds from DICOMweb to the facts, and the rows that the gates have judged."""
    lake.prepare()
    stages = Stages(
        MR,
        lake,
        Pseudonyms.from_secret(DEMO_KEY, demo=True),
        lambda name: PacsClient(Endpoint(name, url)),
        lambda *_: None,
    )
    start = time.process_time()
    for stage in (stages.land, stages.flatten, stages.project):
        refused = stage([partition]).refused
        if refused:
            raise SystemExit(str(refused))
    seconds = time.process_time() - start
    stored = {"series": lake.series(partition), "series_facts": lake.facts(partition)}
    return seconds, {
        MR.suite(name): as_judged(read_part(lake, key), partition) for name, key in stored.items()
    }


def _judge(engine: Callable[[str, pa.Table], object], tables: Tables) -> None:
    for suite, table in tables.items():
        engine(suite, table)


def _cpu(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


@contextmanager
def _served() -> Iterator[str]:
    here, there = _SPAWN.Pipe()
    server = _SPAWN.Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        server.join()


def _serve(pipe: Connection) -> None:
    fleet = Fleet(studies=STUDIES, scanners=12, start=DAY, end=DAY)
    with SimulatedPacs(fleet) as server:
        pipe.send(server.url())
        pipe.recv()


if __name__ == "__main__":
    main()
