"""The whole summary, on a deployment that has landed a day."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.defs.automation_state import read_automation_state
from protocol_assets.ingest.landing import land_partition
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.settings import CONFIG_VARIABLE, Settings
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.rate_limit.pacing import Exchange, RateLimits, study_subject
from protocol_assets.sources.rate_limit.store import SharedRateLimit, resume
from protocol_assets.status.summary import summarize
from tests.unit.ingest.fake_pacs import FakePacs

NOW = dt.datetime(2026, 3, 6, 9, 0, tzinfo=dt.UTC)
PARTITION = Partition(dt.date(2026, 3, 2), "main")


def verdicts(*, ask: bool = False) -> dict[str, tuple[str, str]]:
    return {
        one.item: (one.verdict, one.sentence)
        for one in summarize(NOW, read_automation_state, ask=ask).findings
    }


def files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_a_summary_of_nothing_creates_nothing(settings: Settings) -> None:
    before = files(settings.home.parent)
    found = summarize(NOW, read_automation_state)
    assert found.is_good
    assert found.partitions == ()
    assert files(settings.home.parent) == before


def test_a_summary_without_a_configuration(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "nowhere.toml")
    found = summarize(NOW, read_automation_state)
    assert not found.is_good
    assert found.findings[0].item == "configuration"
    assert "copy protocol_assets.example.toml" in found.findings[0].sentence


def test_what_is_to_be_mended_is_counted_by_pacs(settings: Settings) -> None:
    Lake(settings.home).prepare()
    pseudonyms = Deployment(settings).pseudonyms()
    pacs = FakePacs(studies=[ListedStudy("1.2.1", 1, 2), ListedStudy("1.2.2", 1, 2)])
    pacs.trouble["1.2.1"] = "bad_status"
    land_partition(pacs, Lake(settings.home), PARTITION, pseudonyms)  # type: ignore[arg-type]
    verdict, sentence = verdicts()["partitions main"]
    assert verdict == "fail"
    assert sentence.startswith("0 of 1 landed partitions are complete and up to date; 1 incomplete")
    assert "1 stale: run protocol-assets rebuild" in sentence
    assert sentence.endswith("1 dead letter")
    content = json.loads(json.dumps(summarize(NOW, read_automation_state).to_json()))
    assert content["is_good"] is False
    assert [(one["day"], one["landed"], one["expected"]) for one in content["partitions"]] == [
        ("2026-03-02", 1, 2)
    ]
    assert content["dead_letters"][0]["kind"] == "bad_status"
    assert {one["name"] for one in content["next"]} >= {"watch_main", "purge_nightly"}
    assert "1.2." not in json.dumps(content)


def test_a_damaged_manifest_is_told_and_hides_nothing_else(settings: Settings) -> None:
    Lake(settings.home).prepare()
    pacs = FakePacs(studies=[ListedStudy("1.2.1", 1, 2)])
    land_partition(pacs, Lake(settings.home), PARTITION, Deployment(settings).pseudonyms())  # type: ignore[arg-type]
    Lake(settings.home).local_path(Lake(settings.home).manifest(PARTITION)).write_text(
        "{", encoding="utf-8"
    )
    found = summarize(NOW, read_automation_state)
    assert [one.words for one in found.partitions] == [
        "the manifest of 2026-03-02|main is damaged; run protocol-assets verify --repair"
    ]
    assert verdicts()["partitions main"] == (
        "fail",
        "0 of 1 landed partitions are complete and up to date; 1 damaged",
    )


def test_a_pacs_is_asked_only_where_a_person_wants_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake(settings.home).prepare()
    assert verdicts()["PACS main"][0] == "ok"  # nothing listens there
    verdict, sentence = verdicts(ask=True)["PACS main"]
    assert verdict == "fail"
    assert "could not be reached" in sentence
    # What became of it is kept, and is what is told without asking.
    verdict, sentence = verdicts()["PACS main"]
    assert verdict == "fail"
    assert "1 of them failed" in sentence or "all of them failed" in sentence


def test_what_waits_is_shown_with_its_end(settings: Settings) -> None:
    Lake(settings.home).prepare()
    pacs = FakePacs(studies=[ListedStudy("1.2.1", 1, 2)], put_off={"1.2.1"})
    land_partition(pacs, Lake(settings.home), PARTITION, Deployment(settings).pseudonyms())  # type: ignore[arg-type]
    rate_limit = SharedRateLimit(Lake(settings.home), "main", RateLimits(), 2, now=NOW.timestamp)
    subject = study_subject("1.2.1")
    rate_limit.record(Exchange(429, "busy", 0.1, retry_after=86_400.0, subject=subject))
    (letter,) = summarize(NOW, read_automation_state).letters
    assert (letter.kind, letter.waits_until) == ("waiting", "2026-03-06T09:15:00+00:00")

    now = dt.datetime.now(dt.UTC)
    rate_limit = SharedRateLimit(Lake(settings.home), "main", RateLimits(), 2, now=now.timestamp)
    rate_limit.insist()
    rate_limit.record(Exchange(429, "busy", 0.1, retry_after=86_400.0, subject=subject))
    verdict, sentence = verdicts()["PACS main"]
    assert verdict == "warn"
    assert sentence.startswith("1 study waits because main asked for it, until ")
    assert "protocol-assets resume main ends that" in sentence
    rate_limit.record(Exchange(429, "busy", 0.1, retry_after=86_400.0))
    assert "is not asked now: it asked for no requests until" in verdicts()["PACS main"][1]
    resume(Lake(settings.home), "main")
    assert verdicts()["PACS main"][0] == "fail", "every request of the hour failed"
    assert summarize(now, read_automation_state).letters[0].waits_until == ""
