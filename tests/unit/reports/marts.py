"""Invented rows of the published marts, and the figures of the days that a report may meet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from protocol_assets.figures.published import MARTS, Figures, figures
from protocol_assets.figures.scope import Scope

DAY = dt.date(2026, 3, 4)
MONTHS = tuple(dt.date(2025 + (month > 12), (month - 1) % 12 + 1, 1) for month in range(9, 15))
PACS = ("north", "south")

Row = dict[str, Any]


def landed(day: dt.date, pacs: str, percent: float | None, is_complete: bool | None = None) -> Row:
    return {
        "study_date": day,
        "pacs": pacs,
        **dict.fromkeys(("studies_landed_percent", "instances_landed_percent"), percent),
        "is_settled": percent is None or percent >= 100 if is_complete is None else is_complete,
        "is_complete": percent is None or percent >= 100 if is_complete is None else is_complete,
    }


def fleet(day: dt.date, **changed: Any) -> Row:
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


def withheld(day: dt.date) -> Row:
    row = dict.fromkeys(fleet(day))
    return row | {"study_date": day, "is_suppressed": True}


def monthly(scanner: str | None, protocol: str | None, nex: float | None, **changed: Any) -> Row:
    row = {
        "month_start": dt.date(2026, 2, 1),
        "scanner_label": scanner,
        "site": "North",
        "vendor": "siemens",
        "model": "Aera",
        "field_strength_t": 1.5,
        "protocol_label": protocol,
        "nex_mean": nex,
        "share_above_1": None if nex is None else 0.5,
        "nex_coverage": 0.5,
        "acquisitions": 20,
        "acquisitions_nex_eligible": 20,
        "acquisitions_with_nex": 10,
        "scan_time_sum_s": 3600.0,
        "scan_time_coverage": 1.0,
    }
    return row | changed


def exams(scanner: str | None, month: dt.date, minutes: float | None, **changed: Any) -> Row:
    seconds = None if minutes is None else 60 * minutes
    row = {
        "month_start": month,
        "scanner_label": scanner,
        "site": "North",
        "vendor": "siemens",
        "model": "Aera",
        "field_strength_t": 1.5,
        "patients": 40,
        "exams": 42,
        "scan_time_sum_median_s": seconds,
        "scan_time_sum_coverage": 0.9,
        "exam_span_median_s": None if seconds is None else 1.3 * seconds,
        "exam_span_coverage": 0.9,
        "gap_time_median_s": None if seconds is None else 0.3 * seconds,
        "gap_time_coverage": 0.9,
    }
    return row | changed


def opportunity(scanner: str | None, minutes: float | None, **changed: Any) -> Row:
    row = {
        "as_of": DAY,
        "scanner_label": scanner,
        "site": "North",
        "vendor": "siemens",
        "model": "Aera",
        "protocol_key": "lumbar_spine.sag_t2.none.1_5t.2d.original",
        "protocol_label": "Lumbar spine, Sagittal T2, 1.5 T, 2D",
        "assessment_state": "assessable",
        "assessment_reason": None,
        "has_potential": True,
        "confidence": "high",
        "coverage": 0.9,
        "measure": "averaging",
        "reference_tier": 1,
        "averages": 3.0,
        "nex": 3.0,
        "reference": "same_field",
        "reference_name": None,
        "reference_averages": 2.0,
        "n_peers": 6,
        "what_if_averages": 2.0,
        "what_if_kind": "reference",
        "snr_change_percent": -18.0,
        "scan_time_now_s": 312.0,
        "scan_time_what_if_s": 214.0,
        "volume_per_month": 40.0,
        "minutes_per_month": minutes,
        "minutes_per_month_low": None if minutes is None else 0.8 * minutes,
        "minutes_per_month_high": None if minutes is None else 1.3 * minutes,
        "finding_state": "open",
        "is_waived": False,
        "accepted_on": None,
        "promised_minutes_per_month": None,
        "minutes_rank": 1,
        "fleet_assessed_share": 0.7,
    }
    return row | changed


def unassessed(scanner: str, reason: str, state: str = "not assessable") -> Row:
    return opportunity(
        scanner,
        None,
        assessment_state=state,
        assessment_reason=reason,
        has_potential=None,
        confidence=None,
        reference="none",
        finding_state=None,
    )


def won(month: dt.date, minutes: float | None, **changed: Any) -> Row:
    row = {
        "month": month,
        "scanner_label": "MR 2",
        "site": "North",
        "protocols": 20,
        "assessable": 12,
        "opportunities": 3,
        "minutes_per_month": minutes,
        "minutes_per_month_low": None if minutes is None else 0.8 * minutes,
        "minutes_per_month_high": None if minutes is None else 1.3 * minutes,
    }
    return row | changed


def change(scanner: str | None, state: str, **changed: Any) -> Row:
    row = {
        "as_of": DAY,
        "scanner_label": scanner,
        "site": "North",
        "protocol_key": "knee.sag_pd.none.1_5t.2d.original",
        "protocol_label": "Knee, Sagittal PD, 1.5 T, 2D",
        "changed_on": dt.date(2025, 11, 3),
        "evidence": "confirmatory",
        "verification_state": state,
        "effect": "time won",
        "reason": None,
        "measure": "effective_averages",
        "level_before": 3.0,
        "level_after": 2.0,
        "relapsed_on": None,
        "scan_time_shift_s": -71.0,
        "scan_time_shift_low_s": -90.0,
        "scan_time_shift_high_s": -52.0,
        "scan_time_adjusted_s": -64.0,
        "scan_time_adjusted_low_s": -88.0,
        "scan_time_adjusted_high_s": -40.0,
        "promised_minutes_per_month": 90.0,
        "realised_minutes_per_month": 82.0,
        "guard_is_held": True,
        "guard_reason": None,
        "guard_more_exams": None,
        "quality_signed_on": dt.date(2025, 12, 1),
    }
    return row | changed


def visit(scanner: str | None, on: dt.date = dt.date(2025, 11, 3), **changed: Any) -> Row:
    row: Row = {"as_of": DAY, "scanner_label": scanner, "site": "North", "visit_on": on}
    row |= {"visit_until": on, "n_changes": 2, "n_registered": 2}
    for metric, seconds in (("scan_time_sum", -150.0), ("exam_span", -120.0), ("gap_time", 30.0)):
        for way, value in (("shift", seconds), ("adjusted", seconds + 8)):
            ends = {"_low": value - 20, "": value, "_high": value + 20}
            row |= {f"{metric}_{way}{end}_s": one for end, one in ends.items()}
    return row | changed


def finding(scanner: str | None, kind: str, **changed: Any) -> Row:
    row = {
        "as_of": DAY,
        "finding_key": "0" * 32,
        "kind": kind,
        "scanner_label": scanner,
        "site": "North",
        "protocol_key": "head.ax_flair.none.3t.2d.original",
        "protocol_label": "Head, Axial FLAIR, 3.0 T, 2D",
        "parameter": "tr_ms",
        "finding_state": "open",
        "is_waived": False,
        "is_seen": True,
        "opened_on": None,
        "accepted_on": None,
        "changed_on": None,
        "waived_until": None,
        "expected": 9000.0,
        "observed": 8000.0,
        "expected_term": None,
        "observed_term": None,
        "share_affected": 0.7,
        "first_day": dt.date(2026, 2, 12),
        "last_day": DAY,
        "minutes_per_month": None,
        "minutes_per_month_low": None,
        "minutes_per_month_high": None,
    }
    return row | changed


def whole() -> dict[str, list[Row]]:
    """The marts of a whole day with a trend, a closed month and something of everything."""
    return {
        "completeness_daily": [landed(DAY, name, 100) for name in PACS],
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
        "exam_monthly": [
            *(exams("Scanner BDOD3X", month, 15 + place) for place, month in enumerate(MONTHS)),
            *(exams("MR 2", month, None if month == MONTHS[2] else 12) for month in MONTHS),
        ],
        "published_opportunities": [
            opportunity("Scanner BDOD3X", 100),
            opportunity("MR 2", 140, finding_state="accepted", accepted_on=DAY)
            | {"reference": "signed_target", "reference_name": "Spine v2"}
            | {"promised_minutes_per_month": 138.0},
            opportunity("MR 2", 60, protocol_key="x", reference_tier=2, confidence="low"),
            opportunity("MR 2", 40, protocol_key="y", is_waived=True, finding_state="waived"),
            unassessed("MR 2", "too few peers"),
        ],
        "published_potential_monthly": [
            won(month, 400 - place * 20) for place, month in enumerate(MONTHS)
        ],
        "published_verification": [
            change("MR 2", "verified"),
            change("MR 2", "time won, quality not confirmed", quality_signed_on=None)
            | {"reason": "no image-quality sign-off on record", "guard_is_held": None},
            change("Scanner BDOD3X", "exploratory", evidence="exploratory")
            | {"reason": "the date was found in the data that test it"}
            | {"promised_minutes_per_month": None, "scan_time_adjusted_s": None},
        ],
        "published_exam_shifts": [
            visit("MR 2", visit_until=dt.date(2025, 11, 12)),
            visit("Scanner BDOD3X", dt.date(2025, 12, 1), n_changes=1, n_registered=0)
            | {"gap_time_shift_s": None, "gap_time_adjusted_s": None},
        ],
        "published_findings": [
            finding("MR 2", "drift"),
            finding("Scanner BDOD3X", "relapse", parameter="nex", expected=1.0, observed=2.0),
            finding("MR 2", "departure"),
            finding("MR 2", "drift", is_waived=True),
            finding("MR 2", "opportunity"),
        ],
    }


def made(*, pacs: Sequence[str] = PACS, scope: Scope | None = None, **changed: Any) -> Figures:
    """Figures of a whole day, some marts replaced."""
    marts: Mapping[str, Any] = whole() | changed
    assert set(marts) == set(MARTS)
    return figures(marts, pacs=pacs, scope=scope or Scope())


def fleet_of(scanners: int) -> Figures:
    """A fleet in which every third scanner has an opportunity."""
    labels = [f"MR {number:03}" for number in range(scanners)]
    return made(
        nex_monthly=[
            monthly(label, f"Protocol {protocol}", 1 + (number + protocol) % 5 / 2)
            for number, label in enumerate(labels)
            for protocol in range(4)
        ],
        exam_monthly=[exams(label, MONTHS[-1], 12) for label in labels],
        published_opportunities=[opportunity(label, 30) for label in labels[::3]],
        published_verification=[],
        published_exam_shifts=[],
        published_findings=[],
    )


WILD_NAMES = (
    "MR 1 <b>&amp;</b>",
    '#panic("x") *bold* $x$ @ref "] //',
    "{{ report }} {day} %s",
    "МРТ № 2, Главный корпус",
    "磁気共鳴 3号機 🧲",
    "جهاز الرنين المغناطيسي ١",
    "מכשיר תהודה 2",
    "MR 0\u0332\x00 \u202e",
    "A" * 90,
    "MRT 3, Neubau Haus 7, Untergeschoss links hinter der Notaufnahme",
)

_NOTHING: dict[str, list[Row]] = {name: [] for name in MARTS}

FIGURES = {
    "whole": made(),
    "empty": figures(_NOTHING, pacs=PACS),
    "one day": figures(
        _NOTHING
        | {"completeness_daily": whole()["completeness_daily"], "fleet_daily": [fleet(DAY)]},
        pacs=PACS,
    ),
    "one scanner": made(scope=Scope(scanners=("MR 2",))),
    "nothing whole": made(completeness_daily=[landed(DAY, "north", 93), landed(DAY, "south", 100)]),
    "later day partial": made(
        completeness_daily=[
            *(landed(DAY, name, 100) for name in PACS),
            landed(DAY + dt.timedelta(days=1), "north", 99.96),
        ]
    ),
    "withheld": made(fleet_daily=[withheld(DAY)]),
    "values missing": made(
        fleet_daily=[fleet(DAY, nex_mean=None, share_above_1=None, exam_span_median_s=None)],
        nex_monthly=[monthly("MR 1", "T1", None, acquisitions_with_nex=None, nex_coverage=None)],
        exam_monthly=[exams("MR 1", MONTHS[-1], None)],
        published_opportunities=[
            opportunity("MR 1", None, coverage=None, scan_time_now_s=None, volume_per_month=None)
            | {"scan_time_what_if_s": None, "snr_change_percent": None, "what_if_averages": None}
        ],
        published_verification=[
            dict.fromkeys(change("MR 1", "insufficient"))
            | {"scanner_label": "MR 1", "verification_state": "insufficient", "changed_on": DAY}
        ],
        published_exam_shifts=[
            dict.fromkeys(visit("MR 1"))
            | {"scanner_label": "MR 1", "visit_on": DAY, "exam_span_shift_s": -9.0}
        ],
        published_findings=[
            dict.fromkeys(finding("MR 1", "drift"))
            | {"scanner_label": "MR 1", "kind": "drift", "is_seen": True, "finding_state": "open"}
        ],
    ),
    "names withheld": made(
        nex_monthly=[monthly(None, None, 2.0)],
        exam_monthly=[exams(None, MONTHS[-1], 12)],
        published_opportunities=[opportunity(None, 20, protocol_label=None, site=None)],
        published_verification=[change(None, "verified", protocol_label=None)],
        published_exam_shifts=[visit(None, site=None)],
        published_findings=[finding(None, "drift", protocol_label=None)],
    ),
    "no closed month": made(nex_monthly=[]),
    "nothing to win": made(
        published_opportunities=[opportunity("MR 2", None, has_potential=False)],
        published_verification=[],
        published_exam_shifts=[],
        published_findings=[],
    ),
    "wild names": made(
        nex_monthly=[monthly(name, name, 2.0, site=name) for name in WILD_NAMES],
        exam_monthly=[exams(name, MONTHS[-1], 12, site=name) for name in WILD_NAMES],
        published_opportunities=[
            opportunity(name, 20, protocol_label=name, site=name) for name in WILD_NAMES
        ],
        published_exam_shifts=[visit(name, site=name) for name in WILD_NAMES],
    ),
    "many PACS": made(
        completeness_daily=[landed(DAY, f"hospital_{number:02}", 100) for number in range(20)],
        pacs=[f"hospital_{number:02}" for number in range(20)],
    ),
    "many scanners": fleet_of(200),
}
"""What a report must be able to say."""
