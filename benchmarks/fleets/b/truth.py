"""The truth of the fleet as tables."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pandas as pd

from benchmarks.fleets.b.exams import ExamPlan, SeriesPlan
from benchmarks.fleets.b.protocols import Protocol, console_nex
from benchmarks.fleets.contract import FleetTruth

__all__ = ["make_truth"]

_NUMBERS = (
    "nex",
    "averaging",
    "acceleration",
    "partial_fourier",
    "effective_averages",
    "scan_time_s",
    "old_scan_time_s",
)


def _numbers(series: SeriesPlan) -> dict[str, float]:
    if not series.has_numbers:
        return dict.fromkeys(_NUMBERS, math.nan)
    scan, protocol = series.scan, series.protocol
    return {
        "nex": console_nex(protocol, scan) if protocol else scan.nex,
        "averaging": scan.averaging,
        "acceleration": scan.acceleration,
        "partial_fourier": scan.partial_fourier,
        "effective_averages": scan.effective_averages,
        "scan_time_s": scan.scan_time_s,
        "old_scan_time_s": (protocol.first if protocol else scan).scan_time_s,
    }


def _series_row(exam: ExamPlan, series: SeriesPlan, number: int) -> dict[str, Any]:
    protocol = series.protocol
    return {
        "series_uid": f"{exam.study_uid}.{number + 1}",
        "study_uid": exam.study_uid,
        "study_date": exam.date,
        "station": exam.device.station,
        "protocol": protocol.name if protocol else series.content,
        "is_counted": series.is_counted and not exam.is_copy,
        "is_override": series.is_override,
        "is_rescan": series.is_rescan,
        "role": protocol.sequence.role if protocol else series.content,
        "contrast_phase": series.phase,
        **_numbers(series),
        "start_s": series.start_s,
    }


def _protocol_row(start: dt.date, protocol: Protocol, acquisitions: int) -> dict[str, Any]:
    device, sequence, scan = protocol.device, protocol.sequence, protocol.first
    after = protocol.epochs[-1][1]
    if protocol.changed_day >= 0:
        after = protocol.epochs[1][1]
    nex, nex_after = console_nex(protocol, scan), console_nex(protocol, after)
    return {
        "station": device.station,
        "protocol": protocol.name,
        "vendor": device.model.vendor,
        "model": device.model.name,
        "field_strength_t": device.model.field,
        "device_serial": device.serial,
        "anatomy": sequence.anatomy,
        "role": sequence.role,
        "contrast_phase": sequence.phase,
        "three_d": scan.is_3d,
        "kind": protocol.kind,
        "acquisitions": acquisitions,
        "nex": nex,
        "averaging": scan.averaging,
        "acceleration": scan.acceleration,
        "partial_fourier": scan.partial_fourier,
        "nex_after": nex_after if nex_after != nex else math.nan,
        "averaging_after": after.averaging if after.averaging != scan.averaging else math.nan,
        "changed_on": _day(start, protocol.changed_day),
        "relapsed_on": _day(start, protocol.relapsed_day),
        "course": protocol.course,
        "harmed": protocol.is_harmed,
    }


def _day(start: dt.date, day: int) -> pd.Timestamp | None:
    return pd.Timestamp(start) + pd.Timedelta(days=day) if day >= 0 else None


def make_truth(start: dt.date, protocols: list[Protocol], exams: Iterable[ExamPlan]) -> FleetTruth:
    """Make the tables of the truth.

    Args:
        start: First day of the period.
        protocols: All protocols.
        exams: All exams of the period.
    """
    middle = 182
    rows, exam_rows = [], []
    counts: Counter[tuple[str, str]] = Counter()
    for exam in exams:
        total = 0.0
        for number, series in enumerate(exam.series):
            rows.append(_series_row(exam, series, number))
            protocol = series.protocol
            if not series.is_counted or protocol is None:
                continue
            total += series.scan.scan_time_s
            limit = protocol.changed_day if protocol.changed_day >= 0 else middle
            if exam.day < limit and not exam.is_copy:
                counts[(exam.device.station, protocol.name)] += 1
        exam_rows.append(
            {
                "study_uid": exam.study_uid,
                "study_date": exam.date,
                "station": exam.device.station,
                "span_s": exam.span_s,
                "scan_time_sum_s": total,
                "has_extra": exam.has_extra,
            }
        )
    table = pd.DataFrame(
        [_protocol_row(start, p, counts[(p.device.station, p.name)]) for p in protocols]
    )
    for column in ("changed_on", "relapsed_on"):
        table[column] = pd.to_datetime(table[column])
    series_table, exam_table = pd.DataFrame(rows), pd.DataFrame(exam_rows)
    for frame in (series_table, exam_table):
        frame["study_date"] = pd.to_datetime(frame["study_date"])
    return FleetTruth(protocols=table, series=series_table, exams=exam_table)
