"""The manifest of a partition: what the PACS listed, what has landed, what is missing and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

import orjson

from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.storage.seal import BLANK, is_sealed, seal

__all__ = [
    "DamagedManifestError",
    "Manifest",
    "OtherStudy",
    "StudyEntry",
    "StudyState",
    "read_manifest",
    "write_manifest",
]

_SEAL_NAME: Final = "sha256"
_SEAL_PLACE: Final = b'"sha256": "'

StudyState = Literal["landed", "incomplete", "failed", "not_online", "gone"]


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """One study of the partition.

    Attributes:
        name: Keyed name; the study's file is ``<name>.ndjson.zst``.
        study_instance_uid: The study; the manifest is in the restricted zone.
        state: The result of the last attempt. ``gone``: no longer in the PACS, a tombstone;
            ``not_online``: not retrieved, because that would wake near-line storage.
        has_data: Whether there is a good file of the study, of this attempt or an earlier one. A
            landed study without data was purged.
        fingerprint: Keyed hash of what the PACS listed at the last good retrieval.
        content_hash: Digest of the landed instances.
        expected: Instances the PACS listed, None where it does not count.
        instances: Instances in the file.
        tries: Attempts since the study last landed.
        error: Kind of the last error, empty where there is none.
        stage: Where it arose: ``retrieve`` or ``reconcile``.
        status: HTTP status of the last error.
        first_seen: When it arose first since the study last landed, or when it was found gone;
            UTC (ISO 8601).
        last_seen: When it arose last.
        rejected: Instances that were left out because they do not say of which study they are, or
            have no SOPInstanceUID.
        duplicates: Copies left out, and instances whose SOPInstanceUID another series has too.
        foreign: Instances of another study that came with it and were left out.
        miscounted: Instances that the PACS counts for the study and for none of its series.
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
    stage: str = ""
    status: int | None = None
    first_seen: str = ""
    last_seen: str = ""
    rejected: int = 0
    duplicates: int = 0
    foreign: int = 0
    miscounted: int = 0

    @property
    def is_purged(self) -> bool:
        """Whether it has landed and its file was purged; it is not retrieved again."""
        return self.state == "landed" and not self.has_data

    @property
    def is_dead_letter(self) -> bool:
        """Whether it was tried without success and will be tried again."""
        return self.state in ("incomplete", "failed") and self.tries > 0


@dataclass(frozen=True, slots=True)
class OtherStudy:
    """A study of the day that was left out because it holds no wanted modality.

    Attributes:
        name: Keyed name; empty where its StudyInstanceUID is invalid.
        mark: Keyed hash of its row in the listing, modalities included.
        is_verified: Whether its series were looked up; else the listing is believed.
    """

    name: str
    mark: str
    is_verified: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """The commit mark of a landing.

    Attributes:
        partition: The partition.
        fingerprint: Keyed hash of the day's listing as it was attempted.
        landed_at: When, in UTC (ISO 8601).
        versions: ``spec_version``, ``rules_version``, ``policy_version``, ``key_id``.
        studies: By keyed name.
        rejected: Rows of the day's listing that cannot be used: their StudyInstanceUID is absent or
            invalid, or their StudyDate cannot be read. They are expected and cannot land.
        others: Studies that were left out because they hold no wanted modality.
        verified_at: When the studies that do not show a change were last compared by content.
        fetched: Studies retrieved in this landing.
        overwritten: Studies among them whose content had changed and not their counts.
        requests: Requests of this landing.
        retries: Further tries among them.
        received: Bytes of this landing over the wire.
        seconds: Wall time of this landing.
    """

    partition: Partition
    fingerprint: str
    landed_at: str
    versions: Mapping[str, str]
    studies: tuple[StudyEntry, ...]
    rejected: int = 0
    others: tuple[OtherStudy, ...] = ()
    verified_at: str = ""
    fetched: int = 0
    overwritten: int = 0
    requests: int = field(default=0, compare=False)
    retries: int = field(default=0, compare=False)
    received: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    def count(self, state: StudyState) -> int:
        """Studies in one state."""
        return sum(entry.state == state for entry in self.studies)

    @property
    def expected(self) -> int:
        """Studies of that day that the PACS holds ready, and rows that cannot be used."""
        ready = sum(entry.state not in ("gone", "not_online") for entry in self.studies)
        return ready + self.rejected

    @property
    def dead_letters(self) -> tuple[StudyEntry, ...]:
        """Studies that did not land and will be tried again."""
        return tuple(entry for entry in self.studies if entry.is_dead_letter)

    @property
    def is_complete(self) -> bool:
        """Whether every listed study has landed and every instance of it can be named."""
        return self.count("landed") == self.expected and not self.instances_rejected

    @property
    def instances_rejected(self) -> int:
        """Instances of the landed studies that were left out because they cannot be named."""
        return sum(one.rejected for one in self.studies if one.has_data or one.is_purged)

    @property
    def purged(self) -> tuple[StudyEntry, ...]:
        """Studies that have landed and whose file was purged.

        Those of patients who must not be processed have no UID here and are not among them.
        """
        return tuple(one for one in self.studies if one.is_purged and one.study_instance_uid)

    @property
    def with_data(self) -> tuple[StudyEntry, ...]:
        """Studies with a good file."""
        return tuple(entry for entry in self.studies if entry.has_data)


class DamagedManifestError(Fault):
    """A manifest is damaged. The next landing replaces it, as if there were none."""


def read_manifest(lake: Lake, partition: Partition) -> Manifest | None:
    """The partition's manifest, or None where the partition never landed.

    Raises:
        DamagedManifestError: The file is damaged; the message says what to do.
    """
    text = lake.storage.objects.read(lake.manifest(partition))
    if text is None:
        return None
    try:
        if is_sealed(text, _SEAL_PLACE) is not False:
            return _parse(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise DamagedManifestError(
        f"the manifest of {partition.key} is damaged; run protocol-assets verify --repair"
    )


def _parse(text: bytes) -> Manifest:
    content: dict[str, Any] = json.loads(text)
    content.pop(_SEAL_NAME, None)
    studies = tuple(StudyEntry(**entry) for entry in content.pop("studies"))
    others = tuple(OtherStudy(**entry) for entry in content.pop("others", ()))
    # Up to version 0.1 a partition was called a cell.
    key = content.pop("cell", None) or content.pop("partition")
    partition = Partition.from_key(key)
    return Manifest(partition=partition, studies=studies, others=others, **content)


def write_manifest(lake: Lake, manifest: Manifest) -> None:
    """Write the commit mark atomically, after all study files are written."""
    content = {one.name: getattr(manifest, one.name) for one in fields(manifest)}
    content |= {"partition": manifest.partition.key, "versions": dict(manifest.versions)}
    text = orjson.dumps(content | {_SEAL_NAME: BLANK}, option=orjson.OPT_INDENT_2)
    lake.storage.objects.write(lake.manifest(manifest.partition), seal(text, _SEAL_PLACE))
