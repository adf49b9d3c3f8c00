"""Values as headers hold them, from the instance as it is landed to the facts."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import fact_columns
from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.json_text import decode_instance, encode_instance
from protocol_assets.ingest.facts import PartitionFacts, describe_and_project
from protocol_assets.lake.zones import Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.body import parse_objects

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
PARTITION = Partition(dt.date(2026, 3, 13), "north")
PATIENT_NUMBER = 12_345_678
CASES = Path(__file__).parents[4] / "shared" / "cases"


def element(vr: str, *values: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def header(**changes: Any) -> dict[str, Any]:
    plain = {
        "00080008": element("CS", "ORIGINAL", "PRIMARY", "M", "ND", "NORM"),
        "00080016": element("UI", "1.2.840.10008.5.1.4.1.1.4"),
        "00080020": element("DA", "20260313"),
        "00080032": element("TM", "080000.000000"),
        "00080060": element("CS", "MR"),
        "00080070": element("LO", "SIEMENS"),
        "00100020": element("LO", "4711"),
        "00180020": element("CS", "SE"),
        "00180021": element("CS", "SK", "SP", "OSP"),
        "00180023": element("CS", "2D"),
        "00180080": element("DS", 3500),
        "00180081": element("DS", 100),
        "00180083": element("DS", 2),
        "00180089": element("IS", 224),
        "00180091": element("IS", 16),
        "00181000": element("LO", "41001"),
        "00181310": element("US", 320, 0, 0, 224),
        "00200037": element("DS", 0, 1, 0, 0, 0, -1),
        "0020000D": element("UI", "1.2"),
        "0020000E": element("UI", "1.2.3"),
        "00080018": element("UI", "1.2.3.4"),
        "00280030": element("DS", 0.9, 0.9),
    }
    return plain | {tag.removeprefix("_"): one for tag, one in changes.items()}


def facts_of(*instances: Mapping[str, Any]) -> PartitionFacts:
    landed = [decode_instance(encode_instance(instance)) for instance in instances]
    rows = [
        {"pacs": PARTITION.pacs, **row} for row in flatten_study(landed, MR.series_columns).rows
    ]
    return describe_and_project(
        MR,
        pa.Table.from_pylist(rows, schema=series_schema(MR.series_columns)),
        PARTITION,
        PSEUDONYMS,
    )


def impossible(facts: PartitionFacts) -> set[tuple[str, str]]:
    return {(row["column_name"], row["reason"]) for row in facts.impossible.to_pylist()}


@pytest.mark.parametrize(
    ("values", "nex", "reason"),
    [
        ([None], None, None),
        (["@2"], None, "not_a_number"),
        (["2\0"], 2.0, None),
        (["1,5"], None, "not_a_number"),
        ([0], None, "not_positive"),
        ([-1], None, "not_positive"),
        ([1, 2], None, "not_a_number"),
        (["1\\2"], None, "not_a_number"),
        ([0.5], 0.5, None),
        ([1.5], 1.5, None),
        (["1_5"], None, "not_a_number"),
        (["2e0"], 2.0, None),
        ([99], 99.0, None),
        ([PATIENT_NUMBER], None, "out_of_bounds"),
    ],
)
def test_dirty_averages(values: list[Any], nex: float | None, reason: str | None) -> None:
    facts = facts_of(header(_00180083={"vr": "DS", "Value": values}))
    assert facts.projection.facts["nex"].to_pylist() == [nex]
    found = {reason for column, reason in impossible(facts) if column == "NumberOfAverages"}
    assert found == ({reason} if reason else set())


def test_bare_words_of_javascript_are_counted() -> None:
    body = b'[{"00180081": {"vr": "DS", "Value": [NaN]}, '
    body += b'"00180083": {"vr": "DS", "Value": [Infinity]}}]'
    (instance,) = parse_objects(body, dict)
    facts = facts_of(header() | instance)
    assert facts.projection.facts["nex"].to_pylist() == [None]
    assert impossible(facts) >= {
        ("NumberOfAverages", "not_a_number"),
        ("EchoTime", "not_a_number"),
    }


def test_elements_of_unknown_vr_are_read() -> None:
    def unknown(text: str) -> dict[str, Any]:
        return {"vr": "UN", "InlineBinary": base64.b64encode(text.encode()).decode()}

    facts = facts_of(
        header(
            _00180083=unknown("2."),
            _00510010=unknown("SIEMENS MR HEADER "),
            _0051100A=unknown("TA 01:38"),
        )
    )
    (row,) = facts.projection.facts.to_pylist()
    assert (row["nex"], row["scan_time_s"], row["dirty_values"]) == (2.0, 98.0, 0)


def test_code_strings_with_a_yen_sign_are_apart() -> None:
    facts = facts_of(header(_00080008=element("CS", "DERIVED\xa5SECONDARY\xa5MPR")))
    (row,) = facts.projection.facts.to_pylist()
    assert row["exclusion_reason"] is not None


NUMERIC = ("integer", "integers", "decimal", "decimals")
SETTABLE = [
    column
    for column in series_columns(MR.series_columns)
    # GE states durations in microseconds: such a number is one of 12 seconds.
    if column.type in NUMERIC and column.statistic != "instances" and column.unit != "us"
]


@pytest.mark.parametrize("column", SETTABLE, ids=lambda column: column.name)
def test_no_number_of_a_patient_passes_as_a_measurement(column: Any) -> None:
    step = column.paths[0].steps[-1]
    if len(column.paths[0].steps) > 1:
        pytest.skip("stands in functional groups only")
    number = element("DS", *[PATIENT_NUMBER] * (3 if column.type.endswith("s") else 1))
    changes = {f"_{step.group}{'10' if step.creator else ''}{step.element}": number}
    if step.creator:
        changes[f"_{step.group}0010"] = element("LO", step.creator)
    facts = facts_of(header(**changes)).projection.facts
    numbers = [one.name for one in fact_columns(MR.facts_columns) if one.action == "number"]
    (row,) = facts.select(numbers).to_pylist()
    told = {name: value for name, value in row.items() if value is not None}
    assert all(abs(value) < PATIENT_NUMBER / 10 for value in told.values()), told


def test_no_number_of_a_patient_passes_as_a_stated_time() -> None:
    facts = facts_of(
        header(
            _00510010=element("LO", "SIEMENS MR HEADER"),
            _0051100A=element("SH", f"TA {PATIENT_NUMBER}"),
        )
    )
    (row,) = facts.projection.facts.to_pylist()
    assert row["scan_time_s"] is None or row["scan_time_s"] <= 7200


def case(name: str) -> list[dict[str, Any]]:
    path = CASES / f"{name}.ndjson"
    if not path.exists():
        pytest.skip("the cases of bug reports are not beside the project")
    instances = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    facts = facts_of(*instances).projection.facts
    rows: list[dict[str, Any]] = facts.to_pylist()
    return rows


def test_the_case_of_implicit_vr() -> None:
    rows = case("c06_un_inlinebinary")
    assert rows
    assert {row["nex"] for row in rows} == {2.0}
    assert {row["scan_time_s"] for row in rows} == {98.0}
    assert {row["dirty_values"] for row in rows} == {0}


def test_the_case_of_dirty_averages() -> None:
    rows = case("c11_ds_dirt")
    told = sorted(row["nex"] for row in rows if row["nex"] is not None)
    assert told == [0.5, 1.5, 2.0, 2.0, 99.0]
