"""Report, mail and dashboard show one number: the same rows give the same figures everywhere."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from protocol_assets.dashboard.tables.fleet import (
    MINUTES,
    minutes_by_month,
    minutes_columns,
    potential_of,
    ranked_scanners,
)
from protocol_assets.figures.potential import potential
from protocol_assets.reports.content.report import content
from protocol_assets.reports.mail import render_mail
from protocol_assets.reports.texts import Texts
from tests.unit.dashboard.homes import frames
from tests.unit.reports.marts import MONTHS, Row, made, opportunity, unassessed, won

TEXTS = Texts("en")


def without_interval(label: str, minutes: float, **more: Any) -> Row:
    row = opportunity(label, minutes, **more)
    return row | {"minutes_per_month_low": None, "minutes_per_month_high": None}


CASES: dict[str, tuple[list[Row], str, tuple[float | None, float | None, float | None]]] = {
    "one part has no interval": (
        [opportunity("A", 100), without_interval("A", 50)],
        "150",
        (150, None, None),
    ),
    "one is changed already": (
        [opportunity("A", 30), opportunity("A", 50, finding_state="changed")],
        "30",
        (30, 24, 39),
    ),
    "one is waived": (
        [opportunity("A", 30), opportunity("A", 5, is_waived=True)],
        "30",
        (30, 24, 39),
    ),
    "none lies above its reference": (
        [opportunity("A", None, has_potential=False, finding_state=None)],
        "0",
        (0, 0, 0),
    ),
    "none can be assessed": ([unassessed("A", "too few peers")], "–", (None, None, None)),
    "minutes are not known": ([opportunity("A", None)], "–", (None, None, None)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_potential_is_the_same_everywhere(name: str) -> None:
    rows, shown, minutes = CASES[name]
    tables = frames({"published_opportunities": rows})
    found = minutes_columns(potential(rows, []).minutes)
    assert found == pytest.approx(minutes)
    assert minutes_columns(potential_of(tables["published_opportunities"]).minutes) == found
    (scanner,) = ranked_scanners(tables).to_dict("records")
    assert [None if pd.isna(scanner[one]) else scanner[one] for one in MINUTES] == list(found)

    figures = made(published_opportunities=rows)
    (tile, *_) = content(figures, TEXTS, is_demo=False).sections[0].tiles
    assert tile.value == shown
    subject = render_mail(figures, language="en", is_demo=False).subject
    assert (f"{shown}\u00a0min" in subject) == (shown not in ("–", "0"))


def test_the_months_are_the_same_everywhere() -> None:
    rows = [
        won(MONTHS[0], 100),
        won(MONTHS[0], 50, scanner_label="B") | {"minutes_per_month_low": None},
        won(MONTHS[1], None, opportunities=0),
        won(MONTHS[2], None, assessable=0, opportunities=0),
    ]
    report = [(month, minutes_columns(one)) for month, one in potential([], rows).trend]
    tables = frames({"published_potential_monthly": rows})
    shown = minutes_by_month(tables["published_potential_monthly"])
    dashboard = [
        (row["month"].date(), tuple(None if pd.isna(row[one]) else row[one] for one in MINUTES))
        for row in shown.to_dict("records")
    ]
    assert dashboard == report
