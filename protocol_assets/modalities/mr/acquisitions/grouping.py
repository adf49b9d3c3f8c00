"""Acquisitions: the series that one scan made, however many, are one acquisition.

A scan may be stored as magnitude and phase, with and without normalization, echo by echo, as Dixon
images, with its maps and reformats beside it, and all of it twice where a PACS sent it again under
new UIDs. What a scanner does one after the other are different acquisitions, also where a vendor
writes the same start for all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from protocol_assets.modalities.shared.clocks import EARLIEST, later
from protocol_assets.modalities.shared.joining import join_by_names, joined
from protocol_assets.modalities.shared.limits import duration, repetition
from protocol_assets.modalities.shared.row import Row, number, numbers, text

__all__ = ["Acquired", "Membership", "Signature", "group", "signature"]

Signature = tuple[object, ...]
"""What the series of one scan have in common."""

_SCANNED = "scanned"
_MADE = "made"


@dataclass(frozen=True, slots=True)
class Acquired:
    """One series as the acquisition sees it.

    Attributes:
        patient: Issuer and patient ID, None where unknown.
        device: Manufacturer and serial number, None where unknown.
        study: Study Instance UID.
        series: Series Instance UID.
        uid: Acquisition UID (0008,0017).
        kind: ``scanned`` for originals, ``made`` for images made of them, None for what is neither.
        start: Start on an even clock.
        scan_time_s: Scan time in seconds.
        tr_ms: Repetition time.
        signature: What the series of one scan have in common.
        nex: Number of averages, None where the header does not tell.
        name: Words of the protocol's name without those for a part of an acquisition.
        look: What tells parts of one acquisition apart: image type, echo, component.
        number: Series Number.
        scan_number: Number of the scan, where the vendor's series number names it.
        is_split: Whether the scanner writes every volume of a scan as a series of its own.
    """

    patient: str | None
    device: str | None
    study: str | None
    series: str | None
    uid: str | None
    kind: Literal["scanned", "made"] | None
    start: datetime | None
    scan_time_s: float | None
    tr_ms: float | None
    signature: Signature
    nex: float | None
    name: tuple[str, ...]
    look: tuple[object, ...]
    number: float | None
    scan_number: int | None = None
    is_split: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a series belongs.

    Attributes:
        acquisition: Identifier of the acquisition; None where the series has no UID.
        has_original: Whether an original of the acquisition is there, or betrays that it existed.
    """

    acquisition: str | None
    has_original: bool


@dataclass(frozen=True, slots=True)
class _Scan:
    """One acquisition that has an original."""

    identifier: str
    members: tuple[Acquired, ...]
    start: datetime
    end: datetime
    names: frozenset[tuple[str, ...]]
    studies: frozenset[str | None]


def signature(row: Row, *, sop_class: str | None, has_contrast: bool | None) -> Signature:
    """What the series of one scan have in common, and different scans as a rule have not.

    Repetition time, matrix, sequence, orientation, contrast agent. Not the echo time: echoes may be
    series of their own; not Acquisition Number: a quarter of real series hold several; not the
    averages: some images lack them.
    """
    return (
        sop_class,
        number(row, "RepetitionTime"),
        numbers(row, "AcquisitionMatrix"),
        number(row, "NumberOfPhaseEncodingSteps"),
        text(row, "ScanningSequence") or text(row, "EchoPulseSequence"),
        text(row, "SequenceName") or text(row, "PulseSequenceName"),
        tuple(round(cosine, 2) + 0.0 for cosine in numbers(row, "ImageOrientationPatient")),
        bool(has_contrast),
    )


def group(partition: Sequence[Acquired]) -> list[Membership]:
    """The acquisition of every series of one partition, in order.

    Originals of one patient on one device are one scan where they share the signature, the name or
    the scan number, and the start: within a second, or within the repetition time, for no other
    scan fits in between (the second inversion of an MP2RAGE). Where every volume is a series of its
    own, a volume that starts when the one before ends goes on with its scan. A start that scans of
    different signatures of one study share is no start: there only series that differ as parts of
    one scan do are merged. The study is no part of the identity, so that what was sent again under
    new UIDs is the same acquisition. Acquisition UID (0008,0017), where present, outranks all of
    this within a study.

    Images made of originals go to the scan they started with, or that was running; without a start
    of their own, or made later, to the only scan of their study with their name.
    """
    found: dict[int, Membership] = {}
    for scope, members in _scopes(partition).items():
        scans = _Scans(scope, [partition[i] for i in members if partition[i].kind == _SCANNED])
        lonely: list[int] = []
        for i in members:
            scan = scans.of(partition[i])
            if scan is not None:
                found[i] = Membership(scan.identifier, True)
            elif partition[i].kind == _MADE and partition[i].start is not None:
                lonely.append(i)
        for identifier, indexes in _without_original(scope, partition, lonely):
            betrayed = any(scans.named(partition[i]) for i in indexes)
            found |= dict.fromkeys(indexes, Membership(identifier, betrayed))
    return [found.get(i) or _alone(one) for i, one in enumerate(partition)]


