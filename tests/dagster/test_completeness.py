"""The check of completeness: a warning above the threshold, an error below it or where refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import dagster as dg
import pytest

from protocol_assets.defs.ingest.assets import completeness_check
from protocol_assets.ingest.completeness import certificate
from protocol_assets.ingest.stages import StageResult
from protocol_assets.lake.manifest import Manifest, StudyEntry, StudyState
from protocol_assets.lake.zones import Partition

PARTITION = Partition(dt.date(2026, 3, 2), "main")


def study(number: int, state: StudyState) -> StudyEntry:
    is_good = state == "landed"
    tries = 0 if is_good else 1
    return StudyEntry(str(number), f"1.2.{number}", state, is_good, "", "", 2, 2, tries, "")


def check(
    threshold: float, *states: StudyState, refused: str = "", at_a_gate: str = "", left_out: int = 0
) -> dg.AssetCheckResult:
    entries = tuple(study(number, state) for number, state in enumerate(states))
    manifest = Manifest(PARTITION, "", "", {}, entries, requests=9, retries=2, received=1000)
    result = StageResult(passed={PARTITION: certificate(manifest)})
    if refused:
        result.refused[Partition(PARTITION.day, "other")] = refused
    refusals = {PARTITION: at_a_gate} if at_a_gate else {}
    return completeness_check(result, threshold, refusals, {PARTITION: left_out})


@pytest.mark.parametrize(
    ("landed", "failed", "passed", "severity"),
    [(10, 0, True, "WARN"), (19, 1, False, "WARN"), (9, 1, False, "ERROR"), (0, 0, True, "WARN")],
)
def test_the_threshold(landed: int, failed: int, passed: bool, severity: str) -> None:
    told = check(0.95, *["landed"] * landed, *["failed"] * failed)  # type: ignore[arg-type]
    assert (told.passed, told.severity.value) == (passed, severity)


def test_tombstones_and_near_line_studies_are_counted_apart() -> None:
    told = check(1.0, "landed", "gone", "not_online", "not_online")
    assert told.passed
    (row,) = str(told.metadata["partitions"].value).splitlines()[2:]
    counts = (1, 1, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 9, 2, 1000, 0.0, 0)
    assert row == f"| 2026-03-02 main | {' | '.join(map(str, counts))} |"


def test_what_the_listing_shows_and_cannot_be_asked_for_is_missing() -> None:
    manifest = Manifest(PARTITION, "", "", {}, (study(0, "landed"),), rejected=1)
    found = completeness_check(StageResult(passed={PARTITION: certificate(manifest)}), 0.5)
    assert not found.passed
    assert found.description == "1 study missing"
    assert "1 row of the listing cannot be used" in str(found.metadata["incomplete"].value)


def test_instances_that_cannot_be_named_turn_the_check_yellow() -> None:
    entry = replace(study(0, "landed"), rejected=3)
    manifest = Manifest(PARTITION, "", "", {}, (entry,))
    found = completeness_check(StageResult(passed={PARTITION: certificate(manifest)}), 1.0)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "3 instances of landed studies" in str(found.metadata["incomplete"].value)


def test_a_refused_partition_is_an_error() -> None:
    told = check(0.5, "landed", refused="PACS other could not be reached")
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.ERROR)


def test_a_partition_that_a_gate_refuses_is_not_complete_although_it_landed() -> None:
    told = check(0.5, "landed", "landed", at_a_gate="columns differ")
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert told.description == "2 studies missing"


def test_a_study_of_which_something_is_left_out_is_missing() -> None:
    told = check(0.95, *["landed"] * 20, left_out=1)  # type: ignore[arg-type]
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert told.description == "1 study missing"
