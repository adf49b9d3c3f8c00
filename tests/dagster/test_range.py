"""A range of days with one refused cell, its repair, and what a second run asks again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from protocol_assets.cells.status import cell_states
from protocol_assets.lake.parquet import part_versions, read_part
from protocol_assets.lake.zones import Cell
from protocol_assets.runs import Runner
from protocol_assets.settings import Settings
from protocol_assets.simulator import Answer, Request

from .conftest import FIRST, LAST, WilfulPacs

BAD = Cell(dt.date(2026, 2, 4), "north")
CELLS = [Cell(FIRST + dt.timedelta(days=n), "north") for n in range(5)]

Spoil = Callable[[str], Callable[[Request, Answer], Answer]]


@pytest.fixture(scope="module")
def first_landing(deployment: Settings) -> Runner:
    runner = Runner(deployment)
    for name in ("north", "south"):
        outcomes = list(runner.cells(name, FIRST, LAST))
        assert [outcome.state for outcome in outcomes] == ["landed"] * 5
    assert runner.report() is None
    return runner


@pytest.fixture
def spoiled(pacs: WilfulPacs, spoil_study: Spoil) -> Iterator[None]:
    """One study of the bad cell claims another study day."""
    study = pacs.fleet.studies("north", BAD.day, BAD.day)[0]
    pacs.spoil = spoil_study(study.study_uid)
    yield
    pacs.spoil = None


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
    lake = deployment.lake
    for cell in CELLS:
        facts = read_part(lake.facts(cell))
        assert set(facts["study_date"].to_pylist()) <= {cell.day}
        assert part_versions(lake.facts(cell)).keys() == {
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
        "published_findings.parquet",
        "published_opportunities.parquet",
        "published_potential_monthly.parquet",
        "published_verification.parquet",
    }
    for name in ("report.html", "report.pdf"):
        assert (lake.report(LAST) / name).is_file()
    labels = read_part(lake.labels)
    assert set(labels["state"].to_pylist()) == {"withheld"}
    assert all(state.is_good for state in cell_states(lake, deployment.pseudonyms()))


def test_unchanged_days_are_listed_and_not_fetched_again(
    first_landing: Runner, deployment: Settings, pacs: WilfulPacs
) -> None:
    before = {cell: deployment.lake.facts(cell).read_bytes() for cell in CELLS}
    fetched: list[str] = []

    def noted(request: Request, answer: Answer) -> Answer:
        fetched.append(request.path)
        return answer

    pacs.spoil = noted
    list(first_landing.cells("north", FIRST, LAST))
    pacs.spoil = None
    assert not [path for path in fetched if path.endswith("metadata")]
    assert before == {cell: deployment.lake.facts(cell).read_bytes() for cell in CELLS}


def test_one_refused_cell_of_five_and_its_repair(
    first_landing: Runner, deployment: Settings, spoiled: None, pacs: WilfulPacs
) -> None:
    before = materialized("series_facts")
    old = deployment.lake.facts(BAD).read_bytes()
    outcomes = list(first_landing.cells("north", FIRST, LAST, force=True))
    assert [outcome.state for outcome in outcomes] == [
        "landed",
        "landed",
        "refused",
        "landed",
        "landed",
    ]
    assert "StudyDate" in outcomes[2].reason

    after = materialized("series_facts")
    new = {key for key in after if after[key] > before[key]}
    assert new == {cell.key for cell in CELLS if cell != BAD}
    assert deployment.lake.facts(BAD).read_bytes() == old
    assert first_landing.report() is None
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name="land_and_deidentify"), limit=1)
        assert run.status == dg.DagsterRunStatus.FAILURE
        gate = dg.AssetCheckKey(dg.AssetKey("series"), "gate")
        (check,) = instance.event_log_storage.get_asset_check_execution_history(gate, limit=1)
    assert check.event is not None
    assert check.event.dagster_event is not None
    assert not check.event.dagster_event.asset_check_evaluation_data.passed

    pacs.spoil = None
    (repaired,) = first_landing.cells("north", BAD.day, BAD.day, force=True)
    assert repaired.state == "landed"
    assert materialized("series_facts")[BAD.key] > after[BAD.key]
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name="land_and_deidentify"), limit=1)
        assert run.status == dg.DagsterRunStatus.SUCCESS


def test_a_study_that_fails_is_recorded_and_the_others_land(
    first_landing: Runner, deployment: Settings, pacs: WilfulPacs
) -> None:
    study = pacs.fleet.studies("north", BAD.day, BAD.day)[0]

    def html(request: Request, answer: Answer) -> Answer:
        if study.study_uid in request.path and request.path.endswith("metadata"):
            return Answer(200, b"<html>log in</html>", {"Content-Type": "text/html"})
        return answer

    before = deployment.lake.facts(BAD).read_bytes()
    pacs.spoil = html
    (outcome,) = first_landing.cells("north", BAD.day, BAD.day, force=True)
    pacs.spoil = None
    assert outcome.state == "incomplete"
    assert outcome.studies == outcome.expected - 1
    assert deployment.lake.facts(BAD).read_bytes() == before, "the last good study stays"
    (repaired,) = first_landing.cells("north", BAD.day, BAD.day)
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

    cell = Cell(LAST, "south")
    key = deployment.pseudonyms().of("study", study.study_uid)
    assert key in read_part(deployment.lake.facts(cell))["study_key"].to_pylist()
    pacs.spoil = without
    (outcome,) = first_landing.cells("south", LAST, LAST)
    pacs.spoil = None
    assert outcome.state == "landed"
    assert key not in read_part(deployment.lake.facts(cell))["study_key"].to_pylist()
