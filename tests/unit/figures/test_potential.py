from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.figures.potential import fleet_assessed, potential, summed
from tests.unit.reports.marts import DAY, MONTHS, opportunity, unassessed, won


def test_the_fleets_share_is_that_of_the_newest_row() -> None:
    rows: list[dict[str, Any]] = [
        {"as_of": DAY, "fleet_assessed_share": 0.7},
        {"as_of": DAY - dt.timedelta(days=30), "fleet_assessed_share": 0.5},
        {"as_of": DAY + dt.timedelta(days=1), "fleet_assessed_share": None},
    ]
    assert fleet_assessed(rows) == 0.7
    assert fleet_assessed(rows[2:]) is None


def test_what_is_open_or_accepted_counts_and_the_rest_is_set_aside() -> None:
    rows = [
        opportunity("A", 100),
        opportunity("B", 140, finding_state="accepted"),
        opportunity("B", 30, finding_state="changed"),
        opportunity("C", 40, finding_state="open", is_waived=True),
        opportunity("D", None),
        opportunity("E", None, has_potential=False, finding_state=None),
        unassessed("E", "too few acquisitions", "insufficient"),
        unassessed("E", "too few peers"),
        unassessed("F", "too few peers"),
    ]
    found = potential(rows, [])
    assert found.as_of == DAY
    assert found.minutes is not None
    assert dataclasses.astuple(found.minutes) == pytest.approx((240, 192, 312))
    assert [row["minutes_per_month"] for row in found.live] == [140, 100, None]
    assert found.set_aside == {"changed": 1, "waived": 1}
    assert found.scanner_protocols == 9
    assert found.states["assessable"] == 6
    assert list(found.reasons.items()) == [("too few peers", 2), ("too few acquisitions", 1)]


def test_nothing_analysed_is_no_number() -> None:
    found = potential([], [])
    assert (found.as_of, found.minutes, found.live, found.scanner_protocols) == (None, None, [], 0)


@given(st.lists(st.tuples(st.none() | st.floats(0, 1e6), st.booleans()), max_size=20))
def test_a_sum_has_an_interval_only_where_every_part_has_one(
    parts: list[tuple[float | None, bool]],
) -> None:
    rows = [
        {
            "m": value,
            "m_low": value if is_told else None,
            "m_high": value if is_told else None,
        }
        for value, is_told in parts
    ]
    total = summed(rows, "m")
    told = [(value, is_told) for value, is_told in parts if value is not None]
    assert (total is None) == (not told)
    if total is not None:
        assert total.value == pytest.approx(sum(value for value, _ in told))
        assert (total.low is not None) == all(is_told for _, is_told in told)


def test_the_trend_sums_the_scanners_of_each_month() -> None:
    rows = [
        won(MONTHS[1], 50),
        won(MONTHS[0], 100),
        won(MONTHS[0], 20, scanner_label="MR 3"),
        won(MONTHS[2], None, opportunities=0),
        won(MONTHS[3], None, assessable=0, opportunities=0),
        won(MONTHS[4], None, opportunities=2),
    ]
    values = [minutes and minutes.value for _, minutes in potential([], rows).trend]
    assert values == [120, 50, 0, None, None]
    assert [month for month, _ in potential([], rows).trend] == list(MONTHS[:5])
