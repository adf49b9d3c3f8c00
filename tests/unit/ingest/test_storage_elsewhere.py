"""The stages, purges and a change of keys on storage that is not made of files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.partition_status import partition_states
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.ingest.retention.purging import Retention, purge_expired
from protocol_assets.ingest.retention.rekeying import rekey
from protocol_assets.lake.compaction import compact_month
from protocol_assets.lake.zones import Lake
from tests.unit.storage.memory import open_memory_storage

from .hospital import NEW, OLD, PSEUDONYMS, Hospital, pass_stages, stages_of

NOW = dt.datetime.now(dt.UTC)
OTHER = Pseudonyms.from_secret(bytes(range(1, 33)).hex(), demo=False)
CHANGING = ("attempt.json", "manifest.json")
"""What holds times, which differ between two runs."""


@pytest.fixture
def in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    storage = open_memory_storage()
    monkeypatch.setattr(Lake, "storage", property(lambda _: storage))
    lake = Lake(tmp_path / "memory")
    lake.prepare()
    return lake


def work(lake: Lake) -> None:
    """Land two days, erase a patient, change the key, purge raw, and compact the month."""
    pass_stages(stages_of(lake, Hospital()))
    assert purge_patient(lake, PSEUDONYMS, "PAT1", None, NOW) == [OLD, NEW]
    assert rekey(lake, PSEUDONYMS, OTHER).to_rebuild == (OLD, NEW)
    pass_stages(stages_of(lake, Hospital(), OTHER), lands=False)
    purge_expired(lake, OTHER, Retention(1, 100_000, 100_000), NOW + dt.timedelta(days=2))
    assert compact_month(lake, OLD.month).parts
    assert [one.is_good for one in partition_states(lake, OTHER)] == [True, True]


def contents(lake: Lake) -> dict[str, bytes | None]:
    objects = lake.storage.objects
    keys = [key for key in objects.list_keys("**/*.*") if not key.endswith((*CHANGING, ".lock"))]
    keys = [key for key in keys if not key.startswith(("restricted/deletions", "restricted/left"))]
    return {key: objects.read(key) for key in keys}


def test_other_storage_holds_the_same_objects_and_no_file_is_written(
    tmp_path: Path, in_memory: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(in_memory)
    found = contents(in_memory)
    assert [path for path in in_memory.home.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    on_disk = Lake(tmp_path / "disk")
    on_disk.prepare()
    work(on_disk)
    assert found == contents(on_disk)
    assert {key.split("/")[1] for key in found} >= {"series", "labels", "facts"}
