"""Studies of other modalities: which are looked up, which land, and what is remembered."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.completeness import certificate
from protocol_assets.ingest.landing import day_fingerprint, land_partition
from protocol_assets.ingest.other_modalities import LOOKED_UP_AT_ONCE, followed_studies
from protocol_assets.ingest.watch import read_record
from protocol_assets.lake.manifest import Manifest, read_manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from tests.unit.ingest.fake_pacs import FakePacs

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
PARTITION = Partition(dt.date(2026, 3, 2), "main")


def others(number: int, modality: str = "CT") -> list[ListedStudy]:
    return [ListedStudy(f"1.3.{n}", 1, 2, (modality,)) for n in range(1, number + 1)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def pacs() -> FakePacs:
    return FakePacs(studies=[ListedStudy("1.2.1", 1, 2, ("MR",))], others=others(3))


def land(pacs: FakePacs, lake: Lake, *, force: bool = False) -> Manifest:
    pacs.looked_up.clear()
    return land_partition(pacs, lake, PARTITION, PSEUDONYMS, force=force)  # type: ignore[arg-type]


def landed(manifest: Manifest) -> list[str]:
    return sorted(one.study_instance_uid for one in manifest.studies if one.state == "landed")


def test_they_are_looked_up_once_and_remembered(pacs: FakePacs, lake: Lake) -> None:
    manifest = land(pacs, lake)
    assert sorted(pacs.looked_up) == ["1.3.1", "1.3.2", "1.3.3"]
    assert landed(manifest) == ["1.2.1"]
    assert manifest.is_complete
    told = certificate(manifest)
    assert (told["studies_other_modality"], told["studies_other_modality_verified"]) == (3, 3)
    assert read_manifest(lake, PARTITION) == manifest
    again = land(pacs, lake)
    assert pacs.looked_up == []
    assert again.others == manifest.others


def test_a_row_that_has_changed_is_looked_up_again(pacs: FakePacs, lake: Lake) -> None:
    land(pacs, lake)
    pacs.others[0] = replace(pacs.others[0], instances=9)
    pacs.others[1] = replace(pacs.others[1], modalities=("CT", "SR"))
    land(pacs, lake)
    assert sorted(pacs.looked_up) == ["1.3.1", "1.3.2"]
    land(pacs, lake, force=True)
    assert len(pacs.looked_up) == 3


def test_a_study_that_holds_a_wanted_series_lands_and_stays(pacs: FakePacs, lake: Lake) -> None:
    pacs.wanted = {"1.3.2"}
    manifest = land(pacs, lake)
    assert landed(manifest) == ["1.2.1", "1.3.2"]
    assert len(manifest.others) == 2
    assert landed(land(pacs, lake)) == ["1.2.1", "1.3.2"]
    assert "1.3.2" not in pacs.looked_up


def test_a_busy_archive_is_sampled(lake: Lake) -> None:
    pacs = FakePacs(others=others(100))
    manifest = land(pacs, lake)
    assert len(pacs.looked_up) == LOOKED_UP_AT_ONCE
    told = certificate(manifest)
    assert (told["studies_other_modality"], told["studies_other_modality_verified"]) == (100, 20)
    land(pacs, lake)
    assert len(pacs.looked_up) == LOOKED_UP_AT_ONCE, "others, for the first are known"


def test_companions_come_first(lake: Lake) -> None:
    companions = [ListedStudy(f"1.4.{n}", 1, 2, ("KO", "SR")) for n in range(5)]
    pacs = FakePacs(others=[*others(100), *companions])
    land(pacs, lake)
    assert {one.study_instance_uid for one in companions} == set(pacs.looked_up[:5])


def test_what_the_pacs_finds_by_modality_is_looked_up_before_all(lake: Lake) -> None:
    found = frozenset(f"1.3.{n}" for n in range(1, 31))
    pacs = FakePacs(others=others(100), wanted=set(found), found_by_filter=found)
    manifest = land(pacs, lake)
    assert set(landed(manifest)) == found
    assert len(pacs.looked_up) == 30, "the listing is believed of the rest as far as it was sampled"


def test_a_filter_that_is_ignored_makes_nobody_suspect(lake: Lake) -> None:
    found = frozenset(one.study_instance_uid for one in others(100))
    pacs = FakePacs(others=others(100), found_by_filter=found)
    land(pacs, lake)
    assert len(pacs.looked_up) == LOOKED_UP_AT_ONCE


def test_a_listing_that_is_wrong_once_is_not_believed(lake: Lake) -> None:
    pacs = FakePacs(others=others(100), wanted={f"1.3.{n}" for n in range(1, 101, 2)})
    manifest = land(pacs, lake)
    assert len(pacs.looked_up) == 100
    assert manifest.count("landed") == 50
    assert all(one.is_verified for one in manifest.others)


def test_a_pacs_that_lists_no_series_costs_three_requests(pacs: FakePacs, lake: Lake) -> None:
    pacs.others = others(30)
    pacs.trouble["series"] = "bad_status"
    manifest = land(pacs, lake)
    assert len(pacs.looked_up) == 3
    assert manifest.is_complete
    assert not any(one.is_verified for one in manifest.others)


def test_a_row_without_a_valid_uid_is_left_out_and_never_asked_for(
    pacs: FakePacs, lake: Lake
) -> None:
    pacs.others = [ListedStudy("", modalities=("CT",))]
    manifest = land(pacs, lake)
    assert pacs.looked_up == []
    assert [one.name for one in manifest.others] == [""]


def test_the_watch_sees_the_day_as_it_landed(pacs: FakePacs, lake: Lake) -> None:
    pacs.others += [ListedStudy("1.4.1", 1, 2, ("KO",))]
    pacs.wanted, pacs.rejected = {"1.3.2"}, 1
    land(pacs, lake)
    assert not has_changed(pacs, lake)
    pacs.others[0] = replace(pacs.others[0], instances=5)
    assert not has_changed(pacs, lake), "a CT study that grows is of no interest"
    pacs.others[1] = replace(pacs.others[1], instances=5)
    assert has_changed(pacs, lake)
    pacs.others[1] = replace(pacs.others[1], instances=2)
    pacs.others[3] = replace(pacs.others[3], instances=5)
    assert has_changed(pacs, lake), "what lists KO alone may have got images"
    pacs.others[3] = replace(pacs.others[3], instances=2)
    pacs.rejected = 2
    assert has_changed(pacs, lake)


def has_changed(pacs: FakePacs, lake: Lake) -> bool:
    listing = pacs.list_day(PARTITION.day)
    record = read_record(lake, PARTITION)
    followed = followed_studies(listing, record.manifest, PSEUDONYMS)
    return record.has_changed(day_fingerprint(followed, PSEUDONYMS, listing.rejected))
