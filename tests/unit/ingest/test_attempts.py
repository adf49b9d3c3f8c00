"""Tries of a partition: what is remembered, and when the next one may be made."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.ingest.attempts import (
    CLOCK_SLACK,
    LADDER,
    RESTLESS,
    Attempt,
    begin_attempt,
    read_attempt,
    record_listing,
    settle_attempt,
)
from protocol_assets.ingest.watch import PartitionRecord
from protocol_assets.lake.zones import Lake, Partition

PARTITION = Partition(dt.date(2026, 3, 2), "main")
NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_a_try_counts_as_failed_until_the_facts_stand(lake: Lake) -> None:
    assert read_attempt(lake, PARTITION) is None
    assert begin_attempt(lake, PARTITION, NOON) is None
    assert read_attempt(lake, PARTITION) == Attempt("", 1, (NOON,))
    record_listing(lake, PARTITION, None, "a")
    settle_attempt(lake, PARTITION)
    assert read_attempt(lake, PARTITION) == Attempt("a", 0, (NOON,))


def test_waits_grow_while_the_same_listing_fails(lake: Lake) -> None:
    now, waits = NOON, []
    for _ in range(6):
        before = begin_attempt(lake, PARTITION, now)
        record_listing(lake, PARTITION, before, "a")
        attempt = read_attempt(lake, PARTITION)
        assert attempt is not None
        waits.append(attempt.next_try - now)
        now = attempt.next_try
    assert waits == [*LADDER, LADDER[-1], LADDER[-1]]


def test_a_new_listing_begins_the_ladder_anew_and_an_unlisted_day_does_not(lake: Lake) -> None:
    for fingerprint, failures in (("a", 1), ("a", 2), ("b", 1), (None, 2), ("b", 3)):
        before = begin_attempt(lake, PARTITION, NOON)
        if fingerprint is not None:
            record_listing(lake, PARTITION, before, fingerprint)
        attempt = read_attempt(lake, PARTITION)
        assert attempt is not None
        assert attempt.failures == failures


def test_a_restless_partition_is_tried_hourly(lake: Lake) -> None:
    now = NOON
    waits = []
    for n in range(RESTLESS + 2):
        record_listing(lake, PARTITION, begin_attempt(lake, PARTITION, now), str(n))
        settle_attempt(lake, PARTITION)
        attempt = read_attempt(lake, PARTITION)
        assert attempt is not None
        waits.append(attempt.next_change - now)
        now = attempt.next_change + dt.timedelta(minutes=1)
    at_once = dt.timedelta()
    assert waits == [at_once] * (RESTLESS - 1) + [dt.timedelta(hours=1)] * 3
    later = NOON + dt.timedelta(days=3)
    begin_attempt(lake, PARTITION, later)
    attempt = read_attempt(lake, PARTITION)
    assert attempt is not None
    assert attempt.recent == (later,), "what was long ago is forgotten"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"fingerprint": "a"}',
        '{"fingerprint": "a", "failures": 1, "recent": []}',
        '{"fingerprint": "a", "failures": 1, "recent": ["2026-03-03T12:00:00"]}',
        '{"fingerprint": "a", "failures": "x", "recent": ["2026-03-03T12:00:00+00:00"]}',
    ],
)
def test_a_damaged_record_is_as_good_as_none(lake: Lake, content: str) -> None:
    begin_attempt(lake, PARTITION, NOON)
    (lake.local_path(lake.raw(PARTITION)) / "attempt.json").write_text(content)
    assert read_attempt(lake, PARTITION) is None
    begin_attempt(lake, PARTITION, NOON)
    assert read_attempt(lake, PARTITION) is not None


def test_the_record_is_restricted(lake: Lake) -> None:
    begin_attempt(lake, PARTITION, NOON)
    assert (
        stat.S_IMODE((lake.local_path(lake.raw(PARTITION)) / "attempt.json").stat().st_mode)
        == 0o600
    )


@given(
    failures=st.integers(0, 50),
    minutes=st.lists(st.integers(0, 60 * 24), min_size=1, max_size=RESTLESS + 1),
)
def test_no_try_is_ever_due_before_the_last_one(failures: int, minutes: list[int]) -> None:
    recent = tuple(NOON + dt.timedelta(minutes=n) for n in sorted(minutes))
    attempt = Attempt("a", failures, recent)
    assert attempt.next_try >= attempt.next_change >= recent[-1]


@given(st.floats(-4000, 4000), st.integers(1, 10))
def test_no_try_waits_longer_than_the_ladder_however_the_clock_is_set(
    days: float, tries: int
) -> None:
    begun = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
    attempt = Attempt("", tries, (begun,) * min(tries, RESTLESS))
    record = PartitionRecord(attempt, None)
    jumped_to = begun + dt.timedelta(days=days)
    now = jumped_to + LADDER[-1] + CLOCK_SLACK
    # A try in the future is over at once; one in the past is over when its wait has ended.
    assert record.is_due(jumped_to) or record.is_due(now)
    assert record.may_change(jumped_to) or record.may_change(now)
