from __future__ import annotations

import datetime as dt
from string import Formatter

import pytest

from protocol_assets.analysis.verification import STATES as VERIFICATIONS
from protocol_assets.data import read_table, report_languages
from protocol_assets.faults import Fault
from protocol_assets.figures.scope import Scope
from protocol_assets.governance.findings import KINDS, STATES
from protocol_assets.modalities.registry import MODALITIES
from protocol_assets.reports.content.report import content, scanner_content
from protocol_assets.reports.texts import Texts
from tests.unit.reports.marts import DAY, FIGURES, PACS, change, landed, made, opportunity, won

TEXTS = Texts("en")
VOCABULARIES = (
    "finding",
    "confidence",
    "evidence",
    "verification",
    "kind",
    "reason",
    "parameter",
)
ELSEWHERE = ("mail.", "pdf.", "nav", "scanners.paper")
"""Asked for by mail, PDF and page alone."""


WAITING, YET = "time won, quality not confirmed", "cannot tell yet"


class Recorder(Texts):
    """Texts that remember what was asked of them."""

    def __init__(self) -> None:
        super().__init__("en")
        self.asked: set[str] = set()

    def __call__(self, key: str, **values: object) -> str:
        self.asked.add(key)
        wanted = {name for _, name, _, _ in Formatter().parse(self._texts[key]) if name}
        assert wanted <= set(values), key
        return super().__call__(key, **values)


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    texts = Recorder()
    odd_days = made(
        completeness_daily=[
            *(landed(DAY, name, 100) for name in PACS),
            landed(DAY + dt.timedelta(days=1), "north", None),
            landed(DAY + dt.timedelta(days=1), "south", 100, is_complete=False),
        ],
        scope=Scope(sites=("North",)),
    )
    odd = (
        made(fleet_daily=[]),
        made(published_potential_monthly=[won(DAY.replace(day=1), 1)]),
        made(published_opportunities=[opportunity("A", 9, minutes_per_month_low=None)] * 12),
        made(
            published_opportunities=[opportunity("A", None, assessment_state="insufficient")] * 12
        ),
        made(published_opportunities=[opportunity("A", None), opportunity("A", 400)]),
        made(
            published_opportunities=[
                opportunity("A", None, has_potential=None, assessment_state="x")
            ]
        ),
        made(
            published_opportunities=[
                opportunity("A", 1, measure="least_averaging", reference="none")
            ]
        ),
        made(published_opportunities=[opportunity("A", 1, reference_tier=n) for n in (2, 3, 4)]),
        made(published_verification=[change("A", "relapsed", relapsed_on=DAY)] * 9),
        made(published_verification=[change("A", "verified", guard_is_held=False)]),
        made(
            published_verification=[
                change("A", WAITING, reason=YET, guard_reason=YET, guard_more_exams=30)
            ]
        ),
    )
    for figures in (*FIGURES.values(), odd_days, *odd):
        content(figures, texts, is_demo=True)
        for scanner in figures.scanners:
            scanner_content(scanner, figures, texts, is_demo=True, most=4)
    words = {
        key
        for key in (row["key"] for row in read_table("report_en.csv"))
        if not key.startswith(ELSEWHERE) and key.partition(".")[0] not in VOCABULARIES
    }
    assert words - texts.asked == set()


@pytest.mark.parametrize("language", report_languages())
def test_all_languages_say_the_same_things(language: str) -> None:
    def parts(of: str) -> list[tuple[str, set[str | None]]]:
        return [
            (row["key"], {name for _, name, _, _ in Formatter().parse(row["text"])} - {None})
            for row in read_table(f"report_{of}.csv")
        ]

    assert parts(language) == parts("en")
    texts = {row["key"]: row["text"] for row in read_table(f"report_{language}.csv")}
    assert all(text.strip() for text in texts.values())
    for key, count in (("months", 12), ("months_short", 12), ("weekdays", 7)):
        assert len(texts[f"format.{key}"].split()) == count


def test_what_the_marts_may_say_is_said_in_every_language() -> None:
    keys = {row["key"] for row in read_table("report_en.csv")}
    assert {f"kind.{kind}" for kind in KINDS} <= keys
    assert {f"finding.{state}" for state in STATES} <= keys
    assert {f"verification.{state}" for state in VERIFICATIONS} <= keys
    for modality in MODALITIES:
        assert {f"parameter.{one.name}" for one in modality.analysis.parameters()} <= keys


def test_an_unknown_language_says_which_there_are() -> None:
    with pytest.raises(Fault, match=r"en, pt.*docs/report\.md"):
        Texts("../en")


def test_a_term_is_translated_part_by_part_and_an_unknown_one_stands_as_it_is() -> None:
    pt = Texts("pt")
    assert TEXTS.term("reason", "more often: repeat, extra") == (
        "more often: repeats, extra sequences"
    )
    assert pt.term("reason", "more often: aborted") == "mais frequente: aquisições interrompidas"
    assert pt.term("parameter", "some_new_thing") == "some new thing"
    assert pt.term("parameter", None) == "não informado"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (None, 2, "–"),
        (0, 0, "0"),
        (1.005, 1, "1.0"),
        (1234567.25, 1, "1\u202f234\u202f567.2"),
        (-18.2, 0, "\u221218"),
        (-0.2, 0, "0"),
    ],
)
def test_numbers(value: float | None, digits: int, text: str) -> None:
    assert TEXTS.number(value, digits) == text


def test_differences_and_levels() -> None:
    assert [TEXTS.signed(value) for value in (12.4, -12.4, 0.2, None)] == ["+12", "−12", "0", "–"]
    assert [TEXTS.plain(value) for value in (2.0, 1.5, 1.25, None)] == ["2", "1.5", "1.25", "–"]
    assert TEXTS.minutes(1500, 1200, 1800) == "1\u202f500\u00a0min (1\u202f200 to 1\u202f800)"
    assert TEXTS.minutes(15, None, 18) == "15\u00a0min"
    assert Texts("pt").number(1.5, 1) == "1,5"


def test_shares_and_dates() -> None:
    assert TEXTS.percent(0.933, 1) == "93.3\u00a0%"
    assert TEXTS.percent(None) == "–"
    assert TEXTS.day(dt.date(2026, 3, 4)) == "Wed 4 Mar 2026"
    assert TEXTS.date(dt.date(2026, 3, 4)) == "4 Mar 2026"
    assert TEXTS.tick(dt.date(2026, 12, 31)) == "31 Dec"
    assert TEXTS.month(dt.date(2026, 2, 1)) == "February 2026"
    assert [TEXTS.short_month(dt.date(2026, month, 1)) for month in (1, 2)] == ["2026", "Feb"]
