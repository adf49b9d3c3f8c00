import math
from itertools import pairwise
from statistics import mean

import pytest

from protocol_assets_simulator import Fleet
from protocol_assets_simulator.exam import CONTRAST_GAP_S, GAP_S
from protocol_assets_simulator.scan import Scan
from protocol_assets_simulator.truth import study_truth


@pytest.fixture(scope="module")
def scans(fleet: Fleet) -> list[Scan]:
    return [
        scan for study in fleet.studies(None, fleet.start, fleet.end) for scan in fleet.scans(study)
    ]


@pytest.fixture(scope="module")
def images(scans: list[Scan]) -> list[Scan]:
    return [scan for scan in scans if scan.purpose == "image"]


def test_a_turbo_spin_echo_takes_preparation_and_the_formula(images: list[Scan]) -> None:
    trains = [scan for scan in images if scan.protocol.kind in ("tse", "ir_tse")]
    assert trains
    for scan in trains:
        shots = math.ceil(scan.acquired_lines / (scan.protocol.echo_train * scan.acceleration))
        formula = scan.tr_ms / 1000 * shots * scan.nex
        assert scan.duration_s == pytest.approx(scan.preparation_s + formula)
        assert 0 <= scan.preparation_s <= 3


def test_a_sequential_localizer_takes_every_slice_by_itself(scans: list[Scan]) -> None:
    localizer = next(scan for scan in scans if scan.purpose == "localizer")
    assert localizer.duration_s - localizer.preparation_s == pytest.approx(0.0086 * 233 * 9)


def test_scans_follow_each_other_with_the_usual_gaps(fleet: Fleet) -> None:
    ordinary, paused = 0, 0
    for study in fleet.studies(None, fleet.start, fleet.end):
        measured = [s for s in fleet.scans(study) if s.duration_s and not s.is_second]
        for before, after in pairwise(measured):
            gap = after.start_s - before.start_s - before.duration_s
            least = GAP_S[0] + CONTRAST_GAP_S[0] * (after.has_contrast - before.has_contrast)
            assert gap >= least
            ordinary += gap <= GAP_S[1]
            paused += gap > GAP_S[1]
    assert 0.08 < paused / (ordinary + paused) < 0.35


def test_series_per_study_are_those_of_the_domain(fleet: Fleet, scans: list[Scan]) -> None:
    assert 5.5 < len(scans) / 480 < 8
    numbers = {(scan.study.index, scan.number) for scan in scans}
    assert len(numbers) == len(scans)


def test_only_ge_and_philips_average_one_and_a_half_times(images: list[Scan]) -> None:
    varied = [s for s in images if s.protocol.potential is not None and not s.study.planted]
    assert {scan.study.scanner.vendor for scan in varied if scan.nex == 1.5} == {"ge", "philips"}
    assert {scan.nex for scan in varied} <= {1.0, 1.5, 2.0, 3.0}


def test_a_device_keeps_its_setting_but_for_overrides(images: list[Scan]) -> None:
    varied = [s for s in images if s.protocol.potential is not None and not s.study.planted]
    settings: dict[tuple[str, str], set[float]] = {}
    for scan in varied:
        if not scan.is_override:
            key = scan.study.scanner.station, scan.protocol.name
            settings.setdefault(key, set()).add(scan.nex)
    assert all(len(nex) == 1 for nex in settings.values())
    assert 0.03 < sum(scan.is_override for scan in varied) / len(varied) < 0.09


def test_slower_technologists_take_longer(fleet: Fleet) -> None:
    gaps: dict[bool, list[float]] = {True: [], False: []}
    for study in fleet.studies(None, fleet.start, fleet.end):
        truth = study_truth(study, fleet.scans(study))
        if not truth.part and truth.exam == "lumbar":
            gaps[truth.pace > 1].append(truth.gap_s / truth.scans)
    assert mean(gaps[True]) > 1.15 * mean(gaps[False])


@pytest.mark.parametrize(
    ("vendor", "low", "high"), [("philips", 0.13, 0.28), ("siemens", 0.01, 0.06)]
)
def test_nex_is_missing_more_often_at_philips(
    scans: list[Scan], vendor: str, low: float, high: float
) -> None:
    own = [scan for scan in scans if scan.study.scanner.vendor == vendor]
    assert low < sum(scan.omits_nex for scan in own) / len(own) < high


def test_archives_are_as_dirty_as_they_are(scans: list[Scan]) -> None:
    def share(flags: list[bool]) -> float:
        return sum(flags) / len(flags)

    assert 0.27 < share([scan.body_part is None for scan in scans]) < 0.39
    assert 0.06 < share([scan.body_part in ("CSPINE", "HEAD", "HIP") for scan in scans]) < 0.14
    assert 0.02 < share([scan.is_rescan for scan in scans]) < 0.08
    dirty = share([scan.defect in ("text_number", "empty_element") for scan in scans])
    assert 0.004 < dirty < 0.02
    assert {scan.purpose for scan in scans} == {
        "image", "localizer", "derived", "report", "phoenix"
    }  # fmt: skip


def test_a_derived_series_shares_the_acquisition_of_its_source(fleet: Fleet) -> None:
    found = 0
    for study in fleet.studies(None, fleet.start, fleet.end)[:150]:
        scans = fleet.scans(study)
        for scan in scans:
            if scan.purpose == "derived":
                source = next(s for s in scans if s.number == scan.acquisition and s.duration_s)
                assert (source.start_s, source.protocol) == (scan.start_s, scan.protocol)
                assert scan.duration_s == 0
                found += 1
    assert found


def test_texts_come_in_six_languages(fleet: Fleet) -> None:
    assert {scanner.language for scanner in fleet.scanners} == {"en", "de", "pt", "es", "fr", "it"}
