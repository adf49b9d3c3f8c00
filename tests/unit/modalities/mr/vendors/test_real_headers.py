"""Facts of real headers of five scanner families against pydicom, series by series."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard
from pydicom import Dataset

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from tests.unit.modalities.mr.vendors.oracle import expected, formula_table, stated_time

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

MR_IMAGES = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1")
GROUP = ("vendor", "sequence_family", "dimension")
STATED = ("AcquisitionDuration", "GEAcquisitionDuration", "PhilipsScanDuration")


@dataclass(frozen=True)
class RealSeries:
    """One real series: its headers by pydicom, our row and our facts."""

    source: str
    headers: list[Dataset]
    row: dict[str, Any]
    facts: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.source}: {self.row['SeriesDescription']}"

    @property
    def is_image(self) -> bool:
        return self.row["SOPClassUID"] in MR_IMAGES


@pytest.fixture(scope="module")
def real_series(real_headers: Path) -> list[RealSeries]:
    found = []
    for path in sorted(real_headers.glob("*.ndjson.zst")):
        with path.open("rb") as file:
            lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
        by_study = defaultdict(list)
        by_series = defaultdict(list)
        for line in lines:
            instance = json.loads(line)
            by_study[instance["0020000D"]["Value"][0]].append(instance)
            header = Dataset.from_json(instance, bulk_data_uri_handler=lambda uri: None)
            by_series[instance["0020000E"]["Value"][0]].append(header)
        for instances in by_study.values():
            for row in flatten_study(instances, MR.series_columns).rows:
                # Alone: the rungs of the ladder, not what the rest of the exam bounds.
                (facts,) = describe_partition([row])
                source = path.name.split(".")[0]
                headers = by_series[row["SeriesInstanceUID"]]
                found.append(RealSeries(source, headers, row, facts))
    assert len(found) > 100
    return found


def test_every_parameter_is_what_the_header_says(real_series: list[RealSeries]) -> None:
    told: Counter[str] = Counter()
    for series in real_series:
        if not series.is_image:
            continue
        facts = {
            "nex": series.facts["nex"],
            "tr_ms": series.row["RepetitionTime"],
            "te_ms": series.row["EchoTime"],
            "field_strength_t": series.facts["field_strength_t"],
            "echo_train_length": series.facts["echo_train_length"],
        }
        assert facts == expected(series.headers), series.name
        told.update(name for name, value in facts.items() if value is not None)
    assert min(told.values()) > 90, told


def test_every_rung_is_the_vendors_own_field(real_series: list[RealSeries]) -> None:
    methods: Counter[tuple[str, str]] = Counter()
    for series in real_series:
        method, seconds = series.facts["scan_time_method"], series.facts["scan_time_s"]
        stated = stated_time(series.headers) if series.is_image else None
        if stated is not None:
            assert method == stated[0], series.name
            assert seconds == pytest.approx(stated[1]), series.name
        else:
            assert method in (None, "formula"), series.name
            assert (seconds is None) == (method is None)
        methods[series.source, str(method)] += 1
    assert methods["dcm_qa", "siemens_text"] >= 20
    assert methods["dcm_qa_ge", "ge_private"] == 29
    assert methods["dcm_qa_philips", "philips_private"] == 1
    assert methods["dcm_qa_philips", "acquisition_duration"] == 2
    assert methods["dcm_qa_toshiba", "acquisition_duration"] == 5
    assert methods["dcm_qa_xa30", "acquisition_duration"] >= 8


def test_the_formula_alone_against_the_field(real_series: list[RealSeries]) -> None:
    rows = []
    for series in real_series:
        stated = stated_time(series.headers)
        hidden = dict.fromkeys((*STATED, "SiemensAcquisitionTimeText"))
        # That parallel imaging is off is read where the hidden text stands.
        factor = {"ParallelReductionFactorInPlane": series.facts["acceleration_in_plane"]}
        (alone,) = describe_partition([{**series.row, **hidden, **factor}])
        assert alone["scan_time_method"] in (None, "formula"), series.name
        assert alone["scan_time_confidence"] in (None, "low", "medium")
        assert alone["scan_time_s"] == series.facts["scan_time_formula_s"], series.name
        if stated and alone["scan_time_s"] and series.facts["exclusion_reason"] is None:
            group = (series.source, *(str(series.facts[column]) for column in GROUP))
            rows.append((group, alone["scan_time_s"], stated[1]))
            # Only images of three times were kept of each series: EPI cannot be checked here.
            if series.facts["sequence_family"] != "epi":
                assert alone["scan_time_confidence"] == "low"
    ratios = formula_table(rows)
    assert ratios["dcm_qa_ge", "ge", "gre", "3d"] == [pytest.approx(1, abs=0.1)]


def test_effective_averages_of_known_oversampling(real_series: list[RealSeries]) -> None:
    known = {
        "noPF_noPAT_50POS": 1.5,
        "noPF_noPAT_100POS": 2.0,
        "58PF_noPAT": 0.622,
        "78PF_noPAT": 0.878,
        "noPF_p2": 0.5,
        "noPF_p4": 0.25,
        "noPF_noPAT_noPOS": 1.0,
    }
    seen: Counter[str] = Counter()
    for series in real_series:
        for leading, value in known.items():
            if str(series.row["SeriesDescription"]).startswith(leading):
                assert series.facts["effective_averages"] == pytest.approx(value, abs=0.001)
                seen[leading] += 1
    assert set(seen) == set(known)


def test_classic_philips_tells_in_its_private_sequence(real_series: list[RealSeries]) -> None:
    facts = {
        str(series.row["SeriesDescription"]): series.facts
        for series in real_series
        if series.source == "dcm_qa_philips"
    }
    assert {name: one["acceleration_in_plane"] for name, one in facts.items()} == {
        "EPI_asc": 1.0,
        "dti_ax": 2.5,
        "DT_HIGH_32DIR": 2.5,
    }
    assert {name: one["no_phase_wrap"] for name, one in facts.items()} == {
        "EPI_asc": False,
        "dti_ax": False,
        "DT_HIGH_32DIR": True,
    }
    assert {one["sequence_family"] for one in facts.values()} == {"epi"}
    assert facts["EPI_asc"]["effective_averages"] == 1.0


def test_clock_times_never_make_a_scan_time(real_series: list[RealSeries]) -> None:
    clocks = ("AcquisitionTime", "AcquisitionDateTime", "SeriesTime", "AcquisitionDate")
    for series in real_series:
        (without,) = describe_partition([{**series.row, **dict.fromkeys(clocks)}])
        for column in ("scan_time_s", "scan_time_method", "scan_time_formula_s"):
            assert without[column] == series.facts[column], series.name


def test_a_manufacturer_nobody_knows_tells_the_same_standard_attributes(
    real_series: list[RealSeries],
) -> None:
    lowered: dict[Any, set[str | None]] = {
        "high": {"medium", "low"},
        "medium": {"medium", "low"},
        "low": {"low"},
        None: {None},
    }
    for series in real_series:
        if series.facts["scan_time_method"] not in (None, "acquisition_duration"):
            continue
        (facts,) = describe_partition([{**series.row, "Manufacturer": "Backyard MR"}])
        assert facts["vendor"] == "other"
        for column in ("nex", "field_strength_t", "scan_time_s", "scan_time_method"):
            assert facts[column] == series.facts[column], (column, series.name)
        confidence = series.facts["scan_time_confidence"]
        assert facts["scan_time_confidence"] in lowered[confidence], series.name
