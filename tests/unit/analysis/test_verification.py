"""Whether changes won what they promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.change_points import protocol_changes
from protocol_assets.analysis.frame import prepared
from protocol_assets.analysis.verification import STATES, change_verification
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets.modalities.mr.analysis.time_model import fit_time_model
from tests.unit.analysis.fleets import START, acquisitions, nothing_registered

CHANGED = 180
PREPARATION = 8.0


def day(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def scanner(
    device: str,
    seed: int,
    *,
    n: int = 240,
    factor: float = 0.5,
    until: int = 365,
    drift: float = 1.0,
    tr_factor: float = 1.0,
    **columns: Any,
) -> pd.DataFrame:
    """A scanner that changes NEX (and TR) on one day; its times vary as technologists do."""
    random = np.random.default_rng(seed)
    days = np.sort(random.integers(0, 365, n))
    away = (days >= CHANGED) & (days < until)
    nex = np.where(away, 2.0 * factor, 2.0)
    frame = acquisitions(
        days,
        device_key=device,
        nex=nex,
        tr_ms=3400.0 * np.where(away, tr_factor, 1.0),
        preparation=PREPARATION,
        **columns,
    )
    frame["scan_time_s"] *= random.lognormal(0, 0.02, n) * np.where(days >= CHANGED, drift, 1.0)
    return frame


def register(device: str, frame: pd.DataFrame, **columns: Any) -> dict[str, Any]:
    return {
        "device_key": device,
        "protocol_key": frame["protocol_key"].iloc[0],
        "changed_on": day(CHANGED),
        "volume_per_month": 20.0,
        "promised_minutes_per_month": 20 * 68 / 60,
        "quality_signed_on": day(300),
    } | columns


def verified(
    frame: pd.DataFrame, registered: list[dict[str, Any]], as_of: int = 364
) -> pd.DataFrame:
    typed = prepared(frame, AVERAGING)
    register_frame = pd.DataFrame(registered) if registered else nothing_registered()
    result = change_verification(
        typed,
        AVERAGING,
        protocol_changes(typed, AVERAGING),
        register_frame,
        fit_time_model(typed),
        day(as_of),
    )
    assert set(result["state"]) <= set(STATES)
    return result.set_index("device_key")


def fleet(*frames: pd.DataFrame, drift: float = 1.0) -> pd.DataFrame:
    """The frames beside five scanners that never changed."""
    controls = [scanner(f"C{i}", 50 + i, factor=1.0, drift=drift) for i in range(5)]
    return pd.concat([*frames, *controls], ignore_index=True)


def test_a_registered_change_wins_what_it_promised() -> None:
    mine = scanner("A", 1, n=900)
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["evidence"] == "confirmatory"
    assert one["state"] == "verified"
    assert one["effect"] == "time won"
    assert (one["level_before"], one["level_after"]) == (2, 1)
    assert one["scan_time_shift_low_s"] <= -68 <= one["scan_time_shift_high_s"] + 1
    assert one["realised_minutes_per_month"] == pytest.approx(20 * 68 / 60, rel=0.05)
    after = mine[mine["study_date"] >= day(CHANGED)]
    truth = (136 + PREPARATION - after["scan_time_s"]).sum() / 60
    assert one["realised_minutes"] == pytest.approx(truth, rel=0.03)
    assert one["cut_share"] == pytest.approx(truth * 60 / (144 * len(after)), abs=0.01)
    assert one["scan_time_n_controls"] == 5


def test_the_times_of_whole_exams_are_not_those_of_a_protocol() -> None:
    mine = scanner("A", 1)
    result = verified(fleet(mine), [register("A", mine)])
    assert not [
        column
        for column in result
        if str(column).startswith(("scan_time_sum", "exam_span", "gap_time"))
    ]


def test_changes_of_one_visit_say_so() -> None:
    """The second protocol changes nine days later, a third on another scanner."""
    one, other = scanner("A", 1), scanner("A", 2, role="sag_t1", weighting="t1")
    elsewhere = scanner("B", 3)
    registered = [
        register("A", one),
        register("A", other, changed_on=day(CHANGED + 9)),
        register("B", elsewhere, changed_on=day(CHANGED + 9)),
    ]
    result = verified(fleet(one, other, elsewhere), registered)
    assert result.loc[["A"], "visit_on"].tolist() == [day(CHANGED)] * 2
    assert result.loc["B", "visit_on"] == day(CHANGED + 9)


def test_a_tr_that_changed_as_well_is_priced_in() -> None:
    mine = scanner("A", 1, tr_factor=1.3)
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    after = mine[mine["study_date"] >= day(CHANGED)]
    truth = (136 + PREPARATION - after["scan_time_s"]).sum() / 60
    assert one["realised_minutes"] == pytest.approx(truth, rel=0.05)


def test_without_a_sign_off_time_is_won_but_quality_not_confirmed() -> None:
    mine = scanner("A", 1, n=900)
    one = verified(fleet(mine), [register("A", mine, quality_signed_on=None)]).loc["A"]
    assert one["state"] == "time won, quality not confirmed"
    assert one["reason"] == "no image-quality sign-off on record"


def test_too_few_exams_do_not_exclude_more_repeats() -> None:
    mine = scanner("A", 1)
    is_after = mine["study_date"] >= day(CHANGED)
    again = pd.concat([mine[~is_after].iloc[::15], mine[is_after].iloc[::9]])
    again["acquisition_key"] += ".again"
    again["repeat_kind"] = "rescan"
    frame = fleet(pd.concat([mine, again], ignore_index=True))
    one = verified(frame, [register("A", mine)]).loc["A"]
    assert one["state"] == "time won, quality not confirmed"
    assert one["guard_is_held"] is None
    assert one["reason"] == "cannot tell yet"
    assert one["guard_more_exams"] > 0


def test_repeats_that_rose_speak_against_it() -> None:
    mine = scanner("A", 1, n=500)
    again = mine[mine["study_date"] >= day(CHANGED)].iloc[::4].copy()
    again["acquisition_key"] += ".again"
    again["repeat_kind"] = "rescan"
    frame = fleet(pd.concat([mine, again], ignore_index=True))
    one = verified(frame, [register("A", mine)]).loc["A"]
    assert one["state"] == "time won, quality not confirmed"
    assert not one["guard_is_held"]
    assert one["reason"] == "more often: repeat"
    assert one["repeat_difference"] > 0.15


def test_aborted_acquisitions_that_rose_speak_against_it() -> None:
    mine = scanner("A", 1, n=500)
    late = mine.index[mine["study_date"] >= day(CHANGED)][::4]
    mine.loc[late, "scan_time_s"] = 15.0
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["reason"] == "more often: aborted"


def test_a_change_that_nobody_registered_is_exploratory_however_small_its_p() -> None:
    one = verified(fleet(scanner("A", 1)), []).loc["A"]
    assert one["evidence"] == "exploratory"
    assert one["state"] == "exploratory"
    assert one["effect"] == "time won"
    assert one["p_value"] <= 0.01
    assert np.isnan(one["promised_minutes_per_month"])
    assert one["volume_source"] == "before the change"


def test_a_registered_day_without_a_change_has_no_effect() -> None:
    mine = scanner("A", 1, factor=1.0)
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["state"] == "no effect"
    assert np.isnan(one["level_before"])
    assert abs(one["realised_minutes"]) < 20


def test_what_all_scanners_gained_is_no_effect_of_the_change() -> None:
    """A software release shortens everything by a tenth: the controls take it off again."""
    mine = scanner("A", 1, factor=1.0, drift=0.9)
    one = verified(fleet(mine, drift=0.9), [register("A", mine)]).loc["A"]
    assert one["scan_time_shift_high_s"] < 0
    assert one["scan_time_adjusted_low_s"] <= 0 <= one["scan_time_adjusted_high_s"]
    assert one["state"] == "no effect"


def test_a_slower_protocol_has_lost_time() -> None:
    mine = scanner("A", 1, factor=1.5)
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["state"] == "time lost"
    assert one["realised_minutes"] < 0


@pytest.mark.parametrize("is_registered", [True, False])
def test_minutes_that_were_lost_never_stand_beside_time_won(is_registered: bool) -> None:
    """The typical exam is 68 s shorter, but one in seven takes half an hour: the sum rose."""
    mine = scanner("A", 1, n=500)
    after = mine.index[mine["study_date"] >= day(CHANGED)]
    mine.loc[after[::7], "scan_time_s"] = 1800.0
    one = verified(fleet(mine), [register("A", mine)] if is_registered else []).loc["A"]
    assert one["scan_time_shift_high_s"] < 0
    assert one["q_value"] <= 0.05
    assert one["realised_minutes"] < 0
    assert one["realised_minutes_per_month"] < 0
    assert one["effect"] == "no effect"
    assert one["state"] == ("no effect" if is_registered else "exploratory")
    assert one["reason"] == "scan time and total minutes disagree"


def test_minutes_that_were_won_never_stand_beside_time_lost() -> None:
    """The typical exam is a tenth longer, but one in four was cut to a tenth: the sum fell."""
    mine = scanner("A", 1, n=500, factor=1.0)
    after = mine.index[mine["study_date"] >= day(CHANGED)]
    mine.loc[after, "scan_time_s"] *= 1.1
    mine.loc[after[::4], "scan_time_s"] /= 11.0
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["scan_time_shift_low_s"] > 0
    assert one["realised_minutes"] > 0
    assert (one["state"], one["effect"]) == ("no effect", "no effect")
    assert one["reason"] == "scan time and total minutes disagree"


def test_a_relapse_is_told_and_minutes_end_with_it() -> None:
    mine = scanner("A", 1, until=CHANGED + 60)
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["state"] == "relapsed"
    assert abs((one["relapsed_on"] - day(CHANGED + 60)).days) <= 5
    won = mine[(mine["study_date"] >= day(CHANGED)) & (mine["study_date"] < one["relapsed_on"])]
    assert one["realised_n"] == len(won)


def test_too_little_is_insufficient_and_never_a_number() -> None:
    mine = scanner("A", 1)
    early = mine[mine["study_date"] < day(CHANGED + 8)]
    one = verified(fleet(early), [register("A", mine)], as_of=CHANGED + 7).loc["A"]
    assert one["scan_time_n_after"] < 8
    assert one["state"] == "insufficient"
    for name in ("p_value", "q_value", "scan_time_shift_s", "realised_minutes", "cut_share"):
        assert np.isnan(one[name])


@pytest.mark.parametrize(("n", "compared_days"), [(240, 90), (24, 180)])
def test_a_rare_protocol_is_compared_over_twice_the_days(n: int, compared_days: int) -> None:
    mine = scanner("A", 1, n=n)
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["compared_days"] == compared_days
    assert one["effect"] == "time won"
    days = (mine["study_date"] - day(CHANGED)).dt.days
    assert one["scan_time_n_before"] == days.between(-compared_days, -1).sum()
    assert one["scan_time_n_after"] == days.between(0, compared_days - 1).sum()
    if n == 24:
        assert days.between(-90, -1).sum() < 8


def test_absent_times_lower_the_coverage_and_are_not_zero() -> None:
    mine = scanner("A", 1)
    after = mine.index[mine["study_date"] >= day(CHANGED)]
    mine.loc[after[::5], "scan_time_s"] = np.nan
    one = verified(fleet(mine), [register("A", mine)]).loc["A"]
    assert one["realised_coverage"] == pytest.approx(0.8, abs=0.01)
    assert one["realised_minutes_observed"] == pytest.approx(
        0.8 * one["realised_minutes"], rel=0.02
    )
    assert one["realised_minutes_per_month"] == pytest.approx(20 * 68 / 60, rel=0.05)


def test_nothing_to_verify_is_an_empty_frame() -> None:
    assert verified(fleet(), []).empty


def test_the_result_is_the_same_every_time() -> None:
    mine = scanner("A", 1)
    frame = fleet(mine)
    one, two = (verified(frame, [register("A", mine)]) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
