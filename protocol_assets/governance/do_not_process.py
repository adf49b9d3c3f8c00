"""The do-not-process list: patients who objected, or whose data were erased.

The list contains patient IDs exactly as the PACS writes them, because a patient can be excluded
only by an ID. It is therefore in the restricted zone. Studies of a listed patient are not stored
when they land, and have no rows. An issuer limits an entry to the studies that state this issuer or
none, because not every study and series of a PACS states the issuer.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from protocol_assets.governance.lines import Line, read_lines, write_lines
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.locks import editing

__all__ = ["do_not_process", "excludes"]

Entry = tuple[str, str, str]

_COLUMNS: Final = ("patient_id", "issuer", "since")


def list_file(lake: Lake) -> Path:
    """Return the path of the list."""
    return lake.restricted / "do_not_process.csv"


def do_not_process(lake: Lake, patient_id: str, issuer: str | None, since: dt.date) -> None:
    """Put a patient on the list.

    Args:
        lake: The lake.
        patient_id: Patient ID as the PACS writes it.
        issuer: Issuer of the patient ID, if two people in the PACS have the same ID; else None.
        since: The day of the objection.
    """
    path = list_file(lake)
    with editing(path):
        entries = read_lines(path, _COLUMNS, _parse, is_shown=False)
        if (patient_id, issuer or "") not in {entry[:2] for entry in entries}:
            entry = (patient_id, issuer or "", since.isoformat())
            write_lines(path, _COLUMNS, sorted([*entries, entry]), is_shown=False)


def excludes(lake: Lake) -> Callable[[str | None, str | None], bool]:
    """Return a function that says whether a patient ID and issuer must not be processed.

    Raises:
        Fault: The list cannot be read, so that nobody is processed by accident.
    """
    listed: dict[str, set[str]] = defaultdict(set)
    for patient, issuer, _ in read_lines(list_file(lake), _COLUMNS, _parse, is_shown=False):
        listed[patient].add(issuer)

    def is_excluded(patient_id: str | None, issuer: str | None) -> bool:
        issuers = listed.get((patient_id or "").strip())
        named = (issuer or "").strip()
        return issuers is not None and (not named or "" in issuers or named in issuers)

    return is_excluded


def _parse(line: Line, _before: list[Entry]) -> Entry:
    if not line["patient_id"]:
        raise ValueError("patient_id must not be empty")
    return line["patient_id"], line["issuer"], line["since"]
