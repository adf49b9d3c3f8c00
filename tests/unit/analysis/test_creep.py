"""Small steps that add up are creep; one step, two steps, overrides and noise are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.change_points import protocol_changes
from protocol_assets.analysis.creep import creep
from protocol_assets.analysis.drift import compliance
from protocol_assets.analysis.frame import prepared
from protocol_assets.analysis.statistics import Floats
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from tests.unit.analysis.fleets import START, acquisitions, no_targets

DAYS = np.arange(0, 360, 4)
N = len(DAYS)


def steps(*edges: int, factor: float) -> Floats:
    """One, times the factor at each edge (a share of the exams in per cent)."""
    sides = [np.where(np.arange(N) * 100 >= edge * N, factor, 1.0) for edge in edges]
    return np.asarray(np.prod(sides, axis=0), dtype=np.float64)


NINE_PER_CENT = steps(14, 28, 42, 57, 71, 85, factor=1.09)
LARGER_TR = steps(*range(10, 100, 10), factor=1.033)


@pytest.mark.parametrize("course", [NINE_PER_CENT, LARGER_TR, 1 / NINE_PER_CENT])
def test_small_steps_in_one_direction_creep(course: Floats) -> None:
    found = creep(2.0 * course, 0.1)
    assert found is not None
    first, last, p_value = found
    assert first == pytest.approx(2.0 * course[: N // 4].mean(), rel=0.05)
    assert last == pytest.approx(2.0 * course[-N // 4 :].mean(), rel=0.05)
    assert p_value < 1e-6


@pytest.mark.parametrize(
    "course",
    [
        pytest.param(np.ones(N), id="still"),
        pytest.param(steps(50, factor=0.5), id="one step"),
        pytest.param(steps(30, 70, factor=0.7), id="two steps"),
        pytest.param(np.where(np.arange(N) % 9 == 0, 2.0, 1.0), id="overrides"),
        pytest.param(np.random.default_rng(3).lognormal(0, 0.05, N), id="noise"),
        pytest.param(steps(20, 40, 60, 80, factor=1.015), id="within the tolerance"),
    ],
)
def test_what_does_not_creep(course: Floats) -> None:
    assert creep(course, 0.1) is None


def test_creep_is_told_as_drift_and_not_as_a_sudden_change() -> None:
    frame = prepared(
        acquisitions(DAYS, nex=2.0 * NINE_PER_CENT, tr_ms=3400.0 * LARGER_TR, device_key="A"),
        AVERAGING,
    )
    changes = protocol_changes(frame, AVERAGING)
    assert changes.changes.empty
    assert changes.series["set_aside"].tolist() == ["creep"]
    found = compliance(frame, AVERAGING, no_targets(), START + pd.Timedelta(days=359)).findings
    drifts = found[(found["kind"] == "drift") & found["is_confirmed"]].set_index("parameter")
    rise = drifts["observed"].astype(float) / drifts["expected"].astype(float)
    assert rise.to_dict()["tr_ms"] > 1.2
    assert rise.to_dict()["averaging"] > 1.4


def test_few_exams_do_not_creep() -> None:
    assert creep(np.linspace(1.0, 2.0, 19), 0.1) is None
