from __future__ import annotations

import datetime as dt
from typing import Any

from protocol_assets.reports.figures import figures, latest_complete_day, runs_of_values
from protocol_assets.reports.page import render_page

DAY = dt.date(2026, 3, 4)
PACS = ("north", "south")


def cell(day: dt.date, pacs: str, percent: float) -> dict[str, Any]:
    return {
        "study_date": day,
        "pacs": pacs,
        "studies_landed_percent": percent,
        "instances_landed_percent": percent,
        "is_complete": percent >= 100,
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


def monthly(scanner: str, protocol: str, nex: float | None, with_nex: int = 10) -> dict[str, Any]:
    return {
        "month_start": dt.date(2026, 2, 1),
        "scanner_label": scanner,
        "site": "North",
        "vendor": "siemens",
        "model": None,
        "field_strength_t": 1.5,
        "protocol_label": protocol,
        "nex_mean": nex,
        "nex_coverage": 0.5,
        "acquisitions": 20,
        "acquisitions_with_nex": with_nex,
        "scan_time_sum_s": 3600.0,
        "scan_time_coverage": 1.0,
    }


def test_the_day_is_the_latest_that_every_pacs_has_whole() -> None:
    before = DAY - dt.timedelta(days=1)
    rows = [cell(before, "north", 100), cell(before, "south", 100), cell(DAY, "north", 100)]
    assert latest_complete_day(rows, PACS) == before
    assert latest_complete_day([*rows, cell(DAY, "south", 99.9)], PACS) == before
    assert latest_complete_day([*rows, cell(DAY, "south", 100)], PACS) == DAY
    assert latest_complete_day([], PACS) is None


def test_scanners_and_protocols_are_ranked_and_scanners_weigh_their_protocols() -> None:
    rows = [monthly("A", "Sag T1", 3.0, 5), monthly("A", "Sag T2", 1.0, 15), monthly("B", "x", 2.0)]
    shown = figures(
        completeness=[cell(DAY, name, 100) for name in PACS],
        fleet_daily=[fleet(DAY)],
        nex_monthly=rows,
        pacs=PACS,
    )
    assert [(row.scanner, row.nex_mean) for row in shown.scanners] == [("B", 2.0), ("A", 1.5)]
    assert [row.protocol for row in shown.protocols] == ["Sag T1", "x", "Sag T2"]
    assert shown.scanners[1].coverage == 0.5
    assert shown.scanners[0].device == "siemens, 1.5 T"


def test_a_protocol_without_nex_is_not_ranked() -> None:
    shown = figures(
        completeness=[cell(DAY, name, 100) for name in PACS],
        fleet_daily=[fleet(DAY)],
        nex_monthly=[monthly("A", "Sag T1", None, 0)],
        pacs=PACS,
    )
    assert not shown.scanners
    assert not shown.protocols


def test_a_trend_is_cut_where_a_day_is_withheld() -> None:
    trend = [(DAY, 1.0), (DAY, 1.1), (DAY, None), (DAY, 1.2)]
    assert runs_of_values(trend) == [[(0, 1.0), (1, 1.1)], [(3, 1.2)]]
    assert runs_of_values([(DAY, None)]) == []


def page(**changed: Any) -> str:
    tables: dict[str, Any] = {
        "completeness": [cell(DAY, "north", 100), cell(DAY, "south", 100)],
        "fleet_daily": [fleet(DAY - dt.timedelta(days=1), nex_mean=1.7), fleet(DAY)],
        "nex_monthly": [monthly("MR 1 <b>", "Sag T1", 2.0)],
    }
    return render_page(figures(**(tables | changed), pacs=PACS), is_demo=False)


def test_the_page_is_self_contained_and_escapes_names() -> None:
    text = page()
    assert "MR 1 &lt;b&gt;" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "1.80" in text


def test_empty_partial_and_withheld_days_say_so() -> None:
    empty = {"completeness": [], "fleet_daily": [], "nex_monthly": []}
    assert "No day has landed yet" in page(**empty)
    assert "No MR examination was counted" in page(fleet_daily=[])
    withheld = fleet(DAY, is_suppressed=True, nex_mean=None)
    assert "Fewer than 11" in page(fleet_daily=[withheld])
    partial = page(completeness=[cell(DAY, "north", 93.33), cell(DAY, "south", 100)])
    assert "93.3 %" in partial
    assert "No day yet" in partial
    late = [
        *(cell(DAY, name, 100) for name in PACS),
        cell(DAY + dt.timedelta(days=1), "north", 100),
    ]
    assert "not landed" in page(completeness=late)
