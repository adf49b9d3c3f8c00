"""What was listed against what was received. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import orjson

from protocol_assets.dicom.json_text import decode_instance, encode_instance
from protocol_assets.pacs.attributes import SERIES_UID, SOP_UID, STUDY_UID, texts

__all__ = [
    "ListedStudy",
    "Reconciliation",
    "content_hash",
    "fingerprint",
    "own_instances",
    "reconcile",
]

Instance = TypeVar("Instance", bound=Mapping[str, Any])


@dataclass(frozen=True)
class ListedStudy:
    """A study as the PACS lists it.

    Attributes:
        study_instance_uid: StudyInstanceUID (0020,000D).
        series: NumberOfStudyRelatedSeries (0020,1206), None where not told.
        instances: NumberOfStudyRelatedInstances (0020,1208), None where not told.
        modalities: ModalitiesInStudy (0008,0061), empty where not told.
    """

    study_instance_uid: str
    series: int | None = None
    instances: int | None = None
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reconciliation:
    """Whether a study arrived whole.

    Attributes:
        state: ``landed``, or ``incomplete`` where fewer instances or series came than were listed.
        expected: Instances listed, None where the PACS does not count.
        received: Distinct SOP Instance UIDs of the study.
        duplicates: Instances sent more than once.
        foreign: Instances of another study, or without StudyInstanceUID or SOPInstanceUID.
    """

    state: Literal["landed", "incomplete"]
    expected: int | None
    received: int
    duplicates: int
    foreign: int

    @property
    def agrees(self) -> bool:
        """Whether nothing is missing and nothing is more than was listed."""
        return self.state == "landed" and self.expected in (None, self.received)


def own_instances(listed: ListedStudy, instances: Sequence[Instance]) -> dict[str, Instance]:
    """The instances of the study itself by SOP Instance UID, the first of each."""
    own: dict[str, Instance] = {}
    for instance in _of_study(listed, instances):
        own.setdefault(texts(instance, SOP_UID)[0], instance)
    return own


def _of_study(listed: ListedStudy, instances: Sequence[Instance]) -> list[Instance]:
    return [
        instance
        for instance in instances
        if texts(instance, SOP_UID) and texts(instance, STUDY_UID) == [listed.study_instance_uid]
    ]


def reconcile(listed: ListedStudy, instances: Sequence[Instance]) -> Reconciliation:
    """Compares the counts of the listing with the instances received.

    More than listed is whole: the study grew since. Series are counted only where the PACS does
    not count instances; where it counts neither, any instance at all is whole.
    """
    ours = _of_study(listed, instances)
    own = own_instances(listed, ours)
    if listed.instances is None:
        series = {tuple(texts(instance, SERIES_UID)) for instance in own.values()}
        whole = bool(own) and len(series) >= (listed.series or 0)
    else:
        whole = len(own) >= listed.instances
    return Reconciliation(
        state="landed" if whole else "incomplete",
        expected=listed.instances,
        received=len(own),
        duplicates=len(ours) - len(own),
        foreign=len(instances) - len(ours),
    )


def content_hash(instances: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the instances as they are landed (no bulk data), whatever their order.

    Counts cannot see that an instance was overwritten; this can.
    """
    lines = []
    for instance in instances:
        landed = decode_instance(encode_instance(dict(instance)))
        sop_uid = next(iter(texts(landed, SOP_UID)), "")
        lines.append((sop_uid, orjson.dumps(landed, option=orjson.OPT_SORT_KEYS)))
    digest = hashlib.sha256()
    for _, line in sorted(lines):
        digest.update(line + b"\n")
    return digest.hexdigest()


def fingerprint(study: ListedStudy) -> str:
    """``uid|series|instances``: changes where the study grew or shrank. Identifying: key it."""
    counts = ("" if number is None else str(number) for number in (study.series, study.instances))
    return "|".join((study.study_instance_uid, *counts))
