"""Retention, erasure, the way back and a new key, on two small partitions that really landed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from protocol_assets.deidentify.keys import PATIENT_DOMAINS, Pseudonyms
from protocol_assets.faults import Fault
from protocol_assets.governance.do_not_process import do_not_process
from protocol_assets.governance.labels import judged_labels
from protocol_assets.ingest.partition_status import partition_states
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.ingest.retention.purging import Retention, purge_before, purge_expired
from protocol_assets.ingest.retention.rekeying import rekey
from protocol_assets.ingest.retention.resolving import resolve
from protocol_assets.lake.key_record import recorded_key_id
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition

from .hospital import NEW, OLD, PSEUDONYMS, SECRET, Hospital, pass_stages, stages_of

OTHER, PATIENT_SECRET = (bytes(range(n, n + 32)).hex() for n in (1, 2))
NOW = dt.datetime.now(dt.UTC)
KEEP = Retention(raw_days=30, series_days=100_000, facts_days=100_000)


@pytest.fixture
def pacs() -> Hospital:
    return Hospital()


Run = Callable[..., None]


@pytest.fixture
def run(lake: Lake, pacs: Hospital) -> Run:
    """Make both partitions again."""

    def run(pseudonyms: Pseudonyms = PSEUDONYMS, *, lands: bool = True) -> None:
        pass_stages(stages_of(lake, pacs, pseudonyms), lands=lands)

    return run


def rows(lake: Lake, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_part(lake, key).to_pylist()
    return found


def facts_of(lake: Lake, partition: Partition) -> list[dict[str, Any]]:
    """The facts without the two keys that are made of the patient's identifier."""
    made_of_patient = ("exam_key", "acquisition_key")
    return [
        {name: value for name, value in row.items() if name not in made_of_patient}
        for row in rows(lake, lake.facts(partition))
    ]


def test_after_raw_the_identifiers_leave_and_the_facts_can_be_made_anew(
    lake: Lake, pacs: Hospital, run: Run
) -> None:
    before, registry = facts_of(lake, OLD), rows(lake, lake.label_registry(OLD))
    purge_before(lake, PSEUDONYMS, NEW.day, NOW)
    assert not list(lake.local_path(lake.raw(OLD)).glob("*.zst"))
    assert len(list(lake.local_path(lake.raw(NEW)).glob("*.zst"))) == 3
    content = (
        lake.local_path(lake.series(OLD)).read_bytes() + str(rows(lake, lake.series(OLD))).encode()
    )
    for word in (b"PAT0", b"ACC2", b"47110", b"ROOM7", b"PENROSE0"):
        assert word not in content, word
    pacs.asked.clear()
    run()
    assert pacs.asked == []
    assert [row["series_key"] for row in rows(lake, lake.facts(OLD))] == [
        r["series_key"] for r in before
    ]
    for made, was in zip(facts_of(lake, OLD), before, strict=True):
        assert made["patient_key"] == was["patient_key"]
        # The text that held an identifier is gone for good, and with it what was read from it.
        if was["series_key"] != PSEUDONYMS.of("series", "1.2.2.0.1"):
            assert made == was
    assert rows(lake, lake.label_registry(OLD)) == registry
    assert all(state.is_good for state in partition_states(lake, PSEUDONYMS))


def test_a_purge_leaves_a_record_without_names(lake: Lake) -> None:
    purge_before(lake, PSEUDONYMS, NEW.day, NOW)
    (record,) = lake.local_path(lake.deletions).iterdir()
    content = json.loads(record.read_text())
    assert content["files"] == 3
    assert {entry["data_set"] for entry in content["entries"]} == {"raw", "series"}
    assert all(len(entry["sha256"]) == 64 for entry in content["entries"] if entry["files"])
    assert "PAT" not in record.read_text()
    assert purge_before(lake, PSEUDONYMS, NEW.day, NOW).entries == []


