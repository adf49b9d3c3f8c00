"""One JSON line for each event of every run, wherever it was started: for log collectors.

The handler is named in ``dagster.yaml``, so runs of the daemon, the UI and the command line all
write it. A line contains counts and our own names and never a text of another library: an
unforeseen error is reported by its class only.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import dagster as dg

from protocol_assets.storage.files import append_to_log, delete, make_directory

__all__ = ["EventLog", "event_line"]

_KEPT_DAYS: Final = 30
_LOGGED: Final = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_START,
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
}


class EventLog(logging.Handler):
    """Appends to ``<DAGSTER_HOME>/events/<UTC day>.jsonl`` and keeps the newest 30 files.

    Each line is one write to a file that is opened for appending, so processes do not mix lines.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record if it is an event that is logged."""
        try:
            line = event_line(record)
            if line is not None:
                self._append(json.dumps(line, ensure_ascii=False))
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Do nothing, because the standard handler would print the text of the record."""

    def _append(self, line: str) -> None:
        folder = Path(os.environ["DAGSTER_HOME"]) / "events"
        path = folder / f"{dt.datetime.now(dt.UTC).date()}.jsonl"
        if not path.exists():
            make_directory(folder, 0o700)
            for old in sorted(folder.glob("*.jsonl"))[:-_KEPT_DAYS]:
                delete(old)
        append_to_log(path, line.encode())


def event_line(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return the line for a record of Dagster; None if it is not logged.

    ``time`` (UTC), ``level``, ``event``, ``run`` and ``job``; ``asset``, ``check``, ``partition``,
    ``passed``, ``counts`` and ``error`` if they exist.
    """
    meta = getattr(record, "dagster_meta", None) or {}
    event = meta.get("dagster_event")
    if not isinstance(event, dg.DagsterEvent) or event.event_type not in _LOGGED:
        return None
    at = dt.datetime.fromtimestamp(record.created, dt.UTC)
    line = {
        "time": at.isoformat(timespec="milliseconds"),
        "level": _level(record, event),
        "event": event.event_type.name.lower(),
        "run": str(meta.get("run_id", ""))[:8],
        "job": event.job_name,
    }
    return line | dict(_details(event))


def _level(record: logging.LogRecord, event: dg.DagsterEvent) -> str:
    """Return the level. Dagster logs success as ``debug``; a failed check has its own severity."""
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        return "info" if check.passed else {"WARN": "warning"}.get(check.severity.value, "error")
    return "error" if record.levelno >= logging.ERROR else "info"


def _details(event: dg.DagsterEvent) -> Iterator[tuple[str, Any]]:
    if event.is_step_materialization:
        made = event.step_materialization_data.materialization
        yield "asset", made.asset_key.to_user_string()
        if made.partition:
            yield "partition", made.partition
        yield "counts", _counts(made.metadata)
    elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        yield "asset", check.asset_key.to_user_string()
        yield "check", check.check_name
        yield "passed", check.passed
        yield "counts", _counts(check.metadata)
    elif event.is_step_failure:
        yield "step", event.step_key
        yield "error", _error(event.step_failure_data)


def _counts(metadata: Any) -> dict[str, int | float]:
    """Keep only the numbers, because texts may be long and are not needed."""
    numbers = (dg.IntMetadataValue, dg.FloatMetadataValue)
    return {
        name: value.value
        for name, value in metadata.items()
        if isinstance(value, numbers) and value.value is not None
    }


def _error(failure: Any) -> str:
    """Return our own description of a failure if there is one, else its class."""
    own = failure.user_failure_data
    if own and own.description:
        return "; ".join(str(own.description).splitlines())
    return str(failure.error.cls_name) if failure.error else "unknown"
