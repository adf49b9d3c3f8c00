from __future__ import annotations

import pytest

from protocol_assets.figures.scope import Scope
from protocol_assets.reports.content.blocks import Content, Section, Table
from protocol_assets.reports.content.report import content, scanner_content
from protocol_assets.reports.texts import Texts
from tests.unit.reports.marts import (
    DAY,
    FIGURES,
    change,
    finding,
    fleet_of,
    landed,
    made,
    opportunity,
    visit,
)

TEXTS = Texts("en")


def report(name: str) -> Content:
    return content(FIGURES[name], TEXTS, is_demo=False)


def section(name: str, key: str) -> Section:
    (found,) = (one for one in report(name).sections if one.key == key)
    return found


def table(name: str, key: str) -> Table:
    (found,) = section(name, key).tables
    return found


def test_the_most_important_comes_first() -> None:
    whole = report("whole")
    assert whole.title == "MR protocol report, 2026-03-04"
    assert whole.notice is None
    assert [one.key for one in whole.sections] == [
        "headline",
        "opportunities",
        "changes",
        "exam_shifts",
        "drift",
        "fleet",
        "completeness",
        "scanners",
    ]


def test_the_headline_tells_minutes_with_their_interval_count_coverage_and_what_was_won() -> None:
    headline = section("whole", "headline")
    assert [(tile.value, tile.unit) for tile in headline.tiles] == [
        ("300", "min/month"),
        ("3", ""),
        ("70%", ""),
        ("82", "min/month"),
    ]
    notes = [tile.note for tile in headline.tiles]
    assert notes[0] == "interval 240 to 390; about 5 h/month"
    assert notes[1] == "2 open, 1 accepted; not counted: waived 1"
    assert notes[2] == (
        "of all protocols on scanners, to the nearest 10%; 4 of the 5 that are published; "
        "the others: too few comparable scanners 1"
    )
    assert notes[3].startswith("verified changes: 1; 82 min/month more wait")
    assert headline.chart is not None
    assert len(headline.chart.bars) == 6


@pytest.mark.parametrize(
    ("rows", "value", "note"),
    [
        ([opportunity("A", None)], "–", "no minutes are available for any opportunity"),
        (
            [opportunity("A", None, has_potential=False)],
            "0",
            "no assessed protocol is above its reference",
        ),
        (
            [opportunity("A", None, has_potential=None, assessment_state="not assessable")],
            "–",
            "no protocol could be assessed",
        ),
        ([opportunity("A", 9, minutes_per_month_low=None)], "9", ""),
        ([opportunity("A", 9), opportunity("B", None)], "9", "opportunities without minutes: 1"),
    ],
)
def test_nothing_to_win_is_not_the_same_as_not_known(
    rows: list[dict[str, object]], value: str, note: str
) -> None:
    shown = content(made(published_opportunities=rows), TEXTS, is_demo=False).sections[0]
    assert shown.tiles[0].value == value
    assert note in shown.tiles[0].note


def test_opportunities_are_ranked_with_what_they_cost_and_which_reference() -> None:
    rows = table("whole", "opportunities").rows
    assert [row[1].text for row in rows] == ["140\u00a0min", "100\u00a0min", "60\u00a0min"]
    first = rows[0]
    assert (first[0].below, first[1].below) == ("MR 2, North", "112 to 182")
    assert (first[2].text, first[2].below) == ("3 → 2", "target Spine v2")
    assert first[3].text == "-18%"
    assert first[6].text == "accepted"
    assert first[6].below == "since Mar 4, 2026, expected 138 min"
    assert [row[2].below for row in rows[1:]] == [
        "comparable scanners (6), same image",
        "comparable scanners (6), at equal noise",
    ]
    span = first[1].span
    assert span is not None
    assert [span.value, span.low, span.high] == [76.9, 61.5, 100]


def test_the_caveat_stands_once_and_nothing_is_recommended() -> None:
    words = str(report("whole"))
    assert words.count("Averaging also suppresses flow and motion artefacts") == 1
    for word in ("should be", "recommend", "you must", "reduce to"):
        assert word not in words


def test_what_is_not_listed_is_summed_up() -> None:
    rows = [opportunity(f"MR {number}", 30) for number in range(15)]
    shown = content(made(published_opportunities=rows), TEXTS, is_demo=False)
    (listed,) = shown.sections[1].tables
    assert len(listed.rows) == 10
    assert listed.more is not None
    assert listed.more.startswith("5 more opportunities are listed on the scanner pages: 150\u00a0")


