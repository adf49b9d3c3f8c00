"""The audit log: one JSON line for each request to change something, before it is carried out."""

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

    A line names people of the staff who use the UI, never a patient: no partition, tag or
    configuration of the request is in it.

    Attributes:
        folder: Made with rights for its owner alone where it is absent.
    """

    folder: Path

    def write(self, *, user: str, role: str, outcome: Outcome, change: Change) -> None:
        """Write one line, and return once it is on the disk.

        Raises:
            OSError: It could not be written; the change must then not be carried out.
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
