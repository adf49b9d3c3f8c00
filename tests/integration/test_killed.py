"""Runs that are killed, and runs that meet: nothing is lost, torn or fetched twice."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.ingest.landing import land_partition
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.runner import Runner
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets_simulator import Answer, Fleet, Request, SimulatedPacs
from tests.integration.conftest import Deploy
from tests.integration.fault_server import DAY
from tests.integration.land_one import PSEUDONYMS

STUDIES: Final = 200
KILLS: Final = 10
PARTITION: Final = Partition(DAY, "main")
OF_THE_RUN: Final = (
    "landed_at",
    "verified_at",
    "seconds",
    "fetched",
    "requests",
    "retries",
    "received",
    "sha256",  # of all the others
)
OF_THE_TRIES: Final = ("tries", "first_seen", "last_seen")


class Pacs(SimulatedPacs):
    """A day of 200 studies; ``on_metadata`` is told how many studies have been asked for."""

    def __init__(self) -> None:
        super().__init__(Fleet(seed=5, scanners=40, studies=STUDIES, start=DAY, end=DAY))
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: list[str] = []
        self.requested: list[str] = []
        self.lock = threading.Lock()
        self.on_metadata: Any = None

    def respond(self, request: Request) -> Answer:
        key = (request.path, request.query)
        if key not in self.answers:
            self.answers[key] = super().respond(request)
        return self.answers[key]

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        number = 0
        if handler.path.endswith("/metadata"):
            with self.lock:
                self.requested.append(handler.path)
                study_uid = handler.path.split("/studies/")[1].split("/")[0]
                if study_uid not in self.asked:  # large studies come series by series
                    self.asked.append(study_uid)
                    number = len(self.asked)
        super().send(handler, answer)
        if number and self.on_metadata is not None:
            self.on_metadata(number)


@pytest.fixture(scope="module")
def pacs() -> Iterator[Pacs]:
    with Pacs() as one:
        yield one


@pytest.fixture(scope="module")
def undisturbed(pacs: Pacs, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("undisturbed"))
    finish(pacs, lake)
    return lake


def start(pacs: Pacs, lake: Lake, *crash: str) -> subprocess.Popen[bytes]:
    pacs.asked.clear()
    pacs.requested.clear()
    arguments = (pacs.url(), str(lake.home), DAY.isoformat(), *crash)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.land_one", *arguments],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
    )


def finish(pacs: Pacs, lake: Lake) -> None:
    """The run that is left alone, in this process."""
    pacs.asked.clear()
    with PacsClient(Endpoint("main", pacs.url())) as client:
        land_partition(client, lake, PARTITION, PSEUDONYMS)


def landed(lake: Lake) -> set[str]:
    """Names of the studies whose files stand."""
    return {path.name.split(".")[0] for path in lake.local_path(lake.raw(PARTITION)).glob("*.zst")}


def names(uids: list[str]) -> list[str]:
    return [PSEUDONYMS.of("study", uid) for uid in uids]


def content(lake: Lake) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Study files, and the manifest without times, tries and what the run cost."""
    files = {
        path.name: path.read_bytes() for path in lake.local_path(lake.raw(PARTITION)).glob("*.zst")
    }
    manifest = json.loads(lake.local_path(lake.manifest(PARTITION)).read_text())
    for name in OF_THE_RUN:
        del manifest[name]
    for study in manifest["studies"]:
        for name in OF_THE_TRIES:
            del study[name]
    return files, manifest


