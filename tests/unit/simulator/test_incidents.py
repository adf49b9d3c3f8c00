from datetime import date, timedelta

import pytest

from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode
from protocol_assets_simulator.scan import Scan, Study


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet(seed=6, scanners=20, studies=1500, start=date(2025, 3, 10), end=date(2025, 4, 20))


@pytest.fixture(scope="module")
def studies(fleet: Fleet) -> list[Study]:
    return list(fleet.studies(None, fleet.start, fleet.end))


def of(studies: list[Study], incident: str) -> list[Study]:
    found = [study for study in studies if study.incident == incident]
    assert found
    return found


def physical(scan: Scan) -> tuple[object, ...]:
    return (scan.protocol.name, scan.start_s, scan.nex, scan.tr_ms, scan.slices, scan.purpose)


def test_a_study_sent_again_is_the_same_under_new_uids(fleet: Fleet, studies: list[Study]) -> None:
    for copy in of(studies, "resent_new_uids"):
        (original,) = (s for s in studies if s.exam_index == copy.exam_index and not s.salt)
        first, second = fleet.scans(original), fleet.scans(copy)
        assert list(map(physical, first)) == list(map(physical, second))
        assert {scan.series_uid for scan in first}.isdisjoint(scan.series_uid for scan in second)
        assert copy.patient == original.patient
        assert copy.held[0][1] > original.held[0][1]


def test_a_split_exam_is_whole(fleet: Fleet, studies: list[Study]) -> None:
    for second in of(studies, "split"):
        if second.part != 2:
            continue
        (first,) = (s for s in studies if s.exam_index == second.exam_index and s.part == 1)
        parts = fleet.scans(first), fleet.scans(second)
        numbers = [scan.number for part in parts for scan in part]
        assert len(numbers) == len(set(numbers))
        ends = max(s.start_s + s.duration_s for s in parts[0] if s.duration_s)
        assert ends < min(s.start_s for s in parts[1] if s.duration_s)
        assert first.patient is second.patient


def test_the_same_uids_lie_in_two_pacs(fleet: Fleet, studies: list[Study]) -> None:
    for study in of(studies, "resent_same_uids"):
        held = [site for site in fleet.sites if study in fleet.studies(site, study.day, study.day)]
        assert held == list(fleet.sites)
        (_, own), (_, elsewhere) = study.held
        assert 1 <= (elsewhere - own).days <= 7


def test_midnight_is_crossed(fleet: Fleet, studies: list[Study]) -> None:
    for study in of(studies, "midnight"):
        measured = [scan for scan in fleet.scans(study) if scan.duration_s]
        if not study.scanner.clock_offset_s:
            days = {study.moment(scan.start_s).date() for scan in measured}
            assert days == {study.day, study.day + timedelta(days=1)}


def test_the_clock_changes_during_the_exam(fleet: Fleet, studies: list[Study]) -> None:
    for study in of(studies, "dst"):
        assert study.day == date(2025, 3, 30)
        last = [scan for scan in fleet.scans(study) if scan.duration_s][-1]
        jump = 3600 + study.scanner.clock_offset_s
        shown = study.moment(last.start_s)
        assert shown.hour * 3600 + shown.minute * 60 + shown.second == pytest.approx(
            last.start_s + jump, abs=1.5
        )


def test_wrong_clocks_show_beside_the_registered_time(fleet: Fleet, studies: list[Study]) -> None:
    offsets = set()
    for study in studies:
        if study.incident or study.part:
            continue
        header = next(encode(fleet.scans(study)[0]))
        began = header["00080030"]["Value"][0]
        shown = (
            header["0008002A"]["Value"][0][8:]
            if "0008002A" in header
            else header["00080032"]["Value"][0]
        )
        hours = int(shown[:2]) - int(began[:2])
        offsets.add((hours * 3600, study.scanner.clock_offset_s))
    assert offsets == {(0, 0), (3600, 3600), (-3600, -3600)}


def test_late_studies_are_unknown_until_they_arrive(fleet: Fleet, studies: list[Study]) -> None:
    late = [study for study in studies if study.held[0][1] > study.day]
    assert late
    for study in late:
        site, arrived_on = study.held[0]
        before = date.fromordinal(arrived_on.toordinal() - 1)
        assert study not in fleet.studies(site, study.day, study.day, as_of=before)
        assert study in fleet.studies(site, study.day, study.day, as_of=arrived_on)
    today = fleet.studies(None, fleet.start, fleet.end, as_of=fleet.start)
    assert {study.day for study in today} == {fleet.start}


def test_each_planted_deviation_is_in_the_header(fleet: Fleet, studies: list[Study]) -> None:
    planted = {study.planted: study for study in studies if study.planted}
    assert set(planted) == {"tr_off", "te_missing", "nex_in_one_image", "enhanced_nex"}
    marked = {
        what: next(scan for scan in fleet.scans(study) if scan.defect == what)
        for what, study in planted.items()
    }
    assert {scan.protocol.name for scan in marked.values()} == {"sag_t2"}
    setting = fleet.setting(
        planted["tr_off"].scanner, marked["tr_off"].protocol, planted["tr_off"].day
    )
    assert marked["tr_off"].tr_ms > 1.3 * setting.tr_ms
    without = next(encode(marked["te_missing"]))
    assert "00180081" not in without
    several = marked["nex_in_one_image"]
    # GE shows the averages of the console in its private group, whether or not the other is halved.
    tag = "00271062" if several.study.scanner.vendor == "ge" else "00180083"
    nex = [one[tag]["Value"][0] for one in encode(several)]
    assert sorted(nex)[:-1] == [min(nex)] * (len(nex) - 1)
    assert max(nex) == min(nex) + 1
    (enhanced,) = encode(marked["enhanced_nex"])
    assert "00180083" not in enhanced
    frame = enhanced["52009230"]["Value"][0]
    assert frame["00189119"]["Value"][0]["00180083"]["Value"] == [marked["enhanced_nex"].nex]
