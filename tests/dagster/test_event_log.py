"""What stands in the event log: one JSON line an event, counts, and nobody's name."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.zones import Lake
from protocol_assets.runner import Runner
from protocol_assets.settings import Settings
from protocol_assets_simulator import Answer

from .conftest import FIRST, WilfulPacs

SECRET = "PENROSE^HARRIET"
KNOWN = {
    "time",
    "level",
    "event",
    "run",
    "job",
    "asset",
    "check",
    "partition",
    "passed",
    "counts",
    "step",
    "error",
}


def lines(settings: Settings) -> list[dict[str, Any]]:
    files = sorted((Lake(settings.home).dagster_home / "events").glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def test_a_run_is_told_event_by_event(deployment: Settings, pacs: WilfulPacs) -> None:
    outcomes = list(Runner(Deployment(deployment)).ingest("north", FIRST, FIRST))
    assert [one.state for one in outcomes] == ["landed"]
    told = lines(deployment)
    assert told[0]["event"] == "run_start"
    assert told[-1]["event"] == "run_success"
    assert {frozenset(line) <= KNOWN for line in told} == {True}
    made = {one["asset"]: one for one in told if one["event"] == "asset_materialization"}
    assert set(made) == {"raw_dicomweb", "series", "series_facts"}
    assert made["series_facts"]["partition"] == f"{FIRST}|north"
    assert all(one["counts"] for one in made.values())
    (path,) = (Lake(deployment.home).dagster_home / "events").glob("*.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    for study in pacs.fleet.studies("north", FIRST, FIRST):
        assert study.study_uid not in text


def test_an_unforeseen_error_is_told_without_its_text(
    deployment: Settings, pacs: WilfulPacs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr("protocol_assets.ingest.stages.Stages.land", broken)
    before = len(lines(deployment))
    list(Runner(Deployment(deployment)).ingest("south", FIRST, FIRST))
    new = lines(deployment)[before:]
    (failure,) = (one for one in new if one["event"] == "step_failure")
    assert failure["level"] == "error"
    assert "unexpected KeyError at" in failure["error"]
    assert new[-1]["event"] == "run_failure"
    assert SECRET not in json.dumps(new)


def test_a_refused_partition_names_the_day_and_no_study(
    deployment: Settings, pacs: WilfulPacs
) -> None:
    pacs.spoil = lambda _request, _answer: Answer(200, b"<html>", {"Content-Type": "text/html"})
    before = len(lines(deployment))
    list(Runner(Deployment(deployment)).ingest("south", FIRST, FIRST))
    pacs.spoil = None
    new = lines(deployment)[before:]
    assert {"warning", "error"} & {one["level"] for one in new}
    assert "2.25." not in json.dumps(new)


def test_old_files_leave(deployment: Settings) -> None:
    folder = Lake(deployment.home).dagster_home / "events"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.jsonl"):
        path.unlink()
    for n in range(40):
        (folder / f"2020-01-{n:02}.jsonl").touch()
    list(Runner(Deployment(deployment)).ingest("north", FIRST, FIRST))
    assert len(list(folder.glob("*.jsonl"))) == 31
