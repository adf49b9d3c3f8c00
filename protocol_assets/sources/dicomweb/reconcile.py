"""What was listed against what was received. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, Self

from protocol_assets.dicom.json_text import encode_instance, text_blocks
from protocol_assets.sources.dicomweb.attributes import SERIES_UID, SOP_UID, STUDY_UID, texts
from protocol_assets.sources.errors import Kind

__all__ = [
    "Instance",
    "ListedSeries",
    "ListedStudy",
    "ReceivedStudy",
    "Reconciliation",
    "SeriesListing",
    "content_hash",
    "fingerprint",
    "reconcile",
    "reconcile_series",
    "reconcile_twice",
]

_ONLINE: Final = "ONLINE"


@dataclass(frozen=True)
class ListedStudy:
    """A study as the PACS lists it.

    Attributes:
        study_instance_uid: StudyInstanceUID (0020,000D); empty if it is not valid.
        series: NumberOfStudyRelatedSeries (0020,1206); None if it is not reported.
        instances: NumberOfStudyRelatedInstances (0020,1208); None if it is not reported.
        modalities: ModalitiesInStudy (0008,0061); empty if it is not reported.
        availability: InstanceAvailability (0008,0056; PS3.3 C.4.23); empty if not reported.
        is_ambiguous: Whether the PACS lists the study in several rows with different counts; the
            counts are then the largest, and prove nothing.
    """

    study_instance_uid: str
    series: int | None = None
    instances: int | None = None
    modalities: tuple[str, ...] = ()
    availability: str = ""
    is_ambiguous: bool = False

    @property
    def is_online(self) -> bool:
        """Whether its retrieval wakes no tape and no cloud archive, as far as the PACS reports."""
        return self.availability in ("", _ONLINE)

    @property
    def is_counted(self) -> bool:
        """Whether the listing says how many instances there are."""
        return self.instances is not None and not self.is_ambiguous


@dataclass(frozen=True)
class ListedSeries:
    """A series as the PACS lists it.

    Attributes:
        instances: NumberOfSeriesRelatedInstances (0020,1209); None if it is not reported.
        modality: Modality (0008,0060); empty if it is not reported.
        is_online: As for a study.
    """

    instances: int | None = None
    modality: str = ""
    is_online: bool = True


@dataclass(frozen=True)
class SeriesListing:
    """The series of one study.

    Attributes:
        series: By SeriesInstanceUID.
        unusable: Rows whose SeriesInstanceUID cannot be asked for.
    """

    series: Mapping[str, ListedSeries]
    unusable: int = 0

    @property
    def instances(self) -> int | None:
        """Instances of all series, None if one of them is not counted."""
        numbers = [one.instances for one in self.series.values()]
        known = [number for number in numbers if number is not None]
        return None if self.unusable or len(known) < len(numbers) else sum(known)


class Instance(NamedTuple):
    """What is kept of a received instance, a tenth of the memory that the parsed answer takes.

    Attributes:
        study_uids: StudyInstanceUID; several where the answer is ill-written.
        series_uid: SeriesInstanceUID; empty if there is none.
        sop_uid: SOPInstanceUID; empty if there is none.
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

    An instance is known by its series and its SOPInstanceUID: archives exist in which a SOP
    Instance UID appears again in another series.

    Attributes:
        study_instance_uid: The study asked for.
        foreign: Instances of another study.
        rejected: Instances left out because they have no StudyInstanceUID or SOPInstanceUID.
        omitted_series: Listed series that could not be asked for.
        listing: The series that it was retrieved by; None if it came in one answer.
    """

    study_instance_uid: str
    foreign: int = 0
    rejected: int = 0
    omitted_series: int = 0
    listing: SeriesListing | None = None
    _instances: dict[tuple[str, str], Instance] = field(default_factory=dict)
    _copies: Counter[str] = field(default_factory=Counter)

    def add(self, instances: Iterable[Instance]) -> None:
        """Takes in one answer."""
        fresh = set()
        for instance in instances:
            key = instance.series_uid, instance.sop_uid
            if not instance.sop_uid or not instance.study_uids:
                self.rejected += 1
            elif instance.study_uids != [self.study_instance_uid]:
                self.foreign += 1
            elif key not in self._instances:
                self._instances[key] = instance
                fresh.add(key)
            elif key in fresh:
                self._copies[instance.series_uid] += 1

    def __len__(self) -> int:
        return len(self._instances)

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """SeriesInstanceUID and SOPInstanceUID of every instance."""
        return frozenset(self._instances)

    @property
    def series(self) -> int:
        """Distinct SeriesInstanceUIDs."""
        return len({series_uid for series_uid, _ in self._instances})

    @property
    def sent_by_series(self) -> Counter[str]:
        """Instances of each series as the PACS sends them: copies in one answer included."""
        return Counter(series_uid for series_uid, _ in self._instances) + self._copies

    @property
    def duplicates(self) -> int:
        """Copies left out, and instances whose SOPInstanceUID another series has too."""
        distinct = len({sop_uid for _, sop_uid in self._instances})
        return self._copies.total() + len(self) - distinct

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
        expected: Instances listed, None if the PACS does not count.
        received: Distinct instances of the study.
        miscounted: Instances that the study's count has and its series do not: two retrievals and
            the counts of the series agree that they do not exist.
        problem: Kind of what is wrong where the study is incomplete.
    """

    state: Literal["landed", "incomplete"]
    expected: int | None
    received: int
    miscounted: int = 0
    problem: Kind | None = None

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
        is_whole = len(received) > 0 and received.series >= (listed.series or 0)
        is_whole = is_whole and not received.omitted_series
    else:
        is_whole = len(received) >= listed.instances
    return _outcome(is_whole, listed.instances, received)


