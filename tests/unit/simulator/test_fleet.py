import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date

import pytest

from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode

DIGEST = """
import hashlib, orjson
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode
fleet = Fleet(seed=5, studies=20)
digest = hashlib.sha256()
for study in fleet.studies(None, fleet.start, fleet.end):
    for scan in fleet.scans(study):
        for instance in encode(scan):
            digest.update(orjson.dumps(instance))
print(digest.hexdigest())
"""


def test_every_process_generates_the_same_bytes() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1


def test_studies_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    one, other = Fleet(seed=9, studies=60), Fleet(seed=9, studies=60)
    studies = one.studies(None, one.start, one.end)
    forwards = [list(map(repr, one.scans(study))) for study in studies]
    uids = [study.study_uid for study in studies]
    for uid, expected in reversed(list(zip(uids, forwards, strict=True))):
        study = other.study(uid)
        assert study is not None
        assert list(map(repr, other.scans(study))) == expected


def test_another_seed_is_another_fleet() -> None:
    first, second = Fleet(seed=1, studies=10), Fleet(seed=2, studies=10)
    uids = [
        {study.study_uid for study in one.studies(None, one.start, one.end)}
        for one in (first, second)
    ]
    assert uids[0].isdisjoint(uids[1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_weekday_has_eleven_patients_and_weekends_few(seed: int) -> None:
    fleet = Fleet(seed=seed)
    studies = fleet.studies(None, fleet.start, fleet.end)
    assert len(studies) == 480
    by_day: dict[date, list[int]] = defaultdict(list)
    for study in {study.exam_index: study for study in studies}.values():
        by_day[study.day].append(study.patient.number)
    for offset in range((fleet.end - fleet.start).days + 1):
        day = date.fromordinal(fleet.start.toordinal() + offset)
        patients = by_day[day]
        assert len(set(patients)) == len(patients), "nobody comes twice on one day"
        if day.weekday() < 5:
            assert len(patients) >= 11
        else:
            assert len(patients) < 11


def test_a_tenth_of_the_patients_comes_twice_to_the_same_site(fleet: Fleet) -> None:
    everything = fleet.studies(None, fleet.start, fleet.end)
    studies = {study.exam_index: study for study in everything}.values()
    visits = Counter(study.patient.number for study in studies)
    twice = sum(count == 2 for count in visits.values())
    assert set(visits.values()) == {1, 2}
    assert 0.05 < twice / len(visits) < 0.15
    sites = {(study.patient.patient_id, study.scanner.site.name) for study in studies}
    assert len(sites) == len(visits)


def test_a_scanner_examines_one_patient_at_a_time(fleet: Fleet) -> None:
    end_of: dict[tuple[str, date], float] = {}
    for study in fleet.studies(None, fleet.start, fleet.end):
        if study.salt:
            continue
        measured = [scan for scan in fleet.scans(study) if scan.duration_s]
        key = study.scanner.serial, study.day
        assert min(scan.start_s for scan in measured) > end_of.get(key, 0)
        end_of[key] = max(scan.start_s + scan.duration_s for scan in measured)
        assert (end_of[key] >= 24 * 3600) == (study.incident == "midnight")


def test_sites_share_the_studies_out(fleet: Fleet) -> None:
    everything = fleet.studies(None, fleet.start, fleet.end)
    parts = [fleet.studies(site, fleet.start, fleet.end) for site in fleet.sites]
    assert len(fleet.sites) == 2
    assert all(parts)
    twice = [study for study in everything if study.incident == "resent_same_uids"]
    assert twice
    held = sorted(study.index for part in parts for study in part)
    assert held == sorted(study.index for study in (*everything, *twice))


def test_days_are_inclusive(fleet: Fleet) -> None:
    day = date(2026, 2, 10)
    assert {study.day for study in fleet.studies(None, day, day)} == {day}
    assert fleet.studies(None, date(2027, 1, 1), date(2027, 2, 1)) == ()


def test_a_larger_fleet_has_unique_devices() -> None:
    fleet = Fleet(scanners=63, studies=500)
    assert len({scanner.serial for scanner in fleet.scanners}) == 63
    assert len({scanner.station for scanner in fleet.scanners}) == 63


def test_the_fleet_holds_every_vendor_and_encoding(fleet: Fleet) -> None:
    kinds = {(scanner.vendor, scanner.encoding) for scanner in fleet.scanners}
    assert {
        ("siemens", "classic"),
        ("siemens", "enhanced"),
        ("ge", "classic"),
        ("philips", "classic"),
        ("philips", "enhanced"),
        ("canon", "classic"),
    } == kinds
    assert {scanner.field_strength_t for scanner in fleet.scanners} == {1.5, 3.0}


def test_uids_are_unique_and_valid(fleet: Fleet) -> None:
    uids: list[str] = []
    for study in fleet.studies(None, fleet.start, date(2026, 2, 3)):
        uids.append(study.study_uid)
        for scan in fleet.scans(study):
            uids.append(scan.series_uid)
            uids += [instance["00080018"]["Value"][0] for instance in encode(scan)]
    assert len(uids) == len(set(uids))
    for uid in uids:
        assert len(uid) <= 64
        assert int(uid.removeprefix("2.25.")) < 2**128


@pytest.mark.parametrize(
    "arguments",
    [
        {"scanners": 0},
        {"studies": -1},
        {"start": date(2026, 3, 1), "end": date(2026, 2, 1)},
        {"case_mix": "knee"},
    ],
)
def test_an_impossible_fleet_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a fleet needs"):
        Fleet(**arguments)  # type: ignore[arg-type]


def test_too_many_studies_are_refused_with_advice() -> None:
    day = date(2026, 2, 2)
    fleet = Fleet(scanners=1, studies=25, start=day, end=day)
    with pytest.raises(ValueError, match="more scanners or a longer period"):
        fleet.studies(None, day, day)


def test_a_fleet_is_frozen(fleet: Fleet) -> None:
    with pytest.raises(AttributeError):
        fleet.seed = 2  # type: ignore[misc]
