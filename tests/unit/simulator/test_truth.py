import csv
from pathlib import Path

from protocol_assets.simulator import Fleet, write_truth
from protocol_assets.simulator.encode import encode


def test_the_truth_has_one_record_a_series(tmp_path: Path) -> None:
    fleet = Fleet(studies=30)
    path = write_truth(fleet, tmp_path / "truth")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = {row["series_uid"]: row for row in csv.DictReader(lines)}
    scans = [
        scan for study in fleet.studies(None, fleet.start, fleet.end) for scan in fleet.scans(study)
    ]
    assert path.name == "series.csv"
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


def test_effective_averages_count_oversampling_and_acceleration() -> None:
    fleet = Fleet()
    expected = {1.0: (1.0, 1.5), 2.0: (2.0, 3.0), 3.0: (3.0, 4.5)}
    accelerated = 0
    for record in fleet.truth():
        if record.nex in expected and record.acceleration == 2:
            assert record.effective_averages in [value / 2 for value in expected[record.nex]]
            accelerated += 1
    assert accelerated


def test_the_truth_leaves_no_patient_identified() -> None:
    fleet = Fleet(studies=20)
    names = {study.patient.family_name for study in fleet.studies(None, fleet.start, fleet.end)}
    for record in fleet.truth():
        assert not names & {str(getattr(record, name)) for name in record.__slots__}