def reconcile_series(
    listed: ListedStudy, received: ReceivedStudy, series: SeriesListing
) -> Reconciliation:
    """Compares the instances received with the counts of the series.

    For a study that its listing does not count. Of a series without a count one instance is enough.
    """
    sent = received.sent_by_series
    is_whole = len(received) > 0 and not series.unusable
    is_whole = is_whole and all(
        sent[uid] >= (1 if one.instances is None else one.instances)
        for uid, one in series.series.items()
    )
    is_whole = is_whole and received.series >= (0 if listed.is_ambiguous else listed.series or 0)
    expected = series.instances
    if is_whole and expected is not None:
        expected = min(expected, len(received))  # the counts of the series include copies
    return _outcome(is_whole, expected, received)


def reconcile_twice(
    listed: ListedStudy, first: ReceivedStudy, second: ReceivedStudy
) -> Reconciliation:
    """Decides a study that stays short of its count after two retrievals.

    An archive's count of a study can be wrong for ever. It is not believed where two retrievals
    brought the same instances and each series has as many as the series' own count says: then the
    study has landed, and the difference is recorded as miscounted. Everything else is incomplete.
    """
    outcome = reconcile(listed, second)
    series = second.listing
    if outcome.state == "landed" or series is None or not series.series:
        return outcome
    sent = second.sent_by_series
    is_confirmed = (
        not series.unusable
        and not second.foreign
        and first.keys == second.keys
        and dict(sent) == {uid: one.instances for uid, one in series.series.items()}
    )
    if not is_confirmed:
        return outcome
    missing = (listed.instances or 0) - sent.total()
    return replace(
        outcome, state="landed", problem=None, expected=len(second), miscounted=max(0, missing)
    )


def _outcome(is_whole: bool, expected: int | None, received: ReceivedStudy) -> Reconciliation:
    problem: Kind | None = None
    if not is_whole:
        has_all = received.foreign > 0 and len(received) + received.foreign >= (expected or 0)
        problem = "other_study" if has_all else "incomplete"
    return Reconciliation(
        state="landed" if is_whole else "incomplete",
        expected=expected,
        received=len(received),
        problem=problem,
    )


def fingerprint(study: ListedStudy) -> str:
    """``uid|series|instances``: changes where the study grew or shrank. Identifying: key it."""
    counts = ("" if number is None else str(number) for number in (study.series, study.instances))
    return "|".join((study.study_instance_uid, *counts))
