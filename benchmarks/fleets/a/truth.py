"""The truth of the fleet as tables."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pandas as pd

from benchmarks.fleets.a.devices import DAYS, START
from benchmarks.fleets.a.physics import Settings
from benchmarks.fleets.a.plan import Planner, SeriesPlan, StudyPlan
from benchmarks.fleets.a.protocol import Protocol
from benchmarks.fleets.contract import FleetTruth

__all__ = ["build_truth"]

_NAN = float("nan")


def build_truth(planner: Planner, protocols: list[Protocol]) -> FleetTruth:
    """Return the truth of the whole period.

    The contrast phase of a protocol is ``post`` or ``none``; that of a series is ``pre`` for
    natives of an examination with an agent. ``scan_time_sum_s`` holds every acquisition,
    localizers and repeats included. ``start_s`` is the true local time, whatever the scanner's
    clock says.
    """
    series: list[dict[str, Any]] = []
    exams: list[dict[str, Any]] = []
    counts: Counter[int] = Counter()
    half = START + dt.timedelta(DAYS // 2)
    for offset in range(DAYS):
        day = START + dt.timedelta(offset)
        for plan in planner.day(day):
            exams.append(_exam_row(plan))
            for one in plan.series:
                series.append(_series_row(plan, one))
                if one.is_counted and one.protocol and day < (one.protocol.changed_on or half):
                    counts[one.protocol.index] += 1
    tables = [[_protocol_row(p, counts[p.index]) for p in protocols], series, exams]
    frames = [pd.DataFrame(rows) for rows in tables]
    for frame, columns in zip(
        frames, (["changed_on", "relapsed_on"], ["study_date"], ["study_date"]), strict=True
    ):
        for column in columns:
            frame[column] = pd.to_datetime(frame[column])
    return FleetTruth(protocols=frames[0], series=frames[1], exams=frames[2])


def _exam_row(plan: StudyPlan) -> dict[str, Any]:
    return {
        "study_uid": plan.uid,
        "study_date": plan.day,
        "station": plan.station.name,
        "span_s": plan.span_s,
        "scan_time_sum_s": plan.scan_sum_s,
        "has_extra": plan.has_extra,
    }


def _protocol_row(protocol: Protocol, acquisitions: int) -> dict[str, Any]:
    first, last, station = protocol.first, protocol.epochs[-1][1], protocol.station
    if protocol.relapsed_on is not None:
        last = protocol.epochs[1][1]
    changed = last.averaging != first.averaging
    return {
        "station": station.name,
        "protocol": protocol.key,
        "vendor": station.model.vendor,
        "model": station.model.name,
        "field_strength_t": station.model.field_t,
        "device_serial": station.serial,
        "anatomy": protocol.anatomy,
        "role": protocol.sequence.role,
        "contrast_phase": protocol.phase,
        "three_d": protocol.three_d,
        "kind": protocol.kind,
        "acquisitions": acquisitions,
        "nex": first.nex,
        "averaging": first.averaging,
        "acceleration": first.acceleration,
        "partial_fourier": first.partial_fourier,
        "nex_after": last.nex if changed else _NAN,
        "averaging_after": last.averaging if changed else _NAN,
        "changed_on": protocol.changed_on,
        "relapsed_on": protocol.relapsed_on,
        "course": protocol.course,
        "harmed": protocol.harmed,
        "variant": protocol.variant,
    }


def _numbers(settings: Settings, series: SeriesPlan) -> dict[str, float]:
    old = series.protocol.settings_on(START) if series.protocol else settings
    return {
        "nex": settings.nex,
        "averaging": settings.averaging,
        "acceleration": settings.acceleration,
        "partial_fourier": settings.partial_fourier,
        "effective_averages": settings.effective_averages,
        "scan_time_s": series.time_s,
        "old_scan_time_s": old.scan_time_s * series.fraction,
    }


def _series_row(plan: StudyPlan, series: SeriesPlan) -> dict[str, Any]:
    protocol = series.protocol
    row: dict[str, Any] = {
        "series_uid": series.uid,
        "study_uid": plan.uid,
        "study_date": plan.day,
        "station": plan.station.name,
        "protocol": protocol.key if protocol else "",
        "is_counted": series.is_counted,
        "is_override": series.is_override,
        "is_rescan": series.is_rescan,
        "role": protocol.sequence.role if protocol else series.what,
        "contrast_phase": series.phase,
        "start_s": series.start_s,
    }
    numbers = _numbers(series.settings, series)
    if series.what in ("derived", "report"):
        row["role"] = series.form or series.what
        numbers = dict.fromkeys(numbers, _NAN)
    return row | numbers