def test_each_zone_has_its_own_retention(lake: Lake) -> None:
    assert purge_expired(lake, PSEUDONYMS, KEEP, NOW).entries == []
    purge_expired(lake, PSEUDONYMS, KEEP, NOW + dt.timedelta(days=31))
    assert not list(lake.restricted.rglob("*.zst"))
    assert lake.local_path(lake.series(OLD)).exists()
    purge_expired(lake, PSEUDONYMS, Retention(1, 1, 100_000), NOW + dt.timedelta(days=31))
    assert not lake.local_path(lake.series(OLD)).exists()
    assert not lake.local_path(lake.label_registry(OLD)).exists()
    assert lake.local_path(lake.facts(OLD)).exists()
    assert all(state.is_good for state in partition_states(lake, PSEUDONYMS))
    purge_expired(lake, PSEUDONYMS, Retention(1, 1, 1), NOW + dt.timedelta(days=31))
    assert not lake.local_path(lake.facts(OLD)).exists()
    assert read_manifest(lake, OLD) is not None


def test_facts_are_not_emptied_where_series_were_purged(lake: Lake, pacs: Hospital) -> None:
    purge_expired(lake, PSEUDONYMS, Retention(1, 1, 100_000), NOW + dt.timedelta(days=31))
    assert set(stages_of(lake, pacs).flatten([OLD]).refused) == {OLD}
    assert len(rows(lake, lake.facts(OLD))) == 3


@pytest.mark.parametrize("is_purged", [False, True])
def test_erasure_goes_through_every_zone(
    lake: Lake, pacs: Hospital, run: Run, is_purged: bool
) -> None:
    if is_purged:
        purge_before(lake, PSEUDONYMS, NEW.day, NOW)
    key = PSEUDONYMS.of("patient", "|PAT1")
    do_not_process(lake, "PAT1", None, NOW.date())
    assert purge_patient(lake, PSEUDONYMS, "PAT1", None, NOW) == [OLD, NEW]
    erased = {f"1.2.{partition.day.day}.1".encode() for partition in (OLD, NEW)}
    erased |= {key.encode(), b"PAT1", b"Penrose1", b"ACC2-1"}
    for path in [one for one in lake.home.rglob("*") if one.is_file()]:
        if path.name != "do_not_process.csv":
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += str(rows(Lake(path.parent), path.name)).encode()
            assert not any(word in content for word in erased), path
    pacs.asked.clear()
    run()
    assert pacs.asked == []
    for partition in (OLD, NEW):
        assert key not in {row["patient_key"] for row in rows(lake, lake.facts(partition))}
        assert len(rows(lake, lake.facts(partition))) == 2


def test_who_objected_is_not_kept_when_he_comes_again(tmp_path: Path, pacs: Hospital) -> None:
    lake = Lake(tmp_path)
    lake.prepare()
    do_not_process(lake, "PAT1", None, NOW.date())
    pass_stages(stages_of(lake, pacs))
    assert len(list(lake.local_path(lake.raw(OLD)).glob("*.zst"))) == 2
    assert "PAT1" not in {row["PatientID"] for row in rows(lake, lake.series(OLD))}
    pacs.asked.clear()
    pass_stages(stages_of(lake, pacs))
    assert pacs.asked == []


def test_the_way_back_is_logged(lake: Lake) -> None:
    (row,) = [
        r
        for r in rows(lake, lake.facts(NEW))
        if r["series_key"] == PSEUDONYMS.of("series", "1.2.3.1.1")
    ]
    for name in ("series_key", "study_key", "patient_key", "exam_key", "acquisition_key"):
        found = resolve(lake, PSEUDONYMS, row[name], reason="artefact", now=NOW)
        assert "ACC3-1" in [one.accession_number for one in found], name
    log = [json.loads(line) for line in lake.local_path(lake.access_log).read_text().splitlines()]
    assert len(log) == 5
    assert log[0]["reason"] == "artefact"
    assert lake.local_path(lake.access_log).stat().st_mode & 0o077 == 0
    for key, reason in (("X", "why"), (row["study_key"], " ")):
        with pytest.raises(Fault):
            resolve(lake, PSEUDONYMS, key, reason=reason, now=NOW)


