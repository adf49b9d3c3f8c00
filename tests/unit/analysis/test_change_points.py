"""When averages changed, and what is no change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.change_points import Changes, protocol_changes
from protocol_assets.analysis.frame import prepared
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from tests.unit.analysis.fleets import START, acquisitions

YEAR = 365


def exams(seed: int, n: int) -> np.ndarray:
    """Days of exams, Mondays to Fridays."""
    random = np.random.default_rng(seed)
    days = np.arange(YEAR)
    return np.sort(random.choice(days[days % 7 < 5], n))


def with_overrides(nex: np.ndarray, seed: int, share: float = 0.06) -> np.ndarray:
    random = np.random.default_rng(seed + 1)
    return np.where(random.random(len(nex)) < share, random.choice([1.0, 2.0, 3.0], len(nex)), nex)


def found(days: np.ndarray, nex: np.ndarray, **columns: Any) -> Changes:
    return protocol_changes(prepared(acquisitions(days, nex=nex, **columns), AVERAGING), AVERAGING)


def error(changes: Changes, day: int) -> int:
    one = changes.changes.iloc[0]
    assert one["changed_from"] <= one["changed_on"] <= one["changed_to"] + pd.Timedelta(days=1)
    return abs(int((one["changed_on"] - START).days) - day)


@pytest.mark.parametrize("n", [60, 180, 500])
@pytest.mark.parametrize("missing", [0.03, 0.2])
@pytest.mark.parametrize(("before", "after"), [(2.0, 1.0), (1.5, 1.0), (3.0, 2.0), (1.0, 2.0)])
def test_a_change_is_dated_within_the_pause_between_exams(
    n: int, missing: float, before: float, after: float
) -> None:
    errors = []
    for seed in range(6):
        days = exams(seed, n)
        nex = with_overrides(np.where(days < 170, before, after), seed)
        nex[np.random.default_rng(seed).random(n) < missing] = np.nan
        changes = found(days, nex)
        assert len(changes.changes) == 1
        assert (changes.changes["before"].iloc[0], changes.changes["after"].iloc[0]) == (
            before,
            after,
        )
        errors.append(error(changes, 170))
    assert np.median(errors) <= 5


@pytest.mark.parametrize("n", [60, 150, 400])
def test_a_relapse_after_sixty_days_is_told(n: int) -> None:
    for seed in range(8):
        days = exams(seed, n)
        away = (days >= 150) & (days < 210)
        changes = found(days, with_overrides(np.where(away, 1.0, 2.0), seed)).changes
        assert changes["kind"].tolist() == ["decrease", "relapse"]
        assert abs((changes["relapsed_on"].iloc[0] - START).days - 210) <= 12


def test_three_levels_are_two_changes_and_no_relapse() -> None:
    days = exams(3, 240)
    nex = np.select([days < 120, days < 240], [3.0, 2.0], 1.0)
    changes = found(days, with_overrides(nex, 3)).changes
    assert changes["kind"].tolist() == ["decrease", "decrease"]
    assert changes["change_number"].tolist() == [1, 2]
    assert changes["relapsed_on"].isna().all()


NOISE: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "none": lambda days, random: np.ones(len(days)),
    "overrides": lambda days, random: np.where(random.random(len(days)) < 0.06, 2.0, 1.0),
    "a technologist's nights": lambda days, random: np.where(
        np.isin(days // 7, random.choice(52, 3, replace=False)), 2.0, 1.0
    ),
    "field of view": lambda days, random: random.normal(1.2, 0.05, len(days)),
    "an even mix": lambda days, random: random.choice([1.0, 2.0], len(days)),
    "heavy tails": lambda days, random: np.exp(0.1 * random.standard_t(2, len(days))),
}


@pytest.mark.parametrize("noise", NOISE)
def test_unchanged_protocols_raise_hardly_any_alarm(noise: str) -> None:
    """At most 5 in 100 series and years; 60 series of three volumes."""
    frames = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        days = exams(seed, [40, 120, 400][seed % 3])
        frames.append(acquisitions(days, nex=NOISE[noise](days, random), device_key=f"D{seed}"))
    changes = protocol_changes(prepared(pd.concat(frames, ignore_index=True), AVERAGING), AVERAGING)
    assert len(changes.changes) <= 3
    assert (changes.series["state"] == "watched").all()


def beside(rare: pd.DataFrame, *others: pd.DataFrame) -> Changes:
    return protocol_changes(
        prepared(pd.concat([rare, *others], ignore_index=True), AVERAGING), AVERAGING
    )


def frequent(role: str, nex: Callable[[np.ndarray], np.ndarray]) -> pd.DataFrame:
    days = exams(sum(map(ord, role)), 200)
    return acquisitions(days, nex=nex(days), role=role)


def away(days: np.ndarray) -> np.ndarray:
    return np.where((days >= 150) & (days < 210), 1.0, 2.0)


RARE_DAYS = np.array([5, 37, 39, 44, 45, 81, 83, 117, 122, 139, 164, 166, 168, 171, 183])
RARE_DAYS = np.append(RARE_DAYS, [223, 232, 239, 246, 265, 310, 330])


def of_rare(changes: Changes) -> pd.DataFrame:
    return changes.changes[changes.changes["protocol_key"].str.contains("cor_t2")]


def test_a_rare_protocol_that_changed_with_the_others_is_found() -> None:
    """Five exams in three weeks are a change where the scanner's others changed and relapsed."""
    rare = acquisitions(RARE_DAYS, nex=away(RARE_DAYS), role="cor_t2")
    assert beside(rare).changes.empty
    found = of_rare(beside(rare, *(frequent(role, away) for role in ("sag_t1", "sag_t2"))))
    assert found["kind"].tolist() == ["decrease", "relapse"]
    assert found["is_vouched"].all()
    days = (found["changed_on"] - START).dt.days.tolist()
    assert 139 < days[0] <= 164
    assert 183 < days[1] <= 223


