"""CPU time of the report job of a deployment with 12 scanners, and its events.

    python -m benchmarks.report_job

A simulated PACS is ingested first. The job runs in a process of its own, as in production. Its CPU
time includes imports and the processes of dbt. The first round compiles the tests of dbt.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.demo import Fleet, SimulatedPacs, make_deployment
from protocol_assets.runner import Runner

SCANNERS: Final = 12
STUDIES: Final = 360
FIRST: Final = dt.date(2026, 1, 26)
LAST: Final = dt.date(2026, 2, 3)
ROUNDS: Final = 2
_SPAWN: Final = multiprocessing.get_context("spawn")


def main() -> None:
    """Ingest the days, then print the CPU time of each run of the report job."""
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder))
        for number in range(1, ROUNDS + 1):
            print(f"round {number}: {_in_process(_report)}", flush=True)


def _prepare(folder: Path) -> None:
    fleet = Fleet(seed=3, scanners=SCANNERS, studies=STUDIES, start=FIRST, end=LAST)
    with SimulatedPacs(fleet) as server:
        deployment = make_deployment(
            folder, fleet, {site: server.url(site) for site in fleet.sites}
        )
        runner = Runner(deployment)
        for site in fleet.sites:
            list(runner.ingest(site, FIRST, LAST))


def _in_process(work: Any) -> str:
    results: Any = _SPAWN.Queue()
    process = _SPAWN.Process(target=work, args=(results,))
    process.start()
    line: str = results.get()
    process.join()
    return line


def _report(results: Any) -> None:
    deployment = Deployment.load()
    before = time.process_time()
    runner = Runner(deployment)
    loaded = time.process_time() - before
    problem = runner.report()
    with dg.DagsterInstance.get() as instance:
        run = instance.get_runs(limit=1)[0]
        logs = instance.all_logs(run.run_id)
    events = sum(one.dagster_event is not None for one in logs)
    checks = sum(
        one.dagster_event is not None
        and one.dagster_event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
        for one in logs
    )
    own, children = (
        sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    results.put(
        f"{own + children:.1f} CPU s (this process {own:.1f}, of it definitions {loaded:.1f}; dbt "
        f"{children:.1f}), {len(logs)} log records, {events} events, {checks} checks, "
        f"problem: {problem}"
    )


if __name__ == "__main__":
    main()
