"""The suites over small tables: what warns depends on vendor and SOP class."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest

from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.dicom.columns import series_schema
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.quality.outcomes import SuiteResult
from protocol_assets.quality.validation import validate

DAY = dt.date(2026, 2, 2)
CLASSIC = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED, LEGACY_CONVERTED = f"{CLASSIC}.1", f"{CLASSIC}.4"
PASSES: dict[str, Any] = {
    "vendor": "siemens",
    "encoding": "classic",
    "is_derived_only": False,
    "weighting": "t2",
    "nex": 2.0,
}


def facts(rows: Iterable[dict[str, Any]]) -> pa.Table:
    schema = facts_schema(MR.facts_columns).append(pa.field("partition_day", pa.date32()))
    schema = schema.append(pa.field("partition_pacs", pa.string()))
    partition = {"study_date": DAY, "pacs": "main", "partition_day": DAY, "partition_pacs": "main"}
    return pa.Table.from_pylist([{**partition, **PASSES, **row} for row in rows], schema=schema)


def series(sop_class: str | None) -> SuiteResult:
    """The suite over one series that tells nothing but its SOP class."""
    row = {"SOPClassUID": sop_class, "StudyDate": DAY, "pacs": "main"}
    table = pa.Table.from_pylist([row], schema=series_schema(MR.series_columns))
    for name, value in (("partition_day", pa.array([DAY])), ("partition_pacs", pa.array(["main"]))):
        table = table.append_column(name, value)
    return validate("mr/series", table)


def warned(result: SuiteResult, column: str) -> set[str]:
    assert not any(one.crashed for one in result.outcomes)
    return {one.scope for one in result.failed("warning") if one.column == column}


def of_twenty(without: int, **row: Any) -> list[dict[str, Any]]:
    """Twenty series of which some do not tell their NEX."""
    return [row | {"nex": None if index < without else 1.0} for index in range(20)]


def test_nex_may_be_missing_as_often_as_vendor_and_sop_class_allow() -> None:
    enough = [
        *of_twenty(2, vendor="philips"),
        *of_twenty(0),
        *of_twenty(20, exclusion_reason="derived"),
        *of_twenty(20, is_derived_only=True),
    ]
    assert not warned(validate("mr/series_facts", facts(enough)), "nex")
    too_few = [
        *of_twenty(2, vendor="philips", encoding="enhanced"),
        *of_twenty(3, vendor="philips"),
        *of_twenty(1),
    ]
    assert warned(validate("mr/series_facts", facts(too_few)), "nex") == {
        "philips classic",
        "siemens classic",
    }


def test_a_small_hospital_does_not_vanish_among_the_others() -> None:
    rows = of_twenty(0) * 100 + of_twenty(5, vendor="philips")
    result = validate("mr/series_facts", facts(rows))
    (philips,) = (one for one in result.failed("warning") if one.column == "nex")
    assert (philips.scope, philips.unexpected, philips.rows) == ("philips classic", 5, 20)
    assert not [one for one in result.failed("critical") if one.column == "nex"]


def unusual(row: dict[str, Any]) -> set[str]:
    return warned(validate("mr/series_facts", facts([row])), "nex")


def test_unusual_averages_warn() -> None:
    usual: list[dict[str, Any]] = [
        {"nex": 0.75, "vendor": "ge"},
        {"nex": 12.0, "weighting": "dwi"},
        {"nex": 8.0, "weighting": None},
        {"nex": 64.0, "exclusion_reason": "spectroscopy"},
    ]
    assert not warned(validate("mr/series_facts", facts(usual)), "nex")
    assert unusual({"nex": 1.5}) == {"Siemens counted"}
    assert unusual({"nex": 9.0, "vendor": "ge", "weighting": None}) == {"counted, not diffusion"}
    assert unusual({"nex": 64.0, "vendor": "ge", "weighting": "dwi"}) == {"counted"}


GEOMETRY = {"ImageOrientationPatient", "PixelSpacing"}
EQUIPMENT = {"DeviceSerialNumber", "Manufacturer", "ManufacturerModelName", "SoftwareVersions"}


@pytest.mark.parametrize(
    ("sop_class", "missing"),
    [
        (CLASSIC, {"ScanningSequence", "SequenceVariant", "MRAcquisitionType"} | GEOMETRY),
        (ENHANCED, {"EchoPulseSequence"} | EQUIPMENT),
        (LEGACY_CONVERTED, set()),
    ],
)
def test_type_1_is_asked_of_the_sop_class_that_has_it(sop_class: str, missing: set[str]) -> None:
    everywhere = {"AcquisitionTime", "ImageType", "Modality", "PatientID"}
    assert {one.column for one in series(sop_class).failed("warning")} == everywhere | missing


def test_no_report_is_asked_for_what_images_tell() -> None:
    result = series("1.2.840.10008.5.1.4.1.1.88.22")
    assert {one.column for one in result.failed("warning")} == {"PatientID"}
    assert not result.failed("info")


def test_an_object_of_no_class_is_told() -> None:
    assert "SOPClassUID" in {one.column for one in series(None).failed("warning")}


def test_the_body_part_is_information_only() -> None:
    assert {one.column for one in series(CLASSIC).failed("info")} == {"BodyPartExamined"}


def test_a_partition_without_series_passes() -> None:
    result = validate("mr/series_facts", facts([]))
    assert not [one for one in result.outcomes if not one.passed]
    assert (
        result.markdown() == f"{len(result.outcomes)} of {len(result.outcomes)} expectations held"
    )


def test_the_table_says_whose_rows_failed_in_counts() -> None:
    rows = [*of_twenty(20, vendor="philips"), {"tr_ms": 98765.0, "nex": 77.0}]
    text = validate("mr/series_facts", facts(rows)).markdown()
    nex = "| warning | column_values_to_not_be_null | nex | philips classic | 20 | 20 "
    assert f"{nex}| 0.0% | 90.0% |" in text
    assert "| tr_ms | counted | 1 | 21 |" in text
    assert "98765" not in text
    assert "77" not in text
