"""What is interrupted: each piece of work that writes to a home, on a home made for it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.delivery.ledger import open_deliveries
from protocol_assets.delivery.outbox import Told, open_outbox
from protocol_assets.faults import Fault
from protocol_assets.governance.do_not_process import do_not_process
from protocol_assets.governance.labels import decide, read_decisions
from protocol_assets.governance.scanners import ScannerName, name_scanner, read_scanner_names
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.ingest.retention.purging import Retention, purge_before, purge_expired
from protocol_assets.ingest.retention.rekeying import rekey
from protocol_assets.ingest.retention.resolving import resolve
from protocol_assets.lake.analysis import read_analysis, write_analysis
from protocol_assets.lake.compaction import finish_months
from protocol_assets.lake.key_record import record_key_id, recorded_key_id
from protocol_assets.lake.leftovers import clean_leftovers
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.reading import write_reading_copy
from protocol_assets.lake.warehouse_file import copy_for_building, prepare_building, put_in_place
from protocol_assets.lake.zones import Grid, Lake
from protocol_assets.publishing.ledger_files import ledger_mark
from protocol_assets.publishing.versions import publish_marts
from protocol_assets.quality.outcomes import SuiteResult
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.dicomweb.stored_profiles import read_profile, write_profile
from protocol_assets.sources.rate_limit.store import pause, paused_since, resume
from tests.crash.homes import check_manifests, check_published, find_bytes, rows_of
from tests.crash.warehouses import make_warehouse
from tests.unit.ingest.fake_pacs import in_one_thread
from tests.unit.ingest.hospital import NEW, OLD, PSEUDONYMS, Hospital, stages_of

NOW: Final = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
PARTITIONS: Final = [OLD, NEW]
OTHER_KEY: Final = Pseudonyms.from_secret(bytes(range(1, 33)).hex(), demo=False)
GRID: Final = Grid(frozenset({"main"}), dt.date(2026, 1, 1), dt.date(2026, 3, 31))
KEEP: Final = Retention(raw_days=30, series_days=100_000, facts_days=100_000)
PATIENT: Final = {
    *b"PAT1 Penrose1 ACC2-1 1.2.2.1.1 1.2.3.1.1".split(),
    PSEUDONYMS.of("patient", "|PAT1").encode(),
}
ON_THE_LIST: Final = "restricted/do_not_process.csv"
Check = Callable[[Lake], None]


@dataclass(frozen=True)
class Scenario:
    """One piece of work.

    Attributes:
        prepare: Makes the home that it starts from.
        work: Does it; done again, it finishes what was interrupted.
        check: What holds whenever it is interrupted, before anything else is done.
        started: What holds after the next start, before it is done again.
        finished: What holds when it was done again.
    """

    prepare: Check
    work: Check
    check: Check
    started: Check = lambda _lake: None
    finished: Check = lambda _lake: None


def start(lake: Lake) -> None:
    """What the next process does first."""
    clean_leftovers(lake)
    finish_placements(lake)
    finish_months(lake)
    assert not list(lake.home.rglob(".*.partial*")), "nothing is left half written"


@contextmanager
def quick_gates() -> Iterator[None]:
    """The suites write nothing and take most of the time; here they pass. One thread lands."""
    with pytest.MonkeyPatch.context() as patch:
        passed = SuiteResult("", ())
        patch.setattr("protocol_assets.ingest.gate.judge_table", lambda *_: passed)
        in_one_thread(patch)
        yield


# Partitions


class Later(Hospital):
    """A day later: one study is gone, one is new, and one has changed."""

    def list_day(self, day: dt.date) -> Any:
        super().list_day(day)
        uids = [one.study_instance_uid for one in self.studies]
        self.studies = [ListedStudy(uids[1], 1, 1, modalities=("MR",)), *self.studies[2:]]
        self.studies.append(ListedStudy(f"1.2.{day.day}.3", 1, 1))
        return self.listing()

    def listing(self) -> Any:
        from protocol_assets.sources.dicomweb.rows import DayListing

        return DayListing(self.day, tuple(self.studies), 0, ())


def stage(name: str, hospital: Callable[[], Hospital] = Hospital) -> Check:
    """One stage over both partitions; a partition that is refused is an error."""

    def work(lake: Lake) -> None:
        result = getattr(stages_of(lake, hospital()), name)(PARTITIONS)
        if result.refused:
            raise Fault("; ".join(result.refused.values()))

    return work


def in_turn(*steps: Check) -> Check:
    def work(lake: Lake) -> None:
        for step in steps:
            step(lake)

    return work


def prepared(lake: Lake) -> None:
    lake.prepare()


LAND, FLATTEN, PROJECT = (stage(name) for name in ("land", "flatten", "project"))
LATER: Final = stage("land", Later)
WHOLE: Final = in_turn(prepared, LAND, FLATTEN, PROJECT)


def has_readable_parts(lake: Lake) -> None:
    check_manifests(lake)
    for zone in (lake.restricted, lake.safe):
        for path in zone.rglob("part.parquet"):
            assert read_part(Lake(path.parent), path.name).num_columns


def facts_go_together(lake: Lake) -> None:
    """Facts, registry, quarantine and counts of a partition are all of before, or all of after."""
    for partition in PARTITIONS:
        studies = {
            key: set(read_part(lake, key)["study_key"].to_pylist())
            for key in (lake.facts(partition),)
            if lake.has(key)
        }
        counts = read_part(lake, lake.completeness(partition)).to_pylist()[0]
        is_new = (
            bool(studies)
            and PSEUDONYMS.of("study", f"1.2.{partition.day.day}.3")
            in studies[lake.facts(partition)]
        )
        patients = set(read_part(lake, lake.label_registry(partition))["patient_key"].to_pylist())
        assert (PSEUDONYMS.of("patient", "|PAT3") in patients) == is_new
        assert (counts["facts_state"] == "stored") or not is_new


# Publishing


def warehouse(months: int, patients: int) -> Check:
    def make(lake: Lake) -> None:
        lake.warehouse.unlink(missing_ok=True)
        make_warehouse(lake.warehouse, months=months, patients=patients)

    return make


def publish(lake: Lake) -> None:
    publish_marts(lake, GRID)


def as_an_older_release(lake: Lake) -> None:
    """The ledger without a commit mark, each table under its own name."""
    for name, key in ledger_mark(lake).items():
        lake.local_path(key).rename(lake.local_path(lake.publications) / f"{name}.parquet")
    (lake.local_path(lake.publications) / "ledger.json").unlink()


def shows(months: int) -> dict[str, int]:
    names = ("exam_monthly", "fleet_daily", "nex_monthly", "published_opportunities")
    return dict.fromkeys(names, months) | {"completeness_daily": 31 * months}


def published_whole(lake: Lake) -> None:
    check_published(lake, [shows(1), shows(2)])


def build(lake: Lake) -> None:
    """A build and its copy for readers, as dbt's models would leave it."""
    prepare_building(lake)
    copy_for_building(lake)
    lake.warehouse_building.unlink()
    shutil.copyfile(lake.home / "next.duckdb", lake.warehouse_building)
    put_in_place(lake.warehouse_building, lake.warehouse)
    write_reading_copy(lake)


