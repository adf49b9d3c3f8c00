"""No planted token leaves the restricted zone, failures included; all are found inside it."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
import json
import re
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.data import text_languages
from protocol_assets.deidentify.labels import register_texts
from protocol_assets.delivery.report import editions
from protocol_assets.figures.scope import Scope
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.runner import PartitionOutcome, Runner
from protocol_assets.settings import Settings
from tests.crash.homes import find_bytes
from tests.crash.leftovers import leave_leftovers

from .canary import MARK, Search, decoded, found_in
from .canary_numbers import NumberSearch
from .canary_outputs import PAGES, SAFE_COMMANDS, command_output, dashboard_output
from .canary_plan import Plan
from .conftest import FIRST, LAST, WilfulPacs, other_study_date

FAILING = Path(__file__).with_name("failing_dbt")


@pytest.fixture(scope="module")
def plan(pacs: WilfulPacs) -> Plan:
    days = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    studies = [pacs.fleet.studies(None, day, day) for day in days]
    classic, broken = studies[0][:2]
    enhanced, refused = studies[1][:2]
    plan = Plan(classic.study_uid, enhanced.study_uid, broken.study_uid, refused.study_uid)
    spoiled = (classic, broken, enhanced, refused)
    # Requests overlap, so the order of arrival differs from run to run. Nothing is counted of the
    # days that are refused, which come early here.
    for site in pacs.fleet.sites:
        for study in reversed(pacs.fleet.studies(site, FIRST, LAST)):
            if study not in spoiled:
                plan.numbers.choose(scan.series_uid for scan in pacs.fleet.scans(study))
    return plan


@pytest.fixture(scope="module")
def failing_run(deployment: Settings, pacs: WilfulPacs, plan: Plan) -> tuple[PartitionOutcome, ...]:
    """A whole run with failures that quote patients: of rules, gates, the PACS, the report."""
    describe, register = describe_partition, register_texts
    lying = other_study_date(pacs.fleet.studies(None, LAST, LAST)[0].study_uid)

    def quoting(rows: Sequence[Mapping[str, Any]], *zone: Any) -> Any:
        if rows and rows[0]["StudyDate"] == LAST - dt.timedelta(days=1):
            raise ValueError(f"cannot convert {rows[0]['PatientID']} {rows[0]['StudyInstanceUID']}")
        return describe(rows, *zone)

    def quoting_all(rows: Sequence[Mapping[str, Any]], *rest: Any) -> Any:
        if rows and rows[0]["StudyDate"] == LAST - dt.timedelta(days=2):
            raise ValueError(f"cannot convert {rows[0]['PatientID']} {rows[0]['StudyInstanceUID']}")
        return register(rows, *rest)

    def report_of(*_: Any) -> Any:
        raise KeyError(f"{plan.planter.word()} {min(plan.planter.uids)}")

    pacs.spoil = lambda request, answer: lying(request, plan(request, answer))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "protocol_assets.app.deployment.modality_of", lambda _: replace(MR, describe=quoting)
        )
        patch.setattr("protocol_assets.ingest.facts.register_texts", quoting_all)
        runner = Runner(Deployment(deployment))
        outcomes = [one for name in ("north", "south") for one in runner.ingest(name, FIRST, LAST)]
        assert runner.report() is None
        patch.setattr("protocol_assets.defs.publishing.assets.published_figures", report_of)
        with dg.DagsterInstance.get() as instance:
            failed = runner.definitions.resolve_job_def(
                "build_warehouse_and_report"
            ).execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey("chief_report")],
                raise_on_error=False,
            )
        assert not failed.success
    pacs.spoil = None
    return tuple(outcomes)


@dataclass(frozen=True)
class FailedBuild:
    """What became of a build whose models and tests fail on patients.

    Attributes:
        project: The dbt project, with what dbt writes into it.
        events: What Dagster keeps of the run.
        printed: What the run wrote to standard output.
        results: dbt's message by model.
        warehouse: SHA-256 of the warehouse before the build.
    """

    project: Path
    events: str
    printed: str
    results: dict[str, str]
    warehouse: bytes


@pytest.fixture(scope="module")
def failed_build(
    failing_run: tuple[PartitionOutcome, ...],
    deployment: Settings,
    repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> FailedBuild:
    """Builds of an analyst's models: one whose tests fail, then those that fail themselves."""
    project = tmp_path_factory.mktemp("analyst") / "dbt_project"
    written = shutil.ignore_patterns("target", "logs")
    shutil.copytree(repository / "dbt_project", project, ignore=written)
    shutil.copytree(FAILING / "models", project / "models" / "mr" / "intermediate" / "failing")
    shutil.copytree(FAILING / "tests", project / "tests" / "failing")
    warehouse = hashlib.sha256(Lake(deployment.home).warehouse.read_bytes()).digest()
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.get() as instance:
        patch.setattr("protocol_assets.defs.warehouse.dbt_runs._PROJECT", project)
        job = Runner(Deployment(deployment)).definitions.resolve_job_def(
            "build_warehouse_and_report"
        )
        events = ""
        for names in (["every_series"], [path.stem for path in FAILING.glob("models/*.sql")]):
            with contextlib.redirect_stdout(printed):
                failed = job.execute_in_process(
                    instance=instance,
                    asset_selection=[dg.AssetKey(name) for name in names],
                    raise_on_error=False,
                )
            assert not failed.success
            events += "\n".join(str(one) for one in instance.all_logs(failed.run_id))
    found = json.loads((deployment.home / "dbt" / "target" / "run_results.json").read_text())
    results = {one["unique_id"].split(".")[2]: one["message"] for one in found["results"]}
    return FailedBuild(project, events, printed.getvalue(), results, warehouse)


