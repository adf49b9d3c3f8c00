"""The interval of the minutes: what makes it wide, and how often it holds the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from protocol_assets.analysis.intervals import saving_interval
from protocol_assets.analysis.limits import limit

UNKNOWN = (float("nan"), float("nan"))


def interval(**changes: Any) -> tuple[float, float]:
    plain: dict[str, Any] = {
        "own": np.full(60, 2.0),
        "peers": np.full(9, 1.0),
        "scalable": 0.95,
        "level": 2.0,
        "is_least": False,
        "what_if": 1.0,
        "volume": 40.0,
        "months": 3.0,
        "errors_pct": (-1.0, 1.0),
    }
    return saving_interval("one", **plain | changes)


def width(**changes: Any) -> float:
    low, high = interval(**changes)
    assert low <= 1 <= high
    return high - low


def test_each_doubt_widens_it() -> None:
    plain = width()
    assert 2 * limit("volume_spread") < plain < 1.2
    assert width(volume=1.0) > 1.5 * plain
    assert width(is_least=True) > 1.2 * plain
    assert width(errors_pct=(-60.0, 60.0)) > 1.2 * plain
    # Peers that differ may set a higher reference: less is sure to be saved.
    assert interval(peers=np.array([1.0, 1.0, 1.2, 1.3, 1.6, 1.8, 2.0]))[0] < 0.9 * interval()[0]
    assert width(own=np.repeat([1.0, 2.0, 4.0], 2)) > 1.05 * plain


def test_a_signed_target_is_certain() -> None:
    assert width(peers=np.empty(0)) == pytest.approx(width(), rel=0.05)


def test_nothing_saved_has_no_interval() -> None:
    assert all(np.isnan(end) for end in interval(what_if=2.0))


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    """Volume, overrides, peers and times drawn anew; the truth is 20 a month from 2 to 1."""
    random = np.random.default_rng(7)
    hits = 0
    trials = 300
    for trial in range(trials):
        counted = random.poisson(60 * np.exp(random.normal(0.0, limit("volume_spread"))))
        own = np.where(random.random(max(counted, 8)) < 0.05, 3.0, 2.0)
        volume, time = counted / 3, random.normal(1.0, 0.03)
        point = volume * 0.5 * time
        low, high = saving_interval(
            str(trial),
            own=own,
            peers=np.full(9, 1.0),
            scalable=1.0,
            level=2.0,
            is_least=False,
            what_if=1.0,
            volume=volume,
            months=3.0,
            errors_pct=(-4.9, 4.9),
        )
        hits += point * low <= 20 * 0.5 <= point * high
    assert abs(hits / trials - limit("minutes_confidence")) < 0.05