def has_a_whole_warehouse(lake: Lake) -> None:
    states = [1, 2]
    assert len(rows_of(lake.warehouse)["published.nex_monthly"]) in states
    if lake.reading_copy.exists():
        assert len(rows_of(lake.reading_copy)["published.nex_monthly"]) in states


def next_warehouse(lake: Lake) -> None:
    make_warehouse(lake.home / "next.duckdb", months=2, patients=40)


def analyse(value: int) -> Check:
    table = pa.table({"value": [value] * 50})

    def work(lake: Lake) -> None:
        write_analysis(lake, {"time_model": table, "time_model_series": table}, "1")

    return work


def analysis_is_of_one_run(lake: Lake) -> None:
    names = ("time_model", "time_model_series")
    values = {pd.unique(read_analysis(lake, name).to_pandas()["value"])[0] for name in names}
    assert len(values) == 1


# Purge and keys


def has_the_others(lake: Lake) -> None:
    """Whatever happens to one patient, the others stay."""
    has_readable_parts(lake)
    others = {PSEUDONYMS.of("patient", f"|PAT{number}") for number in (0, 2)}
    for partition in PARTITIONS:
        assert others <= set(read_part(lake, lake.facts(partition))["patient_key"].to_pylist())
        assert len(list(lake.local_path(lake.raw(partition)).glob("*.zst"))) >= 2


def erase(lake: Lake) -> None:
    do_not_process(lake, "PAT1", None, NOW.date())
    purge_patient(lake, PSEUDONYMS, "PAT1", None, NOW)


def is_erased(lake: Lake) -> None:
    assert find_bytes(lake.home, PATIENT) == [ON_THE_LIST]


def with_ledger_of_patients(lake: Lake) -> None:
    from protocol_assets.publishing.ledger_files import open_ledger

    keys = [PSEUDONYMS.of("patient", f"|PAT{number}") for number in range(3)]
    with open_ledger(lake) as ledger:
        ledger.put("members", pa.table({"patient_key": keys}))
        ledger.put("standing_members", pa.table({"patient_key": keys}))
        ledger.commit()


def with_candidates(lake: Lake) -> None:
    """Parts that a run, killed before its gate, has left."""
    for partition in PARTITIONS:
        candidate = lake.local_path(lake.candidate("series", partition))
        candidate.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(lake.local_path(lake.series(partition)), candidate)