@pytest.mark.parametrize("roles", [["sag_t1"], []])
def test_one_other_protocol_vouches_for_nothing(roles: list[str]) -> None:
    rare = acquisitions(RARE_DAYS, nex=away(RARE_DAYS), role="cor_t2")
    assert of_rare(beside(rare, *(frequent(role, away) for role in roles))).empty


def test_another_scanner_vouches_for_nothing() -> None:
    rare = acquisitions(RARE_DAYS, nex=away(RARE_DAYS), role="cor_t2", device_key="B")
    assert of_rare(beside(rare, *(frequent(role, away) for role in ("sag_t1", "sag_t2")))).empty


@pytest.mark.parametrize("noise", ["none", "overrides", "a technologist's nights", "an even mix"])
def test_what_stands_still_beside_changes_raises_hardly_any_alarm(noise: str) -> None:
    """At most 5 in 100 series and years, on scanners whose other protocols all changed."""
    frames = [frequent(role, away) for role in ("sag_t1", "sag_t2", "ax_t2")]
    frames = [frame.assign(device_key=f"D{one}") for one in range(60) for frame in frames]
    for number, frame in enumerate(frames):
        frame["acquisition_key"] = f"{number}." + frame["acquisition_key"]
    for seed in range(60):
        random = np.random.default_rng(seed)
        days = exams(seed, [15, 40, 120][seed % 3])
        nex = NOISE[noise](days, random)
        frames.append(acquisitions(days, nex=nex, device_key=f"D{seed}", role="cor_t2"))
    assert len(of_rare(beside(*frames))) <= 3


