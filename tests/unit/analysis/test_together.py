"""Days on which several protocols of a scanner changed."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from protocol_assets.analysis.together import Change, vouched_days


def change(device: str, protocol: str, day: str) -> Change:
    return (device, protocol), np.datetime64(day, "D")


def test_changes_that_follow_each_other_closely_are_one_visit() -> None:
    changes = [
        change("A", "t1", "2026-03-01"),
        change("A", "t2", "2026-03-15"),
        change("A", "stir", "2026-03-20"),
        change("A", "t1", "2026-04-04"),
        change("B", "t1", "2026-03-10"),
    ]
    found = [vouched_days(order) for order in permutations(changes)]
    assert all(one == found[0] for one in found)
    assert found[0]["A"] == {
        np.datetime64("2026-03-15"): {("A", "t1"), ("A", "t2"), ("A", "stir")},
        np.datetime64("2026-04-04"): {("A", "t1")},
    }
    assert found[0]["B"] == {np.datetime64("2026-03-10"): {("B", "t1")}}


def test_no_changes_are_no_visits() -> None:
    assert vouched_days([]) == {}
