"""What a landing keeps, fetches, forgets and records."""

from __future__ import annotations

import datetime as dt
import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest import studies as studies_module
from protocol_assets.ingest.attempts import read_attempt
from protocol_assets.ingest.completeness import certificate
from protocol_assets.ingest.landing import day_fingerprint, land_partition
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest, write_manifest
from protocol_assets.lake.raw import read_study
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.errors import PacsError
from protocol_assets.sources.rate_limit.pacing import RateLimits
from tests.unit.ingest.fake_pacs import FakePacs, endpoint, in_one_thread

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
PARTITION = Partition(dt.date(2026, 3, 2), "main")


def studies(number: int) -> list[ListedStudy]:
    return [ListedStudy(f"1.2.{n}", 1, 2) for n in range(1, number + 1)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def pacs() -> FakePacs:
    return FakePacs(studies=studies(3))


def land(pacs: FakePacs, lake: Lake, *, force: bool = False) -> Manifest:
    pacs.retrieved.clear()
    return land_partition(pacs, lake, PARTITION, PSEUDONYMS, force=force)  # type: ignore[arg-type]


def entry_of(manifest: Manifest, uid: str) -> StudyEntry:
    return next(entry for entry in manifest.studies if entry.study_instance_uid == uid)


def raw_files(lake: Lake) -> list[str]:
    return sorted(
        path.name
        for path in lake.local_path(lake.raw(PARTITION)).iterdir()
        if path.suffix != ".json"
    )


def age(lake: Lake, days: float) -> None:
    """Make the last comparison by content so many days old."""
    manifest = read_manifest(lake, PARTITION)
    assert manifest is not None
    then = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    write_manifest(lake, replace(manifest, verified_at=then.isoformat()))


def test_what_has_landed_is_not_fetched_again(pacs: FakePacs, lake: Lake) -> None:
    first = land(pacs, lake)
    second = land(pacs, lake)
    assert pacs.retrieved == []
    assert second.studies == first.studies
    assert (first.fetched, second.fetched) == (3, 0)
    pacs.studies[1] = ListedStudy("1.2.2", 1, 3)
    assert entry_of(land(pacs, lake), "1.2.2").instances == 3
    assert pacs.retrieved == ["1.2.2"]


def test_a_run_killed_before_its_manifest_loses_nothing(pacs: FakePacs, lake: Lake) -> None:
    whole = land(pacs, lake)
    for name in ("manifest.json", "attempt.json"):
        (lake.local_path(lake.raw(PARTITION)) / name).unlink()
    lake.local_path(lake.study(PARTITION, entry_of(whole, "1.2.3").name)).unlink()
    (lake.local_path(lake.raw(PARTITION)) / ".half.partial").write_bytes(b"x")
    again = land(pacs, lake)
    assert pacs.retrieved == ["1.2.3"]
    assert again.studies == whole.studies
    assert len(raw_files(lake)) == 3


def test_a_study_that_went_while_a_run_was_killed_leaves_no_file(
    pacs: FakePacs, lake: Lake
) -> None:
    land(pacs, lake)
    (lake.local_path(lake.raw(PARTITION)) / "manifest.json").unlink()
    pacs.studies.pop()
    assert land(pacs, lake).expected == 2
    assert len(raw_files(lake)) == 2


def test_a_study_no_longer_listed_becomes_a_tombstone(pacs: FakePacs, lake: Lake) -> None:
    land(pacs, lake)
    pacs.studies.pop()
    gone = entry_of(land(pacs, lake), "1.2.3")
    assert (gone.state, gone.has_data) == ("gone", False)
    assert gone.first_seen
    again = land(pacs, lake)
    assert entry_of(again, "1.2.3") == gone
    assert again.is_complete
    pacs.studies.append(ListedStudy("1.2.3", 1, 2))
    assert entry_of(land(pacs, lake), "1.2.3").state == "landed"


def test_a_study_deleted_after_the_listing_is_a_tombstone_too(pacs: FakePacs, lake: Lake) -> None:
    land(pacs, lake)
    pacs.studies[0] = ListedStudy("1.2.1", 1, 9)
    pacs.trouble["1.2.1"] = "gone"
    manifest = land(pacs, lake)
    assert entry_of(manifest, "1.2.1").state == "gone"
    assert manifest.is_complete
    assert len(raw_files(lake)) == 2


def test_most_of_a_day_is_let_go_only_when_two_listings_say_so(lake: Lake) -> None:
    pacs = FakePacs(studies=studies(20))
    land(pacs, lake)
    pacs.studies = []
    with pytest.raises(PacsError) as told:
        land(pacs, lake)
    assert told.value.kind == "shrunk"
    assert len(raw_files(lake)) == 20
    manifest = land(pacs, lake)
    assert (manifest.expected, manifest.count("gone")) == (0, 20)
    assert raw_files(lake) == []


def test_force_believes_a_listing_that_has_shrunk(lake: Lake) -> None:
    pacs = FakePacs(studies=studies(20))
    land(pacs, lake)
    pacs.studies = pacs.studies[:5]
    assert land(pacs, lake, force=True).count("gone") == 15


class TestDeadLetters:
    def test_they_are_told_with_stage_class_status_and_tries(
        self, pacs: FakePacs, lake: Lake
    ) -> None:
        pacs.trouble["1.2.1"] = "bad_status"
        pacs.short.add("1.2.2")
        land(pacs, lake)
        manifest = land(pacs, lake)
        one, two = entry_of(manifest, "1.2.1"), entry_of(manifest, "1.2.2")
        assert (one.state, one.stage, one.error, one.status) == (
            "failed",
            "retrieve",
            "bad_status",
            404,
        )
        assert (two.state, two.stage, two.error) == ("incomplete", "reconcile", "incomplete")
        assert one.tries == two.tries == 2
        assert one.first_seen <= one.last_seen
        assert not one.has_data
        told = certificate(manifest)
        assert (told["dead_letters"], told["studies_landed"]) == (2, 1)
        assert not manifest.is_complete

    def test_the_last_good_file_stays(self, pacs: FakePacs, lake: Lake) -> None:
        land(pacs, lake)
        pacs.studies[0] = ListedStudy("1.2.1", 1, 5)
        pacs.short.add("1.2.1")
        entry = entry_of(land(pacs, lake), "1.2.1")
        assert (entry.state, entry.has_data, entry.instances) == ("incomplete", True, 2)
        key = lake.study(PARTITION, entry.name)
        assert len(list(read_study(lake.storage.objects, key, entry.content_hash))) == 2

    def test_success_forgets_them(self, pacs: FakePacs, lake: Lake) -> None:
        pacs.trouble["1.2.1"] = "timeout"
        land(pacs, lake)
        pacs.trouble.clear()
        entry = entry_of(land(pacs, lake), "1.2.1")
        assert (entry.state, entry.tries, entry.error, entry.first_seen) == ("landed", 0, "", "")

    def test_those_of_today_come_last_and_those_of_earlier_days_first(
        self, lake: Lake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_one_thread(monkeypatch)
        pacs = FakePacs(studies=studies(12))
        pacs.trouble["1.2.1"] = "timeout"
        land(pacs, lake)
        pacs.trouble.clear()
        assert self.order(pacs, lake, "2999-01-01T00:00:00+00:00")[0] == "1.2.1"
        today = dt.datetime.now(dt.UTC).isoformat()
        assert self.order(pacs, lake, today)[-1] == "1.2.1"

    def order(self, pacs: FakePacs, lake: Lake, last_seen: str) -> list[str]:
        manifest = read_manifest(lake, PARTITION)
        assert manifest is not None
        dead = [
            replace(entry, state="failed", tries=1, last_seen=last_seen)
            if entry.study_instance_uid == "1.2.1"
            else entry
            for entry in manifest.studies
        ]
        write_manifest(lake, replace(manifest, studies=tuple(dead)))
        pacs.studies = [replace(one, instances=(one.instances or 0) + 1) for one in pacs.studies]
        land(pacs, lake)
        return pacs.retrieved.copy()

    def test_studies_that_always_fail_do_not_hold_up_the_others(self, lake: Lake) -> None:
        pacs = FakePacs(studies=studies(8))
        pacs.trouble |= {f"1.2.{n}": "bad_status" for n in range(1, 6)}
        manifest = land(pacs, lake)
        assert (manifest.count("landed"), manifest.count("failed")) == (3, 5)


class TestNearLine:
    def test_it_is_never_woken_and_recorded(self, pacs: FakePacs, lake: Lake) -> None:
        pacs.studies[0] = replace(pacs.studies[0], availability="NEARLINE")
        manifest = land(pacs, lake)
        assert entry_of(manifest, "1.2.1").state == "not_online"
        assert "1.2.1" not in pacs.retrieved
        assert manifest.is_complete
        assert certificate(manifest)["studies_not_online"] == 1

    def test_what_landed_before_it_went_off_line_stays(self, pacs: FakePacs, lake: Lake) -> None:
        land(pacs, lake)
        pacs.studies[0] = replace(pacs.studies[0], availability="OFFLINE")
        entry = entry_of(land(pacs, lake), "1.2.1")
        assert (entry.state, entry.has_data) == ("landed", True)

    def test_a_site_may_opt_in(self, lake: Lake) -> None:
        rate_limits = RateLimits(wake_nearline=True)
        off = [replace(one, availability="NEARLINE") for one in studies(2)]
        assert land(FakePacs(endpoint(rate_limits=rate_limits), off), lake).count("landed") == 2

    def test_coming_back_on_line_changes_the_day(self) -> None:
        on, off = studies(1), [replace(studies(1)[0], availability="OFFLINE")]
        assert day_fingerprint(on, PSEUDONYMS) != day_fingerprint(off, PSEUDONYMS)
        online = [replace(studies(1)[0], availability="ONLINE")]
        assert day_fingerprint(on, PSEUDONYMS) == day_fingerprint(online, PSEUDONYMS)


class TestOverwrites:
    def test_a_due_check_finds_what_counts_cannot_show(self, lake: Lake) -> None:
        pacs = FakePacs(studies=studies(30))
        first = land(pacs, lake)
        pacs.averages = {f"1.2.{n}": 2 for n in range(1, 31)}
        land(pacs, lake)
        assert pacs.retrieved == []
        age(lake, 8)
        manifest = land(pacs, lake)
        assert len(pacs.retrieved) == 30, "a sample differed, so that the rest was fetched too"
        assert manifest.overwritten == 30
        changed = zip(first.studies, manifest.studies, strict=True)
        assert all(old.content_hash != new.content_hash for old, new in changed)
        land(pacs, lake)
        assert pacs.retrieved == []

    def test_a_check_that_finds_nothing_fetches_a_sample_alone(self, lake: Lake) -> None:
        pacs = FakePacs(studies=studies(150))
        land(pacs, lake)
        age(lake, 8)
        assert land(pacs, lake).overwritten == 0
        assert len(pacs.retrieved) == 15
        land(pacs, lake)
        assert pacs.retrieved == []

    def test_a_check_that_fails_costs_no_study_and_is_made_again(
        self, pacs: FakePacs, lake: Lake
    ) -> None:
        first = land(pacs, lake)
        age(lake, 8)
        pacs.trouble["1.2.1"] = "timeout"
        manifest = land(pacs, lake)
        assert manifest.studies == first.studies
        pacs.trouble.clear()
        land(pacs, lake)
        assert len(pacs.retrieved) == 3

    def test_etags_spare_the_rest_of_the_day(self, lake: Lake) -> None:
        pacs = FakePacs(endpoint(profile=SiteProfile(etag=True)), studies(40))
        pacs.etags = {f"1.2.{n}": f'"{n}"' for n in range(1, 41)}
        land(pacs, lake)
        assert pacs.asked_unless == []
        age(lake, 8)
        land(pacs, lake)
        assert (len(pacs.retrieved), len(pacs.asked_unless)) == (10, 30)


class TestTrouble:
    def test_a_pacs_on_hold_is_not_tried(self, pacs: FakePacs, lake: Lake) -> None:
        pacs.held = "paused since 2026-03-02 10:00"
        with pytest.raises(PacsError, match="paused since"):
            land(pacs, lake)
        assert read_attempt(lake, PARTITION) is None

    def test_a_day_that_cannot_be_listed_keeps_its_last_manifest(
        self, pacs: FakePacs, lake: Lake
    ) -> None:
        first = land(pacs, lake)
        pacs.trouble["listing"] = "bad_status"
        with pytest.raises(PacsError):
            land(pacs, lake)
        assert read_manifest(lake, PARTITION) == first
        attempt = read_attempt(lake, PARTITION)
        assert attempt is not None
        assert (attempt.problem, attempt.status, attempt.failures) == ("bad_status", 500, 2)

    def test_held_in_mid_landing_counts_no_try_of_a_study(self, pacs: FakePacs, lake: Lake) -> None:
        pacs.trouble["1.2.1"] = "held"
        entry = entry_of(land(pacs, lake), "1.2.1")
        assert (entry.state, entry.error, entry.tries) == ("failed", "held", 0)
        assert not entry.is_dead_letter

    def test_a_full_disk_leaves_the_last_good_state(
        self, pacs: FakePacs, lake: Lake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = land(pacs, lake)
        before = {
            name: (lake.local_path(lake.raw(PARTITION)) / name).read_bytes()
            for name in raw_files(lake)
        }
        pacs.studies = [replace(one, instances=7) for one in studies(30)]

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(studies_module, "write_study", full)
        with pytest.raises(OSError, match="No space"):
            land(pacs, lake)
        assert len(pacs.retrieved) <= 2, "what cannot be kept is not fetched"
        assert read_manifest(lake, PARTITION) == first
        assert {
            name: (lake.local_path(lake.raw(PARTITION)) / name).read_bytes()
            for name in raw_files(lake)
        } == before
        monkeypatch.undo()
        assert land(pacs, lake).count("landed") == 30

    def test_the_manifest_says_nothing_of_people(self, pacs: FakePacs, lake: Lake) -> None:
        land(pacs, lake)
        told = json.dumps(certificate(land(pacs, lake)))
        assert "1.2." not in told
