import datetime as dt
from dataclasses import replace

import pytest

from protocol_assets.ingest.study_entries import EntryRecorder, begin_entry, land_entry
from protocol_assets.ingest.study_selection import (
    choose_sample,
    has_shrunk,
    is_check_due,
    retrieval_order,
)
from protocol_assets.lake.raw import Stamp
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.errors import PacsError

NOW = dt.datetime(2026, 3, 5, 6, 7, 8, tzinfo=dt.UTC)
NEW = begin_entry(ListedStudy("1.2.3", 2, 40), "name", None, None, has_file=False)
LANDED = land_entry(replace(NEW, has_data=True), Stamp("mark", "hash", 40, 40))


@pytest.mark.parametrize(
    ("landed", "listed", "is_shrunk"),
    [(10, 5, False), (10, 4, True), (9, 0, False), (11, 6, False), (11, 5, True)],
)
def test_a_listing_has_shrunk_below_half_of_ten_or_more(
    landed: int, listed: int, is_shrunk: bool
) -> None:
    known = {str(number): LANDED for number in range(landed)}
    known |= {f"without data {number}": NEW for number in range(20)}
    assert has_shrunk(known, [str(number) for number in range(listed)]) == is_shrunk


@pytest.mark.parametrize(
    ("days", "is_due"), [(6.9, False), (7.0, True), (0.0, False), (-0.003, False), (-3.0, True)]
)
def test_a_check_is_due_after_the_interval_or_when_the_clock_was_set_back(
    days: float, is_due: bool
) -> None:
    verified_at = (NOW - dt.timedelta(days)).isoformat()
    assert is_check_due(verified_at, NOW, 7.0) == is_due


def test_no_check_is_due_before_the_first() -> None:
    assert not is_check_due("", NOW, 0.0)


def test_the_sample_is_a_tenth_at_least_ten_and_changes_by_day() -> None:
    names = [f"study {number}" for number in range(205)]
    sample = choose_sample(names, NOW)
    assert len(sample) == 21
    assert sample == choose_sample(names[::-1], NOW + dt.timedelta(hours=1))
    assert sample != choose_sample(names, NOW + dt.timedelta(1))
    assert choose_sample(names[:8], NOW) == set(names[:8])


def test_failures_of_earlier_days_come_first_and_those_of_today_last() -> None:
    error = PacsError("main", "timeout")
    earlier = EntryRecorder(NOW - dt.timedelta(1)).fail(NEW, error)
    today = EntryRecorder(NOW).fail(NEW, error)
    entries = [EntryRecorder(NOW).fail(today, error), today, None, LANDED, earlier]
    in_turn = sorted(entries, key=lambda entry: retrieval_order(entry, NOW))
    assert in_turn == [earlier, None, LANDED, today, entries[0]]