def test_a_new_patient_key_leaves_devices_and_labels(lake: Lake, pacs: Hospital, run: Run) -> None:
    before = rows(lake, lake.facts(NEW))
    new = Pseudonyms.from_secret(SECRET, demo=False, patient_secret=PATIENT_SECRET)
    done = rekey(lake, PSEUDONYMS, new)
    assert set(done.to_rebuild) == {OLD, NEW}
    assert done.lost == 0
    assert recorded_key_id(lake) == new.key_id
    pacs.asked.clear()
    run(new)
    assert pacs.asked == []
    after = rows(lake, lake.facts(NEW))
    for name in ("device_key", "label_code", "station_code"):
        assert sorted(r[name] for r in after) == sorted(r[name] for r in before), name
    for name in ("patient_key", "study_key", "series_key", "exam_key", "acquisition_key"):
        assert {r[name] for r in after}.isdisjoint(r[name] for r in before), name
    assert all(state.is_good for state in partition_states(lake, new))


def test_a_new_key_keeps_apart_what_was_purged_and_governance_in_step(lake: Lake, run: Run) -> None:
    purge_before(lake, PSEUDONYMS, NEW.day, NOW)
    scanner = PSEUDONYMS.of("device", "siemens|47110")
    (lake.governance / "scanners.csv").write_text(
        f"device_key,scanner_label,site\n{scanner},MR 1,North\n{'A' * 26},MR 2,North\n"
    )
    new = Pseudonyms.from_secret(OTHER, demo=False)
    assert rekey(lake, PSEUDONYMS, new).lost == 1
    assert new.of("device", "siemens|47110") in (lake.governance / "scanners.csv").read_text()
    assert rekey(lake, PSEUDONYMS, new).to_rebuild  # again, as after an interruption
    run(new, lands=False)
    old, fresh = (
        {row["series_key"]: row for row in rows(lake, lake.facts(partition))}
        for partition in (OLD, NEW)
    )
    was = PSEUDONYMS.of("patient", "|PAT1")
    assert was not in {row["patient_key"] for row in (*old.values(), *fresh.values())}
    # With the old key at hand, patients and scanners seen with their identifiers stay together.
    assert {row["patient_key"] for row in old.values()} == {
        row["patient_key"] for row in fresh.values()
    }
    assert {row["device_key"] for row in old.values()} == {
        row["device_key"] for row in fresh.values()
    }


def test_without_the_old_key_purged_patients_are_unlinked(lake: Lake) -> None:
    before = {row["patient_key"] for row in rows(lake, lake.facts(OLD))}
    purge_expired(lake, PSEUDONYMS, Retention(1, 100_000, 100_000), NOW + dt.timedelta(days=2))
    lake.local_path(lake.series(OLD)).unlink()
    new = Pseudonyms.from_secret(OTHER, demo=False)
    done = rekey(lake, None, new)
    assert done.changed_over == (OLD,)
    run_partitions = {row["patient_key"] for row in rows(lake, lake.facts(OLD))}
    assert len(run_partitions) == 3
    assert run_partitions.isdisjoint(before)
    assert run_partitions.isdisjoint(new.of("patient", f"|PAT{n}") for n in range(3))


def test_own_identifiers_do_not_reach_the_registry(lake: Lake) -> None:
    assert {one.text for one in judged_labels(lake)} == {"SAG T2"}
    codes = pc.unique(read_part(lake, lake.facts(OLD))["label_code"]).to_pylist()
    assert len(codes) == 2  # grouping is complete all the same


def test_every_patient_domain_rotates_with_the_patient_key() -> None:
    new = Pseudonyms.from_secret(SECRET, demo=False, patient_secret=PATIENT_SECRET)
    assert new.key_id.startswith(f"{PSEUDONYMS.key_id}-")
    for domain in (*PATIENT_DOMAINS, "device", "label", "listing"):
        changes = new.of(domain, "1") != PSEUDONYMS.of(domain, "1")
        assert changes == (domain in PATIENT_DOMAINS), domain
