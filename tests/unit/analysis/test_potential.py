"""References that cannot invert, and what one acquisition would save."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.frame import prepared
from protocol_assets.analysis.potential import potential
from protocol_assets.analysis.references import held_percentile
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets.modalities.mr.analysis.time_model import fit_time_model
from tests.unit.analysis.fleets import START, acquisitions, devices, no_targets, targets

AS_OF = START + pd.Timedelta(days=89)


def fleet(nex: list[float], **columns: Any) -> pd.DataFrame:
    return devices(
        len(nex),
        lambda i: acquisitions(range(0, 90, 3), device_key=f"D{i}", nex=nex[i], **columns),
    )


def judged(
    frame: pd.DataFrame, signed: pd.DataFrame | None = None, **arguments: Any
) -> pd.DataFrame:
    typed = prepared(frame, AVERAGING)
    model = fit_time_model(typed)
    signed = no_targets() if signed is None else signed
    return potential(typed, AVERAGING, signed, model, AS_OF, **arguments).set_index("device_key")


def test_two_of_three_at_three_do_not_invert_the_finding() -> None:
    found = judged(fleet([3, 3, 1]))
    assert found["reference"].tolist() == ["none"] * 3
    assert found.loc["D2", "assessment_reason"] == "too few scanners"
    assert found["has_potential"].isna().all()
    # without a reference a what-if is shown: one average fewer, which the one at 1 has not
    assert found.loc["D0", "what_if_kind"] == "one fewer"
    assert found.loc["D0", "what_if_level"] == pytest.approx(2)
    assert found["what_if_level"].isna().tolist() == [False, False, True]


def test_a_majority_that_averages_too_often_is_found_not_followed() -> None:
    """54 of 63 over-average: what is usual is 2, and those at 1 are the measure."""
    found = judged(fleet([2.0] * 12 + [1.0] * 4)).loc[[f"D{i}" for i in range(16)]]
    assert found["has_potential"].tolist() == [True] * 12 + [False] * 4
    assert (found["usual_level"] == 2).all()
    assert (found["reference_level"].iloc[:12] == 1).all()
    assert (found["n_peers"] == 15).all()


def test_a_level_that_one_scanner_alone_reaches_is_no_reference() -> None:
    assert held_percentile(np.array([0.5, 1.0, 2.0, 2.0, 2.0]), least_peers=5) == (1.0, 2)
    assert held_percentile(np.array([1.0, 2.0, 2.0]), least_peers=3) == (2.0, 3)
    assert held_percentile(np.array([1.0, 1.05, 2.0]), least_peers=3) == (1.0, 2)
    assert held_percentile(np.array([1.0] * 4), least_peers=5) is None


def beside(others: pd.DataFrame, *mine: pd.DataFrame) -> pd.DataFrame:
    """Some scanners, and others under keys of their own."""
    others = others.copy()
    for column in ("device_key", "acquisition_key", "exam_key"):
        others[column] = "P" + others[column]
    return pd.concat([*mine, others], ignore_index=True)


@pytest.mark.parametrize(
    ("columns", "tier", "short_of"),
    [
        ({}, 1, None),
        ({"slice_thickness_mm": 5.2}, 2, "voxel"),
        ({"bandwidth_hz_per_px": 120.0}, 2, "bandwidth"),
        ({"bandwidth_hz_per_px": None}, 3, "bandwidth"),
        ({"fat_suppression": None}, 2, "fat suppression"),
        ({"acceleration_in_plane": np.nan}, 3, "acceleration"),
        ({"acceleration_in_plane": 2.0}, 4, "acceleration"),
    ],
)
def test_the_strictest_tier_with_enough_peers_judges(
    columns: dict[str, Any], tier: int, short_of: str | None
) -> None:
    found = judged(beside(fleet([1.0] * 6, **columns), fleet([2.0])))
    one = found.loc["D0"]
    assert (one["reference"], one["reference_tier"]) == ("same_field", tier)
    assert one["short_of"] == short_of
    assert (one["n_candidates"], one["n_peers"]) == (6, 6)
    assert one["has_potential"]


@pytest.mark.parametrize(
    ("columns", "reason", "candidates"),
    [
        ({"fat_suppression": "dixon"}, "too few peers", 6),
        ({"trajectory": "rotating_blades"}, "too few peers", 6),
        ({"contrast_phase": "post"}, "too few scanners", 0),
        ({"reconstruction": "deep_learning"}, "too few scanners", 0),
        ({"dimension": "3d"}, "too few scanners", 0),
        ({"field_strength_class_t": 3.0}, "too few scanners", 0),
    ],
)
def test_who_scans_for_another_purpose_judges_in_no_tier(
    columns: dict[str, Any], reason: str, candidates: int
) -> None:
    found = judged(beside(fleet([1.0] * 6, **columns), fleet([2.0]))).loc["D0"]
    assert (found["assessment"], found["assessment_reason"]) == ("not assessable", reason)
    assert (found["n_candidates"], found["n_peers"]) == (candidates, 0)
    assert found["has_potential"] is None


def test_a_scanner_without_parallel_imaging_does_not_average_too_often() -> None:
    """Peers at R 2 have half of its effective averages; what differs is the acceleration."""
    found = judged(beside(fleet([1.0] * 6, acceleration_in_plane=2.0), fleet([1.0] * 6)))
    assert not found["has_potential"].any()
    assert set(found["level"]) == {1.0}


def test_whoever_accelerates_more_is_allowed_more_averages() -> None:
    """NEX 2 at R 2 takes the time of NEX 1 without, and is ordinary in the spine."""
    peers = fleet([1.0] * 6)
    found = judged(beside(peers, fleet([2.0, 3.0], acceleration_in_plane=2.0)))
    assert found.loc[["D0", "D1"], "reference_tier"].tolist() == [4, 4]
    assert found.loc[["D0", "D1"], "has_potential"].tolist() == [False, True]


def test_whoever_samples_fewer_lines_is_allowed_more_averages() -> None:
    """Without peers of equal partial Fourier, three averages of 3/4 of the lines are 2.25."""
    peers = fleet([2.0] * 6, partial_fourier_fraction=1.0)
    mine = fleet([3.0, 4.0], partial_fourier_fraction=0.75)
    found = judged(beside(peers, mine))
    assert found.loc[["D0", "D1"], "reference_tier"].tolist() == [4, 4]
    assert found.loc["D0", "reference_level"] == pytest.approx(2 / 0.75)
    assert found.loc[["D0", "D1"], "has_potential"].tolist() == [False, True]


def test_three_peers_of_a_low_tier_do_not_settle_what_more_in_the_next_deny() -> None:
    alike = fleet([4.0] * 4)
    found = judged(beside(fleet([2.0] * 6, acceleration_in_plane=2.0), alike))
    assert found.loc["D0", "reference_tier"] == 4
    assert found.loc["D0", "has_potential"]


def test_by_chance_no_peer_of_the_same_image_runs_what_others_run_at_equal_noise() -> None:
    others = beside(fleet([1.0] * 12, slice_thickness_mm=2.8), fleet([2.0] * 6))
    one = judged(others).loc["D0"]
    assert (one["reference_tier"], one["reference_level"]) == (2, pytest.approx(1.0))
    assert one["has_potential"]


def test_smaller_voxels_are_allowed_more_averages() -> None:
    """In the second tier peers are carried over at equal signal to noise."""
    peers = fleet([1.0] * 6)
    fine = judged(beside(peers, fleet([2.0], slice_thickness_mm=2.8))).loc["D0"]
    assert (fine["reference_tier"], fine["has_potential"]) == (2, False)
    coarse = judged(beside(peers, fleet([2.0], slice_thickness_mm=5.4))).loc["D0"]
    assert (coarse["reference_tier"], coarse["has_potential"]) == (2, True)


def test_an_unsaid_trajectory_is_cartesian() -> None:
    others = fleet([1.0] * 6, trajectory=None)
    others["device_key"] = "P" + others["device_key"]
    others["acquisition_key"] = "P" + others["acquisition_key"]
    found = judged(pd.concat([fleet([2.0]), others], ignore_index=True))
    assert found.loc["D0", "has_potential"]


def test_nex_two_without_oversampling_is_nex_one_with_it() -> None:
    """A rule that looks at NEX alone flags the first scanner."""
    peers = fleet([1.0] * 7, phase_encoding_steps=704.0, phase_oversampling_percent=100.0)
    mine = fleet([2.0])
    mine["device_key"], mine["acquisition_key"] = "M", "M" + mine["acquisition_key"]
    found = judged(pd.concat([peers, mine], ignore_index=True))
    assert found.loc["M", "level"] == pytest.approx(2.0)
    assert found.loc["M", "reference_level"] == pytest.approx(2.0)
    assert not found.loc["M", "has_potential"]


def test_a_signed_target_overrules_the_peers_and_the_closest_scope_decides() -> None:
    frame = fleet([2.0] * 3 + [1.0] * 6, model=["old"] * 30)
    frame.loc[frame["device_key"] != "D0", "model"] = "new"
    signed = targets(
        {"value": 1.0, "vendor": "siemens"},
        {"target": "old coil", "value": 2.0, "model": "old", "version": 3},
    )
    found = judged(frame, signed)
    assert found.loc["D0", "reference_name"] == "old coil v3"
    assert not found.loc["D0", "has_potential"]
    assert found.loc["D1", "reference"] == "signed_target"
    assert found.loc["D1", "has_potential"]


@pytest.mark.parametrize(
    ("first", "last", "applies"),
    [(0, None, True), (90, None, False), (0, 88, False), (0, 89, True)],
)
def test_only_a_target_in_force_judges(first: int, last: int | None, applies: bool) -> None:
    row: dict[str, Any] = {"value": 1.0, "valid_from": START + pd.Timedelta(days=first)}
    if last is not None:
        row["valid_to"] = START + pd.Timedelta(days=last)
    found = judged(fleet([2.0]), targets(row))
    assert (found["reference"] == "signed_target").tolist() == [applies]


def test_targets_scoped_by_site_and_on_nex() -> None:
    frame = fleet([2.0, 2.0], phase_encoding_steps=528.0, phase_oversampling_percent=50.0)
    signed = targets({"value": 1.0, "parameter": "nex", "site": "North"})
    frame["site"] = frame["device_key"].map({"D0": "North", "D1": "South"})
    found = judged(frame, signed)
    # 50 % oversampling: NEX 1 samples each line 1.5 times
    assert found.loc["D0", "reference_level"] == pytest.approx(1.5)
    assert found.loc["D0", "has_potential"]
    assert found.loc["D1", "reference"] == "none"


def untold(nex: list[float], **columns: Any) -> pd.DataFrame:
    """Scanners that tell NEX, and nothing of their lines."""
    return fleet(nex, effective_averages=None, phase_oversampling_percent=None, **columns)


def test_a_target_on_what_a_scanner_does_not_tell_judges_nobody() -> None:
    found = judged(untold([2.0] * 7), targets({"value": 1.0}))
    assert (found["assessment"] == "not assessable").all()
    assert (found["measure"] == "least_averaging").all()
    assert found["has_potential"].isna().all()


def test_where_only_nex_is_told_it_is_held_against_the_averaging_of_others() -> None:
    """A line is sampled once an average at least: NEX 2 lies above averaging 1, whatever else."""
    found = judged(beside(fleet([1.0] * 6), untold([2.0, 1.0])))
    one = found.loc["D0"]
    assert (one["measure"], one["reference_tier"]) == ("least_averaging", 3)
    assert found.loc[["D0", "D1"], "has_potential"].tolist() == [True, None]
    assert found.loc["D1", "assessment_reason"] == "oversampling not reported"
    # but not above an averaging of 2, which NEX 1 with all lines twice is
    double = {"phase_oversampling_percent": 100.0, "phase_encoding_steps": 704.0}
    found = judged(beside(fleet([1.0] * 6, **double), untold([2.0])))
    assert not found.loc["D0", "has_potential"]


def test_where_nobody_tells_more_than_nex_it_is_compared_and_judges_nobody_who_does() -> None:
    found = judged(untold([2.0] * 2 + [1.0] * 6))
    assert set(found["reference_tier"]) == {3.0}
    assert found["has_potential"].tolist() == [True] * 2 + [None] * 6
    found = judged(beside(untold([1.0] * 6), fleet([2.0])))
    assert found.loc["D0", "reference"] == "none"


@pytest.mark.parametrize(
    ("nex", "oversampling", "vendor", "then"),
    [
        (3.0, 0.0, "siemens", 1.0),
        (2.0, 20.0, "siemens", 1.2),  # one average fewer, at the scanner's own oversampling
        (1.0, 100.0, "siemens", 1.0),  # no average to spare: less oversampling
        (1.5, 0.0, "ge", 1.0),
    ],
)
def test_what_is_proposed_can_be_set_at_the_console(
    nex: float, oversampling: float, vendor: str, then: float
) -> None:
    mine = fleet(
        [nex],
        phase_oversampling_percent=oversampling,
        phase_encoding_steps=352.0 * (1 + oversampling / 100),
        vendor=vendor,
    )
    found = judged(beside(fleet([1.0] * 6), mine)).loc["D0"]
    assert found["has_potential"]
    assert found["what_if_level"] == pytest.approx(then)


def test_averaging_below_one_is_never_proposed() -> None:
    """A target may have been signed on effective averages of accelerated scans."""
    signed = targets({"value": 0.5, "parameter": "effective_averages"})
    found = judged(fleet([2.0] * 2), signed).loc["D0"]
    assert (found["has_potential"], found["what_if_level"]) == (True, 1.0)


@pytest.mark.parametrize(
    ("days", "assessment", "level_days"),
    [
        (range(0, 90, 11), "assessable", 90),
        (range(-80, 90, 20), "assessable", 365),
        (range(-91, 90, 180), "assessable", 365),
        (range(-301, 90, 390), "insufficient", 365),
    ],
)
def test_a_rare_protocol_is_read_over_a_year(days: range, assessment: str, level_days: int) -> None:
    rare = acquisitions(days, device_key="RARE", nex=2.0)
    found = judged(pd.concat([fleet([1.0] * 6), rare], ignore_index=True)).loc["RARE"]
    assert (found["assessment"], found["level_days"]) == (assessment, level_days)
    assert found["n"] == sum(day > 89 - level_days for day in days)


def test_a_rare_protocol_is_not_read_beyond_its_last_change() -> None:
    days = np.arange(-80, 90, 60)
    rare = acquisitions(days, device_key="RARE", nex=np.where(days < 0, 2.0, 1.0))
    frame = pd.concat([fleet([1.0] * 6), rare], ignore_index=True)
    changed = pd.Series(
        [START], pd.MultiIndex.from_arrays([["RARE"], rare["protocol_key"].iloc[:1]])
    ).rename_axis(["device_key", "protocol_key"])
    found = judged(frame, since=changed).loc["RARE"]
    assert (found["assessment"], found["n"]) == ("insufficient", (days >= 0).sum())


def test_a_protocol_out_of_use_has_no_level() -> None:
    old = acquisitions(range(-80, 0), device_key="OLD")
    found = judged(pd.concat([fleet([1.0] * 6), old], ignore_index=True))
    assert "OLD" not in found.index


def test_too_little_is_insufficient_and_never_a_number() -> None:
    few = acquisitions(range(1), device_key="F", nex=3.0, prefix="few")
    found = judged(pd.concat([fleet([1.0] * 6), few], ignore_index=True))
    assert found.loc["F", "assessment"] == "insufficient"
    for column in ("level", "reference_level", "saving_s", "snr_ratio", "scan_time_now_s"):
        assert found.loc[["F"], column].isna().all()
    assert found.loc["F", "has_potential"] is None


def test_averages_rarely_told_are_not_assessed() -> None:
    frame = fleet([1.0] * 6 + [2.0])
    last = frame.index[frame["device_key"] == "D6"]
    frame.loc[last[:20], ["nex", "effective_averages"]] = np.nan
    found = judged(frame)
    assert found.loc["D6", "assessment"] == "not assessable"
    assert found.loc["D6", "assessment_reason"] == "averages rarely told"
    assert found.loc["D6", "coverage"] == pytest.approx(1 / 3)


def test_scanners_with_a_signed_target_are_no_peers_of_those_it_leaves_out() -> None:
    """Old coils that need two averages would otherwise hide that the others do not."""
    frame = fleet([2.0] * 8 + [1.0] * 2)
    is_old = frame["device_key"].isin([f"D{i}" for i in range(4)])
    assert (judged(frame)["reference_level"] == 2).any()
    frame["model"] = np.where(is_old, "old", "new")
    found = judged(frame, targets({"value": 2.0, "model": "old"}))
    assert found["has_potential"].tolist() == [False] * 4 + [True] * 4 + [False] * 2
    assert (found["n_peers"].iloc[4:] == 5).all()


def test_an_untold_reconstruction_is_judged_as_standard_and_judges_nobody() -> None:
    frame = fleet([1.0] * 5 + [2.0])
    frame.loc[frame["device_key"] == "D5", ["reconstruction", "protocol_key"]] = [None, "unknown"]
    found = judged(frame)
    assert found.loc["D5", "reference"] == "same_field"
    assert found.loc["D5", "has_potential"]
    assert set(found["n_peers"].iloc[:5]) == {4}
    signed = judged(frame, targets({"value": 2.0}))
    assert not signed.loc["D5", "has_potential"]
    assert (judged(fleet([1.0] * 5 + [2.0], reconstruction=None))["reference"] == "none").all()


def test_an_unknown_role_compares_nothing() -> None:
    found = judged(fleet([1.0] * 6 + [2.0], role=None, protocol_key="lumbar_spine.unknown"))
    assert set(found["assessment_reason"]) == {"role unknown"}


def test_overrides_do_not_move_the_level_and_mixed_ones_are_called_so() -> None:
    frame = fleet([1.0] * 6)
    overrides = np.where(np.arange(30) % 10 == 0, 2.0, 1.0)
    half = np.where(np.arange(30) % 5 < 2, 3.0, 2.0)
    mixed = acquisitions(range(0, 90, 3), device_key="M", nex=half)
    steady = acquisitions(range(0, 90, 3), device_key="S", nex=overrides)
    found = judged(pd.concat([frame, mixed, steady], ignore_index=True))
    assert found.loc["S", "level"] == 1
    assert not found.loc["S", "is_mixed"]
    assert found.loc["M", "is_mixed"]
    assert found.loc["M", "level"] == 2


def test_minutes_and_noise_stand_side_by_side() -> None:
    found = judged(fleet([2.0] * 3 + [1.0] * 6, preparation=8.0))
    one = found.loc["D0"]
    assert one["snr_ratio"] == pytest.approx(np.sqrt(0.5))
    assert one["scan_time_now_s"] == pytest.approx(136 + 8, abs=0.5)
    assert one["scan_time_at_target_s"] == pytest.approx(68 + 8, abs=0.5)
    assert one["saving_low_s"] < one["saving_s"] < one["saving_high_s"]


def test_acquisitions_before_the_last_change_are_those_of_another_protocol() -> None:
    nex = np.where(np.arange(30) < 18, 2.0, 1.0)
    mine = acquisitions(range(0, 90, 3), device_key="M", nex=nex)
    frame = pd.concat([fleet([1.0] * 6), mine], ignore_index=True)
    key = (("M", mine["protocol_key"].iloc[0]),)
    since = pd.Series([START + pd.Timedelta(days=54)], index=pd.MultiIndex.from_tuples(key))
    since.index.names = ["device_key", "protocol_key"]
    assert judged(frame).loc["M", "has_potential"]
    assert not judged(frame, since=since).loc["M", "has_potential"]
