"""Which series count."""

import pytest

from protocol_assets.data import read_table
from protocol_assets.modalities.mr.acquisitions.counting import (
    Candidate,
    derived_only,
    exclusion_reason,
    object_class,
)

MR = "1.2.840.10008.5.1.4.1.1.4"


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


def derived(
    acquisition: str = "a",
    *,
    content: object = 1,
    reason: str | None = "derived",
    has_original: bool = False,
    has_start: bool = True,
    shows_anatomy: bool = False,
) -> Candidate:
    return Candidate(reason, acquisition, has_original, has_start, shows_anatomy, content)


def test_a_derived_series_alone_counts() -> None:
    assert derived_only([derived("a"), derived("b")]) == [True, True]


def test_sent_twice_it_is_still_alone() -> None:
    assert derived_only([derived(), derived()]) == [True, True]


@pytest.mark.parametrize(
    "candidates",
    [
        pytest.param([derived(has_original=True)], id="its original is there"),
        pytest.param([derived(), derived(content=2)], id="two maps of one acquisition"),
        pytest.param([derived(), derived(content=2, reason="reformat")], id="beside a reformat"),
        pytest.param([derived(has_start=False)], id="without a start nothing shows it is alone"),
        pytest.param([derived(reason="reformat")], id="only derived is rescued"),
    ],
)
def test_a_derived_series_does_not_count(candidates: list[Candidate]) -> None:
    assert not any(derived_only(candidates))


def test_water_and_fat_stand_for_a_dixon_scan_together() -> None:
    water, fat = derived(shows_anatomy=True), derived(content=2, shows_anatomy=True)
    assert derived_only([water, fat]) == [True, True]
