"""Odd objects: what flattening and description leave out, and what they leave alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.dicom.json_text import encode_instance
from protocol_assets.faults import Fault
from protocol_assets.ingest.describing import describe_series
from protocol_assets.ingest.facts import PartitionFacts, describe_and_project
from protocol_assets.ingest.quarantine import is_of_another_day, left_out
from protocol_assets.ingest.series import flatten_partition, is_left_out
from protocol_assets.lake.manifest import Manifest, StudyEntry
from protocol_assets.lake.raw import Stamp, write_study
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.spec import Modality
from protocol_assets.sources.dicomweb.reconcile import content_hash
from tests.archive import Instance, element, scan

DAY = dt.date(2026, 3, 2)
PARTITION = Partition(DAY, "main")
PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    return lake


def landed(lake: Lake, studies: Mapping[str, Sequence[Instance]]) -> Manifest:
    """A manifest with the studies in their files."""
    entries = []
    for uid, instances in studies.items():
        name = PSEUDONYMS.of("study", uid)
        lines = [encode_instance(one) for one in instances]
        digest, count = content_hash(lines), len(lines)
        stamp = Stamp("", digest, count, count)
        write_study(lake.storage.objects, lake.study(PARTITION, name), lines, stamp)
        entries.append(StudyEntry(name, uid, "landed", True, "", digest, count, count, 0, ""))
    return Manifest(PARTITION, "", "", {}, tuple(entries))


def facts_of(lake: Lake, manifest: Manifest, modality: Modality = MR) -> PartitionFacts:
    series = flatten_partition(modality, lake, manifest).table
    return describe_and_project(modality, series, PARTITION, PSEUDONYMS)


def rules(facts: PartitionFacts) -> list[tuple[str, int]]:
    rows = facts.quarantine.to_pylist()
    return [(row["rule"], row["n_instances"]) for row in rows if row["is_left_out"]]


TWO = {"1.2.1": [scan("1.2.1", 1), scan("1.2.1", 2)], "1.2.2": [scan("1.2.2", 1)]}


def test_a_study_file_that_cannot_be_read_costs_itself(lake: Lake) -> None:
    manifest = landed(lake, TWO)
    lake.local_path(lake.study(PARTITION, manifest.studies[0].name)).write_bytes(b"no zstd frame")
    facts = facts_of(lake, manifest)
    assert rules(facts) == [("raw_unreadable", 2)]
    assert facts.projection.facts.num_rows == 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_study_file_that_was_cut_off_costs_itself(lake: Lake, share: float) -> None:
    manifest = landed(lake, TWO)
    path = lake.local_path(lake.study(PARTITION, manifest.studies[0].name))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    facts = facts_of(lake, manifest)
    assert rules(facts) == [("raw_unreadable", 2)]
    assert facts.projection.facts.num_rows == 1


def test_another_study_in_the_file_is_not_taken_for_what_landed(lake: Lake) -> None:
    manifest = landed(lake, TWO)
    half = [encode_instance(TWO["1.2.1"][0])]
    stamp = Stamp("", content_hash(half), 2, 2)
    key = lake.study(PARTITION, manifest.studies[0].name)
    write_study(lake.storage.objects, key, half, stamp)
    assert rules(facts_of(lake, manifest)) == [("raw_unreadable", 2)]


def test_fewer_instances_than_the_manifest_counts_are_missing(lake: Lake) -> None:
    manifest = landed(lake, TWO)
    counted = [replace(manifest.studies[0], instances=3), manifest.studies[1]]
    facts = facts_of(lake, replace(manifest, studies=tuple(counted)))
    assert rules(facts) == [("instances_missing", 1)]
    assert facts.projection.facts.num_rows == 3


def test_a_full_disk_is_no_fault_of_a_study(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> None:
        raise OSError(28, "No space left on device")

    manifest = landed(lake, TWO)
    monkeypatch.setattr("protocol_assets.ingest.series.read_study", unreadable)
    with pytest.raises(OSError, match="No space"):
        flatten_partition(MR, lake, manifest)


def test_our_own_fault_in_one_study_is_named_by_its_place(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from protocol_assets.dicom.flatten import flatten_study

    def faulty(instances: Any, specification: str) -> Any:
        found = list(instances)
        if len(found) == 2:
            raise ZeroDivisionError("1.2.1 of Muster^Max")
        return flatten_study(found, specification)

    monkeypatch.setattr("protocol_assets.ingest.series.flatten_study", faulty)
    facts = facts_of(lake, landed(lake, TWO))
    assert rules(facts) == [("cannot_be_flattened", 2)]
    (odd,) = facts.quarantine.to_pylist()
    assert odd["detail"].startswith("ZeroDivisionError at protocol_assets/ingest/series.py:")
    assert "Muster" not in str(odd)


def failing_where(is_faulty: Any) -> Modality:
    def faulty(rows: Sequence[Mapping[str, Any]], zone: dt.tzinfo | None = None) -> Any:
        if is_faulty(rows):
            raise OverflowError("Muster^Max")
        return describe_partition(rows, zone)

    return replace(MR, describe=faulty)


def test_a_series_that_cannot_be_described_costs_itself(lake: Lake) -> None:
    failing = failing_where(lambda rows: any(row["SeriesNumber"] == 2 for row in rows))
    facts = facts_of(lake, landed(lake, TWO), failing)
    assert rules(facts) == [("cannot_be_described", 1)]
    assert facts.projection.facts.num_rows == 2
    lost = left_out(facts.quarantine)
    assert (lost.studies, lost.instances) == (1, 1)
    assert lost.words == "1 instance of 1 study left out: cannot_be_described (1)"


def test_a_study_that_fails_only_as_a_whole_is_left_out_whole(lake: Lake) -> None:
    failing = failing_where(lambda rows: len({row["SeriesNumber"] for row in rows}) == 2)
    facts = facts_of(lake, landed(lake, TWO), failing)
    assert rules(facts) == [("cannot_be_described", 1)] * 2
    assert facts.projection.facts.num_rows == 1


def test_a_day_that_fails_only_together_is_a_fault() -> None:
    failing = failing_where(lambda rows: len(rows) == 2)
    rows = [{"StudyInstanceUID": uid} for uid in ("1", "2")]
    with pytest.raises(Fault, match="cannot be described together: OverflowError at"):
        describe_series(failing, rows)


def test_an_instance_without_a_study_uid_belongs_to_the_study_it_came_with(lake: Lake) -> None:
    bare = scan("1.2.1", 1, t0020000D=None)
    facts = facts_of(lake, landed(lake, {"1.2.1": [bare]})).projection.facts.to_pylist()
    assert [row["study_key"] for row in facts] == [PSEUDONYMS.of("study", "1.2.1")]


@pytest.mark.parametrize(
    ("days", "is_another"),
    [
        ([DAY, dt.date(2026, 3, 9)], False),
        ([dt.date(2026, 3, 1), dt.date(2026, 3, 9)], True),
        ([None, None], False),
        ([None, dt.date(2026, 3, 9)], True),
        ([dt.date(1, 1, 1)], False),
        ([dt.date(9999, 12, 31), None], False),
        ([], False),
    ],
)
def test_a_study_of_another_day(days: list[dt.date | None], is_another: bool) -> None:
    assert is_of_another_day(days, DAY) is is_another


def test_odd_dates_do_not_change_the_clock(lake: Lake) -> None:
    """A reconstruction that bears a later StudyDate and no acquisition date stays in its exam."""
    plain = [scan("1.2.1", n, t00080022=None) for n in (1, 2)]
    odd = [plain[0], plain[1] | {"00080020": element("DA", "20260305")}]
    offsets = [
        facts_of(lake, landed(lake, {"1.2.1": study}))
        .projection.facts["start_offset_s"]
        .to_pylist()
        for study in (plain, odd)
    ]
    assert sorted(offsets[0]) == sorted(offsets[1]) == [0, 180]


@pytest.mark.parametrize("position", [0, 1])
def test_a_patient_id_with_several_values_may_be_any_of_them(position: int) -> None:
    """Which of them is the patient is not known; who objected must not be processed."""
    lines = [encode_instance(scan("1.2.1", 1, t00100020=element("LO", "P1", "P2")))]
    listed = ("P1", "P2")[position]
    assert is_left_out(lines, lambda patient, _: patient == listed)
    assert not is_left_out(lines, lambda patient, _: patient == "P3")
