"""What could not be had, listed with all that may be told of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.landing import land_partition
from protocol_assets.ingest.partition_status import dead_letters
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.errors import PacsError
from tests.unit.ingest.fake_pacs import FakePacs

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
PARTITIONS = [Partition(dt.date(2026, 3, n), "main") for n in (2, 3)]


def test_studies_and_days_that_cannot_be_had_are_dead_letters(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert dead_letters(lake) == []
    pacs = FakePacs(studies=[ListedStudy("1.2.1", 1, 2), ListedStudy("1.2.2", 1, 2)])
    pacs.trouble["1.2.1"] = "bad_status"
    for _ in range(2):
        land_partition(pacs, lake, PARTITIONS[0], PSEUDONYMS)  # type: ignore[arg-type]
    pacs.trouble["listing"] = "capped"
    with pytest.raises(PacsError):
        land_partition(pacs, lake, PARTITIONS[1], PSEUDONYMS)  # type: ignore[arg-type]
    study, day = dead_letters(lake)
    assert (study.partition, study.stage, study.kind) == (PARTITIONS[0], "retrieve", "bad_status")
    assert (study.status, study.tries) == (404, 2)
    assert study.name == PSEUDONYMS.of("study", "1.2.1")
    assert study.first_seen <= study.last_seen
    assert (day.partition, day.name, day.stage, day.kind) == (PARTITIONS[1], "", "list", "capped")
    assert "1.2." not in repr((study, day))
