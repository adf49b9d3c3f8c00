"""A failed run is told in one line that identifies nobody, to whoever is to be told."""

from collections.abc import Callable, Sequence
from typing import Final

import dagster as dg

from protocol_assets.defs.failures import tells_plainly

__all__ = ["Notify", "failure_line", "failure_sensor", "notify_nobody"]

Notify = Callable[[str], None]
"""Told one line; the resource ``notify``. Mail or a webhook stand here."""

_WILL_RETRY: Final = "dagster/will_retry"
_LONGEST: Final = 1000


def notify_nobody(_line: str) -> None:
    """The line stands in the sensor's log alone."""


def failure_sensor() -> dg.SensorDefinition:
    """Tells of every failed run that Dagster does not run again by itself."""

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Logs one line for each failed run and hands it to the resource notify.",
    )
    @tells_plainly
    def alert(
        context: dg.RunFailureSensorContext, notify: dg.ResourceParam[Notify]
    ) -> dg.SkipReason | None:
        run = context.dagster_run
        if run.tags.get(_WILL_RETRY) == "true":
            return dg.SkipReason("the run is run again")
        line = failure_line(run, context.get_step_failure_events())
        context.log.error(line)
        notify(line)
        return None

    return alert


def failure_line(run: dg.DagsterRun, failures: Sequence[dg.DagsterEvent]) -> str:
    """One line: which run, over which cells, and why in our own words.

    Only the text of a ``dg.Failure`` is quoted, for it was written to be read; any other may hold
    a value of a patient.
    """
    reasons = []
    for event in failures:
        failure = event.step_failure_data.user_failure_data
        text = failure.description if failure and failure.description else "a step failed"
        reasons.append("; ".join(text.splitlines()))
    what = " | ".join(reasons) or "it could not start or its process ended; see its events"
    first = run.tags.get("dagster/asset_partition_range_start") or run.tags.get("dagster/partition")
    last = run.tags.get("dagster/asset_partition_range_end", first)
    cells = "" if first is None else f" ({first if first == last else f'{first} to {last}'})"
    line = f"run {run.run_id[:8]} of {_job(run)}{cells} failed: {what}"
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _job(run: dg.DagsterRun) -> str:
    return "selected assets" if run.job_name.startswith("__ASSET_JOB") else run.job_name
