"""Exams: the scans of one patient on one device without a long gap, split studies included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from protocol_assets.protocols.acquisition import joined

__all__ = ["LONGEST_GAP", "ExamPlace", "Scan", "place_in_exams"]

# A longer pause between the end of one scan and the start of the next splits exams.
LONGEST_GAP = timedelta(minutes=45)


@dataclass(frozen=True, slots=True)
class Scan:
    """One series as the exam sees it.

    Attributes:
        patient_id: Issuer and patient ID, None where unknown.
        device_id: Manufacturer and serial number, None where unknown.
        study: Study Instance UID.
        start: Start on the scanner's clock.
        scan_time_s: Scan time in seconds where the series itself tells it.
        is_original: Whether it spans the exam: original acquisitions, localizers included.
    """

    patient_id: str | None
    device_id: str | None
    study: str | None
    start: datetime | None
    scan_time_s: float | None
    is_original: bool


@dataclass(frozen=True, slots=True)
class ExamPlace:
    """Where a series stands in its exam.

    Attributes:
        exam_id: Identifier of the exam.
        start_offset_s: Seconds from the exam's first start to this one.
        next_start_s: Seconds from this start to the next later one of the exam's scans.
    """

    exam_id: str | None = None
    start_offset_s: float | None = None
    next_start_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Exam:
    exam_id: str
    starts: tuple[datetime, ...]


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
            starts = tuple(sorted({_start(scans, i) for i in session}))
            exam = _Exam(joined(key, starts[0].isoformat()), starts)
            exams |= dict.fromkeys(session, exam)
    of_study: dict[str, list[_Exam]] = defaultdict(list)
    for index, exam in sorted(exams.items(), key=lambda item: item[1].starts[0]):
        study = scans[index].study
        if study is not None and exam not in of_study[study]:
            of_study[study].append(exam)
    return [
        _place(scan, exams.get(index) or _attached(scan, of_study), index in exams)
        for index, scan in enumerate(scans)
    ]


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
    for i in sorted(members, key=lambda i: _start(scans, i)):
        start = _start(scans, i)
        if end is None or start - end > LONGEST_GAP:
            sessions.append([])
            end = start
        sessions[-1].append(i)
        end = max(end, _end(start, scans[i].scan_time_s))
    return sessions


def _place(scan: Scan, exam: _Exam | None, is_member: bool) -> ExamPlace:
    if exam is None:
        return ExamPlace(scan.study)
    if scan.start is None:
        return ExamPlace(exam.exam_id)
    offset = (scan.start - exam.starts[0]).total_seconds()
    later = next((start for start in exam.starts if start > scan.start), None)
    return ExamPlace(
        exam.exam_id,
        offset if offset >= 0 else None,
        (later - scan.start).total_seconds() if is_member and later is not None else None,
    )


def _attached(scan: Scan, of_study: dict[str, list[_Exam]]) -> _Exam | None:
    candidates = of_study.get(scan.study, []) if scan.study is not None else []
    begun = [exam for exam in candidates if scan.start and exam.starts[0] <= scan.start]
    return begun[-1] if begun else next(iter(candidates), None)


def _start(scans: Sequence[Scan], index: int) -> datetime:
    start = scans[index].start
    if start is None:
        raise ValueError("only scans with a start span an exam; filter them first")
    return start


def _end(start: datetime, scan_time_s: float | None) -> datetime:
    try:
        return start + timedelta(seconds=scan_time_s or 0.0)
    except OverflowError:
        return start
