"""The platform's own path from DICOMweb to the warehouse and the report, timed.

The PACS serve from a process of their own. The partitions of both PACS are worked on month by
month in two processes, as two of Dagster's runs would; warehouse, published marts and report are
made by the job that Dagster runs.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import resource
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from benchmarks.poc_sources import Source
from protocol_assets.app.deployment import Deployment
from protocol_assets.demo import write_configuration
from protocol_assets.governance.scanners import ScannerName, name_scanner
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.shared.scanners import device_id
from protocol_assets.runner import Runner
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings

__all__ = ["Ingest", "ingest"]

_PROCESSES: Final = 2
_BATCH_DAYS: Final = 31
_MIB: Final = 1024
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class Ingest:
    """What the way from DICOMweb to the report took.

    Attributes:
        seconds: Wall clock by stage.
        worked_s: Seconds of both processes together, by stage.
        peak_mib: Peak resident memory of a process, by stage.
        stored: Bytes by zone.
        counts: Studies, instances and series, and partitions refused.
        problem: What the report's job says, None where all went well.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    worked_s: Counter[str] = field(default_factory=Counter)
    peak_mib: dict[str, float] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    problem: str | None = None


def ingest(source: Source, folder: Path) -> tuple[Settings, Ingest]:
    """Land a fleet, make its facts, build the warehouse and the report.

    Args:
        source: What the PACS hold.
        folder: An empty directory.
    """
    done = Ingest()
    with _served(source, done) as url:
        settings = _deployment(source, folder, url)
        start = time.perf_counter()
        _partitions(source, settings, done)
        done.seconds["partitions: raw, series, facts"] = time.perf_counter() - start
    start = time.perf_counter()
    with ProcessPoolExecutor(1, mp_context=_SPAWN) as pool:
        done.problem, peak = pool.submit(_report, str(folder)).result()
    done.seconds["warehouse, marts, report"] = time.perf_counter() - start
    done.peak_mib["warehouse, marts, report"] = peak
    for zone in ("restricted/raw", "restricted/series", "safe/facts", "safe/warehouse.duckdb"):
        done.stored[zone] = _size(settings.home / zone)
    return settings, done


@contextmanager
def _served(source: Source, done: Ingest) -> Iterator[str]:
    """The root of the served PACS; its share of the machine's time is told apart."""
    here, there = _SPAWN.Pipe()
    server = _SPAWN.Process(target=_serve, args=(source, there), daemon=True)
    server.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        done.worked_s["served PACS (CPU)"] = here.recv()
        server.join()


def _serve(source: Source, pipe: Connection) -> None:
    with source.served() as url:
        pipe.send(url)
        pipe.recv()
    pipe.send(time.process_time())


def _deployment(source: Source, folder: Path, url: str) -> Settings:
    """A hospital's configuration, the names of its scanners, and the targets it has signed."""
    period = source.fleet.start, source.fleet.end
    write_configuration(folder, period, source.timezone, source.pacs(url))
    settings = _settings(str(folder))
    Lake(settings.home).prepare()
    Lake(settings.home).demo_marker.write_text("simulated\n", encoding="utf-8")
    pseudonyms = Deployment(settings).pseudonyms()
    for (manufacturer, serial), (scanner, site) in source.names().items():
        row = {"Manufacturer": manufacturer, "DeviceSerialNumber": serial}
        key = pseudonyms.of("device", device_id(row) or "")
        name_scanner(Lake(settings.home), ScannerName(key, scanner, site))
    source.sign(Lake(settings.home))
    return settings


def _settings(folder: str) -> Settings:
    os.environ.pop(HOME_VARIABLE, None)
    os.environ[CONFIG_VARIABLE] = str(Path(folder) / "protocol_assets.toml")
    return Settings.load()


def _partitions(source: Source, settings: Settings, done: Ingest) -> None:
    length = (source.fleet.end - source.fleet.start).days + 1
    days = [source.fleet.start + dt.timedelta(days=n) for n in range(length)]
    batches = [
        (
            str(settings.home.parent),
            [Partition(day, pacs.name) for day in days[at : at + _BATCH_DAYS]],
        )
        for at in range(0, len(days), _BATCH_DAYS)
        for pacs in settings.pacs
    ]
    peak = 0.0
    with ProcessPoolExecutor(_PROCESSES, mp_context=_SPAWN) as pool:
        for worked, counts, memory in pool.map(_work, *zip(*batches, strict=True)):
            done.worked_s += worked
            done.counts += counts
            peak = max(peak, memory)
    done.peak_mib["partitions, each of two processes"] = peak


def _work(folder: str, partitions: list[Partition]) -> tuple[Counter[str], Counter[str], float]:
    """A month of one PACS through the three stages."""
    line = Deployment(_settings(folder)).stages()
    worked: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for name, stage in (("raw", line.land), ("series", line.flatten), ("facts", line.project)):
        start = time.perf_counter()
        result = stage(partitions)
        worked[name] += time.perf_counter() - start  # type: ignore[assignment]
        counts[f"partitions refused by {name}"] += len(result.refused)
        for reason in set(result.refused.values()):
            print(f"refused by {name}: {reason}")
        if name == "raw":
            for one in result.passed.values():
                counts["studies"] += one["studies_landed"]
        if name == "series":
            for one in result.passed.values():
                counts["series"] += one["series"]
                counts["instances"] += one["instances"]
        partitions = list(result.passed)
    return worked, counts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB


def _report(folder: str) -> tuple[str | None, float]:
    problem = Runner(Deployment(_settings(folder))).report()
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return problem, peak / _MIB


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