def _alone(one: Acquired) -> Membership:
    identifier = None if one.series is None else joined(one.study, one.series)
    return Membership(identifier, one.kind == _SCANNED)


def _scopes(partition: Sequence[Acquired]) -> dict[str, list[int]]:
    """Series of one patient on one device; what lacks either follows its study."""
    of_study: dict[str, set[str]] = defaultdict(set)
    for one in partition:
        if one.study and one.patient and one.device and one.kind is not None:
            of_study[one.study].add(joined(one.patient, one.device))
    scopes: dict[str, list[int]] = defaultdict(list)
    for i, one in enumerate(partition):
        if one.study is None or one.kind is None:
            continue
        known = of_study[one.study]
        if one.patient and one.device:
            scopes[joined(one.patient, one.device)].append(i)
        else:
            scopes[next(iter(known)) if len(known) == 1 else one.study].append(i)
    return scopes


class _Scans:
    """The acquisitions of one scope that have an original, and what belongs to them."""

    def __init__(self, scope: str, originals: Sequence[Acquired]) -> None:
        merged: dict[str, list[Acquired]] = {}
        for part in sorted(_parts(originals), key=lambda part: _in_time(part[0])):
            identifier = base = _identifier(scope, part)
            place = 1
            # Twice in one study is two scans; in another study it is the same one, sent again.
            while not _studies(merged.get(identifier, ())).isdisjoint(_studies(part)):
                place += 1
                identifier = joined(base, place)
            merged.setdefault(identifier, []).extend(part)
        self._scans = sorted((_scan(*item) for item in merged.items()), key=lambda s: s.start)
        self._starts = [scan.start for scan in self._scans]
        self._longest = max((s.end - s.start for s in self._scans), default=timedelta(0))
        self._by_series = {id(one): scan for scan in self._scans for one in scan.members}
        self._by_uid = {
            (one.study, one.uid): scan for scan in self._scans for one in scan.members if one.uid
        }
        self._by_name: dict[object, list[_Scan]] = defaultdict(list)
        for scan in self._scans:
            for name in scan.names:
                for study in scan.studies:
                    self._by_name[study, name].append(scan)

    def of(self, one: Acquired) -> _Scan | None:
        """The scan that a series is of or was made of."""
        if one.kind == _SCANNED:
            return self._by_series.get(id(one))
        return (
            self._by_uid.get((one.study, one.uid or ""))
            or self._running(one)
            or self._only_named(one)
        )

    def named(self, one: Acquired) -> list[_Scan]:
        """The scans of its study that bear its name."""
        return self._by_name.get((one.study, one.name), []) if one.name else []

    def _only_named(self, one: Acquired) -> _Scan | None:
        named = self.named(one)
        is_later = len(named) == 1 and (one.start is None or named[0].start <= one.start)
        return named[0] if is_later else None

    def _running(self, one: Acquired) -> _Scan | None:
        if one.start is None:
            return None
        second = duration("same_start").total_seconds()
        first = bisect_left(self._starts, later(one.start, -self._longest.total_seconds()))
        last = bisect_left(self._starts, later(one.start, second))
        running = [scan for scan in self._scans[first:last] if one.start < scan.end]
        return min(running, key=lambda scan: _distance(one, scan), default=None)


def _scan(identifier: str, members: Sequence[Acquired]) -> _Scan:
    return _Scan(
        identifier,
        tuple(members),
        start=min(_start(one) for one in members),
        end=max(_end(one) for one in members),
        names=frozenset(one.name for one in members if one.name),
        studies=_studies(members),
    )


def _studies(members: Iterable[Acquired]) -> frozenset[str | None]:
    return frozenset(one.study for one in members)


def _parts(originals: Sequence[Acquired]) -> Iterator[list[Acquired]]:
    """The series of each scan, in order."""
    by_uid: dict[object, list[Acquired]] = defaultdict(list)
    others: list[Acquired] = []
    for one in sorted(originals, key=_in_time):
        if one.uid is not None:
            by_uid[one.study, one.uid].append(one)
        elif one.start is not None:
            others.append(one)
    yield from by_uid.values()
    shared = _shared_starts(originals)
    for members in join_by_names(others, _likely_names):
        for together in _at_one_time(members):
            for part in _apart(together, shared):
                yield from _by_averages(part)


