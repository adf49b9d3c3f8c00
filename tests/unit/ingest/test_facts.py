"""The facts stage: facts and impossible values of a partition, placed together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from protocol_assets.deidentify.impossible import IMPOSSIBLE_SCHEMA
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.dicom.columns import series_schema
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.parquet import part_versions, read_part, write_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.client import PacsClient

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
SPRING = dt.date(2024, 3, 31)
PARTITION = Partition(SPRING, "north")


def scan(number: int, clock: dt.time, **changes: object) -> Mapping[str, object]:
    return {
        "pacs": PARTITION.pacs,
        "StudyInstanceUID": "1.2",
        "SeriesInstanceUID": f"1.2.{number}",
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
        "Modality": "MR",
        "PatientID": "12345",
        "StudyDate": SPRING,
        "StudyTime": dt.time(1, 50),
        "SeriesNumber": number,
        "ImageType": "ORIGINAL\\PRIMARY\\M",
        "Manufacturer": "SIEMENS",
        "DeviceSerialNumber": "4711",
        "AcquisitionDate": SPRING,
        "AcquisitionTime": clock,
        "RepetitionTime": 560.0,
        "NumberOfFrames": 1,
        "NumberOfSeriesRelatedInstances": 1,
        "dirty_values": 0,
    } | changes


@pytest.fixture
def lake(tmp_path: Any) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    return lake


def project(lake: Lake, *rows: Mapping[str, object]) -> Mapping[str, Any]:
    def no_client(_: str) -> PacsClient:
        raise AssertionError("nothing is retrieved")

    table = pa.Table.from_pylist(list(rows), schema=series_schema(MR.series_columns))
    write_part(lake, lake.series(PARTITION), table, versions={})
    stages = Stages(
        MR,
        lake,
        PSEUDONYMS,
        no_client,
        lambda *_: None,
        lambda _: dt.timezone(dt.timedelta(hours=1)),
    )
    result = stages.project([PARTITION])
    assert not result.refused
    return result.passed[PARTITION]


def test_impossible_values_stand_beside_the_facts(lake: Lake) -> None:
    told = project(
        lake,
        scan(1, dt.time(10), RepetitionTime=-1.0, NumberOfAverages=0.0),
        scan(2, dt.time(11), RepetitionTime=-1.0, Modality="XX"),
        scan(3, dt.time(12), dirty_values=3, dirty_columns="FlipAngle"),
    )
    assert told["impossible_values"] == 5
    part = lake.impossible(PARTITION)
    assert part == "safe/facts/impossible/study_date=2024-03-31/pacs=north/part.parquet"
    rows = read_part(lake, part).to_pylist()
    assert {(row["column_name"], row["reason"], row["n_values"]) for row in rows} == {
        ("RepetitionTime", "not_positive", 2),
        ("NumberOfAverages", "not_positive", 1),
        ("Modality", "out_of_vocabulary", 1),
        ("FlipAngle", "not_a_number", 1),
    }
    assert {row["device_key"] for row in rows} == {PSEUDONYMS.of("device", "siemens|4711")}
    assert part_versions(lake, part) == part_versions(lake, lake.facts(PARTITION))
    facts = read_part(lake, lake.facts(PARTITION)).to_pylist()
    assert sorted(row["impossible_values"] for row in facts) == [0, 1, 2]
    assert all(row["tr_ms"] != -1 for row in facts)


def test_a_partition_without_faults_has_a_part_and_the_data_set_a_schema(lake: Lake) -> None:
    project(lake, scan(1, dt.time(10)))
    assert read_part(lake, lake.impossible(PARTITION)).num_rows == 0
    schema = read_part(lake, "safe/facts/impossible/schema.parquet").schema
    assert schema.equals(IMPOSSIBLE_SCHEMA)
