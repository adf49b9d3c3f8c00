"""A home that is compacted at any time reads as its twin that never is, despite interruptions."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.ingest.retention.purging import Retention, purge_before, purge_expired
from protocol_assets.ingest.retention.rekeying import rekey
from protocol_assets.lake.compaction import compact_month, finish_months, opened, undisturbed
from protocol_assets.lake.key_record import find_key_ids
from protocol_assets.lake.months import (
    kept_partitions,
    month_keys,
    part_key,
    part_keys,
    partitions_with_files,
)
from protocol_assets.lake.parquet import has_part, part_versions, read_part
from protocol_assets.lake.zones import DATA_SETS, Lake, Partition
from protocol_assets.quality.outcomes import SuiteResult
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from tests.unit.storage.memory import MemoryObjects, open_memory_storage

from .fake_pacs import in_one_thread
from .hospital import PSEUDONYMS, Hospital, stages_of

NOW = dt.datetime.now(dt.UTC)
DAYS = [dt.date(2026, 2, 28), dt.date(2026, 3, 2)]
PARTITIONS = [Partition(day, pacs) for day in DAYS for pacs in ("main", "north")]
MONTHS = [dt.date(2026, 2, 1), dt.date(2026, 3, 1)]
KEYS = [PSEUDONYMS, Pseudonyms.from_secret(bytes(range(1, 33)).hex(), demo=False)]
KEEP = Retention(raw_days=30, series_days=400, facts_days=3650)
partitions = st.sampled_from(PARTITIONS)


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class MortalObjects(MemoryObjects):
    """Objects whose process is killed at the n-th change; 0 for never."""

    left: int = 0

    def _live_or_die(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError

    def write(self, key: str, content: bytes, *, flush: bool = True) -> None:
        self._live_or_die()
        super().write(key, content, flush=flush)

    def delete(self, key: str, *, flush: bool = True) -> bool:
        self._live_or_die()
        return super().delete(key, flush=flush)


@dataclass
class Grown(Hospital):
    """A day with this many studies of patients PAT0, PAT1, ..."""

    size: int = 3

    def list_day(self, day: dt.date) -> Any:
        listing = super().list_day(day)
        self.studies = [ListedStudy(f"1.2.{day.day}.{n}", 1, 1) for n in range(self.size)]
        return type(listing)(self.day, tuple(self.studies), 0, ())


class Twins(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.patch = pytest.MonkeyPatch()
        home = Path(self.folder.name)
        self.lake, self.twin = Lake(home / "lake"), Lake(home / "twin")
        self.objects = MortalObjects()
        storages = {one.home: open_memory_storage() for one in self.both}
        object.__setattr__(storages[self.lake.home], "objects", self.objects)
        self.patch.setattr(Lake, "storage", property(lambda one: storages[one.home]))
        self.patch.setattr(
            "protocol_assets.ingest.gate.judge_table", lambda *_: SuiteResult("", ())
        )
        in_one_thread(self.patch)
        self.key = 0
        for one in self.both:
            one.prepare()

    @property
    def both(self) -> tuple[Lake, Lake]:
        return self.lake, self.twin

    def teardown(self) -> None:
        self.patch.undo()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        for partition in PARTITIONS:
            self.land(partition, 3)
        self.compact()

    @rule(partition=partitions, size=st.integers(1, 4))
    def land(self, partition: Partition, size: int) -> None:
        """Land it anew: a late study, or one that is gone."""
        for lake in self.both:
            stages = stages_of(lake, Grown(size=size), KEYS[self.key])
            for stage in (stages.land, stages.flatten, stages.project):
                stage([partition])

    @rule(partition=partitions)
    def rebuild(self, partition: Partition) -> None:
        for lake in self.both:
            stages = stages_of(lake, Hospital(), KEYS[self.key])
            for stage in (stages.flatten, stages.project):
                stage([partition])

    @rule(patient=st.integers(0, 3))
    def erase(self, patient: int) -> None:
        touched = [
            purge_patient(lake, KEYS[self.key], f"PAT{patient}", None, NOW) for lake in self.both
        ]
        assert touched[0] == touched[1]
        for data_set in ("restricted/series", "restricted/labels"):
            for month in month_keys(self.lake, data_set).values():
                people = read_part(self.lake, month).to_pylist()
                assert f"PAT{patient}" not in {one.get("PatientID") for one in people}
                key = KEYS[self.key].of("patient", f"|PAT{patient}")
                assert key not in {one.get("patient_key") for one in people}

    @rule()
    def change_key(self) -> None:
        old, self.key = self.key, 1 - self.key
        done = [rekey(lake, KEYS[old], KEYS[self.key]) for lake in self.both]
        assert done[0] == done[1]

    @rule(day=st.sampled_from(DAYS))
    def purge(self, day: dt.date) -> None:
        done = [purge_before(lake, KEYS[self.key], day, NOW).entries for lake in self.both]
        assert done[0] == done[1]

    @rule(days=st.sampled_from([31, 400, 425, 4000]))
    def expire(self, days: int) -> None:
        now = NOW + dt.timedelta(days=days)
        done = [purge_expired(lake, KEYS[self.key], KEEP, now).entries for lake in self.both]
        assert done[0] == done[1]

    @rule()
    def compact(self) -> None:
        for month in MONTHS:
            compact_month(self.lake, month)

    @rule(month=st.sampled_from(MONTHS), at=st.integers(1, 24))
    def compact_and_die(self, month: dt.date, at: int) -> None:
        self.objects.left = at
        try:
            compact_month(self.lake, month)
        except KilledError:
            pass
        finally:
            self.objects.left = 0

    @rule(partition=partitions, at=st.integers(1, 24))
    def open_and_die(self, partition: Partition, at: int) -> None:
        self.objects.left = at
        try:
            with opened(self.lake, [partition]):
                pass
        except KilledError:
            pass
        finally:
            self.objects.left = 0

    @rule()
    def start_again(self) -> None:
        finish_months(self.lake)

    @invariant()
    def each_partition_reads_the_same(self) -> None:
        assert kept_partitions(self.lake) == kept_partitions(self.twin)
        assert partitions_with_files(self.lake) == partitions_with_files(self.twin)
        for data_set in DATA_SETS:
            for partition in PARTITIONS:
                key = part_key(data_set, partition)
                contents = [lake.storage.objects.read(key) for lake in self.both]
                if contents[0] is not None and contents[0] == contents[1]:
                    continue
                is_there = has_part(self.twin, key)
                assert has_part(self.lake, key) == is_there
                if is_there:
                    table = read_part(self.twin, key)
                    assert read_part(self.lake, key).equals(table, check_metadata=True)
                    assert part_versions(self.lake, key) == part_versions(self.twin, key)

    @rule()
    def whole_data_sets_read_the_same(self) -> None:
        """Each row once; this finishes what was interrupted."""
        for data_set in DATA_SETS:
            rows = [Counter[str](), Counter[str]()]
            for lake, found in zip(self.both, rows, strict=True):
                with undisturbed(lake):
                    for key in part_keys(lake, data_set):
                        found.update(map(str, read_part(lake, key).to_pylist()))
            assert rows[0] == rows[1]
        every = [find_key_ids(lake, every=True) for lake in self.both]
        assert every[0] == every[1]

    @rule()
    def an_opened_home_has_the_same_bytes(self) -> None:
        finish_months(self.lake)
        with opened(self.lake, PARTITIONS):
            for data_set in DATA_SETS:
                keys = part_keys(self.twin, data_set)
                assert part_keys(self.lake, data_set) == keys
                for key in keys:
                    content = self.twin.storage.objects.read(key)
                    assert self.objects.read(key) == content


def test_compaction_is_not_seen_by_readers() -> None:
    few = settings(max_examples=6, stateful_step_count=12, phases=[Phase.generate])
    run_state_machine_as_test(Twins, settings=few)
