"""Potential as of the months that have closed."""

from __future__ import annotations

import pandas as pd
import pytest

from protocol_assets.analysis.frame import prepared
from protocol_assets.analysis.history import last_days, potential_by_month
from protocol_assets.analysis.potential import potential
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets.modalities.mr.analysis.time_model import fit_time_model

from .fleets import START, acquisitions

DAYS = 200
CHANGED = 120
NO_CHANGES = pd.DataFrame({"device_key": [], "protocol_key": [], "changed_on": []}, dtype=object)


def fleet() -> pd.DataFrame:
    """Seven scanners; the first averages twice until the day of its change."""
    parts = [
        acquisitions(
            range(DAYS),
            device_key=name,
            nex=[2.0 if name == "A" and day < CHANGED else 1.0 for day in range(DAYS)],
            preparation=5.0,
        )
        for name in "ABCDEFG"
    ]
    return prepared(pd.concat(parts, ignore_index=True), AVERAGING)


def by_month(frame: pd.DataFrame, as_of: pd.Timestamp, changes: pd.DataFrame) -> pd.DataFrame:
    return potential_by_month(
        frame, AVERAGING, pd.DataFrame(), fit_time_model(frame), as_of, changes
    )


def test_every_closed_month_is_judged_as_of_its_last_day() -> None:
    frame = fleet()
    as_of = START + pd.Timedelta(days=DAYS - 1)
    key = frame.loc[frame["device_key"] == "A", "protocol_key"].iloc[0]
    changed = pd.DataFrame(
        [{"device_key": "A", "protocol_key": key, "changed_on": START + pd.Timedelta(days=CHANGED)}]
    )
    told = by_month(frame, as_of, changed)
    ends = sorted(set(told["as_of"]))
    assert all(end < as_of and (end + pd.Timedelta(days=1)).day == 1 for end in ends)
    own = told[told["device_key"] == "A"].set_index("as_of")["has_potential"]
    day = START + pd.Timedelta(days=CHANGED)
    assert own[own.index < day].eq(True).all()
    # From the change on the level is that of the days after it.
    after = own[own.index > day + pd.Timedelta(days=10)]
    assert len(after) > 0
    assert after.eq(False).all()


def test_it_is_what_potential_says_of_the_days_until_then() -> None:
    frame = fleet()
    told = by_month(frame, START + pd.Timedelta(days=DAYS - 1), NO_CHANGES)
    end = min(told["as_of"])
    known = frame[frame["study_date"] <= end]
    alone = potential(known, AVERAGING, pd.DataFrame(), fit_time_model(frame), end)
    rows = told[told["as_of"] == end].reset_index(drop=True)
    assert rows["saving_s"].tolist() == pytest.approx(alone["saving_s"].tolist(), nan_ok=True)
    assert rows["patients"].tolist() == alone["n_eligible"].tolist()


def test_no_closed_month_is_no_row() -> None:
    frame = prepared(acquisitions(range(10)), AVERAGING)
    assert by_month(frame, START + pd.Timedelta(days=9), NO_CHANGES).empty


def test_the_last_change_up_to_the_day_counts() -> None:
    days = pd.to_datetime(["2024-02-01", "2024-04-01", "2024-06-01"])
    changes = pd.DataFrame({"device_key": "A", "protocol_key": "p", "changed_on": days})
    found = last_days(changes, pd.Timestamp("2024-05-01"))
    assert found.tolist() == [pd.Timestamp("2024-04-01")]
