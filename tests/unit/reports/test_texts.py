from __future__ import annotations

import ast
import datetime as dt
import re
from functools import cache
from pathlib import Path
from string import Formatter
from typing import cast

import pytest

from protocol_assets import data
from protocol_assets.analysis.verification import STATES as VERIFICATIONS
from protocol_assets.dashboard.columns import TABLES, columns
from protocol_assets.data import read_table, text_languages
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
DASHBOARD_VOCABULARIES = (
    "assessment",
    "basis",
    "effect",
    "field",
    "reference.kind",
    "time",
    "volume",
    "what_if",
)
KEYS = {row["key"] for row in read_table("texts_en.csv")}
PACKAGE = Path(data.__file__).parents[1]
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
    values = tuple(f"{one}." for one in (*VOCABULARIES, *DASHBOARD_VOCABULARIES))
    words = {
        key
        for key in KEYS
        if not key.startswith((*ELSEWHERE, *values)) and not _is_asked_for(key, "dashboard")
    }
    assert words - texts.asked == set()


def _is_asked_for(key: str, package: str) -> bool:
    """Whether the code of a package has the key, as a whole or with a part to be filled in."""
    literals, patterns = _strings_of(package)
    return key in literals or any(re.fullmatch(one, key) for one in patterns)


@cache
def _strings_of(package: str) -> tuple[set[str], set[str]]:
    literals: set[str] = set()
    patterns: set[str] = set()
    for path in sorted((PACKAGE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(one.value)) if isinstance(one, ast.Constant) else ".+"
                    for one in node.values
                ]
                if re.match(r"[a-z_]+\\\.", "".join(parts)):
                    patterns.add("".join(parts))
    return literals, patterns


def test_no_text_of_the_dashboard_is_unused() -> None:
    values = tuple(f"{one}." for one in (*VOCABULARIES, *DASHBOARD_VOCABULARIES, "unit"))
    unused = {
        key
        for key in KEYS
        if not key.startswith(values)
        and not any(_is_asked_for(key, package) for package in ("reports", "dashboard"))
    }
    assert unused == set()
    fields = {one.name for table in TABLES for one in columns(table).values()} | {"time"}
    shown = {key.split(".")[1] for key in KEYS if key.startswith("field.")}
    assert shown <= fields


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "dashboard").rglob("*.py")), ids=lambda p: p.name
)
def test_no_page_has_a_sentence_of_its_own(path: Path) -> None:
    """Errors for the operator, which are English like the command line, are elsewhere."""
    if path.name in ("marts.py", "decisions.py", "__main__.py"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    states = {state for state in VERIFICATIONS if " " in state}
    sentences = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
        and re.search(r"[A-Za-z]{2,} [a-z]{2,}", node.value)
        and node.value not in states
    ]
    assert sentences == []


@pytest.mark.parametrize("language", text_languages())
def test_all_languages_say_the_same_things(language: str) -> None:
    def parts(of: str) -> list[tuple[str, set[str | None]]]:
        return [
            (row["key"], {name for _, name, _, _ in Formatter().parse(row["text"])} - {None})
            for row in read_table(f"texts_{of}.csv")
        ]

    assert parts(language) == parts("en")
    texts = {row["key"]: row["text"] for row in read_table(f"texts_{language}.csv")}
    assert all(text.strip() for text in texts.values())


def test_what_the_marts_may_say_is_said_in_every_language() -> None:
    keys = {row["key"] for row in read_table("texts_en.csv")}
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
        (1234567.25, 1, "1,234,567.2"),
        (-18.2, 0, "-18"),
        (-0.2, 0, "0"),
    ],
)
def test_numbers(value: float | None, digits: int, text: str) -> None:
    assert TEXTS.number(value, digits) == text


def test_differences_and_levels() -> None:
    assert [TEXTS.signed(value) for value in (12.4, -12.4, 0.2, None)] == ["+12", "-12", "0", "–"]
    assert [TEXTS.plain(value) for value in (2.0, 1.5, 1.25, None)] == ["2", "1.5", "1.25", "–"]
    assert TEXTS.minutes(1500, 1200, 1800) == "1,500\u00a0min (1,200 to 1,800)"
    assert TEXTS.minutes(15, None, 18) == "15\u00a0min"
    assert Texts("pt").number(1.5, 1) == "1,5"


@pytest.mark.parametrize("language", ["en", "pt"])
def test_a_chart_writes_a_date_as_the_text_does(language: str) -> None:
    texts, day = Texts(language), dt.date(2026, 2, 7)
    time = texts.chart_locale()["time"]
    months = cast("list[str]", time["shortMonths"])
    pattern = str(time["date"]).replace("%b", months[day.month - 1])
    assert day.strftime(pattern) == texts.date(day)


def test_shares_and_dates() -> None:
    assert TEXTS.percent(0.933, 1) == "93.3%"
    assert TEXTS.percent(None) == "–"
    assert TEXTS.day(dt.date(2026, 3, 4)) == "Wed, Mar 4, 2026"
    assert TEXTS.date(dt.date(2026, 3, 4)) == "Mar 4, 2026"
    assert TEXTS.tick(dt.date(2026, 12, 31)) == "Dec 31"
    assert TEXTS.month(dt.date(2026, 2, 1)) == "February 2026"
    assert [TEXTS.short_month(dt.date(2026, month, 1)) for month in (1, 2)] == ["2026", "Feb"]
