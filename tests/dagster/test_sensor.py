"""The sensors by real ticks, and what their requests do: late, changed, deleted, down, lying."""

from __future__ import annotations

import datetime as dt
import json
import socket
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import INGEST_JOB
from protocol_assets.defs.ingest import sensors
from protocol_assets.defs.ingest.sensors import PACS_TAG, days_in_flight, pacs_sensors, range_tags
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.ingest.attempts import LADDER, read_attempt
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.runner import Runner
from protocol_assets.settings import Settings
from protocol_assets.sources.rate_limit.store import resume
from protocol_assets_simulator import Answer, Request

from .conftest import FIRST, LAST, WilfulPacs
from .site_ticks import Site

DAY = dt.date(2026, 2, 4)
STUDY_UID, SERIES_UID = "0020000D", "0020000E"
SERIES_COUNT, INSTANCE_COUNT = "00201206", "00201208"

Spoil = Callable[[Request, Answer], Answer]


@pytest.fixture(scope="module")
def runner(deployment: Settings) -> Runner:
    return Runner(Deployment(deployment))


@pytest.fixture(scope="module")
def north(runner: Runner) -> Site:
    return Site(runner, "north")


@pytest.fixture(scope="module")
def south(runner: Runner) -> Site:
    return Site(runner, "south")


@pytest.fixture(autouse=True)
def spoil(pacs: WilfulPacs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Spoil], None]]:
    """Make the PACS answer otherwise until the test ends."""
    yield lambda how: setattr(pacs, "spoil", how)
    pacs.spoil = None


@pytest.fixture(autouse=True)
def forget(deployment: Settings) -> Iterator[None]:
    """What one test makes a PACS fail must not hold up the next."""
    yield
    for one in deployment.pacs:
        resume(Lake(deployment.home), one.name)


def hiding(study_uid: str, series_uid: str | None = None) -> Spoil:
    """The PACS does not hold a study, or one series of it."""

    def spoiled(request: Request, answer: Answer) -> Answer:
        if answer.status != 200:
            return answer
        rows = json.loads(answer.body)
        if series_uid is None:
            if study_uid in request.path:
                return Answer(404)
            rows = [row for row in rows if row[STUDY_UID]["Value"] != [study_uid]]
        elif request.path.endswith("/studies"):
            for row in rows:
                if row[STUDY_UID]["Value"] == [study_uid]:
                    row[SERIES_COUNT]["Value"][0] -= 1
                    row[INSTANCE_COUNT]["Value"][0] -= hidden_instances
        else:
            rows = [row for row in rows if row[SERIES_UID]["Value"] != [series_uid]]
        return Answer(200, json.dumps(rows).encode(), answer.headers)

    hidden_instances = 0
    if series_uid is not None:
        hidden_instances = HIDDEN_INSTANCES[series_uid]
    return spoiled


HIDDEN_INSTANCES: dict[str, int] = {}


def test_a_new_deployment_is_caught_up_by_one_range_run(
    north: Site, south: Site, pacs: WilfulPacs
) -> None:
    first = north.tick()
    (request,) = first.run_requests or []
    assert request.tags.items() >= range_tags("north", FIRST, LAST).items()
    assert request.tags[PACS_TAG] == "north"
    (again,) = north.tick().run_requests or []
    assert again.run_key == request.run_key, "the same state is asked for once"
    told = repr((request.run_key, request.tags, north.cursor))
    assert not any(study.study_uid in told for study in pacs.fleet.studies("north", FIRST, LAST))
    (result,) = north.run([request])
    assert result.success
    south.settle()
    assert north.asked() == []
    assert "5 days of north listed, nothing new" in str(north.tick().skip_message)


def test_a_late_and_a_deleted_study_are_followed(
    north: Site, pacs: WilfulPacs, spoil: Callable[[Spoil], None]
) -> None:
    study = pacs.fleet.studies("north", DAY, DAY)[0]
    key = north.runner.deployment.pseudonyms().of("study", study.study_uid)
    assert key in north.study_keys(DAY)
    spoil(hiding(study.study_uid))
    (request,) = north.tick().run_requests or []
    assert request.tags.items() >= range_tags("north", DAY, DAY).items(), "the one partition"
    north.run([request])
    assert key not in north.study_keys(DAY)
    assert north.asked() == []
    pacs.spoil = None
    assert north.asked() == [(str(DAY), str(DAY))]
    north.settle()
    assert key in north.study_keys(DAY)


