"""The certificate counts what is missing, and one line says what it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from protocol_assets.ingest.completeness import (
    COMPLETENESS_SCHEMA,
    certificate,
    completeness_row,
    describe_shortfall,
)
from protocol_assets.ingest.quarantine import LeftOut
from protocol_assets.lake.manifest import Manifest, OtherStudy, StudyEntry
from protocol_assets.lake.zones import Partition

PARTITION = Partition(dt.date(2026, 3, 2), "main")
LANDED = StudyEntry("a", "1.2.1", "landed", True, "", "", 4, 4, 0, "")


def manifest(*studies: StudyEntry, rejected: int = 0) -> Manifest:
    return Manifest(PARTITION, "", "", {}, studies, rejected=rejected)


def test_rows_that_cannot_be_used_are_expected_studies() -> None:
    found = manifest(LANDED, rejected=2)
    told = certificate(found)
    assert (told["studies_expected"], told["studies_landed"]) == (3, 1)
    assert (told["studies_unreadable"], told["is_complete"]) == (2, False)
    assert describe_shortfall(found) == (
        "2 of 3 studies are missing; 2 rows of the listing cannot be used (no valid "
        "StudyInstanceUID, or a StudyDate that cannot be read)"
    )


def test_studies_of_other_modalities_are_counted_and_not_expected() -> None:
    found = replace(
        manifest(LANDED), others=(OtherStudy("b", "m", True), OtherStudy("c", "", False))
    )
    told = certificate(found)
    assert (told["studies_other_modality"], told["studies_other_modality_verified"]) == (2, 1)
    assert (told["is_complete"], told["shortfall"]) == (True, "")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("other_study", "of 1 study the PACS gives instances of another study"),
        ("not_json", "of 1 study the PACS answered with something that is not DICOM JSON"),
        ("not_tried", "of 1 study the PACS not_tried"),
    ],
)
def test_the_reason_of_a_missing_study_is_named(error: str, words: str) -> None:
    failed = replace(LANDED, name="b", state="failed", has_data=False, tries=1, error=error)
    assert words in describe_shortfall(manifest(LANDED, failed))


def test_instances() -> None:
    entry = replace(LANDED, rejected=1, duplicates=2, foreign=3, miscounted=4)
    told = certificate(manifest(entry))
    names = ("rejected", "duplicate", "foreign", "miscounted", "landed", "expected")
    assert [told[f"instances_{name}"] for name in names] == [1, 2, 3, 4, 4, 5]
    assert not told["is_complete"]
    grown = replace(LANDED, instances=6)
    assert certificate(manifest(grown))["instances_expected"] == 6


def test_one_row_with_every_column() -> None:
    row = completeness_row(manifest(LANDED, rejected=1), "stored", LeftOut()).to_pylist()[0]
    assert list(row) == COMPLETENESS_SCHEMA.names
    assert (row["studies_expected"], row["studies_unreadable"]) == (2, 1)
    assert None not in row.values()
