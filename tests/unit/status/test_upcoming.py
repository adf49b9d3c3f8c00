"""What happens next, as far as it can be told without asking."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.attempts import begin_attempt, settle_attempt
from protocol_assets.ingest.landing import land_partition
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.settings import PacsSettings, Settings
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.status.automation import AutomationState
from protocol_assets.status.upcoming import SILENT, next_daily, upcoming_runs
from tests.unit.ingest.fake_pacs import FakePacs

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = [dt.date(2026, 3, n) for n in range(1, 6)]
NOW = dt.datetime(2026, 3, 6, 9, 0, tzinfo=BERLIN)
RUNNING = AutomationState(NOW - dt.timedelta(seconds=20), {}, frozenset())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        timezone="Europe/Berlin",
        start_date=DAYS[0],
        lookback_days=2,
        pacs=(PacsSettings(name="main", url="http://127.0.0.1:1/dicom-web"),),
    )


def land(settings: Settings, day: dt.date) -> None:
    pacs = FakePacs(studies=[ListedStudy(f"1.2.{day.day}", 1, 2)])
    partition = Partition(day, "main")
    land_partition(pacs, Lake(settings.home), partition, PSEUDONYMS)  # type: ignore[arg-type]
    settle_attempt(Lake(settings.home), partition)


def words(settings: Settings, state: AutomationState = RUNNING) -> dict[str, str]:
    return {one.name: one.words for one in upcoming_runs(Deployment(settings), state, NOW)}


@given(
    st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2030, 1, 1)),
    st.integers(0, 23),
    st.integers(0, 59),
)
def test_the_next_time_is_the_first_after_now(now: dt.datetime, hour: int, minute: int) -> None:
    moment = now.replace(tzinfo=dt.UTC)
    found = next_daily(f"{minute} {hour} * * *", dt.UTC, moment)
    assert (found.hour, found.minute, found.second) == (hour, minute, 0)
    assert dt.timedelta(0) < found - moment <= dt.timedelta(days=1)


def test_only_daily_lines_are_read() -> None:
    with pytest.raises(ValueError, match="not daily"):
        next_daily("0 6 1 * *", dt.UTC, NOW)


def test_days_that_never_landed_come_first_then_the_look_back(settings: Settings) -> None:
    land(settings, DAYS[3])
    assert words(settings)["watch_main"] == (
        "lists 2026-03-04 again; lands 4 days (2026-03-01 to 2026-03-05) for the first time"
    )
    for day in (*DAYS[:3], DAYS[4]):
        land(settings, day)
    (watch, *_) = upcoming_runs(Deployment(settings), RUNNING, NOW)
    assert watch.words == "lists 2 days (2026-03-04 to 2026-03-05) again"


def test_a_day_that_failed_waits_for_its_turn(settings: Settings) -> None:
    begin_attempt(Lake(settings.home), Partition(DAYS[4], "main"), NOW.astimezone(dt.UTC))
    (watch, *_) = upcoming_runs(Deployment(settings), RUNNING, NOW)
    assert "1 day that failed from 2026-03-06 09:15 on" in watch.words


def test_a_tick_comes_a_quarter_of_an_hour_after_the_last(settings: Settings) -> None:
    last = NOW - dt.timedelta(minutes=5)
    ticked = AutomationState(NOW, {"watch_main": last}, frozenset())
    watch, follow, purge = upcoming_runs(Deployment(settings), ticked, NOW)
    assert watch.at == NOW + dt.timedelta(minutes=10)
    assert follow.at == dt.datetime(2026, 3, 7, 6, 0, tzinfo=BERLIN)
    assert purge.at == dt.datetime(2026, 3, 7, 3, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    "state",
    [
        AutomationState(None, {}, frozenset()),
        AutomationState(NOW - SILENT, {}, frozenset()),
        AutomationState(NOW, {}, frozenset({"watch_main", "follow_partitions", "purge_nightly"})),
    ],
)
def test_nothing_has_a_time_where_nobody_does_it(
    settings: Settings, state: AutomationState
) -> None:
    assert [one.at for one in upcoming_runs(Deployment(settings), state, NOW)] == [None] * 3


def test_before_the_first_day_has_ended_nothing_is_asked(settings: Settings) -> None:
    later = settings.model_copy(update={"start_date": NOW.date()})
    (watch, *_) = upcoming_runs(Deployment(later), RUNNING, NOW)
    assert watch.at is None
    assert "start_date 2026-03-06" in watch.words


def test_the_purge_names_what_outlives_its_retention(settings: Settings) -> None:
    land(settings, DAYS[0])
    assert words(settings)["purge_nightly"] == "drops nothing"
    # Landed now, that is long after 2026-03-06 where this is run later on.
    today = dt.datetime.now(BERLIN) + dt.timedelta(days=settings.retention.raw_days)
    found = {one.name: one.words for one in upcoming_runs(Deployment(settings), RUNNING, today)}
    assert found["purge_nightly"] == "drops raw of 1 partition"