@pytest.fixture(scope="module")
def search(failing_run: tuple[PartitionOutcome, ...], plan: Plan, pacs: WilfulPacs) -> Search:
    planter = plan.planter
    studies = pacs.fleet.studies(None, FIRST, LAST)
    uids = {study.study_uid for study in studies}
    uids |= {scan.series_uid for study in studies for scan in pacs.fleet.scans(study)}
    words = planter.words | planter.stripped | plan.unreceived.words | {MARK + "BODYXX"}
    return Search(words, planter.uids | uids, planter.dates)


def test_enough_is_planted(failing_run: tuple[PartitionOutcome, ...], plan: Plan) -> None:
    assert plan.planter.count >= 14_000


def test_the_run_had_its_failures(failing_run: tuple[PartitionOutcome, ...]) -> None:
    reasons = {one.partition.day: one.reason for one in failing_run if one.state != "landed"}
    assert "unexpected ValueError at" in reasons[LAST - dt.timedelta(days=2)]
    assert "left out: cannot_be_described" in reasons[LAST - dt.timedelta(days=1)]
    assert "left out: study_of_another_day" in reasons[LAST]
    assert any("studies are missing" in reason for reason in reasons.values())
    assert not any("cannot convert" in reason or MARK in reason for reason in reasons.values())


def test_every_token_is_found_in_raw(plan: Plan, deployment: Settings, search: Search) -> None:
    raw = found_in(Lake(deployment.home).restricted / "raw", search.hits).keys()
    planter = plan.planter
    report_only = {word for word in planter.words if word not in raw}
    assert len(report_only) <= 1, sorted(report_only)[:5]
    assert planter.uids <= raw
    assert {f"{day:%Y%m%d}" for day in planter.dates} <= raw
    assert planter.stripped.isdisjoint(raw)
    assert plan.unreceived.words.isdisjoint(raw)


@pytest.fixture(scope="module")
def number_search(failing_run: tuple[PartitionOutcome, ...], plan: Plan) -> NumberSearch:
    return NumberSearch(set(plan.numbers.planted))


def test_numbers_are_typed_into_every_numeric_element(
    failing_run: tuple[PartitionOutcome, ...],
    plan: Plan,
    number_search: NumberSearch,
    deployment: Settings,
) -> None:
    lake = Lake(deployment.home)
    assert plan.numbers.missing == []
    raw = found_in(lake.restricted / "raw", number_search.hits)
    assert raw.keys() == plan.numbers.planted.keys()
    counted = pq.read_table(lake.safe / "facts" / "impossible", partitioning=None).to_pylist()
    reasons = {row["column_name"]: row["reason"] for row in counted}
    typed = {one.column.name for one in plan.numbers.planted.values()}
    assert set(reasons.values()) >= {"out_of_bounds", "not_positive"}
    # Series and acquisition numbers are no number of the facts: they have no bounds.
    assert typed - reasons.keys() <= {"SeriesNumber", "AcquisitionNumber"}


