"""A home whose path means something to SQL, to file patterns and to templates."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.governance.scanners import seen_scanners
from protocol_assets.lake.reading import read_warehouse
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.publishing.versions import published_rows
from protocol_assets.runner import Runner
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from protocol_assets_simulator import Fleet, SimulatedPacs

DAY = dt.date(2026, 2, 2)
ODD = 'o\'brien [mr] {{ x }} {y} * dept=mr "q" ; -- ä'


def test_everything_is_built_and_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    fleet = Fleet(seed=3, scanners=2, studies=6, start=DAY, end=DAY)
    with SimulatedPacs(fleet) as server:
        (site, *_) = fleet.sites
        path = folder / "protocol_assets.toml"
        path.write_text(
            f'home = "home"\nstart_date = {DAY}\nend_date = {DAY}\n'
            f'[[pacs]]\nname = "{site}"\nurl = "{server.url(site)}"\n'
            "requests_per_second = 1000\n",
            encoding="utf-8",
        )
        monkeypatch.setenv(CONFIG_VARIABLE, str(path))
        monkeypatch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        monkeypatch.delenv(HOME_VARIABLE, raising=False)
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        settings = Settings.load()
        # Another home, whose files a pattern of the odd name would match as well.
        decoy = tmp_path / ODD.replace("[mr]", "m") / "home" / "safe" / "facts" / "series"
        runner = Runner(Deployment(settings))
        (outcome,) = runner.ingest(site, DAY, DAY)
        assert (outcome.state, outcome.reason) == ("landed", "")
        shutil.copytree(Lake(settings.home).safe / "facts" / "series", decoy)
        assert runner.report() is None
    lake = Lake(settings.home)
    with read_warehouse(lake) as connection:
        query = "select count(*), count(distinct series_key) from marts.fct_series"
        ((rows, series),) = connection.execute(query).fetchall()
    assert rows == series > 0
    assert published_rows(lake, "completeness_daily")
    assert lake.reading_copy.exists()
    assert lake.local_path(lake.report(DAY)).joinpath("report.html").exists()
    assert lake.local_path(lake.facts(Partition(DAY, site))).exists()
    seen = seen_scanners(lake, Deployment(settings).pseudonyms())
    assert 0 < sum(one.series for one in seen) <= rows
