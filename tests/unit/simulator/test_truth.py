import csv
from collections import Counter
from pathlib import Path

import pytest

from protocol_assets_simulator import Fleet, write_truth
from protocol_assets_simulator.device_truth import protocols
from protocol_assets_simulator.encode import encode
from protocol_assets_simulator.truth import fleet_truth, study_truth


def test_the_truth_has_one_record_a_series(tmp_path: Path) -> None:
    fleet = Fleet(studies=30)
    path = write_truth(fleet, tmp_path / "truth")
    with (path / "series.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["series_uid"]: row for row in csv.DictReader(lines)}
    scans = [
        scan for study in fleet.studies(None, fleet.start, fleet.end) for scan in fleet.scans(study)
    ]
    assert set(rows) == {scan.series_uid for scan in scans}
    for scan in scans:
        row = rows[scan.series_uid]
        header = next(encode(scan))
        assert row["study_uid"] == scan.study.study_uid
        assert int(row["instances"]) == len(list(encode(scan)))
        if scan.purpose in ("report", "phoenix"):
            assert (row["role"], row["nex"], row["scan_time_s"]) == ("", "", "")
            continue
        assert float(row["nex"]) == scan.nex
        if not scan.is_enhanced:
            assert ("00180083" in header) is (row["missing_nex"] == "False")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_tables_agree(tmp_path: Path) -> None:
    fleet = Fleet(seed=4, studies=200)
    path = write_truth(fleet, tmp_path)
    series, studies = read(path / "series.csv"), read(path / "studies.csv")
    protocols, scanners = read(path / "protocols.csv"), read(path / "scanners.csv")
    assert Counter(row["study_uid"] for row in series) == {
        row["study_uid"]: int(row["series"]) for row in studies
    }
    assert {row["station"] for row in scanners} == {s.station for s in fleet.scanners}
    places = {(row["station"], row["protocol"]): row for row in protocols}
    assert len(places) == len(protocols)
    ordinary = [
        row
        for row in series
        if row["is_counted"] == "True" and row["is_override"] == "False" and not row["defect"]
    ]
    assert ordinary
    for row in ordinary:
        place = places[row["station"], row["protocol"]]
        assert float(row["nex"]) == float(place["nex_before"])
        assert row["effective_averages"] == place["effective_averages_before"]
        assert row["device_serial"] == place["device_serial"]


def test_span_is_scan_time_and_gaps(fleet: Fleet) -> None:
    for study in fleet.studies(None, fleet.start, fleet.end)[:60]:
        truth = study_truth(study, fleet.scans(study))
        assert truth.span_s == pytest.approx(truth.scan_time_s + truth.gap_s, abs=0.01)
        assert truth.gap_s >= 25 * (truth.scans - 1)


def test_the_signed_targets_cover_the_old_coils(fleet: Fleet, tmp_path: Path) -> None:
    targets = read(write_truth(fleet, tmp_path) / "targets.csv")
    old = {(s.vendor, s.model) for s in fleet.scanners if s.has_old_coils}
    assert {(row["scope_vendor"], row["scope_model"]) for row in targets} == old
    assert {row["effective_averages_target"] for row in targets} == {"2.0"}
    assert len(targets) == len({tuple(row.values()) for row in targets})
    for record in protocols(fleet):
        if record.kind == "legitimate_old_coil":
            assert (record.vendor, record.model) in old
            assert record.nex_before == 2


def test_effective_averages_count_oversampling_and_acceleration() -> None:
    fleet = Fleet()
    expected = {1.0: (1.0, 1.5), 2.0: (2.0, 3.0), 3.0: (3.0, 4.5)}
    accelerated = 0
    for record in fleet_truth(fleet):
        if record.nex in expected and record.acceleration == 2:
            assert record.effective_averages in [value / 2 for value in expected[record.nex]]
            accelerated += 1
    assert accelerated


def test_the_truth_leaves_no_patient_identified() -> None:
    fleet = Fleet(studies=20)
    names = {study.patient.family_name for study in fleet.studies(None, fleet.start, fleet.end)}
    for record in fleet_truth(fleet):
        assert not names & {str(getattr(record, name)) for name in record.__slots__}
