"""What a tick asks for, over a PACS that is told what to list and a clock that is told the time."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.attempts import (
    LADDER,
    RESTLESS,
    begin_attempt,
    read_attempt,
    settle_attempt,
)
from protocol_assets.ingest.landing import land_partition, partition_lock
from protocol_assets.ingest.watch import Watch, Watched, Window, consecutive
from protocol_assets.lake.manifest import read_manifest, write_manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.effort import Effort
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.dicomweb.rows import DayListing
from protocol_assets.sources.errors import Kind, PacsError
from tests.unit.ingest.fake_pacs import endpoint, received

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
DAYS = [dt.date(2026, 3, n) for n in range(1, 11)]
WINDOW = Window(DAYS[0], DAYS[-1], 4)
BUDGET_S = 40.0


@dataclass
class Pacs:
    """Lists one study a day; a listing takes ``seconds``."""

    endpoint: Endpoint = field(default_factory=endpoint)
    effort: Effort = field(default_factory=Effort)
    counts: dict[dt.date, int] = field(default_factory=dict)
    troubles: dict[dt.date, Kind] = field(default_factory=dict)
    seconds: dict[dt.date, float] = field(default_factory=dict)
    asked: list[dt.date] = field(default_factory=list)
    time: float = 0.0
    ends_at: float = float("inf")

    def list_day(self, day: dt.date) -> Any:
        self.asked.append(day)
        self.time += self.seconds.get(day, 0.1)
        if self.time >= self.ends_at:
            self.time = self.ends_at
            raise PacsError("main", "timeout")
        if day in self.troubles:
            raise PacsError("main", self.troubles[day])
        study = ListedStudy(f"1.2.{day:%Y%m%d}", 1, self.counts.get(day, 1))
        return DayListing(day, (study,))

    def require_leave(self) -> None:
        pass

    def retrieve(self, study: ListedStudy, *, unless: str = "") -> Any:
        return received(study)


@dataclass
class Site:
    """A PACS, the lake that it lands in, and the time."""

    pacs: Pacs
    lake: Lake
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    window: Window = WINDOW
    in_flight: set[dt.date] = field(default_factory=set)
    most: int = 31
    cursor: dt.date | None = None

    def tick(self) -> Watched:
        self.pacs.asked.clear()
        self.pacs.ends_at = self.pacs.time + BUDGET_S
        result = Watch(
            client=self.pacs,  # type: ignore[arg-type]
            lake=self.lake,
            pseudonyms=PSEUDONYMS,
            window=self.window,
            in_flight=self.in_flight,
            most=self.most,
            now=self.now,
            ends_at=self.pacs.ends_at,
            clock=lambda: self.pacs.time,
        ).tick(self.cursor)
        self.cursor = result.resume_at
        return result

    def land(self, *days: dt.date) -> None:
        for day in days:
            land_partition(self.pacs, self.lake, Partition(day, "main"), PSEUDONYMS)  # type: ignore[arg-type]
            settle_attempt(self.lake, Partition(day, "main"))

    def fail(self, day: dt.date) -> None:
        begin_attempt(self.lake, Partition(day, "main"), self.now)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(Pacs(), Lake(tmp_path))


@pytest.fixture
def landed(site: Site) -> Site:
    site.land(*DAYS)
    return site


def test_a_new_deployment_asks_for_all_days_after_one_listing(site: Site) -> None:
    assert list(site.tick().wanted) == DAYS[::-1]
    assert site.pacs.asked == [DAYS[-1]]
    site.most = 3
    assert list(site.tick().wanted) == DAYS[:-4:-1]


def test_nothing_is_asked_for_where_nothing_changed(landed: Site) -> None:
    result = landed.tick()
    assert (result.wanted, result.trouble, result.resume_at) == ({}, [], None)
    assert landed.pacs.asked == DAYS[:-5:-1], "the look-back, newest first"


def test_a_late_series_and_a_late_study_are_asked_for_in_the_look_back_alone(landed: Site) -> None:
    landed.pacs.counts = {DAYS[-2]: 2, DAYS[-4]: 2, DAYS[-5]: 2}
    assert list(landed.tick().wanted) == [DAYS[-2], DAYS[-4]]
    landed.land(DAYS[-2], DAYS[-4])
    assert not landed.tick().wanted


def test_a_day_that_never_landed_is_asked_for_however_old(site: Site) -> None:
    site.land(*DAYS[1:])
    assert list(site.tick().wanted) == [DAYS[0]]
    site.in_flight = {DAYS[-1]}
    assert not site.tick().wanted, "catching up waits for the run in flight"


def test_days_in_flight_are_neither_listed_nor_asked_for(site: Site) -> None:
    site.in_flight = set(DAYS)
    assert not site.tick().wanted
    assert not site.pacs.asked


def test_a_pacs_in_trouble_is_asked_once_and_told_of(site: Site) -> None:
    site.pacs.troubles = dict.fromkeys(DAYS, "unreachable")
    result = site.tick()
    assert not result.wanted
    assert result.trouble == [f"{DAYS[-1]}: {PacsError('main', 'unreachable')}"]
    assert site.pacs.asked == [DAYS[-1]]
    site.pacs.troubles = {}
    assert list(site.tick().wanted) == DAYS[::-1], "nothing was tried, so nothing has to wait"


@pytest.mark.parametrize(("failures", "wait"), [*enumerate(LADDER, start=1)])
def test_failures_wait_along_the_ladder(site: Site, failures: int, wait: dt.timedelta) -> None:
    site.land(*DAYS[:-1])
    for _ in range(failures):
        site.fail(DAYS[-1])
    minute = dt.timedelta(minutes=1)
    site.now += wait - 6 * minute
    assert not site.tick().wanted
    site.now += 6 * minute
    assert list(site.tick().wanted) == [DAYS[-1]]


def test_a_clock_that_was_set_back_holds_up_no_day(landed: Site) -> None:
    site, back = landed, dt.timedelta(days=40)
    for _ in LADDER:
        site.fail(DAYS[-1])
    for n in range(RESTLESS):
        site.pacs.counts[DAYS[-2]] = n + 2
        site.land(DAYS[-2])
    site.pacs.counts[DAYS[-2]] = 99
    assert not site.tick().wanted
    site.now -= back
    assert list(site.tick().wanted) == [DAYS[-1], DAYS[-2]]
    begin_attempt(site.lake, Partition(DAYS[-2], "main"), site.now)
    attempt = read_attempt(site.lake, Partition(DAYS[-2], "main"))
    assert attempt is not None
    assert attempt.recent == (site.now,), "tries of the future are forgotten"


def test_an_incomplete_partition_waits_too_and_a_change_is_followed_at_once(landed: Site) -> None:
    day = DAYS[-1]
    partition = Partition(day, "main")
    landed.pacs.counts[day] = 3
    land_partition(landed.pacs, landed.lake, partition, PSEUDONYMS)  # type: ignore[arg-type]  # never settled
    assert not landed.tick().wanted
    landed.now += LADDER[0]
    assert list(landed.tick().wanted) == [day]
    landed.now -= LADDER[0]
    landed.pacs.counts[day] = 4
    assert list(landed.tick().wanted) == [day]


def test_a_listing_that_never_rests_is_followed_hourly(landed: Site) -> None:
    followed = 0
    for n in range(RESTLESS + 5):
        landed.pacs.counts[DAYS[-1]] = n + 2
        if landed.tick().wanted:
            followed += 1
            landed.land(DAYS[-1])
    assert followed == RESTLESS - 1, "one was its first landing"
    assert DAYS[-1] not in landed.pacs.asked, "nor is it listed"
    landed.now += dt.timedelta(hours=1)
    assert landed.tick().wanted


def test_a_capped_day_does_not_hold_up_the_others(landed: Site) -> None:
    landed.pacs.troubles = {DAYS[-1]: "capped"}
    landed.pacs.counts = {DAYS[-2]: 2}
    result = landed.tick()
    assert list(result.wanted) == [DAYS[-2]]
    assert len(result.trouble) == 1
    assert "limit on results" in result.trouble[0]


def test_when_the_budget_ends_the_next_tick_goes_on(landed: Site) -> None:
    landed.pacs.seconds = dict.fromkeys(DAYS, 15.0)
    landed.pacs.counts = {DAYS[-4]: 2}
    began_at = landed.pacs.time
    first = landed.tick()
    assert (first.resume_at, first.trouble) == (DAYS[-3], [])
    assert landed.pacs.asked == [DAYS[-1], DAYS[-2], DAYS[-3]]
    assert landed.pacs.time == began_at + BUDGET_S
    second = landed.tick()
    assert list(second.wanted) == [DAYS[-4]]
    assert landed.pacs.asked == [DAYS[-3], DAYS[-4], DAYS[-1]]
    assert second.resume_at == DAYS[-1]


def test_a_pacs_so_slow_that_a_tick_lists_one_day_is_seen_whole_in_time(landed: Site) -> None:
    landed.pacs.seconds = dict.fromkeys(DAYS, 30.0)
    landed.pacs.counts = {DAYS[-4]: 2}
    wanted = [day for _ in range(4) for day in landed.tick().wanted]
    assert wanted == [DAYS[-4]]


def test_a_day_that_uses_up_a_tick_does_not_do_so_for_ever(landed: Site) -> None:
    landed.pacs.seconds = {DAYS[-3]: 1000.0}
    landed.pacs.counts = {DAYS[-4]: 2}
    assert landed.tick().resume_at == DAYS[-3]
    second = landed.tick()
    assert "did not answer in time" in second.trouble[0]
    assert second.resume_at == DAYS[-4]
    assert list(landed.tick().wanted) == [DAYS[-4]]


def test_a_day_that_breaks_off_a_tick_is_passed_by_the_next(landed: Site) -> None:
    landed.pacs.troubles = {DAYS[-2]: "bad_status"}
    landed.pacs.counts = {DAYS[-3]: 2}
    assert landed.tick().trouble
    assert list(landed.tick().wanted) == [DAYS[-3]]


def test_a_damaged_manifest_is_landed_anew(landed: Site) -> None:
    landed.lake.local_path(landed.lake.manifest(Partition(DAYS[-1], "main"))).write_text("{")
    landed.pacs.counts = {DAYS[-2]: 2}
    assert set(landed.tick().wanted) == {DAYS[-1], DAYS[-2]}


def _hold(home: Path, name: str, held: Any, free: Any) -> None:
    with Lake(home).storage.locks.exclusive(name, wait=True, what="it"):
        held.set()
        free.wait(30)


def test_a_partition_that_another_process_lands_is_left_to_it(landed: Site) -> None:
    day = DAYS[-1]
    landed.fail(day)
    landed.now += dt.timedelta(days=1)
    spawn = multiprocessing.get_context("spawn")
    held, free = spawn.Event(), spawn.Event()
    name = partition_lock(Partition(day, "main"))
    other = spawn.Process(target=_hold, args=(landed.lake.home, name, held, free))
    other.start()
    try:
        assert held.wait(30)
        assert not landed.tick().wanted
    finally:
        free.set()
        other.join(10)
    assert list(landed.tick().wanted) == [day], "its process ended before it was whole"


def test_the_state_changes_with_the_listing_and_with_each_try(landed: Site) -> None:
    day = DAYS[-1]
    landed.pacs.counts[day] = 2
    states = [landed.tick().wanted[day], landed.tick().wanted[day]]
    landed.pacs.counts[day] = 3
    states.append(landed.tick().wanted[day])
    landed.fail(day)
    landed.now += LADDER[0]
    states.append(landed.tick().wanted[day])
    assert states[0] == states[1]
    assert len(set(states)) == 3


@pytest.mark.parametrize(
    ("today", "end", "newest"),
    [
        (DAYS[0], None, None),
        (DAYS[1], None, DAYS[0]),
        (DAYS[9], DAYS[4], DAYS[4]),
        (DAYS[2], DAYS[4], DAYS[1]),
    ],
)
def test_the_newest_day_is_yesterday_or_the_end(
    today: dt.date, end: dt.date | None, newest: dt.date | None
) -> None:
    window = Window.at(today, DAYS[0], end, 3)
    assert (window.newest if window else None) == newest


@given(
    offsets=st.sets(st.integers(0, 200)),
    most=st.integers(1, 40),
)
def test_ranges_hold_each_day_once_and_none_between(offsets: set[int], most: int) -> None:
    days = {DAYS[0] + dt.timedelta(days=n) for n in offsets}
    ranges = list(consecutive(days, most))
    spread = [
        first + dt.timedelta(days=n)
        for first, last in ranges
        for n in range((last - first).days + 1)
    ]
    assert len(spread) == len(set(spread))
    assert set(spread) == days
    assert all((last - first).days < most for first, last in ranges)
    assert all(later[0] > earlier[1] for later, earlier in pairwise(ranges))


class TestCheck:
    """Landed days are compared by content now and then, one a tick, where nothing else is due."""

    def age(self, site: Site, day: dt.date, days: float) -> None:
        manifest = read_manifest(site.lake, Partition(day, "main"))
        assert manifest is not None
        then = site.now - dt.timedelta(days=days)
        write_manifest(site.lake, replace(manifest, verified_at=then.isoformat()))

    def test_the_one_that_waited_longest_is_asked_for(self, landed: Site) -> None:
        self.age(landed, DAYS[1], 8)
        self.age(landed, DAYS[0], 9)
        self.age(landed, DAYS[2], 6)
        assert list(landed.tick().wanted) == [DAYS[0]]

    def test_one_of_the_future_is_due(self, landed: Site) -> None:
        self.age(landed, DAYS[1], -40)
        assert list(landed.tick().wanted) == [DAYS[1]]

    def test_what_changed_comes_first(self, landed: Site) -> None:
        self.age(landed, DAYS[0], 9)
        landed.pacs.counts[DAYS[-1]] = 5
        assert list(landed.tick().wanted) == [DAYS[-1]]

    def test_a_pacs_in_trouble_is_not_checked(self, landed: Site) -> None:
        self.age(landed, DAYS[0], 9)
        landed.pacs.troubles = dict.fromkeys(DAYS, "timeout")
        assert landed.tick().wanted == {}

    def test_a_day_in_flight_or_incomplete_is_left_alone(self, landed: Site) -> None:
        self.age(landed, DAYS[0], 9)
        landed.in_flight = {DAYS[0]}
        assert landed.tick().wanted == {}
        landed.in_flight = set()
        begin_attempt(landed.lake, Partition(DAYS[0], "main"), landed.now)
        assert landed.tick().wanted == {}

    def test_a_landing_settles_it(self, landed: Site) -> None:
        self.age(landed, DAYS[0], 9)
        landed.land(DAYS[0])
        assert landed.tick().wanted == {}
