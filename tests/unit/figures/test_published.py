from __future__ import annotations

import datetime as dt

from protocol_assets.figures.published import Landing, latest_settled_day
from tests.unit.reports.marts import DAY, PACS, change, finding, fleet, landed, made


def test_the_day_is_the_latest_that_every_pacs_has_whole() -> None:
    before = DAY - dt.timedelta(days=1)
    rows = [
        landed(before, "north", 100),
        landed(before, "south", 100),
        landed(DAY, "north", 100),
    ]
    assert latest_settled_day(rows, PACS) == before
    assert latest_settled_day([*rows, landed(DAY, "south", 99.9)], PACS) == before
    assert latest_settled_day([*rows, landed(DAY, "south", 100)], PACS) == DAY
    assert latest_settled_day([*rows, landed(DAY, "south", None)], PACS) == DAY
    assert latest_settled_day([], PACS) is None


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
    shown = made(completeness_daily=[landed(DAY, "north", None), landed(DAY, "south", 50)])
    assert shown.completeness[0].landed == {
        "north": Landing(None, is_complete=True),
        "south": Landing(50, is_complete=False),
    }


def test_a_pacs_that_has_been_down_for_months_does_not_fill_the_page() -> None:
    rows = [landed(DAY, name, 100) for name in PACS]
    rows += [landed(DAY + dt.timedelta(days=days), "north", 100) for days in range(1, 90)]
    days = [one.day for one in made(completeness_daily=rows).completeness]
    assert len(days) == 14
    assert days[0] == DAY + dt.timedelta(days=89)


def test_relapses_come_before_drifts_and_what_is_dealt_with_is_not_shown() -> None:
    rows = [
        finding("A", "departure"),
        finding("A", "drift", first_day=DAY),
        finding("B", "drift", first_day=DAY - dt.timedelta(days=9)),
        finding("A", "relapse", first_day=DAY - dt.timedelta(days=30)),
        finding("C", "drift", finding_state="verified"),
        finding("C", "drift", finding_state="waived", is_waived=True),
        finding("C", "drift", is_seen=False, finding_state="accepted"),
        finding("C", "opportunity"),
    ]
    shown = made(published_findings=rows[::-1]).findings
    assert [(row["kind"], row["scanner_label"]) for row in shown] == [
        ("relapse", "A"),
        ("drift", "A"),
        ("drift", "B"),
        ("departure", "A"),
    ]


def test_the_newest_change_comes_first() -> None:
    rows = [change("A", "verified"), change("B", "verified", changed_on=DAY)]
    shown = made(published_verification=rows).changes
    assert [row["scanner_label"] for row in shown] == ["B", "A"]