def test_no_typed_number_is_found_outside(
    deployment: Settings, number_search: NumberSearch, failed_build: FailedBuild
) -> None:
    lake = Lake(deployment.home)
    assert found_in(lake.home, number_search.hits, without=lake.restricted) == {}
    assert found_in(failed_build.project, number_search.hits) == {}


@pytest.mark.parametrize("kind", ["<q", "<d"])
def test_the_search_sees_binary_numbers(number_search: NumberSearch, plan: Plan, kind: str) -> None:
    token = min(plan.numbers.planted)
    packed = struct.pack(kind, int(token))
    assert token in number_search.hits(b"abc" + packed + b"de")
    for text in (f"n={token}.", f"-{token}", f"{int(token) / 1e6}", f"{int(token):.7e}"):
        assert token in number_search.hits(text.encode()), text
    assert number_search.hits(f"{token}1 a{int(token) + 1} 0x{token}f".encode()) == set()


def test_dbt_failed_on_patients(failed_build: FailedBuild, deployment: Settings) -> None:
    results = dict(failed_build.results)
    assert results.pop("every_series") == "OK"
    assert "Could not convert string" in results.pop("facts_quoted")
    assert len(results) == 3
    for name, message in results.items():
        assert "file system operations are disabled by configuration" in message, name
    assert (
        hashlib.sha256(Lake(deployment.home).warehouse.read_bytes()).digest()
        == failed_build.warehouse
    )


def test_without_the_fence_the_models_quote_patients(
    failed_build: FailedBuild, deployment: Settings, search: Search
) -> None:
    compiled = Lake(deployment.home).dbt / "target" / "compiled"
    with duckdb.connect() as unfenced:
        for name in ("patients_quoted", "answers_quoted"):
            (path,) = compiled.rglob(f"{name}.sql")
            with pytest.raises(duckdb.ConversionException) as refused:
                unfenced.execute(path.read_text(encoding="utf-8")).fetchall()
            assert search.hits(str(refused.value).encode()), name
        of_tests = failed_build.project / "target" / "compiled"
        (path,) = of_tests.rglob("assert_no_patient_is_named.sql")
        named = unfenced.execute(path.read_text(encoding="utf-8")).fetchall()
        assert search.hits(str(named).encode())


def test_a_value_that_dbt_quotes_stays_in_its_log(
    failed_build: FailedBuild, deployment: Settings
) -> None:
    (quoted,) = re.findall("string '(.*?)'", failed_build.results["facts_quoted"])

    def holds(content: bytes) -> set[str]:
        return {quoted} if quoted.encode() in content else set()

    assert found_in(Lake(deployment.home).safe / "facts", holds)
    assert found_in(Lake(deployment.home).dbt, holds)
    assert found_in(Lake(deployment.home).dagster_home, holds) == {}
    assert "facts_quoted" in failed_build.events
    assert "failed: assert_no_patient_is_named (could not be run; " in failed_build.events
    assert "), assert_no_series_is_anybodys (" in failed_build.events
    assert failed_build.printed == ""


def test_nothing_is_found_outside(
    deployment: Settings, search: Search, failed_build: FailedBuild
) -> None:
    lake = Lake(deployment.home)
    assert found_in(lake.home, search.hits, without=lake.restricted) == {}
    assert found_in(failed_build.project, search.hits) == {}
    for zone in (lake.safe, lake.publish, lake.dagster_home, lake.dbt):
        assert any(path.is_file() for path in zone.rglob("*")), zone.name


def test_every_zone_has_its_modes_after_whatever_wrote_there(
    deployment: Settings, failed_build: FailedBuild
) -> None:
    """DuckDB, dbt, pyarrow, Dagster, Great Expectations and the reports, failed runs included."""
    lake = Lake(deployment.home)
    assert list(lake.problems()) == []
    for zone in (lake.restricted, lake.safe, lake.governance, lake.dagster_home, lake.dbt):
        for path in (zone, *zone.rglob("*")):
            assert path.lstat().st_mode & 0o077 == 0, path.relative_to(lake.home)
    for path in (lake.publish, *lake.publish.rglob("*")):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o777 in (0o755, 0o644), path.relative_to(lake.home)


