"""The checks of a deployment say what to do."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.lake.key_record import record_key_id
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import PacsSettings, Settings
from protocol_assets.status.automation import AutomationState
from protocol_assets.status.checks import (
    daemon_finding,
    key_finding,
    versions_finding,
    warehouse_finding,
    zones_finding,
)

NOW = dt.datetime(2026, 3, 6, 9, 0, tzinfo=dt.UTC)
KEY = bytes(range(32)).hex()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        start_date=dt.date(2026, 3, 1),
        pacs=(PacsSettings(name="main", url="https://pacs.example.org/dicom-web"),),
    )


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (None, "is not set; create one with"),
        ("ab" * 8, "32 are needed"),
        ("00" * 32, "is not random"),
        ("cHJvdG9jb2wtYXNzZXRzIGRlbW8ga2V5LCBub3QgYSBzZWNyZXQ=", "holds the demo's key"),
    ],
)
def test_a_key_that_cannot_be_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, secret: str | None, said: str
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if secret:
        monkeypatch.setenv(KEY_VARIABLE, secret)
    found, pseudonyms = key_finding(Deployment(settings))
    assert found.verdict == "fail"
    assert said in found.sentence
    assert secret is None or secret not in found.sentence
    assert pseudonyms is None


def test_another_key_than_the_lakes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    Lake(settings.home).prepare()
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    found, pseudonyms = key_finding(Deployment(settings))
    assert (found.verdict, "keep it safe" in found.sentence) == ("ok", True)
    assert pseudonyms is not None
    record_key_id(Lake(settings.home), pseudonyms.key_id)
    assert "were made with it" in key_finding(Deployment(settings))[0].sentence
    record_key_id(Lake(settings.home), "OTHERKEY")
    found, pseudonyms = key_finding(Deployment(settings))
    assert (found.verdict, pseudonyms) == ("fail", None)
    assert "OTHERKEY" in found.sentence
    assert "rekey" in found.sentence


def test_zones_are_looked_at_and_left_as_they_are(settings: Settings) -> None:
    lake = Lake(settings.home)
    assert zones_finding(lake).verdict == "warn"
    assert not lake.home.exists()
    lake.prepare()
    assert zones_finding(lake).verdict == "ok"
    lake.restricted.chmod(0o755)
    found = zones_finding(lake)
    assert (found.verdict, "others may enter restricted" in found.sentence) == ("fail", True)
    assert lake.restricted.stat().st_mode & 0o777 == 0o755
    lake.prepare()
    lake.publish.rmdir()
    assert "publish does not exist yet" in zones_finding(lake).sentence


@pytest.mark.parametrize(
    ("state", "verdict", "said"),
    [
        (AutomationState(None, {}, frozenset()), "warn", "it has never run here"),
        (AutomationState(NOW - dt.timedelta(hours=1), {}, frozenset()), "fail", "start it"),
        (AutomationState(None, {}, frozenset(), "no room"), "fail", "cannot be read: no room"),
        (AutomationState(NOW, {}, frozenset({"watch_main"})), "fail", "watch_main; turn them on"),
        (AutomationState(NOW - dt.timedelta(seconds=9), {}, frozenset()), "ok", "9 s ago"),
    ],
)
def test_a_daemon_that_does_not_run(state: AutomationState, verdict: str, said: str) -> None:
    found = daemon_finding(state, NOW)
    assert found.verdict == verdict
    assert said in found.sentence


def test_packages_are_held_against_their_bounds() -> None:
    found = versions_finding()
    assert found.verdict == "ok", found.sentence
    assert "spec " in found.sentence
    wrong = versions_finding(["click>=999", "no-such-package-is-here>=1", "x; extra == 'other'"])
    assert wrong.verdict == "fail"
    assert "click " in wrong.sentence
    assert "is not >=999" in wrong.sentence
    assert "no-such-package-is-here is missing" in wrong.sentence
    assert "requirements.lock" in wrong.sentence


def test_a_warehouse_older_than_the_facts(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert warehouse_finding(lake, NOW).verdict == "ok"
    part = lake.safe / "facts" / "series" / "part.parquet"
    part.parent.mkdir(parents=True)
    part.touch()
    assert warehouse_finding(lake, NOW).verdict == "warn"
    lake.warehouse.touch()
    os.utime(part, (1, 1))
    assert warehouse_finding(lake, NOW).verdict == "ok"
    os.utime(lake.warehouse, (0, 0))
    found = warehouse_finding(lake, NOW)
    assert (found.verdict, "rebuild" in found.sentence) == ("warn", True)


def test_a_warehouse_that_another_program_writes_to(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.safe.mkdir()
    lake.warehouse.touch()
    lake.warehouse.with_name("warehouse.duckdb.wal").touch()
    found = warehouse_finding(lake, NOW)
    assert (found.verdict, "another program" in found.sentence) == ("warn", True)
