"""What other settings would save and cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.frame import prepared
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets.modalities.mr.analysis.time_model import fit_time_model
from protocol_assets.modalities.mr.analysis.what_if import Setting, what_if
from tests.unit.analysis.fleets import START, acquisitions

AS_OF = START + pd.Timedelta(days=120)
KINDS = pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"nex": None}, "NEX is not reported"),
        ({"tr_ms": None}, "a parameter of the formula is not reported"),
    ],
)


def answer(setting: Setting, **columns: Any) -> pd.Series:
    # a second scanner, at other settings, tells the slope
    frame = acquisitions(range(121), preparation=8.0, **{"nex": 2.0} | columns)
    other = acquisitions(range(121), preparation=8.0, device_key="B", nex=[1.0, 2.0] * 60 + [1.0])
    typed = prepared(pd.concat([frame, other], ignore_index=True), AVERAGING)
    chosen = typed["device_key"] == "A"
    return what_if(typed, chosen, setting, fit_time_model(typed), AS_OF).iloc[0]


def test_half_the_averages_save_half_the_scan_but_not_its_preparation() -> None:
    one = answer(Setting(nex=1))
    assert one["minutes_now"] == pytest.approx((136 + 8) / 60, rel=0.01)
    assert one["minutes_saved_per_exam"] == pytest.approx(68 / 60, rel=0.01)
    assert one["volume_per_month"] == pytest.approx((29 + 31 + 30) / 3)
    assert one["minutes_saved_per_month"] == pytest.approx(30 * 68 / 60, rel=0.01)
    assert (
        one["minutes_saved_per_month_low"]
        <= one["minutes_saved_per_month"]
        <= one["minutes_saved_per_month_high"]
    )
    assert one["snr_ratio"] == pytest.approx(np.sqrt(0.5))
    assert not one["snr_is_without_g_factor"]


def test_acceleration_costs_at_least_the_root_and_says_that_g_is_unknown() -> None:
    one = answer(Setting(acceleration=2))
    # 352 lines / 18 / 2 = 9.8 -> 10 whole trains instead of 20
    assert one["minutes_saved_per_exam"] == pytest.approx(68 / 60, rel=0.01)
    assert one["snr_ratio"] == pytest.approx(np.sqrt(0.5))
    assert one["snr_is_without_g_factor"]


def test_oversampling_counts_in_whole_trains() -> None:
    one = answer(Setting(oversampling_percent=50))
    # 528 lines / 18 = 29.3 -> 30 trains instead of 20: longer, and less noise
    assert one["minutes_saved_per_exam"] == pytest.approx(-68 / 60, rel=0.01)
    assert one["snr_ratio"] == pytest.approx(np.sqrt(1.5))


def test_the_lines_of_echo_planar_imaging_save_nothing() -> None:
    one = answer(Setting(acceleration=2), sequence_family="epi")
    assert one["reason"] == "lines do not set the time of echo-planar imaging"
    assert np.isnan(one["minutes_saved_per_exam"])


@KINDS
def test_what_is_not_told_gives_a_reason_and_no_number(
    columns: dict[str, Any], reason: str
) -> None:
    one = answer(Setting(nex=1), **columns)
    assert one["coverage"] == 0
    assert one["reason"] == reason
    for column in ("minutes_now", "minutes_saved_per_exam", "minutes_saved_per_month", "snr_ratio"):
        assert np.isnan(one[column])


@pytest.mark.parametrize(
    "wrong", [{}, {"nex": 0}, {"nex": 40}, {"acceleration": 0.5}, {"oversampling_percent": -1}]
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be|at least one"):
        Setting(**wrong)
