"""Averaging, what it is at least, and acceleration beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.frame import prepared
from protocol_assets.analysis.levels import current_levels
from protocol_assets.modalities.mr.analysis.averaging import (
    acceleration,
    averaging,
    least_averaging,
)
from protocol_assets.modalities.mr.analysis.faster_peers import slower_than_peers
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from tests.unit.analysis.fleets import START, acquisitions, devices


def one(**columns: Any) -> tuple[float, float]:
    """Averaging of one acquisition, and what it is at least."""
    plain = {
        "vendor": "siemens",
        "nex": 1.0,
        "phase_oversampling_percent": np.nan,
        "partial_fourier_fraction": np.nan,
        "effective_averages": np.nan,
        "effective_averages_state": "told",
        "acceleration_in_plane": np.nan,
        "acceleration_out_of_plane": np.nan,
        "reconstruction": "standard",
        "phase_encoding_steps": np.nan,
        "matrix_phase": 256.0,
        "echo_train_length": 16.0,
        "tr_ms": 4000.0,
        "scan_time_s": np.nan,
        "scan_time_method": None,
        "sequence_family": "tse",
        "dimension": "2d",
        "number_of_slices": 15.0,
        "bandwidth_hz_per_px": 200.0,
        "ti_ms": np.nan,
    }
    frame = pd.DataFrame([plain | columns])
    return float(averaging(frame).iloc[0]), float(least_averaging(frame).iloc[0])


BY_TIME: dict[str, Any] = {"effective_averages_state": "from_scan_time"}
LONG: dict[str, Any] = {"scan_time_s": 266.0, "scan_time_method": "acquisition_duration"}
STEPS: dict[str, Any] = {"nex": 2.0, "phase_encoding_steps": 384.0}
PLAIN: dict[str, Any] = {"partial_fourier_fraction": 1.0, "acceleration_in_plane": 1.0}


@pytest.mark.parametrize(
    ("columns", "told", "least"),
    [
        pytest.param({"nex": 2.0, "phase_oversampling_percent": 50.0}, 3.0, 3.0, id="stated"),
        pytest.param(
            {"effective_averages": 0.75, "acceleration_in_plane": 2.0}
            | {"partial_fourier_fraction": 0.75},
            2.0,
            2.0,
            id="measured lines, R 2 and partial Fourier",
        ),
        pytest.param(
            {"effective_averages": 1.5, "acceleration_in_plane": 1.0},
            np.nan,
            1.5,
            id="partial Fourier not told",
        ),
        pytest.param(
            {"effective_averages": 1.5, "partial_fourier_fraction": 1.0},
            np.nan,
            1.5,
            id="acceleration not told",
        ),
        pytest.param({"nex": 2.0}, np.nan, 2.0, id="NEX alone"),
        pytest.param({"nex": np.nan, "effective_averages": 1.0}, np.nan, np.nan, id="no NEX"),
        pytest.param({"vendor": "ge", "nex": 4.0}, 4.0, 4.0, id="GE counts No Phase Wrap"),
        pytest.param({"vendor": "ge", "nex": 0.56}, 1.0, 1.0, id="GE, partial Fourier"),
        pytest.param(
            BY_TIME | PLAIN | {"effective_averages": 1.5}, 1.5, 1.5, id="half more, by the time"
        ),
        pytest.param(
            BY_TIME | PLAIN | {"effective_averages": 2.0},
            np.nan,
            1.0,
            id="twice the time is two packages or all lines twice",
        ),
        pytest.param(
            BY_TIME | {"effective_averages": 1.25, "acceleration_in_plane": 1.0},
            np.nan,
            1.0,
            id="two packages of a part of the lines",
        ),
        pytest.param(
            PLAIN | {"effective_averages": 0.5, "reconstruction": "compressed_sensing"},
            np.nan,
            1.0,
            id="compressed sensing leaves out nobody knows how many lines",
        ),
        # A package takes 64 s; 266 s less preparation are four, of which three may be packages.
        pytest.param(LONG, np.nan, 4 / 3, id="more lines than three packages explain"),
        pytest.param(
            LONG | {"acceleration_in_plane": 2.0}, np.nan, 8 / 3, id="and half of them left out"
        ),
        pytest.param(LONG | {"number_of_slices": 60.0}, np.nan, 1.0, id="the slices need four"),
        pytest.param(LONG | {"sequence_family": "gre"}, np.nan, 1.0, id="no train of echoes"),
        pytest.param(LONG | {"scan_time_method": "formula"}, np.nan, 1.0, id="nobody states it"),
        pytest.param(STEPS, np.nan, 3.0, id="steps beyond the matrix"),
        pytest.param(STEPS | {"vendor": "ge"}, 2.0, 2.0, id="GE counts all lines in its NEX"),
        pytest.param(
            STEPS | {"phase_encoding_steps": 256.0}, np.nan, 2.0, id="steps of the matrix"
        ),
        # 2 x 384 / 16 trains of 4 s are 192 s.
        pytest.param(
            STEPS | {"scan_time_s": 120.0, "scan_time_method": "siemens_text"},
            np.nan,
            3.0,
            id="with partial Fourier the stated time suffices for them",
        ),
        pytest.param(
            STEPS | {"scan_time_s": 110.0, "scan_time_method": "siemens_text"},
            np.nan,
            2.0,
            id="the stated time is too short for them",
        ),
        pytest.param(
            STEPS | {"scan_time_s": 110.0, "scan_time_method": "next_start"},
            np.nan,
            3.0,
            id="a time that nobody states refutes nothing",
        ),
    ],
)
def test_averaging(columns: dict[str, Any], told: float, least: float) -> None:
    assert one(**columns) == pytest.approx((told, least), nan_ok=True)


def test_acceleration_in_both_directions() -> None:
    frame = pd.DataFrame(
        {
            "acceleration_in_plane": [2.0, 2.0, np.nan],
            "acceleration_out_of_plane": [1.5, np.nan, 2.0],
        }
    )
    assert acceleration(frame).tolist() == pytest.approx([3.0, 2.0, np.nan], nan_ok=True)


def slower(factors: list[float], **columns: Any) -> list[tuple[object, object, object]]:
    frame = devices(
        len(factors),
        lambda i: acquisitions(
            range(0, 90, 3), device_key=f"D{i}", acceleration_in_plane=factors[i], **columns
        ),
    )
    levels = current_levels(prepared(frame, AVERAGING), AVERAGING, START + pd.Timedelta(days=89))
    found = slower_than_peers(levels)
    return [(one["device_key"], one["observed"], one["expected"]) for one in found]


def test_whoever_accelerates_less_than_half_of_the_peers_is_told() -> None:
    assert slower([1.0, 2.0, 2.0, 2.0, 1.0, 2.0, 2.0]) == [("D0", 1.0, 2.0), ("D4", 1.0, 2.0)]
    assert slower([1.0, 1.0, 1.0, 1.0, 2.0, 2.0]) == []


@pytest.mark.parametrize("factors", [[1.0], [1.0, 2.0], [1.0, 2.0, 2.0, 2.0], [np.nan] * 7])
def test_few_scanners_or_factors_tell_nothing(factors: list[float]) -> None:
    assert slower(factors) == []