def test_the_search_sees_through_every_disguise(search: Search, tmp_path: Path) -> None:
    import base64

    word, uid = min(search.words), min(search.uids)
    date = min(search.dates.values())
    disguises = [word, word.lower(), word.replace("A", "Á"), word.encode().hex(), uid]
    disguises += [base64.b64encode(b"x" * n + word.encode()).decode() for n in range(3)]
    disguises += [f"{date:%d.%m.%Y}", f"{date:%m/%d/%Y}", date.isoformat(), repr(date)]
    disguises += [f"1.2.{date:%Y%m%d}", f"day{date:%Y%m%d}.txt", f"{date:%Y%m%d}131415"]
    for hash_of in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        disguises += [hash_of(text.encode()).hexdigest() for text in (word, uid)]
        disguises.append(base64.b64encode(hash_of(word.encode()).digest()).decode())
    for disguise in disguises:
        assert search.hits(f"before {disguise} after".encode()), disguise
    assert search.hits(b"123" + hashlib.sha256(word.encode()).digest() + b"12345678")
    assert not search.hits(b"nothing at all 20260202 2026-02-02")
    assert not search.hits(f"seconds: 0.{date:%Y%m%d}".encode()), "the decimals of a number"


def test_a_pdf_is_read(deployment: Settings, search: Search) -> None:
    (page,) = Lake(deployment.home).publish.rglob("report.pdf")
    text = b"".join(decoded(page))
    assert b"NEX" in text


def test_nothing_is_in_the_mail(deployment: Settings, search: Search, tmp_path: Path) -> None:
    reports = editions(
        Lake(deployment.home),
        [one.name for one in deployment.pacs],
        is_demo=Deployment(deployment).is_demo,
    )
    for language in text_languages():
        edition = reports(Scope(), language)
        body = edition.body()
        attached = tmp_path / f"{language}.pdf"
        attached.write_bytes(edition.pdf())
        parts = [body.subject.encode(), body.html.encode(), body.text.encode()]
        parts += [*body.images.values(), *decoded(attached)]
        assert b"NEX" in b"".join(parts)
        for part in parts:
            assert search.hits(part) == set()


def test_nothing_in_what_was_printed(
    deployment: Settings,
    pacs: WilfulPacs,
    plan: Plan,
    search: Search,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    pacs.spoil = plan
    list(Runner(Deployment(deployment)).ingest("north", FIRST, FIRST, force=True))
    pacs.spoil = None
    printed = "".join(capfd.readouterr()) + caplog.text
    assert search.hits(printed.encode()) == set()


@pytest.mark.parametrize("command", SAFE_COMMANDS, ids=" ".join)
def test_nothing_in_what_a_command_prints(
    command: tuple[str, ...],
    deployment: Settings,
    search: Search,
    number_search: NumberSearch,
    failed_build: FailedBuild,
) -> None:
    printed = command_output(command, deployment)
    assert search.hits(printed) == set()
    assert number_search.hits(printed) == set()


def test_nothing_in_the_log_of_the_dashboard(
    deployment: Settings,
    search: Search,
    number_search: NumberSearch,
    failed_build: FailedBuild,
    tmp_path: Path,
) -> None:
    log = dashboard_output(deployment, tmp_path)
    assert all(f"page {one}" in log.decode() for one in PAGES)
    assert search.hits(log) == set()
    assert number_search.hits(log) == set()


def test_erasure_reaches_what_killed_runs_leave(
    deployment: Settings, failed_build: FailedBuild
) -> None:
    """Last: it writes tokens to places outside of the restricted zone, as killed runs would."""
    token = "LEFTBEHIND4711"
    left = leave_leftovers(Lake(deployment.home), Partition(FIRST, "north"), token.encode())
    zones = {path.relative_to(deployment.home).parts[0] for path in left}
    assert zones == {"restricted", "safe", "publish", "governance"}
    pseudonyms, now = Deployment(deployment).pseudonyms(), dt.datetime.now(dt.UTC)
    purge_patient(Lake(deployment.home), pseudonyms, token, None, now)
    assert not find_bytes(deployment.home, {token.encode()})
