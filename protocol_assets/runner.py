"""Run the Dagster assets in this process, for the command line and the demo."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.jobs import INGEST_JOB, REPORT_JOB
from protocol_assets.definitions import build_definitions
from protocol_assets.defs.ingest.assets import INSISTED_TAG, LARGEST_RUN, PARTITION_ASSETS
from protocol_assets.defs.ingest.sensors import range_tags
from protocol_assets.faults import Fault
from protocol_assets.ingest.completeness import describe_shortfall
from protocol_assets.ingest.partition_status import read_left_out
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.zones import Partition
from protocol_assets.storage.full_disk import explain_full_disk

__all__ = ["PartitionOutcome", "Runner"]

_QUIET: Final = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class PartitionOutcome:
    """The outcome of one partition.

    Attributes:
        partition: The partition.
        state: ``landed``, ``incomplete`` or ``refused``.
        reason: The reason, if it is incomplete or refused.
        studies: Studies landed.
        expected: Studies listed.
    """

    partition: Partition
    state: str
    reason: str = ""
    studies: int = 0
    expected: int = 0


class Runner:
    """Runs jobs of one deployment in process, on its own Dagster instance."""

    def __init__(self, deployment: Deployment, tell: Any = None) -> None:
        self.deployment = deployment
        self.definitions = build_definitions(
            deployment, resource_overrides={"stages": lambda: deployment.stages(tell)}
        )
        os.environ["DAGSTER_HOME"] = str(deployment.lake.dagster_home)
        # A refused partition is reported in one line, so Dagster's traceback of the failed run is
        # not shown.
        logging.getLogger("dagster.redacted_errors").addHandler(logging.NullHandler())

    def ingest(
        self,
        pacs: str,
        first: dt.date,
        last: dt.date,
        *,
        assets: Sequence[str] = PARTITION_ASSETS,
        force: bool = False,
    ) -> Iterator[PartitionOutcome]:
        """Materialize the partitions of one PACS over a range of days, a month at a time.

        Raises:
            Fault: The range or the PACS is outside the configuration.
            KeyboardInterrupt: The run was stopped; landed partitions are kept.
        """
        # A person asks for these days, and may have fixed the cause of earlier failures.
        self.deployment.rate_limit(pacs).insist()
        self._check_range(pacs, first, last)
        while first <= last:
            end = min(last, first + dt.timedelta(days=LARGEST_RUN - 1))
            yield from self._range(pacs, first, end, assets=assets, force=force)
            first = end + dt.timedelta(days=1)

    def _check_range(self, pacs: str, first: dt.date, last: dt.date) -> None:
        settings = self.deployment.settings
        start, end = settings.start_date, settings.end_date
        newest = settings.last_day(dt.datetime.now(dt.UTC), pacs)
        if start <= first <= last <= newest:
            return
        is_closed = end is not None and end <= newest
        bound = f"end_date {end}" if is_closed else f"{newest}, the last day that has ended"
        raise Fault(
            f"the days {first} to {last} must be in order and between start_date {start} and "
            f"{bound}; change --from and --to, or the configuration"
        )

    def _range(
        self, pacs: str, first: dt.date, last: dt.date, *, assets: Sequence[str], force: bool
    ) -> list[PartitionOutcome]:
        days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
        partitions = [Partition(day, pacs) for day in days]
        tags = range_tags(pacs, first, last) | {INSISTED_TAG: "true"}
        config = {"ops": {"ingest": {"config": {"force": force}}}} | _QUIET
        result = self._execute(INGEST_JOB, config, tags, assets)
        refused = _refused(result)
        return [self._outcome(partition, refused) for partition in partitions]

    def _outcome(self, partition: Partition, refused: dict[str, str]) -> PartitionOutcome:
        if partition.key in refused:
            return PartitionOutcome(partition, "refused", refused[partition.key])
        manifest = read_manifest(self.deployment.lake, partition)
        if manifest is None:
            return PartitionOutcome(
                partition, "refused", "the run ended before it reached this partition; run it again"
            )
        landed, expected = manifest.count("landed"), manifest.expected
        lost = read_left_out(self.deployment.lake, partition)
        if manifest.is_complete and not lost.series:
            return PartitionOutcome(partition, "landed", "", landed, expected)
        reasons = [describe_shortfall(manifest)] if not manifest.is_complete else []
        if lost.series:
            reasons.append(f"{lost.words}; 'protocol-assets status' names them")
        return PartitionOutcome(partition, "incomplete", "; ".join(reasons), landed, expected)

    def report(self, as_of: dt.date | None = None) -> str | None:
        """Build the warehouse from all facts, run the analysis, publish, and write the report.

        Args:
            as_of: The last study day that findings use; the latest by default.

        Returns:
            None if everything succeeded, else one line that says what failed.
        """
        config: dict[str, Any] = dict(_QUIET)
        if as_of is not None:
            config["ops"] = {"analysis": {"config": {"as_of": as_of.isoformat()}}}
        result = self._execute(REPORT_JOB, config, {}, None)
        return None if result.success else "; ".join(_failures(result)) or "the run failed"

    def _execute(
        self, job: str, config: Any, tags: dict[str, str], assets: Sequence[str] | None
    ) -> dg.ExecuteInProcessResult:
        selection = None if assets is None else [dg.AssetKey(name) for name in assets]
        # Dagster's own records are in the home, so a full disk may hit them first.
        with (
            explain_full_disk(self.deployment.lake.dagster_home),
            dg.DagsterInstance.get() as instance,
        ):
            result = self.definitions.resolve_job_def(job).execute_in_process(
                run_config=config,
                instance=instance,
                tags=tags,
                asset_selection=selection,
                raise_on_error=False,
            )
        if _was_interrupted(result):
            # Dagster treats SIGINT and SIGTERM as the failure of a step; here they end the command.
            raise KeyboardInterrupt
        return result


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    failed = result.filter_events(lambda event: event.is_step_failure)
    errors = [event.step_failure_data.error for event in failed]
    return any(
        error.cls_name == dg.DagsterExecutionInterruptedError.__name__
        for error in errors
        if error is not None
    )


def _failures(result: dg.ExecuteInProcessResult) -> list[str]:
    texts = []
    for event in result.filter_events(lambda event: event.is_step_failure):
        data = event.step_failure_data
        failure = data.user_failure_data
        texts.append(failure.description if failure and failure.description else "a step failed")
    return texts


def _refused(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Return the reasons by partition key, from the metadata of the checks."""
    refused: dict[str, str] = {}
    for evaluation in result.get_asset_check_evaluations():
        reasons = evaluation.metadata.get("refused")
        if isinstance(reasons, dg.JsonMetadataValue) and isinstance(reasons.data, dict):
            refused |= {str(key): str(reason) for key, reason in reasons.data.items()}
    return refused
