"""Real DICOM files in a real PACS: what lands in ``series`` is what pydicom reads in the files.

Every file is accounted for: it is in a series, it was in the archive already, or no archive can
hold it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.runner import PartitionOutcome, Runner
from protocol_assets.settings import Settings
from tests.integration.conftest import write_deployment
from tests.integration.header import PARAMETERS, SCAN_TIMES, parameter, scan_time
from tests.integration.orthanc import CountingProxy, counting_proxy, run_orthanc
from tests.integration.real_data import LEFT_OUT, SOURCES, RealFile, repaired
from tests.unit.modalities.mr.vendors.oracle import expected, formula_table, stated_time

# Real files are not all as they should be, and pydicom says so.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

PAGE_SIZE = 20
MR_IMAGES = ("mr_image", "enhanced_mr_image", "legacy_converted_enhanced_mr_image")
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
# Without it Orthanc does not know the VR of these elements in implicit VR files, and withholds
# their values (test_orthanc.py shows it).
SIEMENS_DICTIONARY = {
    "0051,100a": ["LO", "AcquisitionTimeText", 1, 1, "SIEMENS MR HEADER"],
    "0051,1011": ["LO", "ParallelImagingText", 1, 1, "SIEMENS MR HEADER"],
}
IDENTIFYING = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "AccessionNumber",
    "StudyID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "DeviceSerialNumber",
    "InstitutionName",
    "StationName",
    "ReferringPhysicianName",
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
)


@dataclass
class Landed:
    """The archive after all its MR study days have landed.

    Attributes:
        stored: What the archive said of each file.
        days: The study days that were run.
        outcomes: What became of them.
        rows: The rows of ``series`` by SeriesInstanceUID.
        facts: The rows of ``series_facts``.
        listings: Listing requests of the busiest day.
    """

    stored: list[tuple[RealFile, str]]
    days: list[dt.date]
    outcomes: list[PartitionOutcome]
    rows: dict[str, dict[str, Any]]
    facts: list[dict[str, Any]]
    listings: int
    proxy: CountingProxy
    runner: Runner

    @property
    def held(self) -> list[RealFile]:
        """The files that the archive holds, each instance once."""
        return [file for file, answer in self.stored if answer == "Success"]

    def by_series(self, source: str | None = None) -> dict[str, list[RealFile]]:
        """The files that should be in ``series``."""
        files: defaultdict[str, list[RealFile]] = defaultdict(list)
        for file in self.held:
            if file.is_mr and source in (None, file.source):
                files[file.stored.SeriesInstanceUID].append(file)
        return files


@pytest.fixture(scope="module")
def landed(
    orthanc_program: None,
    real_files: Mapping[str, list[RealFile]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Landed]:
    """All real files in one archive, landed through the Dagster assets day by day."""
    folder = tmp_path_factory.mktemp("real")
    with (
        pytest.MonkeyPatch.context() as patch,
        run_orthanc(folder, options={"Dictionary": SIEMENS_DICTIONARY}) as orthanc,
        counting_proxy(orthanc) as proxy,
    ):
        files = repaired(file for source in real_files.values() for file in source)
        stored = [(file, orthanc.store(file.content)) for file in files]
        dates = {f.header.StudyDate for f, answer in stored if f.is_mr and answer == "Success"}
        days = sorted(dt.date.fromisoformat(date) for date in dates)
        settings = write_deployment(
            folder, patch, proxy.url, "1900-01-01", "2022-12-31", page_size=PAGE_SIZE
        )
        runner = Runner(Deployment(settings))
        outcomes: list[PartitionOutcome] = []
        listings = 0
        for day in days:
            before = len(proxy.listings)
            outcomes.extend(runner.ingest("orthanc", day, day))
            listings = max(listings, len(proxy.listings) - before)
        rows = {row["SeriesInstanceUID"]: row for row in _rows(settings, "restricted/series")}
        facts = _rows(settings, "safe/facts/series")
        yield Landed(stored, days, outcomes, rows, facts, listings, proxy, runner)


def _rows(settings: Settings, data_set: str) -> list[dict[str, Any]]:
    parts = sorted((settings.home / data_set).glob("study_date=*/pacs=*/part.parquet"))
    return [row for part in parts for row in read_part(Lake(part.parent), part.name).to_pylist()]


def _mode(values: Counter[Any]) -> Any:
    return min(values, key=lambda value: (-values[value], value), default=None)


def test_every_day_landed_whole(landed: Landed) -> None:
    assert [outcome.state for outcome in landed.outcomes] == ["landed"] * len(landed.days)
    studies = {file.stored.StudyInstanceUID for file in landed.held if file.is_mr}
    assert sum(outcome.studies for outcome in landed.outcomes) == len(studies)


def test_every_mr_file_is_accounted_for(landed: Landed) -> None:
    answers = Counter(answer for file, answer in landed.stored if file.is_mr)
    refused = {
        file.name.rsplit("/", 1)[-1]
        for file, answer in landed.stored
        if file.is_mr and answer == "refused"
    }
    assert refused <= LEFT_OUT.keys()
    assert answers["refused"] == len(refused)

    # Published twice: the same instance again, in another folder or encoding.
    held = {file.stored.SOPInstanceUID: file.header for file in landed.held}
    again = [file for file, answer in landed.stored if file.is_mr and answer == "AlreadyStored"]
    for file in again:
        same = held[file.stored.SOPInstanceUID]
        for column in PARAMETERS:
            assert parameter([file.header], column) == parameter([same], column), file.name

    # None lies on a day that cannot be asked for.
    mr = [file for file in landed.held if file.is_mr]
    assert Counter(re.fullmatch(r"\d{8}", f.header.StudyDate) is None for f in mr)[True] == 0
    instances = sum(
        row["NumberOfSeriesRelatedInstances"] for row in landed.rows.values() if _is_mr(row)
    )
    assert instances == answers["Success"] == len(mr)
    assert {uid for uid, row in landed.rows.items() if _is_mr(row)} == landed.by_series().keys()


def _is_mr(row: Mapping[str, Any]) -> bool:
    return bool(row["Modality"] == "MR")


def test_left_out_are_exactly_those(
    landed: Landed, real_files: Mapping[str, list[RealFile]]
) -> None:
    if len(real_files) < len(SOURCES):
        pytest.skip("not all packages are here")
    refused = Counter(
        file.name.rsplit("/", 1)[-1]
        for file, answer in landed.stored
        if file.is_mr and answer == "refused"
    )
    assert refused == Counter(LEFT_OUT.keys())


def test_other_modalities_stay_in_the_archive(landed: Landed) -> None:
    mr_studies = {file.stored.StudyInstanceUID for file in landed.held if file.is_mr}
    others = [file for file in landed.held if not file.is_mr]
    inside = [file for file in others if file.stored.get("StudyInstanceUID") in mr_studies]
    on_the_same_days = {
        file.stored.StudyInstanceUID
        for file in others
        if file.header.get("StudyDate") in {f"{day:%Y%m%d}" for day in landed.days}
    } - mr_studies
    assert on_the_same_days, "an MR study day without other studies proves nothing"
    assert {row["StudyInstanceUID"] for row in landed.rows.values()} == mr_studies
    # A report inside an MR study comes with its study, as a series of its own modality.
    assert sum(not _is_mr(row) for row in landed.rows.values()) == len(inside)


def test_undated_studies_are_on_no_day(landed: Landed) -> None:
    # The archive holds other objects without a usable StudyDate; they are counted, not forgotten.
    undated = {
        file.stored.StudyInstanceUID
        for file in landed.held
        if not re.fullmatch(r"\d{8}", file.header.get("StudyDate") or "")
    }
    assert len(undated) >= 5
    assert undated.isdisjoint(row["StudyInstanceUID"] for row in landed.rows.values())


@pytest.mark.parametrize("source", SOURCES, indirect=True)
@pytest.mark.parametrize("column", PARAMETERS)
def test_parameters_equal_the_files(landed: Landed, source: str, column: str) -> None:
    told = 0
    for uid, files in landed.by_series(source).items():
        values = parameter((file.header for file in files), column)
        row = landed.rows[uid]
        found = [row[column + suffix] for suffix in ("", "_min", "_max", "_distinct")]
        expected = [_mode(values), min(values, default=None), max(values, default=None)]
        assert found == [*expected, len(values) or None], files[0].name
        told += bool(values)
    assert told


@pytest.mark.parametrize("source", SOURCES, indirect=True)
@pytest.mark.parametrize("column", SCAN_TIMES)
def test_private_scan_times_equal_the_files(landed: Landed, source: str, column: str) -> None:
    for uid, files in landed.by_series(source).items():
        values = scan_time((file.header for file in files), column)
        assert landed.rows[uid][column] == _mode(values), files[0].name


def test_the_files_tell_scan_times(
    landed: Landed, real_files: Mapping[str, list[RealFile]]
) -> None:
    if len(real_files) < len(SOURCES):
        pytest.skip("not all packages are here")
    told = {
        column: sum(row[column] is not None for row in landed.rows.values())
        for column in SCAN_TIMES
    }
    assert told["SiemensAcquisitionTimeText"] > 200
    assert told["PhilipsScanDuration"] >= 2
    # No package publishes a GE file; the unit tests read GE's time in real JSON headers.
    assert told["GEAcquisitionDuration"] == 0
    enhanced = [row for row in landed.rows.values() if row["SOPClassUID"] == ENHANCED_MR]
    assert {row["Manufacturer"].split()[0] for row in enhanced} == {"Philips", "Siemens"}
    assert all(row["NumberOfAverages"] is not None for row in enhanced)


@pytest.mark.parametrize("source", SOURCES, indirect=True)
def test_facts_equal_the_files(landed: Landed, source: str) -> None:
    told: Counter[str] = Counter()
    for uid, files in landed.by_series(source).items():
        headers, row = [file.header for file in files], landed.rows[uid]
        # Alone: what the series tells, not what the rest of its exam bounds.
        (facts,) = describe_partition([row])
        found = {
            "nex": facts["nex"],
            "tr_ms": row["RepetitionTime"],
            "te_ms": row["EchoTime"],
            "field_strength_t": facts["field_strength_t"],
            "echo_train_length": facts["echo_train_length"],
        }
        assert found == expected(headers), files[0].name
        stated = stated_time(headers) if facts["sop_class"] in MR_IMAGES else None
        method, seconds = facts["scan_time_method"], facts["scan_time_s"]
        if stated is not None:
            assert method == stated[0], files[0].name
            assert seconds == pytest.approx(stated[1]), files[0].name
        else:
            assert method in (None, "formula"), files[0].name
        told.update({f"{source} {method}": 1})
    assert told


def test_the_formula_alone_against_the_field(
    landed: Landed, real_files: Mapping[str, list[RealFile]]
) -> None:
    if len(real_files) < len(SOURCES):
        pytest.skip("not all packages are here")
    hidden = dict.fromkeys(("AcquisitionDuration", *SCAN_TIMES))
    rows = []
    for uid, files in landed.by_series().items():
        row = landed.rows[uid]
        (facts,), stated = describe_partition([row]), stated_time([file.header for file in files])
        # That parallel imaging is off is read where the hidden text stands.
        factor = {"ParallelReductionFactorInPlane": facts["acceleration_in_plane"]}
        (alone,) = describe_partition([{**row, **hidden, **factor}])
        assert alone["scan_time_method"] in (None, "formula")
        is_tampered = (row["EchoTrainLength"] or 0) > 512
        if stated and alone["scan_time_s"] and not is_tampered:
            columns = ("vendor", "sequence_family", "dimension")
            group = (files[0].source, *(str(facts[column]) for column in columns))
            rows.append((group, alone["scan_time_s"], stated[1]))
            if facts["sequence_family"] not in ("se", "tse"):
                assert alone["scan_time_confidence"] == "low", group
    ratios = formula_table(rows)
    spin_echo = [one for group, some in ratios.items() if group[2] in ("se", "tse") for one in some]
    assert len(spin_echo) >= 20
    assert median(spin_echo) == pytest.approx(1, abs=0.03)


def test_facts_hold_every_series_and_identify_nobody(landed: Landed) -> None:
    assert len(landed.facts) == len(landed.rows)
    known = Counter(row["NumberOfAverages"] for row in landed.rows.values())
    assert Counter(fact["nex"] for fact in landed.facts) == known
    secrets = {
        text
        for file in landed.held
        for keyword in IDENTIFYING
        if len(text := str(file.stored.get(keyword) or "").strip()) > 3
    }
    values = {value for fact in landed.facts for value in fact.values() if isinstance(value, str)}
    assert values.isdisjoint(secrets)


def test_the_busiest_day_took_several_pages(landed: Landed) -> None:
    studies = max(outcome.studies for outcome in landed.outcomes)
    if studies <= PAGE_SIZE:
        pytest.skip("not all packages are here")
    assert landed.listings > studies / PAGE_SIZE


def test_nothing_is_fetched_again(landed: Landed) -> None:
    busiest = max(landed.outcomes, key=lambda outcome: outcome.studies)
    fetched = Counter(landed.proxy.retrievals)
    assert set(fetched.values()) == {1}
    day = busiest.partition.day
    (again,) = landed.runner.ingest("orthanc", day, day, assets=("raw_dicomweb",))
    assert again == busiest
    assert Counter(landed.proxy.retrievals) == fetched
