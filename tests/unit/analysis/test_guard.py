"""The guard judges the change itself, and says how many exams it still needs."""

from __future__ import annotations

import pytest

from benchmarks.guard import held_share
from protocol_assets.analysis.guard import EVENTS, Counts, guard


def exams(n: int, events: int = 0) -> Counts:
    return {event: (events if event == "repeat" else 0, n) for event in EVENTS}


def test_of_harmless_changes_with_sixty_exams_four_in_five_are_held() -> None:
    assert held_share(60, 60, 0.0, changes=400) >= 0.8


@pytest.mark.parametrize(("before", "after"), [(60, 20), (60, 60), (120, 60), (120, 120)])
def test_a_rise_of_twenty_points_is_hardly_ever_held(before: int, after: int) -> None:
    assert held_share(before, after, 0.2, changes=400) <= 0.05


def test_peace_elsewhere_does_not_hold_a_harmful_change() -> None:
    harmed = exams(60, 3), exams(60, 15)
    calm = exams(600, 30), exams(600, 30)
    assert guard(harmed, calm).is_held is False
    few = exams(20, 1), exams(10, 3)
    assert guard(few, few).is_held is None


def test_what_changed_on_the_scanner_with_it_stands_behind_it() -> None:
    few = exams(20), exams(12)
    assert (guard(few, few).is_held, guard(few, few).reason) == (None, "cannot tell yet")
    both = guard(few, (exams(120), exams(72)))
    assert (both.is_held, both.basis) == (True, "scanner")


def test_it_says_about_how_many_more_exams_would_tell() -> None:
    own = exams(100, 5), exams(10, 1)
    told = guard(own, own)
    assert told.is_held is None
    assert told.more_exams is not None
    assert 10 <= told.more_exams <= 60
    more = 10 + told.more_exams
    later = exams(100, 5), exams(more, 1 + round(told.more_exams * 0.05))
    assert guard(later, later).is_held
    # Too few ran before for any number after.
    assert guard((exams(3, 1), exams(9, 2)), (exams(3, 1), exams(9, 2))).more_exams is None