def _identifier(scope: str, part: Sequence[Acquired]) -> str:
    first = part[0]
    if first.start is None:
        return joined(scope, first.uid)
    nex = next((one.nex for one in part if one.nex is not None), None)
    # Cut to the second: another PACS may have cut the fraction off.
    second = first.start.replace(microsecond=0).isoformat()
    return joined(scope, second, *first.signature, nex, "_".join(first.name))


def _likely_names(one: Acquired) -> list[Hashable]:
    """Signature and name; and scan number, for a second reconstruction may have another name."""
    names: list[Hashable] = [(one.signature, one.name)]
    if one.scan_number is not None:
        names.append((one.signature, one.scan_number))
    return names


def _at_one_time(members: Sequence[Acquired]) -> Iterator[list[Acquired]]:
    """Runs of alike series that no other scan fits between."""
    together: list[Acquired] = []
    until = EARLIEST
    for one in members:
        goes_on = one.is_split and _start(one) - until <= duration("same_start")
        if together and not goes_on and not _is_same_scan(together, one):
            yield together
            together, until = [], EARLIEST
        together.append(one)
        if one.is_split:
            until = max(until, _end(one), later(_start(one), (one.tr_ms or 0.0) / 1000))
    if together:
        yield together


def _is_same_scan(together: Sequence[Acquired], one: Acquired) -> bool:
    """Whether no other scan fits in between, or a part that is not there yet was taken meanwhile.

    The latter where the first images of a part are missing: its start is then that of a later one.
    """
    first = together[0]
    within = max(duration("same_start"), repetition(first.tr_ms))
    if _start(one) - _start(first) < within:
        return True
    looks = {other.look for other in together if other.study == one.study}
    return _start(one) < _end(first) and one.look not in looks


def _shared_starts(originals: Sequence[Acquired]) -> set[tuple[str | None, datetime | None]]:
    """Starts that one study writes for scans of different signatures: they tell nothing."""
    told: dict[tuple[str | None, datetime | None], set[Signature]] = defaultdict(set)
    for one in originals:
        told[one.study, one.start].add(one.signature)
    return {key for key, signatures in told.items() if len(signatures) > 1}


def _apart(
    together: Sequence[Acquired], shared: set[tuple[str | None, datetime | None]]
) -> list[list[Acquired]]:
    """At a start that tells nothing, a second series that looks the same is a second scan.

    Unless the series number names the scan.
    """
    parts: dict[object, list[Acquired]] = defaultdict(list)
    seen: Counter[object] = Counter()
    for one in together:
        occurrence: object = 0
        if (one.study, one.start) in shared and one.scan_number is not None:
            occurrence = ("scan", one.scan_number)
        elif (one.study, one.start) in shared:
            occurrence = seen[one.study, one.look]
            seen[one.study, one.look] += 1
        parts[occurrence].append(one)
    return list(parts.values())


def _by_averages(part: list[Acquired]) -> Iterator[list[Acquired]]:
    """Different averages are different scans; a series that tells none goes to the first."""
    told = sorted({one.nex for one in part if one.nex is not None})
    for place, nex in enumerate(told or [None]):
        yield [one for one in part if one.nex == nex or (one.nex is None and place == 0)]


def _distance(one: Acquired, scan: _Scan) -> tuple[bool, bool, timedelta, str]:
    """Its name first, then its repetition time, then the nearest start."""
    start = one.start or scan.start
    return (
        one.name not in scan.names,
        all(member.tr_ms != one.tr_ms for member in scan.members),
        abs(start - scan.start),
        scan.identifier,
    )


def _without_original(
    scope: str, partition: Sequence[Acquired], lonely: Sequence[int]
) -> Iterator[tuple[str, list[int]]]:
    """Made images whose original is nowhere: those of one name and start belong together."""
    by_name: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i in lonely:
        by_name[partition[i].name].append(i)
    for name, indexes in by_name.items():
        indexes.sort(key=lambda i: _in_time(partition[i]))
        together: list[int] = []
        for i in indexes:
            if together and _start(partition[i]) - _start(partition[together[0]]) >= duration(
                "same_start"
            ):
                yield _made_identifier(scope, partition[together[0]], name), together
                together = []
            together.append(i)
        if together:
            yield _made_identifier(scope, partition[together[0]], name), together


def _made_identifier(scope: str, first: Acquired, name: tuple[str, ...]) -> str:
    return joined(scope, _start(first).replace(microsecond=0).isoformat(), _MADE, "_".join(name))


def _in_time(one: Acquired) -> tuple[datetime, float, str, str]:
    return (_start(one), one.number or 0.0, one.study or "", one.series or "")


def _start(one: Acquired) -> datetime:
    return one.start or EARLIEST


def _end(one: Acquired) -> datetime:
    return later(_start(one), max(one.scan_time_s or 0.0, duration("same_start").total_seconds()))
