"""Dagster's daemon alone with two Orthancs: what changes in a PACS reaches the marts by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.home import prepare_home
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import Settings
from tests.integration.conftest import MakeInstance, write_deployment
from tests.integration.orthanc import CountingProxy, Orthanc, counting_proxy, run_orthanc

DAY = "2026-03-02"
PATIENCE_S = 240
COUNT = "select count(distinct study_key), count(*) from marts.fct_series where pacs = ?"


@dataclass
class Site:
    """Two PACS behind proxies, the deployment that reads them, and the daemon's log."""

    orthanc: Orthanc
    other: Orthanc
    proxy: CountingProxy
    other_proxy: CountingProxy
    settings: Settings
    log: Path

    def mart(self, pacs: str) -> tuple[int, int]:
        """Studies and series of one PACS in the warehouse."""
        if not Lake(self.settings.home).warehouse.exists():
            return (0, 0)
        with duckdb.connect(str(Lake(self.settings.home).warehouse), read_only=True) as warehouse:
            found = warehouse.execute(COUNT, [pacs]).fetchone()
        assert found is not None
        return (found[0], found[1])

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for what the daemon does by itself."""
        ends_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_at:
            if condition():
                return
            time.sleep(0.5)
        tail = self.log.read_text(errors="replace")[-3000:]
        pytest.fail(
            f"not within {PATIENCE_S} s: {what}; the marts hold {self.mart('orthanc')} and "
            f"{self.mart('other')}\n{tail}"
        )


@pytest.fixture
def site(orthanc_program: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with ExitStack() as stack:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
        orthanc, other = (stack.enter_context(run_orthanc(tmp_path / name)) for name in ("a", "b"))
        proxy, beside = (stack.enter_context(counting_proxy(one)) for one in (orthanc, other))
        settings = write_deployment(tmp_path, monkeypatch, proxy.url, DAY, DAY)
        with (tmp_path / "protocol_assets.toml").open("a", encoding="utf-8") as configuration:
            configuration.write(f'[[pacs]]\nname = "other"\nurl = "{beside.url}"\n')
        settings = Settings.load()
        prepare_home(Deployment(settings))
        log = tmp_path / "daemon.log"
        yield Site(orthanc, other, proxy, beside, settings, log)


@pytest.fixture
def daemon(site: Site) -> Iterator[None]:
    program = Path(sys.executable).with_name("dagster-daemon")
    with site.log.open("wb") as log:
        child = subprocess.Popen(
            [program, "run", "-m", "tests.integration.quick_definitions"],
            env={**os.environ},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        child.terminate()
        child.wait(60)


def store(orthanc: Orthanc, make: MakeInstance, study: int, series: int = 1) -> None:
    assert orthanc.store(make(study, series=series)) == "Success"


def test_the_marts_follow_the_pacs(site: Site, daemon: None, new_instance: MakeInstance) -> None:
    for study in (1, 2):
        store(site.orthanc, new_instance, study)
        store(site.other, new_instance, 10 + study)
    site.until(
        "both PACS land by themselves",
        lambda: site.mart("orthanc") == (2, 2) and site.mart("other") == (2, 2),
    )

    store(site.orthanc, new_instance, 3)
    store(site.orthanc, new_instance, 1, series=2)
    site.until("a new study and a late series", lambda: site.mart("orthanc") == (3, 4))

    site.orthanc.delete_study("2.25.1003")
    site.until("a deleted study", lambda: site.mart("orthanc") == (2, 3))

    # Studies 1, 2 and 3 once each, and study 1 again for its late series.
    assert sorted(site.proxy.retrievals) == ["2.25.1001", "2.25.1001", "2.25.1002", "2.25.1003"]
    assert sorted(site.other_proxy.retrievals) == ["2.25.1011", "2.25.1012"]

    site.proxy.is_down = True
    asked = len(site.proxy.requests)
    store(site.orthanc, new_instance, 4)
    store(site.other, new_instance, 13)
    site.until("the healthy PACS is not delayed", lambda: site.mart("other") == (3, 3))
    site.until("three ticks over the dead PACS", lambda: len(site.proxy.requests) >= asked + 3)
    assert site.mart("orthanc") == (2, 3)

    site.proxy.is_down = False
    site.until("the PACS is back", lambda: site.mart("orthanc") == (3, 4))
    assert site.proxy.retrievals.count("2.25.1004") == 1
    assert site.other_proxy.retrievals.count("2.25.1013") == 1
    assert "Traceback" not in site.log.read_text(errors="replace")
