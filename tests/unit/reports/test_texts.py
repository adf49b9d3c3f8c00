from __future__ import annotations

import datetime as dt
from string import Formatter

import pytest

from protocol_assets.data import read_table
from protocol_assets.reports.content import content
from protocol_assets.reports.texts import Texts
from tests.unit.reports.marts import DAY, FIGURES, PACS, cell, made

TEXTS = Texts()


class Recorder(Texts):
    """Texts that remember what was asked of them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def __call__(self, key: str, **values: object) -> str:
        self.asked.add(key)
        wanted = {name for _, name, _, _ in Formatter().parse(self._texts[key]) if name}
        assert wanted <= set(values), key
        return super().__call__(key, **values)


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    texts = Recorder()
    odd_days = made(
        completeness=[
            *(cell(DAY, name, 100) for name in PACS),
            cell(DAY + dt.timedelta(days=1), "north", None),
            cell(DAY + dt.timedelta(days=1), "south", 100, is_complete=False),
        ]
    )
    for figures in (*FIGURES.values(), odd_days, made(fleet_daily=[])):
        content(figures, texts, is_demo=True)
    assert texts.asked == {row["key"] for row in read_table("report_en.csv")}


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(None, 2, "–"), (0, 0, "0"), (1.005, 1, "1.0"), (1234567.25, 1, "1\u202f234\u202f567.2")],
)
def test_numbers(value: float | None, digits: int, text: str) -> None:
    assert TEXTS.number(value, digits) == text


def test_shares_and_dates() -> None:
    assert TEXTS.percent(0.933, 1) == "93.3\u00a0%"
    assert TEXTS.percent(None) == "–"
    assert TEXTS.day(dt.date(2026, 3, 4)) == "Wed 4 Mar 2026"
    assert TEXTS.tick(dt.date(2026, 12, 31)) == "31 Dec"
    assert TEXTS.month(dt.date(2026, 2, 1)) == "February 2026"
