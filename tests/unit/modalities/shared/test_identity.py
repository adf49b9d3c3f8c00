"""Who was scanned and on what: one patient a study, no scanner of two models, no placeholders."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.shared.identity import (
    SHARED_PATIENT_ID,
    Demographics,
    read_identities,
)
from protocol_assets.modalities.shared.row import Row
from tests.unit.modalities.rows import series

DAY = date(2024, 3, 5)
DATES = st.sampled_from([DAY, date(2024, 3, 6), date(1900, 1, 1), date(1, 1, 1), date.max, None])
TIMES = st.none() | st.times()
DISAGREEMENT = st.fixed_dictionaries(
    {},
    optional={
        "IssuerOfPatientID": st.sampled_from(["HOSP", "OTHER", "", None]),
        "InstitutionName": st.sampled_from(["North", "South", None]),
        "StudyDate": DATES,
        "StudyTime": TIMES,
        "SeriesDate": DATES,
        "SeriesTime": TIMES,
        "AcquisitionDate": DATES,
        "TimezoneOffsetFromUTC": st.sampled_from(["+0000", "+0100", "+0200", "CET", None]),
    },
)


@settings(max_examples=300)
@given(
    st.lists(DISAGREEMENT, min_size=1, max_size=8),
    st.sampled_from([None, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")]),
)
def test_a_study_whose_series_disagree_is_one_patient_one_exam_one_scanner(
    changes: list[dict[str, object]], zone: ZoneInfo | None
) -> None:
    rows = [series(5.0 * i, SeriesNumber=i, **change) for i, change in enumerate(changes)]
    described = describe_partition(rows, zone)
    for column in ("patient_id", "exam_id", "device_id"):
        assert len({one[column] for one in described}) == 1, column


@given(st.lists(st.sampled_from(["HOSP", "OTHER", None]), min_size=2, max_size=6))
def test_studies_of_one_patient_are_one_patient_whatever_the_issuer(
    issuers: list[str | None],
) -> None:
    rows = [
        series(5.0 * i, StudyInstanceUID=f"1.{i}", IssuerOfPatientID=issuer)
        for i, issuer in enumerate(issuers)
    ]
    assert {who.patient_id for who in read_identities(rows)} == {"|12345"}


def patients(*rows: Row) -> list[str | None]:
    return [who.patient_id for who in read_identities(rows)]


def problems(*rows: Row) -> list[tuple[tuple[str, str], ...]]:
    return [who.problems for who in read_identities(rows)]


def test_the_most_frequent_patient_of_a_study_by_its_instances() -> None:
    many = series(PatientID="P2", NumberOfSeriesRelatedInstances=30)
    few = [series(PatientID="P1", NumberOfSeriesRelatedInstances=5) for _ in range(2)]
    assert patients(many, *few) == ["|P2"] * 3
    tie = [series(PatientID=one, NumberOfSeriesRelatedInstances=5) for one in ("P2", "P1")]
    assert patients(*tie) == ["|P1"] * 2
    assert patients(series(PatientID=None), series(PatientID="P1")) == ["|P1"] * 2


def test_a_placeholder_is_nobody_unless_another_series_names_somebody() -> None:
    assert patients(series(PatientID="UNKNOWN")) == [None]
    assert problems(series(PatientID="UNKNOWN")) == [(("PatientID", "placeholder"),)]
    assert patients(series(PatientID="0"), series(PatientID="0"), series()) == ["|12345"] * 3


def test_nobody_is_nobody_also_of_two_studies_on_one_scanner() -> None:
    other = series(5, StudyInstanceUID="1.3", PatientID="ANONYMOUS")
    described = describe_partition([series(0, PatientID="ANONYMOUS"), other])
    assert [one["patient_id"] for one in described] == [None, None]
    assert described[0]["exam_id"] != described[1]["exam_id"]


def test_a_series_without_a_study_is_a_study_of_its_own() -> None:
    alone = [series(StudyInstanceUID=None, PatientID=one) for one in ("P1", "P2")]
    assert patients(*alone) == ["|P1", "|P2"]


def element(vr: str, value: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


def watched(*studies: tuple[str, str | None, str | None]) -> list[str | None]:
    """What is marked of studies with Patient ID, birth date and sex."""
    people, rows = Demographics(), []
    for number, (patient, birth_date, sex) in enumerate(studies):
        instance = {"00100020": element("LO", patient)}
        if birth_date is not None:
            instance["00100030"] = element("DA", birth_date)
        if sex is not None:
            instance["00100040"] = element("CS", sex)
        assert list(people.watch([instance, instance])) == [instance, instance]
        row: dict[str, object] = {"StudyInstanceUID": f"1.{number}", "PatientID": patient}
        people.end_study([row])
        rows.append(row)
    people.mark(rows)
    return [str(row[SHARED_PATIENT_ID]) if SHARED_PATIENT_ID in row else None for row in rows]


def test_one_patient_id_with_two_birth_dates_is_of_two_people() -> None:
    assert watched(("A", "19700101", "F"), ("A", "19810203", "F"), ("B", "19900101", "M")) == [
        "birth_date",
        "birth_date",
        None,
    ]
    assert watched(("A", None, "F"), ("A", "19700101", "M")) == ["sex", "sex"]


@pytest.mark.parametrize("other", ["19700101", "19000101", "00010101", "soon", None])
def test_a_birth_date_that_is_the_same_or_none_is_no_evidence(other: str | None) -> None:
    assert watched(("A", "19700101", "O"), ("A", other, "M")) == [None, None]


def test_an_id_of_several_people_is_nobody() -> None:
    marked = series() | {SHARED_PATIENT_ID: "birth_date"}
    assert patients(marked, series(5)) == [None, None]
    assert problems(marked) == [(("PatientID", "shared"),)]


def devices(*rows: Row) -> list[str | None]:
    return [who.device_id for who in read_identities(rows)]


def scanner(study: int, **changes: object) -> dict[str, object]:
    return series(float(study), StudyInstanceUID=f"1.{study}", **changes)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ManufacturerModelName": "Skyra"}, id="model"),
        pytest.param({"MagneticFieldStrength": 3.0}, id="field strength"),
        pytest.param({"MagneticFieldStrength": 30_000.0}, id="field strength in gauss"),
    ],
)
def test_one_serial_number_of_two_scanners_is_no_scanner(changes: dict[str, object]) -> None:
    rows = [scanner(1), scanner(2, **changes)]
    assert devices(*rows) == [None, None]
    assert problems(*rows) == [(("DeviceSerialNumber", "shared"),)] * 2


def test_one_odd_study_costs_the_others_nothing() -> None:
    rows = [scanner(i) for i in range(9)] + [scanner(9, ManufacturerModelName="Skyra")]
    assert devices(*rows) == ["siemens|4711"] * 9 + [None]


@pytest.mark.parametrize(
    "changes",
    [
        {"ManufacturerModelName": "MAGNETOM Aera"},
        {"ManufacturerModelName": "MAGNETOM_Aera"},
        {"ManufacturerModelName": None},
        {"MagneticFieldStrength": 1.494},
        {"MagneticFieldStrength": 15_000.0},
        {"MagneticFieldStrength": None},
        {"StationName": "elsewhere", "InstitutionName": "elsewhere"},
    ],
)
def test_another_spelling_of_one_model_is_the_same_scanner(changes: dict[str, object]) -> None:
    assert devices(scanner(1), scanner(2, **changes)) == ["siemens|4711"] * 2


def test_another_maker_with_the_same_serial_number_is_another_scanner() -> None:
    other = scanner(2, Manufacturer="GE MEDICAL SYSTEMS", ManufacturerModelName="SIGNA Artist")
    assert devices(scanner(1), other) == ["siemens|4711", "ge|4711"]


def test_a_series_that_names_no_maker_is_of_its_study_s_scanner() -> None:
    same = {"StudyInstanceUID": "1.1"}
    rows = [scanner(1), series(2.0, Manufacturer=None, **same), scanner(2, Manufacturer=None)]
    assert devices(*rows) == ["siemens|4711", "siemens|4711", "|4711"]


@pytest.mark.parametrize("serial", ["000000000000GEMS", "0000", "Aera", "SIEMENS", "n/a", "-"])
def test_a_placeholder_is_no_serial_number(serial: str) -> None:
    row = series(DeviceSerialNumber=serial)
    assert devices(row) == [None]
    assert problems(row) == [(("DeviceSerialNumber", "placeholder"),)]
    assert problems(series(DeviceSerialNumber=None)) == [()]


def test_midnight_to_the_second_is_a_dummy() -> None:
    (described,) = describe_partition([series(StudyTime=time(0), AcquisitionTime=time(0))])
    assert (described["start_offset_s"], described["clock_flag"]) == (None, "no_clock")