def test_a_late_series_is_followed_and_only_its_study_fetched(
    north: Site, pacs: WilfulPacs, spoil: Callable[[Spoil], None]
) -> None:
    study = pacs.fleet.studies("north", LAST, LAST)[0]
    series_uid = pacs.fleet.scans(study)[0].series_uid
    answer = pacs.respond(
        Request(f"/north/dicom-web/studies/{study.study_uid}/series/{series_uid}/metadata", "", {})
    )
    HIDDEN_INSTANCES[series_uid] = len(json.loads(answer.body))
    spoil(hiding(study.study_uid, series_uid))
    north.settle()
    lake = north.runner.deployment.lake
    key = lake.facts(Partition(LAST, "north"))
    before = read_part(lake, key).num_rows

    fetched: list[str] = []

    def noted(request: Request, answer: Answer) -> Answer:
        fetched.append(request.path)
        return answer

    spoil(noted)
    assert north.asked() == [(str(LAST), str(LAST))]
    north.settle()
    assert read_part(lake, key).num_rows == before + 1
    metadata = [one for one in fetched if one.endswith("/metadata")]
    assert metadata
    assert all(study.study_uid in one for one in metadata)


def test_a_pacs_down_for_three_ticks_delays_nobody_and_is_caught_up(
    north: Site, south: Site, pacs: WilfulPacs, spoil: Callable[[Spoil], None]
) -> None:
    study = pacs.fleet.studies("south", DAY, DAY)[0]
    south_hidden = hiding(study.study_uid)

    def down(request: Request, answer: Answer) -> Answer:
        if request.path.startswith("/north/"):
            return Answer(503)
        return south_hidden(request, answer)

    spoil(down)
    for n in range(3):
        before = pacs.requests
        done = north.tick()
        assert not done.run_requests
        assert "PACS north is busy" in str(done.skip_message)
        assert pacs.requests == before + 1, "without retries"
        assert south.asked() == ([(str(DAY), str(DAY))] if n == 0 else [])
        if n == 0:
            south.settle()
    late = pacs.fleet.studies("north", DAY, DAY)[0]
    spoil(hiding(late.study_uid))
    assert north.asked() == [(str(DAY), str(DAY))], "it changed while it was down"
    pacs.spoil = None
    north.settle()
    south.settle()


