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
    records,
    values_by,
)
from protocol_assets.figures.changes import savings
from protocol_assets.figures.potential import potential
from protocol_assets.reports.content.report import content
from protocol_assets.reports.mail import render_mail
from protocol_assets.reports.texts import Texts
from tests.unit.dashboard.homes import frames
from tests.unit.reports.marts import (
    MONTHS,
    Row,
    change,
    made,
    monthly,
    opportunity,
    unassessed,
    won,
)

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


def test_what_changes_have_saved_is_the_same_everywhere() -> None:
    rows = [
        change("A", "verified", realised_minutes_per_month=30),
        change("A", "verified", realised_minutes_per_month=50),
        change("A", "time won, quality not confirmed", realised_minutes_per_month=12),
    ]
    tables = frames({"published_verification": rows})
    found = savings(rows)
    assert savings(records(tables["published_verification"])) == found
    assert (found.verified, found.realised, found.unconfirmed_minutes) == (2, 80, 12)
    figures = made(published_verification=rows)
    tile = content(figures, TEXTS, is_demo=False).sections[0].tiles[3]
    assert (tile.value, "12 min/month" in tile.note) == ("80", True)


def test_the_mean_over_protocols_is_the_same_everywhere() -> None:
    rows = [
        monthly("A", "Sag T1", 3.0, acquisitions_with_nex=5),
        monthly("A", "Sag T2", 1.0, acquisitions_with_nex=15),
    ]
    (scanner,) = (one for one in made(nex_monthly=rows).scanners if one.label == "A")
    (shown,) = values_by(frames({"nex_monthly": rows})["nex_monthly"], "scanner").to_dict("records")
    assert scanner.together is not None
    assert shown["nex_mean"] == scanner.together.mean == 1.5
    assert shown["nex_coverage"] == scanner.together.coverage
    assert shown["scan_time_sum_s"] == scanner.together.scan_time_s


def test_scanners_have_the_same_order_everywhere() -> None:
    rows = [opportunity("A", 30), opportunity("B", 100), unassessed("C", "too few peers")]
    ranked = ranked_scanners(frames({"published_opportunities": rows}))["scanner"].tolist()
    report = made(
        published_opportunities=rows,
        nex_monthly=[],
        exam_monthly=[],
        published_verification=[],
        published_findings=[],
        published_exam_shifts=[],
        published_potential_monthly=[],
    ).scanners
    assert ranked == [one.label for one in report] == ["B", "A", "C"]


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
