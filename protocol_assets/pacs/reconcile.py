"""What was listed against what was received. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, Self

from protocol_assets.dicom.json_text import encode_instance, text_blocks
from protocol_assets.pacs.attributes import SERIES_UID, SOP_UID, STUDY_UID, texts

__all__ = [
    "Instance",
    "ListedStudy",
    "ReceivedStudy",
    "Reconciliation",
    "content_hash",
    "fingerprint",
    "reconcile",
]

_ONLINE: Final = "ONLINE"


@dataclass(frozen=True)
class ListedStudy:
    """A study as the PACS lists it.

    Attributes:
        study_instance_uid: StudyInstanceUID (0020,000D).
        series: NumberOfStudyRelatedSeries (0020,1206), None where not told.
        instances: NumberOfStudyRelatedInstances (0020,1208), None where not told.
        modalities: ModalitiesInStudy (0008,0061), empty where not told.
        availability: InstanceAvailability (0008,0056; PS3.3 C.4.23), empty where not told.
    """

    study_instance_uid: str
    series: int | None = None
    instances: int | None = None
    modalities: tuple[str, ...] = ()
    availability: str = ""

    @property
    def is_online(self) -> bool:
        """Whether its retrieval wakes no tape and no cloud archive, as far as the PACS tells."""
        return self.availability in ("", _ONLINE)


class Instance(NamedTuple):
    """What is kept of a received instance, a tenth of the memory that the parsed answer takes.

    Attributes:
        study_uids: StudyInstanceUID; several where the answer is ill-written.
        series_uid: SeriesInstanceUID, empty where there is none.
        sop_uid: SOPInstanceUID, empty where there is none.
        line: The instance as it will be landed: JSON text without bulk data.
    """

    study_uids: list[str]
    series_uid: str
    sop_uid: str
    line: bytes

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The instance in one object of an answer.

        Raises:
            RecursionError: It is nested too deeply.
        """
        series_uids, sop_uids = texts(row, SERIES_UID) or [""], texts(row, SOP_UID) or [""]
        return cls(texts(row, STUDY_UID), series_uids[0], sop_uids[0], encode_instance(row))


@dataclass
class ReceivedStudy:
    """The instances of one study as they arrive: each once, none of another study.

    Attributes:
        study_instance_uid: The study asked for.
        duplicates: Instances sent more than once; the first was kept.
        foreign: Instances of another study, or without StudyInstanceUID or SOPInstanceUID.
    """

    study_instance_uid: str
    duplicates: int = 0
    foreign: int = 0
    _instances: dict[str, Instance] = field(default_factory=dict)

    def add(self, instances: Iterable[Instance]) -> None:
        """Takes in one answer."""
        for instance in instances:
            if not instance.sop_uid or instance.study_uids != [self.study_instance_uid]:
                self.foreign += 1
            elif instance.sop_uid in self._instances:
                self.duplicates += 1
            else:
                self._instances[instance.sop_uid] = instance

    def __len__(self) -> int:
        return len(self._instances)

    @property
    def series(self) -> int:
        """Distinct SeriesInstanceUIDs."""
        return len({instance.series_uid for instance in self._instances.values()})

    @property
    def lines(self) -> list[bytes]:
        """One instance a line, ordered by series and SOP Instance UID."""
        ordered = sorted(self._instances.values(), key=attrgetter("series_uid", "sop_uid"))
        return [instance.line for instance in ordered]


@dataclass(frozen=True)
class Reconciliation:
    """Whether a study arrived whole.

    Attributes:
        state: ``landed``, or ``incomplete`` where fewer instances or series came than were listed.
        expected: Instances listed, None where the PACS does not count.
        received: Distinct SOP Instance UIDs of the study.
    """

    state: Literal["landed", "incomplete"]
    expected: int | None
    received: int

    @property
    def agrees(self) -> bool:
        """Whether nothing is missing and nothing is more than was listed."""
        return self.state == "landed" and self.expected in (None, self.received)


def content_hash(lines: Iterable[bytes]) -> str:
    """SHA-256 of what will be landed: a study's lines in their order.

    Counts cannot see that an instance was overwritten; this can.
    """
    digest = hashlib.sha256()
    for block in text_blocks(lines):
        digest.update(block)
    return digest.hexdigest()


def reconcile(listed: ListedStudy, received: ReceivedStudy) -> Reconciliation:
    """Compares the counts of the listing with the instances received.

    More than listed is whole: the study grew since. Series are counted only where the PACS does
    not count instances; where it counts neither, any instance at all is whole.
    """
    if listed.instances is None:
        whole = len(received) > 0 and received.series >= (listed.series or 0)
    else:
        whole = len(received) >= listed.instances
    return Reconciliation(
        state="landed" if whole else "incomplete",
        expected=listed.instances,
        received=len(received),
    )


def fingerprint(study: ListedStudy) -> str:
    """``uid|series|instances``: changes where the study grew or shrank. Identifying: key it."""
    counts = ("" if number is None else str(number) for number in (study.series, study.instances))
    return "|".join((study.study_instance_uid, *counts))