def test_an_incomplete_partition_is_asked_for_along_the_ladder(
    north: Site,
    pacs: WilfulPacs,
    spoil: Callable[[Spoil], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partition = Partition(DAY, "north")
    shown = pacs.fleet.studies("north", DAY, DAY)[0]
    spoil(hiding(shown.study_uid))
    north.settle()

    def withheld(request: Request, answer: Answer) -> Answer:
        if shown.study_uid in request.path and request.path.endswith("metadata"):
            return Answer(200, b"<html>log in</html>", {"Content-Type": "text/html"})
        return answer

    spoil(withheld)
    now = dt.datetime.now(dt.UTC)
    lake = north.runner.deployment.lake
    for wait in LADDER[:2]:
        monkeypatch.setattr(sensors, "_now", lambda _settings, now=now: now)
        requests = north.tick().run_requests or []
        assert len(requests) == 1
        north.run(requests)
        manifest = read_manifest(lake, partition)
        assert manifest is not None
        assert not manifest.is_complete
        assert north.asked() == [], "not on every tick"
        now += wait
    attempt = read_attempt(lake, partition)
    assert attempt is not None
    assert attempt.failures == 2
    pacs.spoil = None
    monkeypatch.setattr(sensors, "_now", lambda _settings: now)
    north.settle()
    attempt = read_attempt(lake, partition)
    assert attempt is not None
    assert attempt.is_settled


def test_a_backfill_that_crosses_two_pacs_lands_each_on_its_own(
    north: Site, south: Site, spoil: Callable[[Spoil], None]
) -> None:
    """The UI makes such ranges, without a tag of ours."""
    crossing = dg.RunRequest(
        tags={
            "dagster/asset_partition_range_start": Partition(DAY, "north").key,
            "dagster/asset_partition_range_end": Partition(DAY, "south").key,
        }
    )
    (whole,) = north.run([crossing])
    assert whole.success

    def down(request: Request, answer: Answer) -> Answer:
        return Answer(401) if request.path.startswith("/north/") else answer

    spoil(down)
    (half,) = north.run([crossing])
    assert not half.success
    landed = {
        event.partition
        for event in half.all_events
        if event.event_type_value == "ASSET_MATERIALIZATION"
    }
    assert landed == {Partition(DAY, "south").key}
    lake = north.runner.deployment.lake
    attempts = [read_attempt(lake, Partition(DAY, one.pacs)) for one in (north, south)]
    assert [one.is_settled for one in attempts if one] == [False, True]
    assert north.study_keys(DAY), "the last good data stay"


LIES: dict[str, tuple[Answer, str]] = {
    "a login page": (
        Answer(200, b"<html>log in</html>", {"Content-Type": "text/html"}),
        "not a login page",
    ),
    "JSON of another kind": (Answer(200, b'{"a": 1}'), "array of DICOM objects"),
    "refused": (Answer(401), "refused the credentials"),
    "moved": (Answer(302, b"", {"Location": "https://elsewhere.example/"}), "redirect"),
    "broken": (Answer(500, b"Traceback"), "unusable HTTP status"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_pacs_is_told_of_in_one_line(
    north: Site, spoil: Callable[[Spoil], None], lie: str
) -> None:
    answer, words = LIES[lie]
    spoil(lambda _request, _answer: answer)
    done = north.tick()
    assert not done.run_requests
    text = str(done.skip_message)
    assert words in text
    assert "\n" not in text
    assert "http://" not in text


def other_url(settings: Settings, url: str) -> Settings:
    north, south = settings.pacs
    return settings.model_copy(update={"pacs": (north.model_copy(update={"url": url}), south)})


def test_a_dead_pacs_is_told_of(deployment: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/dicom-web"
        sensor = pacs_sensors(Deployment(other_url(deployment, url)), job=INGEST_JOB)[0]
        with dg.DagsterInstance.get() as instance:
            done = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    assert "PACS north could not be reached" in str(done.skip_message)
    assert not done.run_requests


def test_a_slow_pacs_ends_the_tick_with_its_budget(
    north: Site, spoil: Callable[[Spoil], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "BUDGET_S", 0.6)

    def slow(request: Request, answer: Answer) -> Answer:
        time.sleep(0.25)
        return answer

    spoil(slow)
    done = north.tick()
    assert not done.run_requests
    assert "did not answer in time" in str(done.skip_message)


def test_without_a_key_the_tick_says_what_to_do(
    north: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    assert KEY_VARIABLE in str(north.tick().skip_message)


def test_an_unforeseen_error_is_told_without_its_text(
    north: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("DOE^JANE")

    monkeypatch.setattr(sensors, "days_in_flight", broken)
    with pytest.raises(Exception, match="unexpected KeyError") as caught:
        north.tick()
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert "DOE" not in repr(chain)


def test_a_partition_in_a_waiting_run_is_not_asked_for_again(
    north: Site, pacs: WilfulPacs, spoil: Callable[[Spoil], None]
) -> None:
    north.forget_tries(DAY)
    spoil(hiding(pacs.fleet.studies("north", DAY, DAY)[0].study_uid))
    job = north.runner.definitions.resolve_job_def(INGEST_JOB)
    waiting = dg.DagsterRunStatus.NOT_STARTED
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(job, tags=range_tags("north", DAY, LAST), status=waiting)
        names = ["north", "south"]
        days = {DAY + dt.timedelta(days=n) for n in range(3)}
        assert days_in_flight(instance, "north", names) == days
        assert days_in_flight(instance, "south", names) == set()
        assert north.asked() == []
        instance.delete_run(run.run_id)

        crossing = range_tags("north", DAY, DAY) | {
            "dagster/asset_partition_range_end": Partition(LAST, "south").key
        }
        single = {"dagster/partition": Partition(FIRST, "south").key}
        runs = [
            instance.create_run_for_job(job, tags=tags, status=waiting)
            for tags in (crossing, single, {})
        ]
        assert days_in_flight(instance, "north", names) == days
        assert days_in_flight(instance, "south", names) == days | {FIRST}
        for one in runs:
            instance.delete_run(one.run_id)
    assert north.asked() == [(str(DAY), str(DAY))]
    pacs.spoil = None
    north.settle()


def test_dagsters_instance_limits_runs_and_tells_crashes_from_failures(runner: Runner) -> None:
    with dg.DagsterInstance.get() as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        limits = {one["key"]: one["limit"] for one in queue.tag_concurrency_limits}
        assert limits[PACS_TAG] == 1
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 2
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.run_monitoring_enabled
        assert instance.get_settings("sensors")["use_threads"]
