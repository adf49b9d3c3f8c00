from __future__ import annotations

import datetime as dt
import os
import stat
from pathlib import Path

import pytest

from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake, Partition


def test_a_partition_is_its_partition_key() -> None:
    partition = Partition(dt.date(2026, 2, 1), "north")
    assert partition.key == "2026-02-01|north"
    assert Partition.from_key(partition.key) == partition
    assert partition.prefix == "study_date=2026-02-01/pacs=north"
    assert Partition.of_prefix(f"safe/facts/series/{partition.prefix}") == partition


def test_restricted_zones_are_closed_even_where_they_stood_open(tmp_path: Path) -> None:
    for name in ("restricted", "safe"):
        (tmp_path / name).mkdir(mode=0o755)
    lake = Lake(tmp_path)
    lake.prepare()
    for zone in (lake.restricted, lake.safe, lake.dagster_home, lake.dbt, lake.governance):
        assert stat.S_IMODE(zone.stat().st_mode) == 0o700, zone.name


def test_landed_partitions_are_those_with_a_manifest(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for day in (2, 1):
        path = lake.local_path(lake.manifest(Partition(dt.date(2026, 2, day), "b")))
        path.parent.mkdir(parents=True)
        path.touch()
    lake.local_path(lake.raw(Partition(dt.date(2026, 2, 3), "b"))).mkdir(parents=True)
    assert [partition.day.day for partition in lake.landed_partitions()] == [1, 2]


def test_a_zone_that_is_not_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "home")
    lake.prepare()
    somebody = os.getuid() + 1
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: somebody)
        with pytest.raises(Fault, match="belongs to another user"):
            lake.prepare()
    lake.home.chmod(0o777)
    with pytest.raises(Fault, match="everybody may write"):
        lake.prepare()
    lake.home.chmod(0o775)
    with pytest.raises(Fault, match=r"its group may write to the home home; .*chmod go-w"):
        lake.prepare()


def test_a_zone_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    lake = Lake(tmp_path / "home")
    lake.home.mkdir()
    lake.restricted.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Fault, match="is a link"):
        lake.prepare()


def test_a_new_home_lets_others_through_to_what_they_may_read(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "new" / "home")
    lake.prepare()
    modes = {one.name: one.stat().st_mode & 0o777 for one in (lake.home, *lake.home.iterdir())}
    assert modes["home"] & 0o055 == 0o055
    assert modes["publish"] & 0o055 == 0o055
    assert modes["restricted"] == modes["safe"] == modes["governance"] == 0o700
    assert modes["dagster"] == modes["dbt"] == 0o700