def change_key(lake: Lake) -> None:
    rekey(lake, PSEUDONYMS, OTHER_KEY)


def has_the_new_key(lake: Lake) -> None:
    assert recorded_key_id(lake) == OTHER_KEY.key_id
    old = {PSEUDONYMS.of("patient", f"|PAT{number}").encode() for number in range(3)}
    assert not [one for one in find_bytes(lake.home, old) if one.startswith("safe/publications")]


# Small files


def govern(lake: Lake) -> None:
    name_scanner(lake, ScannerName("A" * 26, "MR 1", "North"))
    name_scanner(lake, ScannerName("B" * 26, "MR 2", "North"))
    decide(lake, "C" * 26, "approve")
    do_not_process(lake, "PAT9", None, NOW.date())


def governance_is_readable(lake: Lake) -> None:
    assert len(read_scanner_names(lake)) in (0, 1, 2)
    assert len(read_decisions(lake)) in (0, 1)


def hand_over(lake: Lake) -> None:
    for state in ("claimed", "sent"):
        with open_deliveries(lake, "chiefs", NOW.date()) as ledger:
            ledger.mark(["a@hospital.example"], state)
    with open_outbox(lake, "alerts") as entries:
        entries["late"] = Told("no day has landed", waits_for=["mail"])


def deliveries_are_readable(lake: Lake) -> None:
    with open_deliveries(lake, "chiefs", NOW.date()) as ledger:
        assert len(ledger.untold(["a@hospital.example"])) in (0, 1)
    with open_outbox(lake, "alerts") as entries:
        assert len(entries) in (0, 1)


def remember(lake: Lake) -> None:
    record_key_id(lake, PSEUDONYMS.key_id)
    write_profile(lake, "main", SiteProfile())
    pause(lake, "main", NOW)
    resume(lake, "main")
    (key,) = set(read_part(lake, lake.facts(OLD))["study_key"].to_pylist()[:1])
    resolve(lake, PSEUDONYMS, key, reason="check", now=NOW)


def records_are_readable(lake: Lake) -> None:
    recorded_key_id(lake)
    read_profile(lake, "main")
    paused_since(lake, "main")


def forget_access(lake: Lake) -> None:
    """The log has a line for each time that it was done."""
    lines = lake.local_path(lake.access_log).read_text(encoding="utf-8").splitlines()
    assert lines[-1].endswith("}")
    lake.local_path(lake.access_log).unlink()


def expire(lake: Lake) -> None:
    purge_expired(lake, PSEUDONYMS, KEEP, NOW + dt.timedelta(days=10_000))


def has_facts(lake: Lake) -> None:
    has_readable_parts(lake)
    for partition in PARTITIONS:
        assert read_part(lake, lake.facts(partition)).num_rows == 3


SCENARIOS: Final[dict[str, Scenario]] = {
    "landing": Scenario(prepared, LAND, check_manifests),
    "landing again": Scenario(in_turn(prepared, LAND), LATER, check_manifests),
    "gates": Scenario(in_turn(prepared, LAND), in_turn(FLATTEN, PROJECT), has_readable_parts),
    "gate of changed facts": Scenario(
        in_turn(WHOLE, LATER, stage("flatten", Later)),
        PROJECT,
        has_readable_parts,
        facts_go_together,
    ),
    "publishing": Scenario(
        in_turn(prepared, warehouse(1, 20), publish, warehouse(2, 40)), publish, published_whole
    ),
    "publishing after an older release": Scenario(
        in_turn(prepared, warehouse(1, 20), publish, as_an_older_release, warehouse(2, 40)),
        publish,
        published_whole,
    ),
    "warehouse": Scenario(
        in_turn(prepared, warehouse(1, 20), next_warehouse), build, has_a_whole_warehouse
    ),
    "analysis": Scenario(
        in_turn(prepared, analyse(1)), analyse(2), lambda _: None, analysis_is_of_one_run
    ),
    "erasure": Scenario(
        in_turn(WHOLE, with_ledger_of_patients, with_candidates),
        erase,
        has_the_others,
        finished=is_erased,
    ),
    "purge before a day": Scenario(
        WHOLE, lambda lake: void(purge_before(lake, PSEUDONYMS, NEW.day, NOW)), has_facts
    ),
    "retention": Scenario(WHOLE, expire, has_facts),
    "change of keys": Scenario(
        in_turn(WHOLE, with_ledger_of_patients),
        change_key,
        has_readable_parts,
        finished=has_the_new_key,
    ),
    "governance": Scenario(prepared, govern, governance_is_readable),
    "delivery": Scenario(prepared, hand_over, deliveries_are_readable),
    "records": Scenario(WHOLE, remember, records_are_readable, finished=forget_access),
}


def void(_: object) -> None:
    """For work whose result nobody needs."""
