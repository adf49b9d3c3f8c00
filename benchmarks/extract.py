"""The extractor against a bare loop of GETs over the same URLs, on Orthanc, in interleaved pairs.

Both list the day and fetch its metadata with the same number of workers; the bare loop throws the
bytes away. Then the peak memory of landing a day of 50 and one of 1,000 studies.
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import requests
from pydicom.data import get_testdata_file

from protocol_assets.deidentify.keys import DEMO_KEY, Pseudonyms
from protocol_assets.ingest.landing import land_partition
from protocol_assets.lake.manifest import Manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.rate_limit.pacing import RateLimits
from protocol_assets.sources.rate_limit.store import SharedRateLimit
from tests.integration.orthanc import Orthanc, counting_proxy, run_orthanc
from tests.integration.real_data import edited

PAIRS: Final = 7
WORKERS: Final = 2
STUDIES: Final = 60
INSTANCES: Final = 60
FEW, MANY, SMALL = 50, 1000, 8
RACE_DAY: Final = dt.date(2026, 3, 2)
FEW_DAY: Final = dt.date(2026, 3, 3)
MANY_DAY: Final = dt.date(2026, 3, 4)
TARGET: Final = 1.15


def main() -> None:
    """Fill Orthanc, race, weigh; print what was measured."""
    with tempfile.TemporaryDirectory() as folder, run_orthanc(Path(folder)) as orthanc:
        fill(orthanc, RACE_DAY, STUDIES, INSTANCES)
        race(orthanc)
        fill(orthanc, FEW_DAY, FEW, SMALL)
        fill(orthanc, MANY_DAY, MANY, SMALL)
        weigh(orthanc)


def fill(orthanc: Orthanc, day: dt.date, studies: int, instances: int) -> None:
    """Store a day of studies made from a real MR file."""
    real = Path(str(get_testdata_file("MR_small.dcm", download=False))).read_bytes()
    for study in range(studies):
        uid = f"2.25.{day:%Y%m%d}{study}"
        for instance in range(instances):
            content = edited(
                real,
                StudyInstanceUID=uid,
                SeriesInstanceUID=f"{uid}.{1 + instance % 4}",
                SOPInstanceUID=f"{uid}.{1 + instance % 4}.{instance}",
                StudyDate=f"{day:%Y%m%d}",
                StudyTime=f"{study // 60 % 24:02}{study % 60:02}00",
                PatientID=f"patient-{study}",
            )
            if orthanc.store(content) != "Success":
                raise SystemExit("Orthanc refused an instance")


def race(orthanc: Orthanc) -> None:
    """Pairs in turn, the first of each pair changing."""
    with counting_proxy(orthanc) as proxy, tempfile.TemporaryDirectory() as home:
        land(proxy.url, RACE_DAY, Path(home))
        paths = list(proxy.requests)
    listing = [orthanc.address + path for path in paths if "/metadata" not in path]
    metadata = [orthanc.address + path for path in paths if "/metadata" in path]
    ratios: list[float] = []
    ours: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    for number in range(PAIRS):
        # The empty home is made before, and removed after, the time that is taken.
        with tempfile.TemporaryDirectory() as home:
            runs: list[tuple[list[tuple[float, float]], Callable[[], object]]] = [
                (ours, partial(land, orthanc.url, RACE_DAY, Path(home))),
                (bare, partial(get_all, listing, metadata)),
            ]
            for times, run in runs if number % 2 else reversed(runs):
                times.append(timed(run))
        ratios.append(ours[-1][0] / bare[-1][0])
    instances = STUDIES * INSTANCES
    print(f"{STUDIES} studies, {instances} instances, {WORKERS} workers, {PAIRS} pairs in turn,")
    print(f"{len(listing)} requests to list and {len(metadata)} for metadata in both")
    for name, times in (("extractor", ours), ("bare loop", bare)):
        wall, cpu = (median(values) for values in zip(*times, strict=True))
        print(f"{name}: median {wall:.2f} s, {1e6 * cpu / instances:.0f} us CPU an instance")
    told = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    print(f"wall time, ratio of each pair: {told}; median {median(ratios):.2f} (target {TARGET})")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall time, and of CPU in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def land(url: str, day: dt.date, home: Path) -> Manifest:
    """The day into an empty lake; the token bucket set so high that it does not wait."""
    rate_limits = RateLimits(requests_per_second=1000)
    endpoint = Endpoint("orthanc", url, workers=WORKERS, rate_limits=rate_limits)
    lake = Lake(home)
    rate_limit = SharedRateLimit(lake, "orthanc", rate_limits, WORKERS)
    with PacsClient(endpoint, rate_limit=rate_limit) as client:
        pseudonyms = Pseudonyms.from_secret(DEMO_KEY, demo=True)
        manifest = land_partition(client, lake, Partition(day, "orthanc"), pseudonyms)
    if not manifest.is_complete or not manifest.fetched:
        raise SystemExit("the day did not land whole")
    return manifest


def get_all(listing: list[str], metadata: list[str]) -> None:
    """The bare loop."""
    with requests.Session() as session:
        session.headers["Accept"] = "application/dicom+json"

        def get(url: str) -> int:
            return len(session.get(url, timeout=60).content)

        for url in listing:
            get(url)
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(get, metadata))


def weigh(orthanc: Orthanc) -> None:
    """Peak memory of two days, each landed in a process of its own."""
    peaks = []
    for day, studies in ((FEW_DAY, FEW), (MANY_DAY, MANY)):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.extract", orthanc.url, day.isoformat()],
            stdout=subprocess.PIPE,
            check=True,
        )
        peaks.append(float(done.stdout))
        print(f"{studies} studies of {SMALL} instances: peak memory {peaks[-1]:.0f} MiB")
    print(f"ratio {peaks[1] / peaks[0]:.2f} (target 1.2)")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with tempfile.TemporaryDirectory() as scratch:
            land(sys.argv[1], dt.date.fromisoformat(sys.argv[2]), Path(scratch))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        main()
