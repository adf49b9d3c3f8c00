"""One PACS with its sensor, ticked and run by a test."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg

from protocol_assets.app.jobs import INGEST_JOB
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Partition
from protocol_assets.runner import Runner


class Site:
    """One PACS of the deployment with its sensor and the cursor between ticks."""

    def __init__(self, runner: Runner, pacs: str) -> None:
        self.runner, self.pacs, self.cursor = runner, pacs, ""
        repository = runner.definitions.get_repository_def()
        self.sensor = repository.get_sensor_def(f"watch_{pacs}")

    def tick(self) -> Any:
        with dg.DagsterInstance.get() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=self.cursor)
            done = self.sensor.evaluate_tick(context)
        self.cursor = done.cursor or ""
        assert done.run_requests or done.skip_message, "a tick says why it asks for nothing"
        return done

    def asked(self) -> list[tuple[str, str]]:
        """Ticks, and gives the ranges that it asked for."""
        return [
            (
                one.tags["dagster/asset_partition_range_start"].split("|")[0],
                one.tags["dagster/asset_partition_range_end"].split("|")[0],
            )
            for one in self.tick().run_requests or []
        ]

    def run(self, requests: Any) -> list[dg.ExecuteInProcessResult]:
        job = self.runner.definitions.resolve_job_def(INGEST_JOB)
        with dg.DagsterInstance.get() as instance:
            return [
                job.execute_in_process(instance=instance, tags=one.tags, raise_on_error=False)
                for one in requests
            ]

    def settle(self) -> None:
        """Tick and run until nothing is asked for; at most twice."""
        self.run(self.tick().run_requests or [])
        assert not self.tick().run_requests

    def forget_tries(self, day: dt.date) -> None:
        """Forget what earlier tests tried: after many tries a partition waits an hour."""
        (
            self.runner.deployment.lake.local_path(
                self.runner.deployment.lake.raw(Partition(day, self.pacs))
            )
            / "attempt.json"
        ).unlink()

    def study_keys(self, day: dt.date) -> set[str]:
        facts = read_part(
            self.runner.deployment.lake,
            self.runner.deployment.lake.facts(Partition(day, self.pacs)),
        )
        return set(facts["study_key"].to_pylist())
