"""RateLimit that holds across processes: one pace, one pause, one circuit, one count."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from protocol_assets.ingest.load_page import load_page
from protocol_assets.lake.zones import Lake
from protocol_assets.settings.hours import Hours
from protocol_assets.sources.rate_limit.pacing import (
    FAILURES_THAT_OPEN,
    Exchange,
    HeldError,
    RateLimits,
    start_steady_clock,
)
from protocol_assets.sources.rate_limit.store import (
    HourLoad,
    SharedRateLimit,
    pause,
    paused_since,
    read_load,
    read_waits,
    resume,
)
from tests.unit.ingest.fake_pacs import endpoint

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def rate_limit(
    lake: Lake, rate_limits: RateLimits | None = None, *, workers: int = 2, at: dt.datetime = NOON
) -> SharedRateLimit:
    return SharedRateLimit(lake, "main", rate_limits or RateLimits(), workers, now=at.timestamp)


def reserve(home: Path, times: int) -> list[float]:
    one = SharedRateLimit(Lake(home), "main", RateLimits(), 2, now=NOON.timestamp)
    return [one.reserve() for _ in range(times)]


def test_processes_share_one_pace(lake: Lake) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        waits = sorted(chain(*pool.starmap(reserve, [(lake.home, 30)] * 2)))
    assert waits[:20] == [0.0] * 20
    assert waits[20:] == pytest.approx([n / 20 for n in range(1, 41)])


def test_a_pause_holds_the_next_request_of_every_process(lake: Lake) -> None:
    one, other = rate_limit(lake), rate_limit(lake)
    one.reserve()
    pause(lake, "main", NOON)
    for held in (one, other):
        with pytest.raises(HeldError, match="paused since 2026-03-02 12:00"):
            held.reserve()
    pause(lake, "main", NOON + dt.timedelta(hours=1))
    assert paused_since(lake, "main") == NOON, "the first one counts"
    assert rate_limit(lake).hold() is not None
    resume(lake, "main")
    assert other.hold() is None
    assert paused_since(lake, "main") is None


def test_a_damaged_pause_is_a_pause(lake: Lake) -> None:
    pause(lake, "main", NOON)
    lake.local_path(f"{lake.pacs('main')}/paused.json").write_text("{")
    assert "paused since" in (rate_limit(lake).hold() or "")


def test_hours_are_those_of_the_pacs(lake: Lake) -> None:
    night = RateLimits(hours=(Hours.parse("20:00-06:00"),), timezone="Asia/Tokyo")
    assert rate_limit(lake, night).hold() is None, "21:00 in Tokyo"
    berlin = RateLimits(hours=(Hours.parse("20:00-06:00"),), timezone="Europe/Berlin")
    assert rate_limit(lake, berlin).hold() == "outside its hours, until 2026-03-02 20:00"


def test_failures_of_one_process_hold_the_others(lake: Lake) -> None:
    one, other = rate_limit(lake), rate_limit(lake)
    for _ in range(FAILURES_THAT_OPEN):
        one.settled("timeout", None)
    with pytest.raises(HeldError, match="no requests until 12:01:00; failed answers in a row: 5"):
        other.reserve()
    later = rate_limit(lake, at=NOON + dt.timedelta(seconds=61))
    assert later.reserve() == 0.0
    later.record(Exchange(200, None, 0.1))
    assert other.hold() is None


def test_a_person_who_insists_is_let_through_and_a_pause_is_not_forgotten(lake: Lake) -> None:
    one = rate_limit(lake)
    one.settled("unauthorized", 401)
    assert one.hold() is not None
    one.insist()
    assert one.hold() is None
    pause(lake, "main", NOON)
    one.insist()
    assert one.hold() is not None


def test_fewer_at_the_same_time_where_the_pacs_is_busy(lake: Lake) -> None:
    one = rate_limit(lake, workers=4)
    most = under_way = 0
    guard = threading.Lock()

    def ask() -> None:
        nonlocal most, under_way
        one.reserve()
        with one.slot():
            with guard:
                under_way += 1
                most = max(most, under_way)
            time.sleep(0.02)
            with guard:
                under_way -= 1

    def race() -> int:
        nonlocal most
        most = 0
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return most

    assert race() == 4
    one.record(Exchange(503, "busy", 0.1))
    one.reserve()
    assert race() == 2


def test_what_a_pacs_asked_for_ends_with_resume_and_with_whoever_insists(lake: Lake) -> None:
    one = rate_limit(lake)
    ends: list[Callable[[], None]] = [partial(resume, lake, "main"), one.insist]
    for end in ends:
        one.record(Exchange(429, "busy", 0.1, retry_after=86_400.0))
        one.record(Exchange(429, "busy", 0.1, retry_after=86_400.0, subject="a study"))
        assert one.hold() == "it asked for no requests until 12:15:00"
        assert one.waits() == {"a study": NOON + dt.timedelta(minutes=15)}
        assert read_waits(lake, "main", NOON) == one.waits()
        end()
        assert (one.hold(), one.waits(), one.reserve("a study")) == (None, {}, 0.0)


def test_a_short_wait_is_no_reason_not_to_begin(lake: Lake) -> None:
    one = rate_limit(lake)
    one.record(Exchange(429, "busy", 0.1, retry_after=30.0))
    assert one.hold() is None
    assert one.reserve() == pytest.approx(30.0)


@pytest.mark.parametrize("days", [-4000, -40, -1, 1, 40, 4000])
def test_a_clock_that_is_set_holds_nobody(lake: Lake, days: int) -> None:
    one = rate_limit(lake)
    one.record(Exchange(429, "busy", 0.1, retry_after=86_400.0))
    for _ in range(FAILURES_THAT_OPEN):
        one.settled("timeout", None)
    after = rate_limit(lake, at=NOON + dt.timedelta(days=days))
    assert after.hold() is None
    assert after.reserve("a study") == 0.0


def test_the_clock_of_a_process_goes_on_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = start_steady_clock()
    before = clock()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert 0 <= clock() - before < 60


DAMAGED = (
    b"",
    b"{",
    b"[]",
    b'{"pace": {"what": 1}, "load": {}}',
    b'{"pace": {"tokens": "many"}, "load": {}}',
    b'{"pace": {"tokens": null}, "load": {}}',
    b'{"pace": {"factor": 0.0}, "load": {}}',
    b'{"pace": {"opened": 100000000000}, "load": {}}',
    b'{"pace": {"waits": {"a": [1.0]}}, "load": {}}',
    b'{"pace": {"waits": []}, "load": {}}',
    b'{"pace": {"busy": [1]}, "load": {}}',
)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_state_is_made_anew(content: bytes, lake: Lake) -> None:
    rate_limit(lake).reserve()
    lake.local_path(f"{lake.pacs('main')}/pace.json").write_bytes(content)
    assert rate_limit(lake).reserve() == 0.0


def test_the_load_is_counted_by_the_hour_and_shown(lake: Lake) -> None:
    yesterday = rate_limit(lake, at=NOON)
    yesterday.record(Exchange(200, None, 0.5, 2_000_000))
    yesterday.record(Exchange(503, "busy", 0.5, retry=True))
    rate_limit(lake, at=NOON + dt.timedelta(days=1)).record(Exchange(200, None, 1.0))
    load = read_load(lake, "main")
    assert load["2026-03-02T12"] == HourLoad(2, 1, 2_000_000, 1.0, 1, 1)
    page = load_page(endpoint(), load, NOON + dt.timedelta(days=1))
    assert "<td>12:00<td>2<td>1<td>2.0<td>1<td>1<td>1" in page
    assert "at most 1 requests at the same time and 20 a second, at any time" in page
    assert "<script" not in page
    assert "http" not in page


def test_old_load_is_forgotten(lake: Lake) -> None:
    for hour in range(300):
        rate_limit(lake, at=NOON + dt.timedelta(hours=hour)).record(Exchange(200, None, 0.1))
    assert len(read_load(lake, "main")) == 192
