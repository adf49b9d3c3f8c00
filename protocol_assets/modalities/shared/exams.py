"""Exams: the scans of one patient on one device without a long gap, split studies included."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from protocol_assets.modalities.shared.clocks import later
from protocol_assets.modalities.shared.joining import joined
from protocol_assets.modalities.shared.limits import duration

__all__ = ["ExamPlace", "Scan", "place_in_exams"]


@dataclass(frozen=True, slots=True)
class Scan:
    """One series as the exam sees it.

    Attributes:
        patient_id: Issuer and patient ID, None where unknown.
        device_id: Manufacturer and serial number, None where unknown.
        study: Study Instance UID.
        series: Series Instance UID.
        acquisition: Identifier of the acquisition; its series start one scan.
        start: Start on an even clock.
        scan_time_s: Scan time in seconds where the series itself tells it.
        is_original: Whether it spans the exam: original acquisitions, localizers included.
        is_flagged: Whether its clock is doubtful or was corrected.
        has_jumped: Whether the scanner's clock jumped in its exam.
    """

    patient_id: str | None
    device_id: str | None
    study: str | None
    series: str | None
    acquisition: str | None
    start: datetime | None
    scan_time_s: float | None
    is_original: bool
    is_flagged: bool
    has_jumped: bool = False


@dataclass(frozen=True, slots=True)
class ExamPlace:
    """Where a series stands in its exam.

    Attributes:
        exam_id: Identifier of the exam.
        start_offset_s: Seconds from the exam's first start to this one.
        next_start_s: Seconds from this start to that of the exam's next acquisition.
        idle_before_s: Seconds the scanner stood idle before the exam; on its first series only.
    """

    exam_id: str | None = None
    start_offset_s: float | None = None
    next_start_s: float | None = None
    idle_before_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Exam:
    """One exam.

    Attributes:
        exam_id: Identifier.
        members: Its scans.
        begun: First start of each acquisition.
        starts: The same, in order.
    """

    exam_id: str
    members: tuple[Scan, ...]
    begun: Mapping[str | None, datetime]
    starts: tuple[datetime, ...]

    @property
    def first(self) -> Scan:
        """The series that starts it."""
        return min(self.members, key=lambda scan: (_start(scan), scan.series or ""))

    @property
    def end(self) -> datetime | None:
        """End of its last scan, None where that is not known."""
        last = [scan for scan in self.members if _start(scan) >= self.starts[-1]]
        if all(scan.scan_time_s is None for scan in last):
            return None
        return max(_end(scan) for scan in self.members)

    @property
    def device(self) -> str | None:
        """Its scanner, None where it is unknown or there are two."""
        devices = {scan.device_id for scan in self.members}
        return devices.pop() if len(devices) == 1 else None


def place_in_exams(scans: Sequence[Scan]) -> list[ExamPlace]:
    """The exam of every series, in order.

    Original scans with a start make the exams. What else the studies hold (derived series, reports,
    scans without a clock time, a second device's captures) goes where its study is: to the exam
    that had begun at its start, else to the study's first. A study without any such scan is one
    exam. Scans whose patient or device is unknown are never pooled beyond their study.
    """
    exams: dict[int, _Exam] = {}
    for key, members in _groups(scans).items():
        for session in _sessions(scans, members):
            exam = _exam(key, [scans[i] for i in session])
            exams |= dict.fromkeys(session, exam)
    of_study: dict[str, list[_Exam]] = defaultdict(list)
    for index, exam in sorted(exams.items(), key=lambda item: _in_order(item[1])):
        study = scans[index].study
        if study is not None and exam not in of_study[study]:
            of_study[study].append(exam)
    idle = _idle_before(list(dict.fromkeys(exams.values())), _unplaced(scans, of_study))
    return [
        _place(scan, exams.get(index) or _attached(scan, of_study), index in exams, idle)
        for index, scan in enumerate(scans)
    ]


def _exam(key: str, members: Sequence[Scan]) -> _Exam:
    begun: dict[str | None, datetime] = {}
    for scan in members:
        acquisition = _acquisition(scan)
        begun[acquisition] = min(_start(scan), begun.get(acquisition, _start(scan)))
    starts = tuple(sorted(begun.values()))
    return _Exam(joined(key, starts[0].isoformat()), tuple(members), begun, starts)


def _in_order(exam: _Exam) -> tuple[datetime, str]:
    return (exam.starts[0], exam.exam_id)


def _groups(scans: Sequence[Scan]) -> dict[str, list[int]]:
    spanning = [i for i, scan in enumerate(scans) if scan.is_original and scan.start is not None]
    known = {i for i in spanning if scans[i].patient_id and scans[i].device_id}
    studies = {scans[i].study for i in known}
    groups: dict[str, list[int]] = defaultdict(list)
    for i in spanning:
        scan = scans[i]
        if i in known:
            groups[joined(scan.patient_id, scan.device_id)].append(i)
        elif scan.study is not None and scan.study not in studies:
            groups[joined(scan.study)].append(i)
    return groups


def _sessions(scans: Sequence[Scan], members: Sequence[int]) -> list[list[int]]:
    sessions: list[list[int]] = []
    end: datetime | None = None
    for i in sorted(members, key=lambda i: _start(scans[i])):
        start = _start(scans[i])
        if end is None or start - end > duration("longest_gap"):
            sessions.append([])
            end = start
        sessions[-1].append(i)
        end = max(end, _end(scans[i]))
    return sessions


def _unplaced(scans: Sequence[Scan], of_study: Mapping[str, object]) -> set[str]:
    """Devices on which somebody was scanned nobody knows when, or whose clock jumped."""
    return {
        scan.device_id
        for scan in scans
        if scan.is_original
        and scan.device_id
        and (scan.has_jumped or (scan.start is None and scan.study not in of_study))
    }


def _idle_before(exams: Sequence[_Exam], unplaced: set[str]) -> dict[Scan, float]:
    """Idle time before each exam, by its first series.

    From the end of the exam before on the same device to the exam's first start. Unknown, and not
    zero, where no exam was before on that day, the end of it is unknown, the two overlap, a clock
    of either is flagged, scans without a start may lie in between, or the device's clock jumped on
    that day. Above the limit the scanner
    did not wait for the next patient.
    """
    by_device: dict[str, list[_Exam]] = defaultdict(list)
    for exam in exams:
        if exam.device is not None and exam.device not in unplaced:
            by_device[exam.device].append(exam)
    idle = {}
    for on_device in by_device.values():
        on_device.sort(key=_in_order)
        for before, exam in pairwise(on_device):
            end = before.end
            is_flagged = any(scan.is_flagged for scan in (*before.members, *exam.members))
            if end is None or is_flagged:
                continue
            seconds = (exam.starts[0] - end).total_seconds()
            if 0 <= seconds <= duration("longest_idle").total_seconds():
                idle[exam.first] = seconds
    return idle


def _place(
    scan: Scan, exam: _Exam | None, is_member: bool, idle: Mapping[Scan, float]
) -> ExamPlace:
    if exam is None:
        return ExamPlace(scan.study)
    if scan.start is None:
        return ExamPlace(exam.exam_id)
    offset = (scan.start - exam.starts[0]).total_seconds()
    return ExamPlace(
        exam.exam_id,
        offset if offset >= 0 else None,
        _next_start_s(scan, exam) if is_member else None,
        idle.get(scan) if is_member else None,
    )


def _next_start_s(scan: Scan, exam: _Exam) -> float | None:
    """Seconds to the next acquisition; the other series of the scan's own do not start one."""
    own = exam.begun[_acquisition(scan)]
    following = bisect_right(exam.starts, own)
    return (exam.starts[following] - own).total_seconds() if following < len(exam.starts) else None


def _acquisition(scan: Scan) -> str | None:
    return scan.acquisition or scan.series


def _attached(scan: Scan, of_study: dict[str, list[_Exam]]) -> _Exam | None:
    candidates = of_study.get(scan.study, []) if scan.study is not None else []
    begun = [exam for exam in candidates if scan.start and exam.starts[0] <= scan.start]
    return begun[-1] if begun else next(iter(candidates), None)


def _start(scan: Scan) -> datetime:
    if scan.start is None:
        raise ValueError("only scans with a start span an exam; filter them first")
    return scan.start


def _end(scan: Scan) -> datetime:
    return later(_start(scan), scan.scan_time_s or 0.0)