def test_time_won_without_confirmed_quality_does_not_look_like_success() -> None:
    rows = table("whole", "changes").rows
    assert [(row[-1].text, row[-1].state) for row in rows] == [
        ("verified", "whole"),
        ("time saved, quality not confirmed", "partial"),
        ("exploratory, not registered", "plain"),
    ]
    assert rows[1][-1].below == "no image-quality sign-off on record"
    guard = rows[1][5]
    assert (guard.text, guard.below) == ("too few exams to decide", "images not approved yet")


@pytest.mark.parametrize(
    ("state", "badge"),
    [("time lost", "alarm"), ("relapsed", "alarm"), ("no effect", "missing"), ("new", "plain")],
)
def test_only_what_is_verified_is_green(state: str, badge: str) -> None:
    shown = content(
        made(published_verification=[change("A", state)]), TEXTS, is_demo=False
    ).sections[2]
    assert shown.tables[0].rows[0][-1].state == badge


def test_a_change_is_measured_against_unchanged_scanners_where_there_are_any() -> None:
    against, _, alone = (row[3] for row in table("whole", "changes").rows)
    assert against.text == "-64\u00a0s"
    assert against.below == "-88 to -40\u00a0s; compared with unchanged scanners"
    assert alone.text == "-71\u00a0s"
    assert alone.below is not None
    assert alone.below.endswith("on this scanner alone")
    assert alone.span is not None
    assert alone.span.zero == 50
    promised = [row[4].below for row in table("whole", "changes").rows]
    assert promised == ["expected 90", "expected 90", "no saving expected"]


def test_the_times_of_exams_stand_once_per_scanner_and_visit() -> None:
    first, second = table("whole", "exam_shifts").rows
    assert [one.text for one in first] == [
        "Scanner BDOD3X",
        "1",
        "-142\u00a0s",
        "-112\u00a0s",
        "not reported",
    ]
    assert first[1].below == "0 with a registered day"
    assert [one.text for one in second] == [
        "MR 2",
        "2",
        "-142\u00a0s",
        "-112\u00a0s",
        "+38\u00a0s",
    ]
    assert second[0].below == "North, Nov 3\u2009–\u200912, 2025"
    assert second[2].below == "-162 to -122\u00a0s; compared with unchanged scanners"


def test_a_scanner_page_has_its_own_visits_and_no_more_than_fit() -> None:
    figures = made(published_exam_shifts=[visit("MR 2", DAY), visit("MR 2"), visit("MR 9")])
    page = scanner_content(figures.scanners[0], figures, TEXTS, is_demo=True, most=1)
    (found,) = (one for one in page.sections if one.key == "exam_shifts")
    assert [row[0].text for row in found.tables[0].rows] == ["Mar 4, 2026"]
    assert found.tables[0].more == "1 more are not shown here."


def test_without_a_visit_there_is_no_table_of_exams() -> None:
    shown = content(made(published_exam_shifts=[]), TEXTS, is_demo=False)
    assert "exam_shifts" not in [one.key for one in shown.sections]


def test_registered_days_come_before_those_found_in_the_data() -> None:
    rows = [
        change("A", "exploratory", evidence="exploratory", changed_on=DAY),
        change("B", "verified"),
    ]
    shown = content(made(published_verification=rows), TEXTS, is_demo=False).sections[2]
    assert [row[1].below for row in shown.tables[0].rows] == [
        "day registered",
        "day found in the data",
    ]


def test_drift_tells_from_what_to_what_and_the_rest_is_counted() -> None:
    shown = section("whole", "drift")
    assert shown.lead is not None
    assert shown.lead.endswith("departure 1")
    relapse, drift = table("whole", "drift").rows
    assert (relapse[1].text, relapse[1].state, relapse[3].text) == ("relapse", "alarm", "1 → 2")
    assert drift[2].text == "TR"
    assert drift[3].text == "9,000\u00a0ms → 8,000\u00a0ms"
    assert drift[4].text == "70%"


def test_terms_are_shown_where_there_are_no_numbers() -> None:
    row = finding("A", "drift", parameter="coil_code", expected=None, observed=None)
    row |= {"expected_term": "head_coil", "observed_term": "BODY"}
    shown = content(made(published_findings=[row]), TEXTS, is_demo=False).sections[4]
    assert shown.tables[0].rows[0][3].text == "head coil → BODY"


