"""A range of days with one refused partition, its repair, and what a second run asks again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner

from protocol_assets.app.deployment import Deployment
from protocol_assets.cli.main import cli
from protocol_assets.ingest.attempts import read_attempt, record_refusal
from protocol_assets.ingest.partition_status import partition_states
from protocol_assets.lake.parquet import part_versions, read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.publishing.versions import published_rows
from protocol_assets.quality.suites import load_suite
from protocol_assets.runner import Runner
from protocol_assets.settings import Settings
from protocol_assets_simulator import Answer, Request

from .conftest import FIRST, LAST, WilfulPacs

BAD = Partition(dt.date(2026, 2, 4), "north")
PARTITIONS = [Partition(FIRST + dt.timedelta(days=n), "north") for n in range(5)]


@pytest.fixture(scope="module")
def first_landing(deployment: Settings) -> Runner:
    runner = Runner(Deployment(deployment))
    for name in ("north", "south"):
        outcomes = list(runner.ingest(name, FIRST, LAST))
        assert [outcome.state for outcome in outcomes] == ["landed"] * 5
    assert runner.report() is None
    return runner


@pytest.fixture
def refusing() -> Iterator[pytest.MonkeyPatch]:
    """The suite of the series refuses one day."""
    suite = load_suite("mr/series")
    refusal = {
        "type": "expect_column_values_to_not_be_in_set",
        "severity": "critical",
        "kwargs": {"column": "partition_day", "value_set": [BAD.day]},
    }
    stricter = suite | {"expectations": [*suite["expectations"], refusal]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "protocol_assets.quality.suites.load_suite",
            lambda name: stricter if name == "mr/series" else load_suite(name),
        )
        yield patch


def completeness(settings: Settings, partition: Partition) -> tuple[object, ...]:
    """Of one partition: as the warehouse and the published file have it."""
    query = """
        select facts_state, studies_completeness, is_complete from marts.kpi_completeness_daily
        where study_date = ? and pacs = ?
    """
    with duckdb.connect(str(Lake(settings.home).warehouse), read_only=True) as connection:
        row = connection.execute(query, [partition.day, partition.pacs]).fetchone()
    (published,) = (
        one["studies_landed_percent"]
        for one in published_rows(Lake(settings.home), "completeness_daily")
        if (one["study_date"], one["pacs"]) == (partition.day, partition.pacs)
    )
    return (*(row or ()), published)


def materialized(asset: str) -> dict[str, float]:
    """Newest materialization of each partition of an asset, as its time."""
    with dg.DagsterInstance.get() as instance:
        records = instance.fetch_materializations(dg.AssetKey(asset), limit=1000).records
    newest: dict[str, float] = {}
    for record in records:
        newest[str(record.partition_key)] = max(
            record.timestamp, newest.get(str(record.partition_key), 0)
        )
    return newest


def test_all_rooms_are_filled(first_landing: Runner, deployment: Settings) -> None:
    lake = Lake(deployment.home)
    for partition in PARTITIONS:
        facts = read_part(lake, lake.facts(partition))
        assert set(facts["study_date"].to_pylist()) <= {partition.day}
        assert part_versions(lake, lake.facts(partition)).keys() == {
            "spec_version",
            "rules_version",
            "policy_version",
            "key_id",
        }
    assert lake.warehouse.is_file()
    assert {path.name for path in lake.marts.iterdir()} == {
        "completeness_daily.parquet",
        "exam_monthly.parquet",
        "fleet_daily.parquet",
        "nex_monthly.parquet",
        "published_exam_shifts.parquet",
        "published_findings.parquet",
        "published_opportunities.parquet",
        "published_potential_monthly.parquet",
        "published_verification.parquet",
    }
    for name in ("report.html", "report.pdf"):
        assert (lake.local_path(lake.report(LAST)) / name).is_file()
    labels = read_part(lake, lake.labels)
    assert set(labels["state"].to_pylist()) == {"withheld"}
    assert all(
        state.is_good for state in partition_states(lake, Deployment(deployment).pseudonyms())
    )


def test_unchanged_days_are_listed_and_not_fetched_again(
    first_landing: Runner, deployment: Settings, pacs: WilfulPacs
) -> None:
    before = {
        partition: Lake(deployment.home)
        .local_path(Lake(deployment.home).facts(partition))
        .read_bytes()
        for partition in PARTITIONS
    }
    fetched: list[str] = []

    def noted(request: Request, answer: Answer) -> Answer:
        fetched.append(request.path)
        return answer

    pacs.spoil = noted
    list(first_landing.ingest("north", FIRST, LAST))
    pacs.spoil = None
    assert not [path for path in fetched if path.endswith("metadata")]
    assert before == {
        partition: Lake(deployment.home)
        .local_path(Lake(deployment.home).facts(partition))
        .read_bytes()
        for partition in PARTITIONS
    }


def test_one_refused_partition_of_five_and_its_repair(
    first_landing: Runner, deployment: Settings, refusing: pytest.MonkeyPatch
) -> None:
    before = materialized("series_facts")
    old = Lake(deployment.home).local_path(Lake(deployment.home).facts(BAD)).read_bytes()
    outcomes = list(first_landing.ingest("north", FIRST, LAST, force=True))
    assert [outcome.state for outcome in outcomes] == [
        "landed",
        "landed",
        "refused",
        "landed",
        "landed",
    ]
    assert "partition_day" in outcomes[2].reason

    after = materialized("series_facts")
    new = {key for key in after if after[key] > before[key]}
    assert new == {partition.key for partition in PARTITIONS if partition != BAD}
    assert Lake(deployment.home).local_path(Lake(deployment.home).facts(BAD)).read_bytes() == old
    assert first_landing.report() is None
    assert completeness(deployment, BAD) == ("refused", 0, False, 0)
    (state,) = [
        one
        for one in partition_states(Lake(deployment.home), Deployment(deployment).pseudonyms())
        if one.refusal
    ]
    assert state.partition == BAD
    assert not state.is_stale, "the same rules would refuse it again"
    assert "correct it at the PACS" in state.words
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name="land_and_deidentify"), limit=1)
        assert run.status == dg.DagsterRunStatus.FAILURE
        for asset, name in (("series", "gate"), ("raw_dicomweb", "completeness")):
            key = dg.AssetCheckKey(dg.AssetKey(asset), name)
            (check,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
            assert check.event is not None
            assert check.event.dagster_event is not None
            assert not check.event.dagster_event.asset_check_evaluation_data.passed

    refusing.undo()
    (repaired,) = first_landing.ingest("north", BAD.day, BAD.day, force=True)
    assert repaired.state == "landed"
    assert materialized("series_facts")[BAD.key] > after[BAD.key]
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name="land_and_deidentify"), limit=1)
        assert run.status == dg.DagsterRunStatus.SUCCESS
    assert not [
        one
        for one in partition_states(Lake(deployment.home), Deployment(deployment).pseudonyms())
        if not one.is_good
    ]


def test_a_refusal_by_older_rules_is_repaired_by_rebuild(
    first_landing: Runner, deployment: Settings, refusing: pytest.MonkeyPatch
) -> None:
    list(first_landing.ingest("north", BAD.day, BAD.day))
    lake, pseudonyms = Lake(deployment.home), Deployment(deployment).pseudonyms()
    attempt = read_attempt(lake, BAD)
    assert attempt is not None
    assert attempt.refusal
    older = {**attempt.refused_by, "rules_version": "older"}
    record_refusal(lake, BAD, attempt.refusal, older)
    lake.local_path(lake.facts(BAD)).unlink()
    (state,) = [one for one in partition_states(lake, pseudonyms) if not one.is_good]
    assert (state.is_stale, state.refusal) == (True, "")
    refusing.undo()
    refusing.setattr(
        "protocol_assets.runner.Runner.report", lambda _: None
    )  # of the partitions alone
    runner = CliRunner().invoke(cli, ["rebuild"], standalone_mode=False)
    assert runner.return_value == 0, runner.output
    assert lake.local_path(lake.facts(BAD)).exists()
    assert read_part(lake, lake.completeness(BAD))["facts_state"].to_pylist() == ["stored"]


def test_a_study_that_fails_is_recorded_and_the_others_land(
    first_landing: Runner, deployment: Settings, pacs: WilfulPacs
) -> None:
    study = pacs.fleet.studies("north", BAD.day, BAD.day)[0]

    def html(request: Request, answer: Answer) -> Answer:
        if study.study_uid in request.path and request.path.endswith("metadata"):
            return Answer(200, b"<html>log in</html>", {"Content-Type": "text/html"})
        return answer

    before = Lake(deployment.home).local_path(Lake(deployment.home).facts(BAD)).read_bytes()
    pacs.spoil = html
    (outcome,) = first_landing.ingest("north", BAD.day, BAD.day, force=True)
    pacs.spoil = None
    assert outcome.state == "incomplete"
    assert outcome.studies == outcome.expected - 1
    assert (
        Lake(deployment.home).local_path(Lake(deployment.home).facts(BAD)).read_bytes() == before
    ), "the last good study stays"
    (repaired,) = first_landing.ingest("north", BAD.day, BAD.day)
    assert repaired.state == "landed"


def test_a_deleted_study_leaves_the_facts(
    first_landing: Runner, deployment: Settings, pacs: WilfulPacs
) -> None:
    import json

    study = pacs.fleet.studies("south", LAST, LAST)[0]

    def without(request: Request, answer: Answer) -> Answer:
        if study.study_uid in request.path:
            return Answer(404)
        if not request.path.endswith("/studies") or answer.status != 200:
            return answer
        rows = [
            row for row in json.loads(answer.body) if row["0020000D"]["Value"] != [study.study_uid]
        ]
        return Answer(200, json.dumps(rows).encode(), answer.headers)

    partition = Partition(LAST, "south")
    key = Deployment(deployment).pseudonyms().of("study", study.study_uid)
    assert (
        key
        in read_part(Lake(deployment.home), Lake(deployment.home).facts(partition))[
            "study_key"
        ].to_pylist()
    )
    pacs.spoil = without
    (outcome,) = first_landing.ingest("south", LAST, LAST)
    pacs.spoil = None
    assert outcome.state == "landed"
    assert (
        key
        not in read_part(Lake(deployment.home), Lake(deployment.home).facts(partition))[
            "study_key"
        ].to_pylist()
    )
