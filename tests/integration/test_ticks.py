"""What changes in Orthanc between two ticks of its sensor, and what the marts show afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.manifest import read_manifest, write_manifest
from protocol_assets.lake.zones import Partition
from protocol_assets.runner import Runner
from tests.dagster.site_ticks import Site
from tests.integration.conftest import Deploy, MakeInstance, StartOrthanc
from tests.integration.orthanc import CountingProxy, Orthanc, counting_proxy

DAY = dt.date(2026, 3, 2)
PARTITION = Partition(DAY, "orthanc")
NEX = "select study_key, nex from marts.fct_series order by all"


def uid(study: int) -> str:
    return f"2.25.{1000 + study}"


@dataclass
class Scene:
    """Orthanc behind a proxy, its sensor, and the marts."""

    orthanc: Orthanc
    proxy: CountingProxy
    site: Site

    def follow(self) -> list[str]:
        """Tick, run what was asked for, build the marts; gives the studies that were fetched."""
        self.proxy.requests.clear()
        done = self.site.tick()
        assert all(result.success for result in self.site.run(done.run_requests or []))
        if done.run_requests:
            assert self.site.runner.report() is None
        return sorted(self.proxy.retrievals)

    def nex(self) -> dict[int, float]:
        """NEX by number of the study, as the mart holds it."""
        lake = self.site.runner.deployment.lake
        with duckdb.connect(str(lake.warehouse), read_only=True) as warehouse:
            rows = dict(warehouse.execute(NEX).fetchall())
        key = self.site.runner.deployment.pseudonyms().of
        numbers = {key("study", uid(number)): number for number in range(10)}
        return {numbers[study]: float(nex) for study, nex in rows.items()}


@pytest.fixture
def scene(start_orthanc: StartOrthanc, deploy: Deploy) -> Iterator[Scene]:
    orthanc = start_orthanc(options={"OverwriteInstances": True})
    with counting_proxy(orthanc) as proxy:
        settings = deploy(proxy.url, str(DAY), str(DAY), requests_per_second=1000)
        yield Scene(orthanc, proxy, Site(Runner(Deployment(settings)), "orthanc"))


def test_the_marts_follow_what_changes(scene: Scene, new_instance: MakeInstance) -> None:
    def store(study: int, averages: int) -> None:
        scene.orthanc.store(new_instance(study, NumberOfAverages=str(averages)))

    for study in (1, 2, 3):
        store(study, 2)
    assert scene.follow() == [uid(1), uid(2), uid(3)]
    assert scene.nex() == {1: 2.0, 2: 2.0, 3: 2.0}

    assert scene.follow() == [], "nothing changed"

    scene.orthanc.delete_study(uid(2))
    store(4, 3)
    store(3, 2)  # sent again as it was
    assert scene.follow() == [uid(4)]
    assert scene.nex() == {1: 2.0, 3: 2.0, 4: 3.0}

    store(1, 1)  # overwritten: the counts stay as they were
    assert scene.follow() == [], "no listing shows it"
    make_check_due(scene)
    assert scene.follow() == [uid(1), uid(3), uid(4)]
    assert scene.nex() == {1: 1.0, 3: 2.0, 4: 3.0}

    assert scene.follow() == []


def make_check_due(scene: Scene) -> None:
    """Let eight days pass since the partition was compared by content."""
    lake = scene.site.runner.deployment.lake
    manifest = read_manifest(lake, PARTITION)
    assert manifest is not None
    then = dt.datetime.now(dt.UTC) - dt.timedelta(days=8)
    write_manifest(lake, replace(manifest, verified_at=then.isoformat()))