def test_a_scanner_page_has_all_that_was_found_there_and_its_months() -> None:
    figures = FIGURES["whole"]
    page = scanner_content(figures.scanners[0], figures, TEXTS, is_demo=True)
    assert page.heading == "MR 2"
    assert page.key == figures.scanners[0].slug
    assert page.back is not None
    by_key = {one.key: one for one in page.sections}
    assert list(by_key) == [
        "headline",
        "opportunities",
        "changes",
        "exam_shifts",
        "drift",
        "months",
        "protocols",
    ]
    kinds = [row[1].text for row in by_key["drift"].tables[0].rows]
    assert kinds == ["drift", "departure"]
    assert all(row[0].link is None for row in by_key["opportunities"].tables[0].rows)
    february, january = by_key["months"].tables[0].rows[:2]
    assert [one.text for one in february] == [
        "February 2026",
        "42",
        "12.0 (90%)",
        "15.6 (90%)",
        "3.6 (90%)",
    ]
    assert january[0].text == "January 2026"


def test_a_page_of_paper_lists_less_and_says_so() -> None:
    figures = made(published_opportunities=[opportunity("MR 2", 30)] * 9)
    page = scanner_content(figures.scanners[0], figures, TEXTS, is_demo=True, most=4)
    (listed,) = page.sections[1].tables
    assert len(listed.rows) == 4
    assert listed.more == "5 more are not shown here."


def test_panels_have_links_to_pages_and_so_has_the_ranking() -> None:
    whole = report("whole")
    scanners = whole.sections[-1]
    slugs = {one.slug for one in FIGURES["whole"].scanners}
    assert {panel.link for panel in scanners.panels} == slugs
    assert {link.target for link in scanners.links} == slugs
    assert {row[0].link for row in table("whole", "opportunities").rows} == slugs


def test_a_large_fleet_shows_the_scanners_that_have_something_to_say_and_links_to_all() -> None:
    figures = fleet_of(100)
    scanners = content(figures, TEXTS, is_demo=False).sections[-1]
    assert len(scanners.panels) == 34
    assert len(scanners.links) == 100
    assert scanners.lead is not None
    assert "34 of 100 scanners are shown" in scanners.lead
    assert len(content(fleet_of(60), TEXTS, is_demo=False).sections[-1].panels) == 60


def test_a_report_of_some_scanners_says_so() -> None:
    shown = content(made(scope=Scope(sites=("North",))), TEXTS, is_demo=False)
    assert shown.subtitle.endswith("Shown: North")
    (fleet,) = (one for one in shown.sections if one.key == "fleet")
    assert fleet.lead == "All scanners, including those that this report does not list"


def test_names_that_are_withheld_are_said_to_be() -> None:
    name = table("names withheld", "opportunities").rows[0][0]
    assert (name.text, name.below, name.link) == (
        "protocol without a name",
        "scanner without a name",
        None,
    )


def test_a_day_has_six_tiles_and_a_trend() -> None:
    fleet = section("whole", "fleet")
    assert [f"{tile.value} {tile.unit}".strip() for tile in fleet.tiles] == [
        "1.80",
        "70%",
        "2.0 h",
        "17",
        "15.0 min",
        "20.0 min",
    ]
    assert fleet.message is None
    assert fleet.chart is not None


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


@pytest.mark.parametrize("key", ["headline", "changes", "drift", "completeness", "scanners"])
def test_where_there_is_nothing_a_sentence_stands(key: str) -> None:
    assert section("empty", key).message


@pytest.mark.parametrize(
    ("percent", "is_complete", "text", "state"),
    [
        (100.0, True, "100%", "whole"),
        (None, True, "no studies", "whole"),
        (99.99, False, "99.9%", "partial"),
        (93.33, False, "93.3%", "partial"),
        (100.0, False, "incomplete", "partial"),
        (None, False, "incomplete", "partial"),
    ],
)
def test_only_what_is_whole_reads_as_whole(
    percent: float | None, is_complete: bool, text: str, state: str
) -> None:
    figures = made(completeness_daily=[landed(DAY, "north", percent, is_complete)])
    shown = {one.key: one for one in content(figures, TEXTS, is_demo=False).sections}
    (table,) = shown["completeness"].tables
    north, south = table.rows[0][1:]
    assert (north.text, north.state) == (text, state)
    assert (south.text, south.state) == ("not received", "missing")


def test_many_pacs_are_listed_in_tables_that_fit_the_paper() -> None:
    tables = section("many PACS", "completeness").tables
    assert [len(table.columns) - 1 for table in tables] == [6, 6, 6, 2]
    assert tables[-1].columns[-1].title == "hospital_19"