@pytest.mark.parametrize("moment", random.Random(11).sample(range(1, STUDIES + 1), KILLS))
def test_a_killed_run_is_finished_by_the_next(
    moment: int, pacs: Pacs, undisturbed: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    process = start(pacs, lake)
    delay = random.Random(moment).uniform(0, 0.02)

    def kill(number: int) -> None:
        if number == moment:
            threading.Timer(delay, partial(process.send_signal, signal.SIGKILL)).start()

    pacs.on_metadata = kill
    try:
        process.communicate(timeout=60)
    finally:
        pacs.on_metadata = None
        process.kill()
    assert process.returncode == -signal.SIGKILL
    stood = landed(lake)
    assert moment - 10 <= len(stood) <= moment + 10, "killed in the midst of it"
    finish(pacs, lake)
    assert not stood & set(names(pacs.asked)), "what had landed is not fetched again"
    assert len(pacs.asked) == STUDIES - len(stood)
    assert content(lake) == content(undisturbed)
    assert not list(lake.local_path(lake.raw(PARTITION)).glob(".*"))


def test_a_stopped_run_ends_at_once_and_keeps_what_has_landed(
    pacs: Pacs, undisturbed: Lake, deploy: Deploy
) -> None:
    """SIGTERM, as of a service manager, while a slow PACS owes most of a day."""
    settings = deploy(pacs.url(), DAY.isoformat(), DAY.isoformat())
    days = ("--from", DAY.isoformat(), "--to", DAY.isoformat())
    pacs.asked.clear()
    began = threading.Event()

    def slow(number: int) -> None:
        if number == 10:
            began.set()
        if number >= 10:
            time.sleep(3)

    pacs.on_metadata = slow
    run = subprocess.Popen(
        [sys.executable, "-m", "protocol_assets", "materialize", "--pacs", "orthanc", *days],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
    )
    try:
        assert began.wait(60)
        run.send_signal(signal.SIGTERM)
        asked_at = time.monotonic()
        _, told = run.communicate(timeout=60)
        assert time.monotonic() - asked_at < 15, "two hundred studies of three seconds are left"
    finally:
        pacs.on_metadata = None
        run.kill()
    assert run.returncode == 130
    assert b"Completed days are kept" in told
    lake = Lake(settings.home)
    stood = {
        path.name for path in lake.local_path(lake.raw(Partition(DAY, "orthanc"))).glob("*.zst")
    }
    assert 1 <= len(stood) < STUDIES
    assert not list(lake.local_path(lake.raw(Partition(DAY, "orthanc"))).glob(".*")), (
        "nothing half written"
    )
    again = Runner(Deployment(settings)).ingest("orthanc", DAY, DAY)
    pacs.asked.clear()
    assert [outcome.state for outcome in again] == ["landed"]
    assert len(pacs.asked) == STUDIES - len(stood), "what had landed is not fetched again"


@pytest.mark.parametrize("crash", ["study", "manifest"])
def test_a_crash_at_the_worst_moment(
    crash: str, pacs: Pacs, undisturbed: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    process = start(pacs, lake, crash)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert read_manifest(lake, PARTITION) is None
    stood = landed(lake)
    assert len(stood) == (STUDIES if crash == "manifest" else 0)
    finish(pacs, lake)
    assert len(pacs.asked) == STUDIES - len(stood)
    assert content(lake) == content(undisturbed)


def test_two_runs_of_one_partition_wait_for_each_other_and_both_end_well(
    pacs: Pacs, undisturbed: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    runs = [start(pacs, lake) for _ in range(2)]
    told = [run.communicate(timeout=60)[1].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    (line,) = [one for one in told if one]
    assert f"waiting for another run, which works on partition {PARTITION.key}" in line
    assert len(pacs.requested) == len(set(pacs.requested)), "nothing was fetched twice"
    assert content(lake) == content(undisturbed)


@pytest.mark.parametrize("victim", [0, 1])
def test_the_other_of_two_runs_ends_well_where_one_is_killed(
    victim: int, pacs: Pacs, undisturbed: Lake, tmp_path: Path
) -> None:
    """Whichever of them works on the partition, and whichever waits."""
    lake = Lake(tmp_path)
    runs = [start(pacs, lake) for _ in range(2)]
    is_under_way = threading.Event()
    pacs.on_metadata = lambda number: is_under_way.set() if number == 20 else None
    try:
        assert is_under_way.wait(60)
        runs[victim].send_signal(signal.SIGKILL)
        for run in runs:
            run.communicate(timeout=60)
    finally:
        pacs.on_metadata = None
        for run in runs:
            run.kill()
    assert runs[victim].returncode in (-signal.SIGKILL, 0)
    assert runs[1 - victim].returncode == 0
    assert content(lake) == content(undisturbed)


def test_a_disk_that_is_full_leaves_the_last_good_state(
    pacs: Pacs, undisturbed: Lake, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the disk: no study can be written."""
    lake = Lake(tmp_path)
    limited = "import resource, signal, sys; from tests.integration.land_one import main; "
    limited += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); main(*sys.argv[1:])"
    pacs.asked.clear()
    done = subprocess.run(
        [sys.executable, "-c", limited, pacs.url(), str(lake.home), DAY.isoformat()],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    assert len(pacs.asked) < 10, "what cannot be kept is not fetched"
    assert read_manifest(lake, PARTITION) is None
    assert not list(lake.local_path(lake.raw(PARTITION)).glob(".*"))
    finish(pacs, lake)
    assert content(lake) == content(undisturbed)
    assert lake.local_path(lake.study(PARTITION, names(pacs.asked)[0])).exists()
