"""Names and numbers as they are shown."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dashboard.names import NO_SITE, Scope, choices
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.plain_text import show_text
from protocol_assets.reports.texts import Texts
from tests.unit.dashboard.homes import UNNAMED, frames
from tests.unit.dashboard.published import T2, finding, opportunity

SAY = Words(Texts("en"))
ABSENT = (None, float("nan"), pd.NA, pd.NaT)


@pytest.mark.parametrize("value", ABSENT)
def test_what_is_absent_is_not_reported(value: object) -> None:
    shown = [SAY.number(value, "min"), SAY.share(value), SAY.day(value), SAY.yes(value)]
    more = [SAY.month(value), SAY.change(value), SAY.term("kind", value)]
    assert {*shown, *more} == {"not reported"}
    assert SAY.interval(value, 3, "min") == SAY.interval(3, value, "min")
    assert SAY.interval(value, 3, "min") == "interval not available"
    assert "not reported" in SAY.known(value, "acquisitions")


def test_numbers_carry_their_unit() -> None:
    assert SAY.number(1234.6, "min") == "1,235\u00a0min"
    assert SAY.number(-0.2, "s") == "0\u00a0s"
    assert SAY.interval(-60, -55.4, "s") == "-60 to -55\u00a0s"
    assert SAY.known(0.9, "acquisitions") == "known for 90% of acquisitions"
    assert Words(Texts("pt")).number(1234.6, "min") == "1.235\u00a0min"


@given(st.floats(0, 1))
def test_only_all_is_a_hundred_percent_and_only_none_is_zero(value: float) -> None:
    assert (SAY.share(value) == "100%") == (value == 1)
    assert (SAY.share(value) == "0%") == (value == 0)


@given(st.text())
def test_a_name_in_markdown_keeps_its_letters(text: str) -> None:
    escaped = plain(text)
    assert escaped.replace("\\", "") == show_text(text).replace("\\", "")
    assert len(escaped) >= len(text)


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=12))
def test_every_row_can_be_chosen(pairs: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(pairs, columns=["scanner", "protocol"], dtype="str")
    once = choices(frame, "scanner", "protocol")
    assert len(once) == len(frame)
    assert choices(frame, "scanner", "protocol").tolist() == once.tolist()
    assert once.is_unique


def test_protocols_that_share_a_label_are_told_apart() -> None:
    rows = frames(
        {
            "published_opportunities": [
                opportunity(protocol_label="Knee"),
                opportunity("MR 2", protocol_label="Knee"),
                opportunity(protocol_key="k2", protocol_label="Knee"),
                opportunity(protocol_key="k3", protocol_label=None),
            ]
        }
    )["published_opportunities"]
    assert rows["protocol"].tolist() == [f"Knee ({T2})", f"Knee ({T2})", "Knee (k2)", "k3"]


def test_a_label_shows_on_one_line_and_turns_nothing_around() -> None:
    label = "MR\u202e 1\x00\n 2\u2028"
    row = frames({"published_opportunities": [opportunity(label)]})["published_opportunities"]
    assert row["scanner"].tolist() == ["MR 1 2"]


@pytest.mark.parametrize("label", [None, "", " \n", "\u202e"])
def test_a_withheld_name_is_said_to_be_withheld(label: str | None) -> None:
    row = frames({"published_opportunities": [opportunity(label, site=label)]})
    assert row["published_opportunities"]["scanner"].tolist() == [UNNAMED]
    assert row["published_opportunities"]["site"].isna().all()


def test_values_of_the_tables_are_shown_in_words() -> None:
    row = frames({"published_findings": [finding()], "published_opportunities": [opportunity()]})
    assert row["published_opportunities"]["vendor"].tolist() == ["GE HealthCare"]
    assert SAY.term("parameter", "tr_ms") == "TR (ms)"
    assert SAY.term("parameter", "effective_averages") == "effective averages"
    assert SAY.term("kind", "not told") == "not reported"
    assert SAY.title("verification", "time won, quality not confirmed").startswith("Time saved")


def test_a_scope_narrows_by_site_and_scanner() -> None:
    rows = frames(
        {
            "published_opportunities": [
                opportunity("A"),
                opportunity("B"),
                opportunity("C", site=None),
                opportunity("D", site="South"),
            ]
        }
    )["published_opportunities"]
    assert Scope().of(rows)["scanner"].tolist() == ["A", "B", "C", "D"]
    assert Scope(site="North").of(rows)["scanner"].tolist() == ["A", "B"]
    assert Scope(site=NO_SITE).of(rows)["scanner"].tolist() == ["C"]
    assert Scope("North", "B").of(rows)["scanner"].tolist() == ["B"]
    assert Scope("South", "B").of(rows).empty
