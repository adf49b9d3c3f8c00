"""The audit log: one JSON line for each request that changes something, before it is executed."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from protocol_assets.storage.posix import PosixLogs
from protocol_assets.webserver.changes import Change

__all__ = ["AuditLog", "Outcome"]

Outcome = Literal["accepted", "refused"]


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Appends to ``<folder>/<UTC year and month>.jsonl``.

    A line names the members of staff who use the UI and never a patient: it contains no partition,
    tag or configuration of the request.

    Attributes:
        folder: Folder of the log; if it is missing, it is created with access for its owner only.
    """

    folder: Path

    def write(self, *, user: str, role: str, outcome: Outcome, change: Change) -> None:
        """Write one line, and return when it is on the disk.

        Raises:
            OSError: The line could not be written; the change must then not be executed.
        """
        now = dt.datetime.now(dt.UTC)
        line = {
            "time": now.isoformat(timespec="milliseconds"),
            "user": user,
            "role": role,
            "outcome": outcome,
            "operation": change.operation,
            "changes": change.fields,
            "targets": change.targets,
        }
        PosixLogs(self.folder).append(f"{now:%Y-%m}.jsonl", json.dumps(line).encode())
