"""Scan time from parameters, calibrated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.frame import prepared
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets.modalities.mr.analysis.time_model import TimeModel, fit_time_model
from tests.unit.analysis.fleets import acquisitions, devices

ROLES = {"sag_t2": (3400.0, 352.0, 18.0), "sag_t1": (560.0, 288.0, 4.0)}


def fleet(
    noise: str = "normal", *, factor: float = 1.0, seed: int = 0, **columns: Any
) -> pd.DataFrame:
    """Twelve scanners, each preparing for 5 to 10 s; NEX 2, then 1, with a TR changed as well."""
    random = np.random.default_rng(seed)

    def scanner(i: int) -> pd.DataFrame:
        parts = []
        preparation = 5 + 5 * i / 11
        for role, (tr, steps, train) in ROLES.items():
            n = 60
            nex = np.where(np.arange(n) < n / 2, 2.0, 1.0)
            tr_ms = tr * np.where(np.arange(n) < n / 2, 1.0, 1.15)
            part = acquisitions(
                np.arange(n) * 4,
                device_key=f"D{i}",
                role=role,
                nex=nex,
                tr_ms=tr_ms,
                phase_encoding_steps=steps,
                matrix_phase=steps,
                echo_train_length=train,
                **columns,
            )
            error = {
                "normal": random.normal(0, 1, n),
                "whole seconds": np.zeros(n),
                "outliers": np.where(random.random(n) < 0.15, -40.0, random.normal(0, 0.5, n)),
            }[noise]
            seconds = factor * part["scan_time_formula_s"] + preparation + error
            part["scan_time_s"] = np.floor(seconds) if noise == "whole seconds" else seconds
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    return prepared(devices(12, scanner), AVERAGING)


def one(model: TimeModel, frame: pd.DataFrame, device: str, nominal: float) -> pd.Series:
    rows = frame[(frame["device_key"] == device) & (frame["role"] == "sag_t2")].head(1)
    return model.predict(rows, pd.Series([nominal], index=rows.index)).iloc[0]


@pytest.mark.parametrize("noise", ["normal", "whole seconds", "outliers"])
def test_preparation_does_not_scale_and_is_the_scanners_own(noise: str) -> None:
    frame = fleet(noise)
    model = fit_time_model(frame)
    for device, preparation in (("D0", 5.0), ("D11", 10.0)):
        predicted = one(model, frame, device, 68.0)
        assert predicted["predicted_s"] == pytest.approx(68 + preparation, abs=1.2)
        assert predicted["slope"] == pytest.approx(1.0, abs=0.01)
        assert predicted["level"] == "vendor x role"
        assert not predicted["is_off"]


def test_a_saving_is_predicted_from_scanners_that_never_changed() -> None:
    """Without preparation in the model 8 s of 75 would count as saved."""
    frame = fleet()
    still = frame[(frame["device_key"] != "D3") | (frame["nex"] == 2)]
    model = fit_time_model(still)
    saving = (
        one(model, frame, "D3", 136.0)["predicted_s"] - one(model, frame, "D3", 68.0)["predicted_s"]
    )
    assert saving == pytest.approx(68, rel=0.01)


def test_the_error_is_that_of_exams_left_out() -> None:
    frame = fleet()
    groups = fit_time_model(frame).groups
    group = groups[groups["role"] == "sag_t2"].iloc[0]
    expected = np.median(np.abs(np.random.default_rng(0).normal(0, 1, 10_000))) / 105 * 100
    assert group["error_median_pct"] == pytest.approx(expected, rel=0.5)
    assert group["error_p5_pct"] < 0 < group["error_p95_pct"]
    assert group["n"] == 720
    assert group["n_series"] == 12


def test_pure_noise_has_an_error_that_says_so() -> None:
    """An error measured on the fitted exams would look smaller than this."""
    frame = fleet()
    random = np.random.default_rng(5)
    frame["scan_time_s"] = random.uniform(20, 400, len(frame))
    model = fit_time_model(frame)
    assert model.groups["is_off"].all()
    assert (model.groups["error_median_pct"].dropna() > 30).all()
    assert model.groups["error_median_pct"].notna().sum() == 2


def test_concatenations_are_recognised_as_a_whole_factor() -> None:
    frame = fleet(factor=2.0)
    model = fit_time_model(frame)
    assert set(model.series["factor"]) == {2.0}
    assert one(model, frame, "D0", 68.0)["predicted_s"] == pytest.approx(141, abs=1.5)


def test_a_rare_role_takes_its_vendors_fit_and_a_new_vendor_that_of_all() -> None:
    frame = fleet()
    rare = prepared(acquisitions(range(3), device_key="R", role="cor_t2", prefix="rare"), AVERAGING)
    other = prepared(
        acquisitions(range(3), device_key="X", vendor="uih", prefix="other"), AVERAGING
    )
    model = fit_time_model(pd.concat([frame, rare, other], ignore_index=True))
    assert model.predict(rare, rare["scan_time_formula_s"])["level"].iloc[0] == "vendor"
    assert model.predict(other, other["scan_time_formula_s"])["level"].iloc[0] == "all"
    unseen = model.predict(other.assign(vendor="canon"), other["scan_time_formula_s"])
    assert unseen["is_off"].all()


def test_formula_times_calibrate_nothing_and_the_bare_formula_says_so() -> None:
    frame = fleet(scan_time_method="formula")
    model = fit_time_model(frame)
    predicted = one(model, frame, "D0", 68.0)
    assert predicted["predicted_s"] == pytest.approx(68)
    assert predicted["level"] == "formula"
    assert predicted["is_off"]
    assert np.isnan(predicted["error_median_pct"])


def test_absent_parameters_give_no_time() -> None:
    frame = fleet()
    model = fit_time_model(frame)
    assert np.isnan(one(model, frame, "D0", float("nan"))["predicted_s"])


def test_an_empty_frame_is_a_bare_formula() -> None:
    frame = fleet()
    model = fit_time_model(frame.iloc[:0])
    assert one(model, frame, "D0", 68.0)["predicted_s"] == pytest.approx(68)
