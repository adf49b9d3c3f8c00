"""Bit rot, cut-off and missing files: each is seen, none gives other rows, all can be healed."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.faults import Fault
from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.ingest.verifying import Damage, verify_partition
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.parquet import part_versions, read_part
from protocol_assets.lake.raw import read_stamp, read_study
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.posix import PosixObjects

from .hospital import NEW, OLD, Hospital, pass_stages, stages_of
from .test_purging import NOW

KEEP = Retention(raw_days=100_000, series_days=100_000, facts_days=100_000)
FLIPS = 2_000


def found(lake: Lake) -> list[Damage]:
    return [one for partition in (OLD, NEW) for one in verify_partition(lake, partition, KEEP, NOW)]


def a_study(lake: Lake) -> Path:
    manifest = read_manifest(lake, OLD)
    assert manifest is not None
    return lake.local_path(lake.study(OLD, manifest.with_data[0].name))


def read_everything(lake: Lake) -> dict[str, Callable[[], Any]]:
    """Each stored thing of a partition by its path, and how it is read."""
    manifest = read_manifest(lake, OLD)
    assert manifest is not None
    hashes = {
        lake.local_path(lake.study(OLD, one.name)): one.content_hash for one in manifest.with_data
    }
    parts = (lake.series, lake.label_registry, lake.facts, lake.quarantine, lake.completeness)

    def part(key: str) -> Callable[[], Any]:
        return lambda: (read_part(lake, key), part_versions(lake, key))

    def study(path: Path) -> Callable[[], Any]:
        return lambda: list(read_study(PosixObjects(path.parent), path.name, hashes[path]))

    return {
        **{str(path): study(path) for path in hashes},
        **{str(lake.local_path(one(OLD))): part(one(OLD)) for one in parts},
        str(lake.local_path(lake.manifest(OLD))): lambda: read_manifest(lake, OLD),
    }


def test_nothing_is_wrong_with_what_has_just_landed(lake: Lake) -> None:
    assert found(lake) == []


def test_no_flipped_bit_gives_other_rows(lake: Lake) -> None:
    readers = read_everything(lake)
    before = {name: read() for name, read in readers.items()}
    chance = random.Random(20261130)
    refused = 0
    for _ in range(FLIPS):
        name = chance.choice(sorted(readers))
        content = bytearray(Path(name).read_bytes())
        whole = bytes(content)
        place = chance.randrange(8 * len(content))
        content[place // 8] ^= 1 << place % 8
        Path(name).write_bytes(content)
        try:
            assert readers[name]() == before[name], f"bit {place} of {Path(name).name}"
        except Fault:
            refused += 1
        Path(name).write_bytes(whole)
    # What is left are bits of a study's stamp, which the instances do not depend on.
    assert refused > 0.6 * FLIPS


def test_a_flipped_bit_of_a_stamp_is_no_stamp(lake: Lake) -> None:
    path = a_study(lake)
    folder, whole = PosixObjects(path.parent), path.read_bytes()
    stamp = read_stamp(folder, path.name)
    end = 8 + int.from_bytes(whole[4:8], "little")
    for place in range(0, 8 * end, 3):
        content = bytearray(whole)
        content[place // 8] ^= 1 << place % 8
        path.write_bytes(content)
        assert read_stamp(folder, path.name) in (None, stamp)


def damage(path: Path, kind: str) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if kind == "deleted":
        path.unlink()
    else:
        cut = {"flipped": len(content), "cut off": int(0.6 * len(content)), "emptied": 0}[kind]
        path.write_bytes(content[:cut])


@pytest.mark.parametrize("kind", ["flipped", "cut off", "emptied", "deleted"])
def test_what_is_damaged_is_found_and_healed(lake: Lake, kind: str) -> None:
    before = {one: one.read_bytes() for one in lake.home.rglob("*.parquet")}
    parts = (lake.series, lake.label_registry, lake.facts, lake.impossible, lake.quarantine)
    damage(a_study(lake), kind)
    for part in (*parts, lake.completeness):
        damage(lake.local_path(part(OLD)), kind)
    seen = found(lake)
    assert [(one.remedy, one.partition) for one in seen] == [("land", OLD)] + 6 * [("derive", OLD)]
    pacs = Hospital()
    pass_stages(stages_of(lake, pacs))
    assert found(lake) == []
    assert {one: one.read_bytes() for one in lake.home.rglob("*.parquet")} == before
    assert len(pacs.asked) == 1, "nothing is asked of the PACS again but what was damaged"


@pytest.mark.parametrize("kind", ["flipped", "cut off", "emptied"])
def test_a_damaged_manifest_is_as_good_as_none(lake: Lake, kind: str) -> None:
    before = read_manifest(lake, OLD)
    damage(lake.local_path(lake.manifest(OLD)), kind)
    assert [one.remedy for one in found(lake)] == ["land"]
    pacs = Hospital()
    result = stages_of(lake, pacs).land([OLD])
    assert not result.refused
    after = read_manifest(lake, OLD)
    assert before is not None
    assert after is not None
    assert after.studies == before.studies
    assert pacs.asked == [], "the files say what has landed"


def test_a_run_again_fetches_what_is_damaged(lake: Lake) -> None:
    a_study(lake).write_bytes(a_study(lake).read_bytes()[:-40])
    pacs = Hospital()
    stages_of(lake, pacs).land([OLD])
    assert len(pacs.asked) == 1
    assert found(lake) == []


def test_only_a_back_up_heals_what_nothing_else_holds(lake: Lake) -> None:
    lake.local_path(lake.series(OLD)).unlink()
    for path in lake.local_path(lake.raw(OLD)).glob("*.zst"):
        path.unlink()
    lake.local_path(lake.facts(OLD)).write_bytes(b"")
    assert {one.remedy for one in found(lake)} == {"land", "derive"}, "the PACS may still have it"


def test_what_outlived_its_time_is_not_missed(lake: Lake) -> None:
    lake.local_path(lake.series(OLD)).unlink()
    lake.local_path(lake.label_registry(OLD)).unlink()
    keep = Retention(raw_days=100_000, series_days=0, facts_days=100_000)
    assert list(verify_partition(lake, OLD, keep, NOW)) == []
