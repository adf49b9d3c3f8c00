"""What is called sure is held against the truth."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from benchmarks.poc_questions import Findings
from benchmarks.poc_reliability import interval_scores
from protocol_assets_simulator.comparison import Truth

START = pd.Timestamp("2025-01-01")


def scored(low_s: float, high_s: float) -> dict[str, float]:
    """One opportunity of 60 s at one acquisition a day; each truly saves 60 s, 30.4 a month."""
    days = pd.date_range(START, periods=181)
    changed = START + pd.Timedelta(days=90)
    series: dict[str, Any] = {
        "station": "S",
        "protocol": "P",
        "study_date": days,
        "is_counted": True,
        "old_scan_time_s": 180.0,
        "scan_time_s": np.where(days >= changed, 120.0, 180.0),
    }
    frame = pd.DataFrame({"device_key": "D", "protocol_key": "K", "study_date": days})
    judged = pd.DataFrame(
        {
            "station": ["S"],
            "protocol": "P",
            "device_key": "D",
            "protocol_key": "K",
            "has_potential": True,
            "changed_on": changed,
            "relapsed_on": pd.NaT,
            "asked_on": changed - pd.Timedelta(days=1),
            "saving_s": 60.0,
            "saving_low_s": low_s,
            "saving_high_s": high_s,
        }
    )
    known = cast("Findings", SimpleNamespace(frame=frame))
    truth = Truth(pd.DataFrame(series), pd.DataFrame())
    return interval_scores(known, truth, judged)


def test_the_interval_holds_the_true_minutes_or_lies_beside_them() -> None:
    held = scored(50.0, 70.0)
    assert (held["opportunities"], held["inside"]) == (1, 1.0)
    assert held["sum_off_pct"] == pytest.approx(0, abs=3)
    assert scored(70.0, 90.0)["below"] == 1.0
    assert scored(30.0, 50.0)["above"] == 1.0
