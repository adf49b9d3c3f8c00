from __future__ import annotations

import datetime as dt

from protocol_assets.reports.figures import Landing, latest_complete_day
from tests.unit.reports.marts import DAY, PACS, cell, fleet, made, monthly


def test_the_day_is_the_latest_that_every_pacs_has_whole() -> None:
    before = DAY - dt.timedelta(days=1)
    rows = [cell(before, "north", 100), cell(before, "south", 100), cell(DAY, "north", 100)]
    assert latest_complete_day(rows, PACS) == before
    assert latest_complete_day([*rows, cell(DAY, "south", 99.9)], PACS) == before
    assert latest_complete_day([*rows, cell(DAY, "south", 100)], PACS) == DAY
    assert latest_complete_day([*rows, cell(DAY, "south", None)], PACS) == DAY
    assert latest_complete_day([], PACS) is None


def test_scanners_and_protocols_are_ranked_and_scanners_weigh_their_protocols() -> None:
    rows = [
        monthly("A", "Sag T1", 3.0, acquisitions_with_nex=5),
        monthly("A", "Sag T2", 1.0, acquisitions_with_nex=15),
        monthly("B", "x", 2.0, model=None),
    ]
    shown = made(nex_monthly=rows)
    assert [(row.scanner, row.nex_mean) for row in shown.scanners] == [("B", 2.0), ("A", 1.5)]
    assert [row.protocol for row in shown.protocols] == ["Sag T1", "x", "Sag T2"]
    assert [row.device for row in shown.scanners] == [
        "Siemens Healthineers, 1.5 T",
        "Siemens Healthineers Aera, 1.5 T",
    ]


def test_coverage_counts_only_acquisitions_that_are_eligible_for_nex() -> None:
    rows = [
        monthly("A", "T1", 2.0, acquisitions=20, acquisitions_with_nex=10, nex_coverage=0.5),
        monthly("A", "silent", None, acquisitions=5, acquisitions_with_nex=0, nex_coverage=0.0)
        | {"acquisitions_nex_eligible": 5},
        monthly("A", "diffusion", None, acquisitions=40, acquisitions_with_nex=0)
        | {"nex_coverage": None, "acquisitions_nex_eligible": 0},
    ]
    (scanner,) = made(nex_monthly=rows).scanners
    assert scanner.coverage == 10 / 25
    assert scanner.acquisitions == 65


def test_a_protocol_without_nex_is_not_ranked() -> None:
    shown = made(nex_monthly=[monthly("A", "Sag T1", None, acquisitions_with_nex=0)])
    assert not shown.scanners
    assert not shown.protocols


def test_the_trend_ends_with_the_day_and_has_no_value_where_a_day_has_no_row() -> None:
    rows = [fleet(DAY - dt.timedelta(days=days), nex_mean=days) for days in (40, 2, 0)]
    trend = made(fleet_daily=rows).trend
    assert len(trend) == 28
    assert trend[-3:] == [
        (DAY - dt.timedelta(days=2), 2),
        (DAY - dt.timedelta(days=1), None),
        (DAY, 0),
    ]


def test_a_day_without_studies_has_landed() -> None:
    shown = made(completeness=[cell(DAY, "north", None), cell(DAY, "south", 50)])
    assert shown.completeness[0].landed == {
        "north": Landing(None, is_complete=True),
        "south": Landing(50, is_complete=False),
    }
