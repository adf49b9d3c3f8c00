"""Which changes were made in one visit to a scanner."""

from __future__ import annotations

import pandas as pd

from protocol_assets.analysis.registered import Claim
from protocol_assets.analysis.visits import visits

START = pd.Timestamp("2024-01-01")


def claim(device: str, protocol: str, number: int) -> Claim:
    day = START + pd.Timedelta(days=number)
    return Claim(
        key=(device, protocol),
        changed_on=day,
        begun=START,
        until=day,
        since=day,
        ended=day + pd.Timedelta(days=90),
        is_registered=True,
        measure=None,
        before=2.0,
        after=1.0,
        relapsed_on=pd.NaT,
        volume_per_month=20.0,
        promised_minutes_per_month=20.0,
        quality_signed_on=pd.NaT,
    )


def test_changes_that_follow_each_other_closely_are_one_visit() -> None:
    found = [
        claim("B", "p", 30),
        claim("A", "q", 24),
        claim("A", "p", 10),
        claim("A", "r", 38),
        claim("A", "p", 53),
    ]
    days = [
        (visit.device, (visit.first - START).days, (visit.last - START).days)
        for visit in visits(found)
    ]
    # 10, 24 and 38 are a fortnight apart each; 53 is a day more.
    assert days == [("A", 10, 38), ("A", 53, 53), ("B", 30, 30)]


def test_nothing_changed() -> None:
    assert visits([]) == []
