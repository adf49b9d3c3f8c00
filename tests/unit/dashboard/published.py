"""Invented rows of the published tables: all that a home may publish."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import Any

from protocol_assets.dashboard.columns import columns

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]

AS_OF = dt.date(2026, 2, 28)
T2 = "lumbar_spine.sag_t2.none.1_5t.2d.standard"
T2_LABEL = "Lumbar spine, Sagittal T2, 1.5 T, 2D"
CAVEAT = "noise only: same voxel, coil and reconstruction; a radiologist decides"

WILD_NAMES = (
    "MR 1 <b>&amp;</b>",
    "*bold* $x^2$ :red[alarm] `code` [a](b)",
    "=HYPERLINK(1)",
    "МРТ № 2, Главный корпус",
    "磁気共鳴 3号機 🧲",
    "جهاز الرنين ٤",
    "MR 0\u0332\x00 \u202e\n",
    "?scanner=&site=#%",
    "A" * 300,
)


def of(table: str, **changed: Any) -> Row:
    """A row in which nothing is told but what is given."""
    assert set(changed) <= set(columns(table)), set(changed) - set(columns(table))
    return dict.fromkeys(columns(table)) | changed


def opportunity(scanner: str | None = "MR 1", **changed: Any) -> Row:
    row = of(
        "published_opportunities",
        as_of=AS_OF,
        scanner_label=scanner,
        site="North",
        vendor="ge",
        model="SIGNA Hero",
        protocol_key=T2,
        protocol_label=T2_LABEL,
        assessment_state="assessable",
        has_potential=True,
        confidence="high",
        coverage=0.9,
        measure="averaging",
        averages=2.0,
        nex=2.0,
        reference="same_field",
        reference_tier=1,
        reference_averages=1.0,
        n_peers=6,
        short_of=None,
        usual_averages=1.5,
        what_if_averages=1.0,
        what_if_kind="reference",
        snr_change_percent=-29.0,
        snr_caveat=CAVEAT,
        scan_time_now_s=120.0,
        scan_time_what_if_s=62.0,
        time_basis="model",
        time_is_off=False,
        volume_per_month=40.0,
        minutes_per_month=39.0,
        minutes_per_month_low=35.0,
        minutes_per_month_high=44.0,
        finding_state="open",
        is_waived=False,
        fleet_assessed_share=0.65,
    )
    return row | changed


def not_above(scanner: str | None = "MR 2", **changed: Any) -> Row:
    none = dict.fromkeys(
        (
            "minutes_per_month",
            "minutes_per_month_low",
            "minutes_per_month_high",
            "what_if_averages",
            "what_if_kind",
            "snr_change_percent",
            "snr_caveat",
            "scan_time_what_if_s",
            "finding_state",
        )
    )
    return opportunity(scanner, has_potential=False, averages=1.0) | none | changed


def unassessable(scanner: str | None = "MR 3", **changed: Any) -> Row:
    none = {"has_potential": None, "confidence": None, "reference_averages": None}
    row = not_above(scanner, assessment_state="not assessable", assessment_reason="too few peers")
    return row | none | {"reference": "none"} | changed


def verification(scanner: str | None = "MR 1", **changed: Any) -> Row:
    row = of(
        "published_verification",
        as_of=AS_OF,
        scanner_label=scanner,
        site="North",
        protocol_key=T2,
        protocol_label=T2_LABEL,
        changed_on=dt.date(2025, 12, 1),
        visit_on=dt.date(2025, 12, 1),
        evidence="confirmatory",
        verification_state="verified",
        effect="time won",
        measure="effective_averages",
        level_before=2.0,
        level_after=1.0,
        q_value=0.001,
        scan_time_median_before_s=120.0,
        scan_time_median_after_s=62.0,
        scan_time_shift_s=-58.0,
        scan_time_shift_low_s=-60.0,
        scan_time_shift_high_s=-55.0,
        volume_per_month=40.0,
        volume_source="frozen",
        promised_minutes_per_month=39.0,
        realised_minutes_per_month=37.0,
        realised_minutes=110.0,
        cut_share=0.48,
        realised_basis="model",
        guard_is_held=True,
        guard_basis="series",
        quality_signed_on=dt.date(2026, 1, 15),
    )
    return row | changed


def visit(scanner: str | None = "MR 1", **changed: Any) -> Row:
    row = of(
        "published_exam_shifts",
        as_of=AS_OF,
        scanner_label=scanner,
        site="North",
        visit_on=dt.date(2025, 12, 1),
        visit_until=dt.date(2025, 12, 9),
        n_changes=3,
        n_registered=2,
        exam_span_median_before_s=900.0,
        exam_span_median_after_s=830.0,
        exam_span_shift_s=-70.0,
        exam_span_shift_low_s=-160.0,
        exam_span_shift_high_s=20.0,
    )
    return row | changed


def unconfirmed(scanner: str | None = "MR 2", **changed: Any) -> Row:
    state = "time won, quality not confirmed"
    guard = "cannot tell yet"
    row = verification(scanner, verification_state=state, guard_is_held=None, guard_reason=guard)
    return row | {"quality_signed_on": None} | changed


def finding(scanner: str | None = "MR 1", **changed: Any) -> Row:
    row = of(
        "published_findings",
        as_of=AS_OF,
        kind="opportunity",
        scanner_label=scanner,
        site="North",
        protocol_key=T2,
        protocol_label=T2_LABEL,
        parameter="effective_averages",
        finding_state="open",
        is_waived=False,
        is_seen=True,
        expected=1.0,
        observed=2.0,
        share_affected=0.9,
        first_day=dt.date(2026, 1, 5),
        last_day=AS_OF,
        minutes_per_month=39.0,
        minutes_per_month_low=35.0,
        minutes_per_month_high=44.0,
    )
    row |= changed
    parts = (str(row[name]) for name in ("kind", "scanner_label", "protocol_key", "parameter"))
    key = md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()
    return row | {"finding_key": row["finding_key"] or key}


def drift(scanner: str | None = "MR 2", **changed: Any) -> Row:
    minutes = dict.fromkeys(
        ("minutes_per_month", "minutes_per_month_low", "minutes_per_month_high")
    )
    row = {"kind": "drift", "parameter": "tr_ms", "expected": 500.0, "observed": 620.0}
    return finding(scanner, **(row | minutes | changed))


def potential(month: dt.date, scanner: str | None = "MR 1", **changed: Any) -> Row:
    row = of(
        "published_potential_monthly",
        month=month,
        scanner_label=scanner,
        site="North",
        protocols=3,
        assessable=2,
        opportunities=1,
        minutes_per_month=39.0,
        minutes_per_month_low=35.0,
        minutes_per_month_high=44.0,
    )
    return row | changed


def nex(month: dt.date, scanner: str | None = "MR 1", **changed: Any) -> Row:
    row = of(
        "nex_monthly",
        month_start=month,
        scanner_label=scanner,
        site="North",
        vendor="ge",
        model="SIGNA Hero",
        field_strength_t=1.5,
        protocol_key=T2,
        protocol_label=T2_LABEL,
        acquisitions=40,
        acquisitions_nex_eligible=40,
        acquisitions_with_nex=36,
        nex_mean=2.0,
        nex_median=2.0,
        nex_mode=2.0,
        share_above_1=1.0,
        nex_coverage=0.9,
        scan_time_sum_s=4800.0,
        scan_time_coverage=1.0,
    )
    return row | changed


def exams(month: dt.date, scanner: str | None = "MR 1", **changed: Any) -> Row:
    row = of(
        "exam_monthly",
        month_start=month,
        scanner_label=scanner,
        site="North",
        vendor="ge",
        model="SIGNA Hero",
        field_strength_t=1.5,
        exams=40,
        exam_span_median_s=1200.0,
        exam_span_coverage=1.0,
        scan_time_sum_median_s=800.0,
        scan_time_sum_coverage=1.0,
        gap_time_median_s=400.0,
        gap_time_coverage=0.9,
    )
    return row | changed


def fleet(day: dt.date, **changed: Any) -> Row:
    row = of(
        "fleet_daily",
        study_date=day,
        is_suppressed=False,
        scanners=3,
        exams=20,
        acquisitions=100,
        nex_mean=1.8,
        nex_coverage=0.9,
        share_above_1=0.7,
    )
    return row | changed


MONTHS = [dt.date(2025, 12, 1), dt.date(2026, 1, 1), dt.date(2026, 2, 1)]
NAMES = ("MR 1", "MR 2", "MR 3")

WHOLE: Tables = {
    "fleet_daily": [
        *(fleet(AS_OF - dt.timedelta(days=n), nex_mean=1.8 - 0.01 * n) for n in range(20)),
        of("fleet_daily", study_date=AS_OF - dt.timedelta(days=20), is_suppressed=True),
        fleet(AS_OF - dt.timedelta(days=21)),
    ],
    "nex_monthly": [nex(month, name) for month in MONTHS for name in NAMES],
    "exam_monthly": [exams(month, name) for month in MONTHS for name in NAMES],
    "published_opportunities": [
        opportunity(),
        not_above(),
        unassessable(site="South"),
        opportunity(
            "MR 2", protocol_key="knee.cor_pd.none.1_5t.2d.standard", protocol_label="Knee"
        ),
    ],
    "published_verification": [
        verification(),
        unconfirmed(),
        verification(
            "MR 3", verification_state="exploratory", evidence="exploratory", site="South"
        ),
    ],
    "published_exam_shifts": [visit(), visit("MR 3", site="South", n_changes=1)],
    "published_findings": [
        finding(),
        drift(),
        finding("MR 3", finding_state="accepted", site="South"),
        drift("MR 3", is_waived=True, finding_state="waived", site="South"),
    ],
    "published_potential_monthly": [potential(month, name) for month in MONTHS for name in NAMES],
}
"""Three scanners, three months, one of everything."""

_ONLY = {name: rows[:1] for name, rows in WHOLE.items()}

HOMES: dict[str, Tables] = {
    "nothing": {},
    "whole": WHOLE,
    "one scanner": _ONLY,
    "one day": {"fleet_daily": [fleet(AS_OF)]},
    "withheld": {
        name: [
            row
            | {label: None for label in ("scanner_label", "protocol_label", "site") if label in row}
            for row in rows
        ]
        for name, rows in WHOLE.items()
    },
    "nothing told": {
        "published_opportunities": [
            of("published_opportunities", scanner_label="MR 1", protocol_key=T2)
        ],
        "published_verification": [
            of("published_verification", scanner_label="MR 1", protocol_key=T2)
        ],
        "published_exam_shifts": [of("published_exam_shifts", scanner_label="MR 1")],
        "published_findings": [
            of(
                "published_findings",
                scanner_label="MR 1",
                protocol_key=T2,
                finding_state="open",
                kind="drift",
                finding_key="k1",
            )
        ],
        "published_potential_monthly": [of("published_potential_monthly", month=MONTHS[0])],
        "nex_monthly": [
            of("nex_monthly", month_start=MONTHS[0], scanner_label="MR 1", protocol_key=T2)
        ],
        "exam_monthly": [of("exam_monthly", month_start=MONTHS[0], scanner_label="MR 1")],
        "fleet_daily": [of("fleet_daily", study_date=AS_OF)],
    },
    "wild names": {
        name: [
            row
            | {label: wild for label in ("scanner_label", "protocol_label", "site") if label in row}
            for wild in WILD_NAMES
            for row in rows[:1]
        ]
        for name, rows in WHOLE.items()
        if name != "fleet_daily"
    },
    "500 scanners": {
        "published_opportunities": [
            opportunity(f"MR {n}", site=f"Site {n % 9}") for n in range(500)
        ],
        "published_findings": [finding(f"MR {n}", site=f"Site {n % 9}") for n in range(500)],
        "nex_monthly": [nex(month, f"MR {n}") for month in MONTHS for n in range(500)],
        "published_potential_monthly": [potential(MONTHS[0], f"MR {n}") for n in range(500)],
    },
}
"""What the dashboard must be able to show."""
