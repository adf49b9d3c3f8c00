"""Which series count."""

from datetime import datetime, timedelta

import pytest

from protocol_assets.data import read_table
from protocol_assets.protocols.counting import (
    Candidate,
    derived_only,
    exclusion_reason,
    object_class,
)

MR = "1.2.840.10008.5.1.4.1.1.4"
START = datetime.fromisoformat("2024-03-05T10:00:00")


@pytest.mark.parametrize(
    ("uid", "sop_class", "encoding", "reason"),
    [
        (MR, "mr_image", "classic", None),
        (f"{MR}.1", "enhanced_mr_image", "enhanced", None),
        (f"{MR}.4", "legacy_converted_enhanced_mr_image", "legacy_converted", None),
        (f"{MR}.2", "mr_spectroscopy", None, "spectroscopy"),
        (f"{MR}.3", "enhanced_mr_color_image", "enhanced", "not_mr_image"),
        ("1.2.840.10008.5.1.4.1.1.66", "raw_data", None, "raw_data"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "other", None, "not_mr_image"),
        ("1.2.840.10008.5.1.4.1.1.7", "secondary_capture", None, "not_mr_image"),
        ("1.2.840.10008.5.1.4.1.1.7.4", "secondary_capture", None, "not_mr_image"),
        ("1.2.840.10008.5.1.4.1.1.77.1.4", "other", None, "not_mr_image"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "report", None, "report"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation_state", None, "report"),
        ("1.2.3", "other", None, "not_mr_image"),
        (None, None, None, "not_mr_image"),
    ],
)
def test_object_class(
    uid: str | None, sop_class: str | None, encoding: str | None, reason: str | None
) -> None:
    found = object_class({"SOPClassUID": uid})
    assert (found.sop_class, found.encoding, found.exclusion_reason) == (
        sop_class,
        encoding,
        reason,
    )


@pytest.mark.parametrize(
    ("image_type", "localizer", "reason"),
    [
        ("ORIGINAL\\PRIMARY\\M\\ND", False, None),
        ("ORIGINAL\\PRIMARY", False, None),
        ("MIXED\\PRIMARY\\M", False, None),
        ("ORIGINAL\\PRIMARY\\M", True, "localizer"),
        ("ORIGINAL\\SECONDARY\\OTHER", False, "secondary"),
        ("DERIVED\\PRIMARY\\DIFFUSION\\ADC", False, "derived"),
        ("DERIVED\\SECONDARY\\MPR\\CSA MPR", False, "reformat"),
        ("DERIVED\\PRIMARY\\PROJECTION IMAGE", False, "reformat"),
        ("ORIGINAL\\PRIMARY\\CSA RESAMPLED", False, "reformat"),
        ("ORIGINAL\\PRIMARY\\OTHER\\CSA REPORT", False, "report"),
        ("DERIVED\\SECONDARY\\SCREEN SAVE", False, "secondary"),
        ("DERIVED\\PRIMARY\\LOCALIZER", True, "derived"),
        ("ORIGINAL", False, "image_type_missing"),
        (None, False, "image_type_missing"),
    ],
)
def test_exclusion_reason(image_type: str | None, localizer: bool, reason: str | None) -> None:
    row = {"SOPClassUID": MR, "ImageType": image_type}
    assert exclusion_reason(row, object_class(row), localizer) == reason


def test_reasons_are_terms() -> None:
    terms = {r["term"] for r in read_table("terms.csv") if r["vocabulary"] == "exclusion_reason"}
    for table in ("counting_sop_classes.csv", "counting_image_types.csv"):
        assert {row["exclusion_reason"] for row in read_table(table)} - {""} <= terms


def candidate(
    reason: str | None, minutes: float | None, acquisition: str = "d", name: str = "T1"
) -> Candidate:
    start = None if minutes is None else START + timedelta(minutes=minutes)
    return Candidate(reason, "study", acquisition, name, start, 180.0)


def test_a_derived_series_alone_counts() -> None:
    other_scan = candidate(None, 0, "a", "T2")
    assert derived_only([other_scan, candidate("derived", 10)]) == [False, True]


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param(candidate(None, 10, "d", "T2"), id="shares the acquisition"),
        pytest.param(candidate("derived", 10, "d", "T2"), id="two derived of one acquisition"),
        pytest.param(candidate(None, 60, "a", "T1"), id="the same protocol was scanned"),
        pytest.param(candidate(None, 8, "a", "T2"), id="another scan was running"),
    ],
)
def test_a_derived_series_with_a_source_does_not_count(beside: Candidate) -> None:
    assert derived_only([beside, candidate("derived", 10)])[1] is False


def test_without_a_start_nothing_shows_that_it_is_alone() -> None:
    assert derived_only([candidate("derived", None)]) == [False]


def test_only_derived_is_rescued() -> None:
    assert derived_only([candidate("reformat", 10), candidate(None, 20, "a")]) == [False, False]
