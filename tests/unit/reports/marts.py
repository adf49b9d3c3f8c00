"""Invented rows of the published marts, and the figures of the days that a report may meet."""

from __future__ import annotations

import datetime as dt
from typing import Any

from protocol_assets.reports.figures import Figures, figures

DAY = dt.date(2026, 3, 4)
PACS = ("north", "south")


def cell(
    day: dt.date, pacs: str, percent: float | None, is_complete: bool | None = None
) -> dict[str, Any]:
    return {
        "study_date": day,
        "pacs": pacs,
        "studies_landed_percent": percent,
        "instances_landed_percent": percent,
        "is_complete": percent is None or percent >= 100 if is_complete is None else is_complete,
    }


def fleet(day: dt.date, **changed: Any) -> dict[str, Any]:
    row = {
        "study_date": day,
        "is_suppressed": False,
        "patients": 17,
        "scanners": 12,
        "exams": 17,
        "acquisitions": 80,
        "nex_mean": 1.8,
        "nex_coverage": 0.9,
        "share_above_1": 0.7,
        "acquisition_time_sum_s": 7200.0,
        "acquisition_time_coverage": 1.0,
        "scan_time_sum_median_s": 900.0,
        "scan_time_sum_coverage": 1.0,
        "exam_span_median_s": 1200.0,
        "exam_span_coverage": 1.0,
        "gap_time_median_s": 240.0,
    }
    return row | changed


def withheld(day: dt.date) -> dict[str, Any]:
    row = dict.fromkeys(fleet(day))
    return row | {"study_date": day, "is_suppressed": True}


def monthly(scanner: str, protocol: str, nex: float | None, **changed: Any) -> dict[str, Any]:
    row = {
        "month_start": dt.date(2026, 2, 1),
        "scanner_label": scanner,
        "site": "North",
        "vendor": "siemens",
        "model": "Aera",
        "field_strength_t": 1.5,
        "protocol_label": protocol,
        "nex_mean": nex,
        "nex_coverage": 0.5,
        "acquisitions": 20,
        "acquisitions_nex_eligible": 20,
        "acquisitions_with_nex": 10,
        "scan_time_sum_s": 3600.0,
        "scan_time_coverage": 1.0,
    }
    return row | changed


def made(**changed: Any) -> Figures:
    """Figures of a whole day with a trend and a closed month, some marts replaced."""
    marts: dict[str, Any] = {
        "completeness": [cell(DAY, name, 100) for name in PACS],
        "fleet_daily": [
            fleet(DAY - dt.timedelta(days=9), nex_mean=1.2),
            fleet(DAY - dt.timedelta(days=8), nex_mean=1.9),
            withheld(DAY - dt.timedelta(days=7)),
            fleet(DAY - dt.timedelta(days=1), nex_mean=1.7),
            fleet(DAY),
        ],
        "nex_monthly": [
            monthly("Scanner BDOD3X", "Lumbar spine, Sagittal T2, 1.5 T, 2D", 2.0),
            monthly("MR 2", "Lumbar spine, Sagittal T1, 3.0 T, 2D", 1.25, field_strength_t=3.0),
        ],
        "pacs": PACS,
    }
    return figures(**(marts | changed))


WILD_NAMES = (
    "MR 1 <b>&amp;</b>",
    '#panic("x") *bold* $x$ @ref "] //',
    "{{ report }} {day} %s",
    "МРТ № 2, Главный корпус",
    "磁気共鳴 3号機 🧲",
    "MR 0\u0332\x00 \u202e",
    "A" * 90,
    "MRT 3, Neubau Haus 7, Untergeschoss links hinter der Notaufnahme",
)

FIGURES = {
    "whole": made(),
    "empty": made(completeness=[], fleet_daily=[], nex_monthly=[]),
    "nothing whole": made(completeness=[cell(DAY, "north", 93.37), cell(DAY, "south", 100)]),
    "later day partial": made(
        completeness=[
            *(cell(DAY, name, 100) for name in PACS),
            cell(DAY + dt.timedelta(days=1), "north", 99.96),
        ]
    ),
    "withheld": made(fleet_daily=[withheld(DAY)]),
    "values missing": made(
        fleet_daily=[fleet(DAY, nex_mean=None, share_above_1=None, exam_span_median_s=None)]
    ),
    "no closed month": made(nex_monthly=[]),
    "wild names": made(nex_monthly=[monthly(name, name, 2.0, site=name) for name in WILD_NAMES]),
    "many PACS": made(
        completeness=[cell(DAY, f"hospital_{number:02}", 100) for number in range(20)],
        pacs=[f"hospital_{number:02}" for number in range(20)],
    ),
}
"""What a report must be able to say."""
