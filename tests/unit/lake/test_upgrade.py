"""Homes of earlier versions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import orjson
import pytest

from protocol_assets.faults import Fault
from protocol_assets.lake.manifest import Manifest, read_manifest, write_manifest
from protocol_assets.lake.upgrade import upgrade_home
from protocol_assets.lake.zones import Lake, Partition


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "home")
    (lake.home / "steward").mkdir(parents=True)
    (lake.home / "steward" / "scanners.csv").write_text("device_key,scanner_label,site\n")
    return lake


def test_the_folder_of_governance_is_renamed_with_its_content_once(lake: Lake) -> None:
    assert upgrade_home(lake) == ["steward is called governance now; it was renamed"]
    assert (lake.governance / "scanners.csv").read_text().startswith("device_key")
    assert not (lake.home / "steward").exists()
    assert upgrade_home(lake) == []


def test_the_ledger_of_alerts_is_renamed(lake: Lake) -> None:
    alerts = lake.local_path(lake.deliveries) / "alerts"
    alerts.mkdir(parents=True)
    (alerts / "cells.json").write_text("{}")
    upgrade_home(lake)
    assert [one.name for one in alerts.iterdir()] == ["partitions.json"]


def test_two_folders_are_a_question_to_a_person(lake: Lake) -> None:
    lake.governance.mkdir()
    with pytest.raises(Fault, match="steward is called governance now, and both exist in"):
        upgrade_home(lake)
    assert (lake.home / "steward" / "scanners.csv").exists()


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "home")
    assert upgrade_home(lake) == []
    assert not lake.home.exists()


def test_a_manifest_that_calls_its_partition_a_cell_is_read(lake: Lake) -> None:
    partition = Partition(dt.date(2026, 3, 1), "main")
    lake.local_path(lake.raw(partition)).mkdir(parents=True)
    manifest = Manifest(partition, "fingerprint", "2026-03-02T00:00:00+00:00", {}, ())
    write_manifest(lake, manifest)
    path = lake.local_path(lake.manifest(partition))
    content = orjson.loads(path.read_bytes())
    content["cell"] = content.pop("partition")
    content = {name: value for name, value in content.items() if name != "sha256"}
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    assert read_manifest(lake, partition) == manifest