def test_names_software_and_serial_numbers_are_not_looked_at() -> None:
    days = exams(5, 200)
    renamed = np.where(days < 150, "old name", "new name")
    upgraded = np.where(days < 200, "VE11", "XA31")
    nex = np.full(200, 2.0)
    assert found(days, nex, label_code=renamed, software_code=upgraded).changes.empty
    frame = acquisitions(days, nex=nex, station_code="MR1")
    frame.loc[frame["study_date"] >= START + pd.Timedelta(days=180), "device_key"] = "NEW"
    changes = protocol_changes(prepared(frame, AVERAGING), AVERAGING)
    assert changes.changes.empty
    assert len(changes.series) == 1


def test_a_change_is_found_across_a_new_serial_number_and_a_new_name() -> None:
    days = exams(6, 200)
    frame = acquisitions(days, nex=np.where(days < 190, 2.0, 1.0), station_code="MR1")
    frame["label_code"] = np.where(days < 190, "old name", "new name")
    frame.loc[days >= 180, "device_key"] = "NEW"
    changes = protocol_changes(prepared(frame, AVERAGING), AVERAGING)
    assert error(changes, 190) <= 5


def test_an_upgrade_that_tells_another_number_for_the_same_scan_is_set_aside() -> None:
    days = exams(7, 200)
    effective = np.where(days < 150, 2.0, 1.0)
    columns = {
        "effective_averages": effective,
        "software_code": np.where(days < 150, "VE11", "XA31"),
    }
    plain = found(days, np.ones(200), **columns, scan_time_s=70.0)
    assert plain.changes.empty
    assert plain.series["set_aside"].iloc[0] == "header"
    shorter = found(days, np.ones(200), **columns, scan_time_s=70.0 * effective)
    assert len(shorter.changes) == 1


def test_another_mix_of_two_programs_is_no_change_of_either() -> None:
    days = exams(8, 300)
    random = np.random.default_rng(8)
    is_tumour = random.random(300) < np.where(days < 180, 0.2, 0.8)
    programs = np.where(is_tumour, "tumour", "routine")
    changes = found(days, np.where(is_tumour, 2.0, 1.0), label_code=programs)
    assert changes.changes.empty
    assert changes.series["set_aside"].iloc[0] == "case mix"


def test_a_program_that_was_given_up_is_a_change() -> None:
    days = exams(9, 300)
    random = np.random.default_rng(9)
    is_slow = random.random(300) < np.where(days < 180, 0.95, 0.05)
    programs = np.where(is_slow, "slow", "fast")
    changes = found(days, np.where(is_slow, 2.0, 1.0), label_code=programs)
    assert error(changes, 180) <= 5


def test_nex_stands_in_where_effective_averages_are_not_told() -> None:
    days = exams(10, 120)
    nex = np.where(days < 170, 2.0, 1.0)
    changes = found(days, nex, effective_averages=None)
    assert changes.changes["measure"].tolist() == ["nex"]
    assert error(changes, 170) <= 5


def test_too_few_exams_are_insufficient_not_unchanged() -> None:
    changes = found(np.arange(9) * 20, np.array([2.0] * 5 + [1.0] * 4))
    assert changes.changes.empty
    assert changes.series["state"].tolist() == ["insufficient"]


def test_how_short_a_level_may_be_to_be_seen_depends_on_the_volume() -> None:
    monthly = found(np.arange(12) * 30, np.ones(12)).series["shortest_seen_days"].iloc[0]
    daily = found(np.arange(90), np.ones(90)).series["shortest_seen_days"].iloc[0]
    assert (monthly, daily) == (150, 21)


def test_the_result_depends_on_the_series_alone() -> None:
    days = exams(11, 100)
    one = acquisitions(days, nex=np.where(days < 170, 2.0, 1.0), device_key="B")
    other = acquisitions(days, device_key="A")
    alone = protocol_changes(prepared(one, AVERAGING), AVERAGING).changes
    beside = protocol_changes(
        prepared(pd.concat([one, other], ignore_index=True), AVERAGING), AVERAGING
    ).changes
    pd.testing.assert_frame_equal(alone, beside)
