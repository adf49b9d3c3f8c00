"""One run in a process of its own, so that a test can let two meet, or kill one.

- ``main ARGUMENTS``: the command line.
- ``sensor PACS FIRST LAST``: the run that the sensor of a PACS asks for.
- ``report``: the warehouse and the report, with Dagster's own records in memory.
- ``publish [MOMENT]``: ``published_marts`` and ``chief_report`` alone. It says how many operations
  on the disk it took; before the one of number MOMENT it says ``paused`` and waits for a line.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from typing import Any

import dagster as dg

import protocol_assets.defs.publishing.assets as publish_assets
import protocol_assets.storage.operations as operations
import tests.conftest  # noqa: F401  Dagster's databases do not wait for the disk
from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import INGEST_JOB, REPORT_JOB
from protocol_assets.cli import main as command_line
from protocol_assets.defs.ingest.sensors import range_tags
from protocol_assets.runner import Runner

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
PUBLISHING = ("published_marts", "chief_report")


class Pausing:
    """Counts the operations on the disk, and waits before one of them."""

    def __init__(self, moment: int) -> None:
        self.moment = moment
        self.count = 0

    def install(self) -> None:
        for name in set(operations.__all__) - {"sync"}:
            setattr(operations, name, self._wrap(getattr(operations, name)))

    def _wrap(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any) -> Any:
            self.count += 1
            if self.count == self.moment:
                print("paused", flush=True)
                sys.stdin.readline()
            return plain(*arguments)

        return operation


def ask_for_partitions(pacs: str, first: str, last: str) -> bool:
    runner = Runner(Deployment.load())
    tags = range_tags(pacs, dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    tags["dagster/sensor_name"] = f"watch_{pacs}"
    job = runner.definitions.resolve_job_def(INGEST_JOB)
    with dg.DagsterInstance.get() as instance:
        return job.execute_in_process(
            instance=instance, tags=tags, run_config=QUIET, raise_on_error=False
        ).success


def report() -> bool:
    runner = Runner(Deployment.load())
    job = runner.definitions.resolve_job_def(REPORT_JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False)
    for event in done.filter_events(lambda one: one.is_step_failure):
        failure = event.step_failure_data.user_failure_data
        print(failure.description if failure else event.step_failure_data.error, flush=True)
    return done.success


def publish(moment: str = "0") -> bool:
    runner = Runner(Deployment.load())
    pausing = Pausing(int(moment))
    publish_marts = vars(publish_assets)["publish_marts"]

    def publish_and_count(*arguments: Any) -> Any:
        pausing.install()
        return publish_marts(*arguments)

    vars(publish_assets)["publish_marts"] = publish_and_count
    job = runner.definitions.resolve_job_def(REPORT_JOB)
    selection = [dg.AssetKey(name) for name in PUBLISHING]
    with dg.DagsterInstance.get() as instance:
        done = job.execute_in_process(
            instance=instance,
            run_config=QUIET,
            asset_selection=selection,
            raise_on_error=False,
        )
    print(f"{pausing.count} operations", flush=True)
    return done.success


def main(what: str, *arguments: str) -> None:
    if what == "main":
        sys.argv = ["protocol-assets", *arguments]
        command_line()
    work: dict[str, Callable[..., bool]] = {
        "sensor": ask_for_partitions,
        "report": report,
        "publish": publish,
    }
    sys.exit(0 if work[what](*arguments) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
