"""Size and reading time of a year of two PACS: one part per partition, and compacted months.

    python -m benchmarks.compaction

March of a simulated fleet is flattened and de-identified; copies of it stand for the other months.
Both homes are read in turn, as dbt and the stages do; ratios are taken round by round. CPU time.
"""

from __future__ import annotations

import datetime as dt
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from protocol_assets.deidentify.keys import DEMO_KEY, Pseudonyms
from protocol_assets.dicom.json_text import encode_instance
from protocol_assets.ingest.facts import describe_and_project
from protocol_assets.ingest.series import flatten_partition
from protocol_assets.ingest.versions import partition_versions
from protocol_assets.lake.compaction import compact_month
from protocol_assets.lake.manifest import Manifest, StudyEntry, write_manifest
from protocol_assets.lake.months import day_keys, month_keys, part_key
from protocol_assets.lake.parquet import read_part, write_part
from protocol_assets.lake.raw import Stamp, write_study
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.reconcile import content_hash
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode

STUDIES_A_YEAR: Final = 11_249
SCANNERS: Final = 63
MONTH: Final = dt.date(2026, 3, 1)
PACS: Final = ("north", "south")
ROUNDS: Final = 5
SERIES, FACTS = "restricted/series", "safe/facts/series"


def main() -> None:
    """Print bytes a series and CPU time of a year, before and after compaction."""
    with tempfile.TemporaryDirectory() as folder:
        daily, compacted = (Lake(Path(folder) / name) for name in ("daily", "compacted"))
        daily.prepare()
        partitions, series = _make_month(daily)
        months = [MONTH] + [_month_after(MONTH, number) for number in range(1, 12)]
        for month in months[1:]:
            _copy(daily, partitions, month)
        shutil.copytree(daily.home, compacted.home)
        start = time.process_time()
        for month in months:
            compact_month(compacted, month)
        spent = (time.process_time() - start) / len(months)
        year = sorted({_moved(one, month) for month in months for one in partitions})
        print(f"{len(year)} partitions; {spent:.2f} s to compact a month of {series} series")
        for data_set in (SERIES, FACTS):
            before, after = (_bytes(lake, data_set, MONTH) / series for lake in (daily, compacted))
            print(f"{data_set}: {before:.0f} -> {after:.0f} bytes a series")
        assert len(month_keys(compacted, FACTS)) == len(months)
        _compare("DuckDB, facts of a year", daily, compacted, _read_as_dbt)
        _compare(
            "Python, each partition's facts", daily, compacted, lambda lake: _read_each(lake, year)
        )


def _make_month(lake: Lake) -> tuple[list[Partition], int]:
    """A month of series and facts; its partitions, and their number of series."""
    pseudonyms = Pseudonyms.from_secret(DEMO_KEY, demo=True)
    versions = partition_versions(MR, pseudonyms)
    end = dt.date(2026, 12, 31)
    fleet = Fleet(studies=STUDIES_A_YEAR, scanners=SCANNERS, start=dt.date(2026, 1, 1), end=end)
    partitions, series = [], 0
    for number in range(31):
        day = MONTH + dt.timedelta(days=number)
        studies = list(fleet.studies(None, day, day))
        for place, pacs in enumerate(PACS):
            partition = Partition(day, pacs)
            entries = []
            for study in studies[place :: len(PACS)]:
                content = [one for scan in fleet.scans(study) for one in encode(scan)]
                lines = [encode_instance(one) for one in content]
                name, digest = pseudonyms.of("study", study.study_uid), content_hash(lines)
                stamp = Stamp("", digest, None, len(content))
                write_study(lake.storage.objects, lake.study(partition, name), lines, stamp)
                entries.append(_entry(name, study.study_uid, digest, len(content)))
            manifest = Manifest(partition, "", "", versions, tuple(entries))
            write_manifest(lake, manifest)
            table = flatten_partition(MR, lake, manifest).table
            facts = describe_and_project(MR, table, partition, pseudonyms).projection.facts
            write_part(lake, lake.series(partition), table, versions=versions)
            write_part(lake, lake.facts(partition), facts, versions=versions)
            partitions.append(partition)
            series += table.num_rows
    return partitions, series


def _entry(name: str, uid: str, digest: str, instances: int) -> StudyEntry:
    return StudyEntry(
        name=name,
        study_instance_uid=uid,
        state="landed",
        has_data=True,
        fingerprint="",
        content_hash=digest,
        expected=instances,
        instances=instances,
        tries=0,
        error="",
    )


def _month_after(month: dt.date, number: int) -> dt.date:
    years, place = divmod(month.month - 1 + number, 12)
    return dt.date(month.year + years, place + 1, 1)


def _moved(partition: Partition, month: dt.date) -> Partition:
    """The same day of another month; the last day of a shorter one stands for those it lacks."""
    last = (_month_after(month, 1) - dt.timedelta(days=1)).day
    return Partition(month.replace(day=min(partition.day.day, last)), partition.pacs)


def _copy(lake: Lake, partitions: list[Partition], month: dt.date) -> None:
    objects = lake.storage.objects
    for one in partitions:
        for data_set in (SERIES, FACTS):
            content = objects.read(part_key(data_set, one))
            assert content is not None
            objects.write(part_key(data_set, _moved(one, month)), content, flush=False)


def _bytes(lake: Lake, data_set: str, month: dt.date) -> int:
    keys = [*day_keys(lake, data_set, month).values(), lake.month_part(data_set, month)]
    found = (lake.storage.objects.describe(key) for key in keys)
    return sum(one.size for one in found if one is not None)


def _read_as_dbt(lake: Lake) -> None:
    with duckdb.connect() as connection:
        pattern = f"{lake.local_path(FACTS)}/**/*.parquet"
        connection.execute(
            "create table facts as select * from read_parquet(?, union_by_name = true,"
            " hive_partitioning = false)",
            [pattern],
        )


def _read_each(lake: Lake, partitions: list[Partition]) -> None:
    for partition in partitions:
        read_part(lake, lake.facts(partition))


def _compare(name: str, daily: Lake, compacted: Lake, read: Callable[[Lake], None]) -> None:
    times = [(_cpu(lambda: read(daily)), _cpu(lambda: read(compacted))) for _ in range(ROUNDS)]
    ratios = [before / after for before, after in times]
    before, after = (statistics.median(one) for one in zip(*times, strict=True))
    print(
        f"{name}: {1000 * before:.0f} -> {1000 * after:.0f} ms, ratio "
        f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
    )


def _cpu(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
