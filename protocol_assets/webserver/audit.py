"""The audit log: one JSON line for each request to change something, before it is carried out."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from protocol_assets.storage.files import append_line, make_directory, sync
from protocol_assets.storage.locks import exclusive_file
from protocol_assets.webserver.changes import Change

__all__ = ["AuditLog", "Outcome"]

Outcome = Literal["accepted", "refused"]

_FOLDER: Final = 0o700


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
        make_directory(self.folder, _FOLDER)
        path = self.folder / f"{now:%Y-%m}.jsonl"
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        is_new = not path.exists()
        with exclusive_file(path) as descriptor:
            append_line(descriptor, json.dumps(line).encode())
        if is_new:
            sync(self.folder)
