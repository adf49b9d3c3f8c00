"""The fleet of the source project: its numbers, means and defects, planned but not served."""

from collections import Counter, defaultdict
from statistics import mean

import pytest

from protocol_assets_simulator import Fleet, Variant
from protocol_assets_simulator.device_protocols import DeviceProtocol
from protocol_assets_simulator.exam_plan import plan_exam
from protocol_assets_simulator.scan import Scan
from protocol_assets_simulator.truth import SeriesTruth, series_truth, study_truth


@pytest.fixture(scope="module", params=[1, 2, 20260101])
def whole(request: pytest.FixtureRequest) -> Fleet:
    return Fleet.lumbar(request.param)


@pytest.fixture(scope="module")
def records(whole: Fleet) -> list[DeviceProtocol]:
    return list(whole.device_protocols)


@pytest.fixture(scope="module")
def potential(records: list[DeviceProtocol]) -> list[DeviceProtocol]:
    return [record for record in records if record.kind == "potential"]


@pytest.fixture(scope="module")
def sample() -> list[Scan]:
    """The scans of every fourth study of one fleet."""
    fleet = Fleet.lumbar(3)
    studies = fleet.studies(None, fleet.start, fleet.end)[::4]
    return [scan for study in studies for scan in fleet.scans(study)]


def test_scanners_studies_and_series(whole: Fleet) -> None:
    studies = whole.studies(None, whole.start, whole.end)
    assert len(studies) == len({study.study_uid for study in studies}) == 11_249
    assert sum(plan_exam(study).series(study) for study in studies) == 70_874
    assert Counter(scanner.vendor for scanner in whole.scanners) == {
        "siemens": 25, "ge": 18, "philips": 11, "canon": 4, "hitachi": 3, "uih": 2
    }  # fmt: skip
    assert sum(scanner.field_strength_t == 3 for scanner in whole.scanners) == 16
    assert (whole.end - whole.start).days == 364


def test_counted_series_are_those_generated(whole: Fleet) -> None:
    for study in whole.studies(None, whole.start, whole.end)[::400]:
        assert plan_exam(study).series(study) == len(whole.scans(study))


def test_a_seventh_is_enhanced(whole: Fleet) -> None:
    studies = whole.studies(None, whole.start, whole.end)
    enhanced = [study.scanner.encoding == "enhanced" for study in studies]
    assert sum(enhanced) / len(enhanced) == pytest.approx(0.15, abs=0.02)


def test_volumes_are_lognormal(whole: Fleet) -> None:
    studies = Counter(s.scanner.station for s in whole.studies(None, whole.start, whole.end))
    assert mean(studies.values()) == pytest.approx(178.6, abs=0.1)
    assert min(studies.values()) < 60
    assert max(studies.values()) > 400


def test_potential_and_controls(
    records: list[DeviceProtocol], potential: list[DeviceProtocol]
) -> None:
    assert len(records) == 516
    assert len(potential) == 282
    assert len({record.scanner for record in potential}) == 54
    controls = {record.scanner for record in records if record.is_control}
    assert len(controls) == 9
    assert controls.isdisjoint(record.scanner for record in potential)
    assert all(record.changed_on is not None for record in potential)
    assert all(record.changed_on is None for record in records if record.kind != "potential")


def test_mean_averages_before_and_after(whole: Fleet, potential: list[DeviceProtocol]) -> None:
    assert mean(one.before.nex for one in potential) == pytest.approx(1.80, abs=0.03)
    assert mean(one.after.nex for one in potential) == pytest.approx(1.09, abs=0.03)
    assert {one.before.nex for one in potential} == {1.5, 2.0, 3.0}
    assert {one.after.nex for one in potential} == {1.0, 2.0}
    half = {whole.scanners[one.scanner].vendor for one in potential if one.before.nex == 1.5}
    assert half == {"ge", "philips"}


def test_changes_are_staggered_and_five_scanners_relapse(potential: list[DeviceProtocol]) -> None:
    days = [one.changed_on for one in potential if one.changed_on]
    assert (max(days) - min(days)).days == pytest.approx(89, abs=1)
    assert len(set(days)) > 45
    relapsed = [one for one in potential if one.relapsed_on]
    assert len({one.scanner for one in relapsed}) == 5
    for one in relapsed:
        assert one.changed_on
        assert one.relapsed_on
        assert (one.relapsed_on - one.changed_on).days == 60
        assert one.on(one.relapsed_on) == one.before != one.on(one.changed_on)


