"""The manifest of a cell: what the PACS listed, what has landed, what is missing and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from protocol_assets.faults import Fault
from protocol_assets.lake.atomic import write_bytes
from protocol_assets.lake.zones import RESTRICTED_FILE, Cell, Lake

__all__ = ["Manifest", "StudyEntry", "StudyState", "read_manifest", "write_manifest"]

StudyState = Literal["landed", "incomplete", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """One study of the cell.

    Attributes:
        name: Keyed name; the study's file is ``<name>.ndjson.zst``.
        study_instance_uid: The study; the manifest stands in the restricted zone.
        state: What the last attempt came to. ``gone``: no longer in the PACS.
        has_data: Whether a good file stands in the cell (of this attempt or an earlier one).
        fingerprint: Keyed hash of what the PACS listed at the last good retrieval.
        content_hash: Digest of the landed instances.
        expected: Instances the PACS listed, None where it does not count.
        instances: Instances in the file.
        tries: Attempts since the study last landed.
        error: Kind of the last error, empty where there is none.
    """

    name: str
    study_instance_uid: str
    state: StudyState
    has_data: bool
    fingerprint: str
    content_hash: str
    expected: int | None
    instances: int
    tries: int
    error: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The commit mark of a landing.

    Attributes:
        cell: The cell.
        fingerprint: Keyed hash of the day's listing as it was attempted.
        landed_at: When, in UTC (ISO 8601).
        versions: ``spec_version``, ``rules_version``, ``policy_version``, ``key_id``.
        studies: By keyed name.
        rejected: Listed studies whose UID is not one, or that belong to another day.
        fetched: Studies retrieved in this landing.
        seconds: Wall time of this landing.
    """

    cell: Cell
    fingerprint: str
    landed_at: str
    versions: Mapping[str, str]
    studies: tuple[StudyEntry, ...]
    rejected: int = 0
    fetched: int = 0
    seconds: float = field(default=0.0, compare=False)

    def count(self, state: StudyState) -> int:
        """Studies in one state."""
        return sum(entry.state == state for entry in self.studies)

    @property
    def expected(self) -> int:
        """Studies the PACS holds on that day."""
        return sum(entry.state != "gone" for entry in self.studies)

    @property
    def is_complete(self) -> bool:
        """Whether every listed study has landed."""
        return self.count("landed") == self.expected

    @property
    def with_data(self) -> tuple[StudyEntry, ...]:
        """Studies with a good file."""
        return tuple(entry for entry in self.studies if entry.has_data)


def read_manifest(lake: Lake, cell: Cell) -> Manifest | None:
    """The cell's manifest, or None where the cell never landed.

    Raises:
        Fault: The file is damaged; the message says what to do.
    """
    path = lake.manifest(cell)
    if not path.exists():
        return None
    damaged = False
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        studies = tuple(StudyEntry(**entry) for entry in content.pop("studies"))
        return Manifest(cell=Cell.from_key(content.pop("cell")), studies=studies, **content)
    except (ValueError, KeyError, TypeError):
        damaged = True
    if damaged:
        raise Fault(
            f"the manifest of {cell.key} is damaged; remove it and materialize the cell again"
        )
    return None


def write_manifest(lake: Lake, manifest: Manifest) -> None:
    """Write the commit mark atomically, after every study file stands."""
    content = asdict(manifest) | {"cell": manifest.cell.key}
    text = json.dumps(content, indent=1, sort_keys=True)
    write_bytes(lake.manifest(manifest.cell), text.encode(), mode=RESTRICTED_FILE)
