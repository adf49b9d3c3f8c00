from __future__ import annotations

import pytest

from protocol_assets.reports.content import Content, Section, content
from protocol_assets.reports.texts import Texts
from tests.unit.reports.marts import DAY, FIGURES, cell, made


def report(name: str) -> Content:
    return content(FIGURES[name], Texts(), is_demo=False)


def section(name: str, key: str) -> Section:
    (found,) = (one for one in report(name).sections if one.key == key)
    return found


def test_a_whole_day_has_six_tiles_a_trend_and_two_rankings() -> None:
    whole = report("whole")
    assert whole.title == "MR protocol report, 2026-03-04"
    assert whole.notice is None
    assert [one.key for one in whole.sections] == [
        "fleet",
        "scanners",
        "protocols",
        "completeness",
    ]
    fleet = section("whole", "fleet")
    assert [f"{tile.value} {tile.unit}".strip() for tile in fleet.tiles] == [
        "1.80",
        "70\u00a0%",
        "2.0 h",
        "17",
        "15.0 min",
        "20.0 min",
    ]
    assert fleet.message is None
    assert fleet.chart is not None


def test_a_scanner_shows_its_device_and_a_protocol_its_scanner() -> None:
    (scanners,), (protocols,) = (section("whole", key).tables for key in ("scanners", "protocols"))
    assert scanners.rows[0][0].text == "Scanner BDOD3X"
    assert scanners.rows[0][0].below == "Siemens Healthineers Aera, 1.5\u00a0T, North"
    assert protocols.rows[0][0].text == "Lumbar spine, Sagittal T2, 1.5\u00a0T, 2D"
    assert protocols.rows[0][0].below == "Scanner BDOD3X, North"
    assert [row[1].bar for row in protocols.rows] == [1, 0.625]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty", "from every PACS (north, south)"),
        ("nothing whole", "from every PACS (north, south)"),
        ("withheld", "Fewer than 11 patients"),
    ],
)
def test_a_day_without_figures_says_why(name: str, text: str) -> None:
    fleet = section(name, "fleet")
    assert fleet.message is not None
    assert text in fleet.message
    assert not fleet.tiles


def test_without_a_closed_month_one_message_stands_for_both_rankings() -> None:
    assert section("no closed month", "scanners").message
    assert "protocols" not in {one.key for one in report("no closed month").sections}


@pytest.mark.parametrize(
    ("percent", "is_complete", "text", "state"),
    [
        (100.0, True, "100\u00a0%", "whole"),
        (None, True, "no studies", "whole"),
        (99.99, False, "99.9\u00a0%", "partial"),
        (93.33, False, "93.3\u00a0%", "partial"),
        (100.0, False, "incomplete", "partial"),
        (None, False, "incomplete", "partial"),
    ],
)
def test_only_what_is_whole_reads_as_whole(
    percent: float | None, is_complete: bool, text: str, state: str
) -> None:
    figures = made(completeness=[cell(DAY, "north", percent, is_complete)])
    (table,) = content(figures, Texts(), is_demo=False).sections[-1].tables
    north, south = table.rows[0][1:]
    assert (north.text, north.state) == (text, state)
    assert (south.text, south.state) == ("not landed", "missing")


def test_many_pacs_are_listed_in_tables_that_fit_the_paper() -> None:
    tables = section("many PACS", "completeness").tables
    assert [len(table.columns) - 1 for table in tables] == [6, 6, 6, 2]
    assert tables[-1].columns[-1].title == "hospital_19"