def effective(record: DeviceProtocol) -> float:
    setting = record.before
    return setting.nex * (1 + setting.phase_oversampling) / setting.acceleration


def test_a_quarter_of_the_rest_averages_twice_for_a_reason(
    whole: Fleet, records: list[DeviceProtocol]
) -> None:
    kinds = Counter(record.kind for record in records)
    reasons = kinds["legitimate_no_oversampling"] + kinds["legitimate_old_coil"]
    assert reasons / (516 - 282) == pytest.approx(0.25, abs=0.03)
    assert min(kinds["legitimate_no_oversampling"], kinds["legitimate_old_coil"]) > 20
    for record in records:
        scanner = whole.scanners[record.scanner]
        if record.kind.startswith("legitimate"):
            assert record.before.nex == 2
        if record.kind == "legitimate_old_coil":
            assert scanner.has_old_coils
        if record.kind == "legitimate_acceleration":
            assert effective(record) == 1


def test_effective_averages_tell_what_averages_alone_do_not(
    whole: Fleet, records: list[DeviceProtocol]
) -> None:
    levels: dict[tuple[str, float], dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        scanner = whole.scanners[record.scanner]
        if not scanner.has_old_coils:
            group = record.protocol, scanner.field_strength_t
            levels[group][record.kind].add(effective(record))
    for kinds in levels.values():
        good = set().union(*(found for kind, found in kinds.items() if kind != "potential"))
        assert len(good) == 1
        assert min(kinds["potential"], default=9.0) > 1.15 * max(good)


def test_one_scanner_has_deep_learning_at_one_average(
    whole: Fleet, records: list[DeviceProtocol]
) -> None:
    deep = [s.reconstruction == "deep_learning" for s in whole.scanners]
    assert sum(deep) == 1
    own = [record for record in records if record.scanner == deep.index(True)]
    assert {one.before.nex for one in own if one.protocol != "spine_dwi"} == {1.0}


def test_one_place_is_planted_with_three_averages(potential: list[DeviceProtocol]) -> None:
    threes = [one for one in potential if one.protocol == "sag_t1" and one.before.nex == 3]
    assert [one.is_planted for one in threes] == [True]
    assert sum(one.is_planted for one in potential) == 1


def test_clocks_serial_and_upgrade(whole: Fleet) -> None:
    episodes = list(whole.episodes.values())
    assert sorted(one.clock_offset_s for one in episodes if one.clock_offset_s) == [-3600, 3600]
    (replaced,) = (n for n, one in whole.episodes.items() if one.serial_changed_on)
    (upgraded,) = (n for n, one in whole.episodes.items() if one.upgraded_on)
    assert whole.scanner_on(replaced, whole.start).serial != (
        whole.scanner_on(replaced, whole.end).serial
    )
    before, after = (whole.scanner_on(upgraded, day) for day in (whole.start, whole.end))
    assert (before.serial, before.station) == (after.serial, after.station)
    assert before.software != after.software
    assert after.is_renamed


def test_an_upgrade_renames_every_protocol_and_nothing_else() -> None:
    fleet = Fleet.lumbar(3)
    ((number, episode),) = ((n, one) for n, one in fleet.episodes.items() if one.upgraded_on)
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for study in fleet.studies(None, fleet.start, fleet.end):
        if study.scanner.station == fleet.scanners[number].station:
            later = episode.upgraded_on is not None and study.day >= episode.upgraded_on
            names[later] |= {scan.protocol_name for scan in fleet.scans(study)}
    assert names[True]
    assert names[True].isdisjoint(names[False])


def test_incidents_befall_their_share(whole: Fleet) -> None:
    studies = whole.studies(None, whole.start, whole.end)
    incidents = Counter(study.incident for study in studies)
    assert incidents["resent_same_uids"] == 112
    assert incidents["resent_new_uids"] == 56
    assert incidents["split"] == 2 * 56
    assert incidents["midnight"] == pytest.approx(112, abs=3)
    assert incidents["dst"] >= 2
    late = [s.held[0][1] - s.day for s in studies if s.held[0][1] > s.day and not s.salt]
    assert len(late) / len(studies) == pytest.approx(0.04, abs=0.003)
    assert {delay.days for delay in late} == set(range(1, 8))
    assert sorted(study.planted for study in studies if study.planted) == [
        "enhanced_nex", "nex_in_one_image", "te_missing", "tr_off"
    ]  # fmt: skip


def test_defects_befall_their_share(sample: list[Scan]) -> None:
    def share(flags: list[bool]) -> float:
        return sum(flags) / len(flags)

    scans = [scan for scan in sample if scan.purpose in ("image", "localizer")]
    philips = [s.omits_nex for s in scans if s.study.scanner.vendor == "philips"]
    others = [s.omits_nex for s in scans if s.study.scanner.vendor != "philips"]
    assert share(philips) == pytest.approx(0.20, abs=0.03)
    assert share(others) == pytest.approx(0.03, abs=0.006)
    varied = [s for s in scans if s.protocol.potential is not None]
    assert share([s.is_override for s in varied]) == pytest.approx(0.06, abs=0.008)
    assert share([s.body_part is None for s in sample]) == pytest.approx(0.33, abs=0.02)
    assert share([s.body_part == "CSPINE" for s in sample]) == pytest.approx(0.10, abs=0.01)
    images = [s.is_rescan for s in scans if s.purpose == "image" and not s.is_second]
    assert share(images) == pytest.approx(0.05, abs=0.01)
    assert {s.time_text for s in scans} == {"", "too_short", "multiplied"}
    assert {s.sibling for s in sample} == {
        "", "unfiltered", "in_phase", "out_phase", "water", "fat", "trace"
    }  # fmt: skip
    assert any(s.is_composed for s in sample)
    assert {s.study.scanner.language for s in sample} == {"en", "de", "pt", "es", "fr", "it"}


def changed_sum(truths: list[SeriesTruth], fleet: Fleet) -> dict[str, tuple[float, float]]:
    """Mean scan time before and after, of each scanner protocol that changed for good."""
    stations = [scanner.station for scanner in fleet.scanners]
    dates = {
        (stations[one.scanner], one.protocol): one.changed_on
        for one in fleet.device_protocols
        if one.changed_on and not one.relapsed_on
    }
    found: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for row in truths:
        key = row.station, row.protocol
        if row.is_counted and key in dates and row.scan_time_s is not None:
            changed_on = dates[key]
            assert changed_on is not None
            later = row.study_date >= changed_on
            found.setdefault(key, ([], []))[later].append(row.scan_time_s)
    return {
        ":".join(key): (mean(before), mean(after))
        for key, (before, after) in found.items()
        if before and after
    }


@pytest.mark.parametrize(
    ("variant", "cut"),
    [(Variant(), 0.38), (Variant(preparation_s=(5, 10), tr_follows_nex=True), 0.30)],
)
def test_the_change_cuts_the_scan_time_as_the_formula_says(variant: Variant, cut: float) -> None:
    fleet = Fleet.lumbar(3, variant)
    studies = fleet.studies(None, fleet.start, fleet.end)[::4]
    truths = [series_truth(scan) for study in studies for scan in fleet.scans(study)]
    times = changed_sum(truths, fleet).values()
    before, after = (sum(pair[n] for pair in times) for n in (0, 1))
    assert 1 - after / before == pytest.approx(cut, abs=0.03)


def test_exams_vary_as_they_do(whole: Fleet) -> None:
    spans: dict[tuple[str, str], list[float]] = defaultdict(list)
    first = min(one.changed_on for one in whole.device_protocols if one.changed_on)
    for study in whole.studies(None, whole.start, first):
        if study.incident == "" and study.exam.name == "lumbar":
            truth = study_truth(study, whole.scans(study))
            spans[truth.station, truth.exam].append(truth.span_s)
    variations = sorted(
        (mean((span - mean(own)) ** 2 for span in own)) ** 0.5 / mean(own)
        for own in spans.values()
        if len(own) > 40
    )
    assert 0.19 < variations[len(variations) // 2] < 0.29
