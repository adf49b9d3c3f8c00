"""The tables of the pages: sums that may be summed, NULL that stays NULL."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dashboard.tables.decisions import commands, waiting_rows, with_readings
from protocol_assets.dashboard.tables.fleet import (
    MINUTES,
    device,
    minutes_by_month,
    ranked_scanners,
    records,
    values_by,
)
from protocol_assets.dashboard.tables.opportunities import (
    ABOVE,
    SHOWN,
    levels,
    listed,
    scanners_by_averages,
)
from protocol_assets.dashboard.tables.verification import (
    before_and_after,
    exam_times,
    newest_first,
    standing,
    visit_of,
)
from protocol_assets.dashboard.words import Words
from protocol_assets.data import read_table
from protocol_assets.figures.changes import savings
from protocol_assets.figures.scanners import Device
from protocol_assets.reports.texts import Texts
from tests.unit.dashboard.homes import frames
from tests.unit.dashboard.published import (
    CAVEAT,
    MONTHS,
    WHOLE,
    Row,
    drift,
    exams,
    finding,
    nex,
    not_above,
    opportunity,
    potential,
    unassessable,
    unconfirmed,
    verification,
    visit,
)

SAY = Words(Texts("en"))


def test_every_remedy_is_that_of_a_reason() -> None:
    keys = {row["key"] for row in read_table("texts_en.csv")}
    reasons = {row["reason"]: row["remedy"] for row in read_table("assessment_reasons.csv")}
    assert {f"reason.{reason}" for reason in reasons} <= keys
    assert {f"remedy.{reason}" for reason in reasons} == {
        key for key in keys if key.startswith("remedy.")
    }


def table(name: str, *rows: Row) -> pd.DataFrame:
    return frames({name: rows})[name]


def test_minutes_are_summed_by_month_with_their_ends() -> None:
    rows = table(
        "published_potential_monthly",
        potential(MONTHS[0]),
        potential(MONTHS[0], "MR 2", minutes_per_month=1.0, minutes_per_month_low=None),
        potential(MONTHS[1], minutes_per_month=None, assessable=0),
    )
    by_month = minutes_by_month(rows)
    assert by_month["minutes_per_month"].tolist()[0] == 40
    # Of a sum with a part whose interval is not known, none is known; the report agrees.
    assert pd.isna(by_month["minutes_per_month_low"][0])
    assert pd.isna(by_month["minutes_per_month"][1])
    assert by_month["coverage"].tolist() == pytest.approx([4 / 6, 0])


def test_mean_nex_weighs_by_votes_and_a_withheld_cell_lowers_coverage() -> None:
    rows = table(
        "nex_monthly",
        nex(MONTHS[0], nex_mean=1.0, acquisitions_with_nex=30),
        nex(MONTHS[0], "MR 2", nex_mean=3.0, acquisitions_with_nex=10),
        nex(MONTHS[0], "MR 3", nex_mean=None, acquisitions_with_nex=None, scan_time_sum_s=None),
    )
    (row,) = values_by(rows, "month_start").to_dict("records")
    assert row["nex_mean"] == pytest.approx(1.5)
    assert row["nex_coverage"] == pytest.approx(40 / 120)
    assert row["acquisitions"] == 120
    assert row["scan_time_coverage"] == pytest.approx(80 / 120)


@given(
    st.lists(st.tuples(st.floats(0.25, 32), st.integers(0, 500), st.integers(0, 500)), max_size=8)
)
def test_a_mean_lies_between_its_parts(cells: list[tuple[float, int, int]]) -> None:
    rows = [
        nex(
            MONTHS[0],
            f"MR {n}",
            nex_mean=mean,
            acquisitions_with_nex=votes,
            acquisitions_nex_eligible=votes + more,
        )
        for n, (mean, votes, more) in enumerate(cells)
    ]
    for row in values_by(table("nex_monthly", *rows), "month_start").to_dict("records"):
        assert pd.isna(row["nex_coverage"]) or 0 <= row["nex_coverage"] <= 1
        means = [mean for mean, votes, _ in cells if votes]
        if means:
            assert min(means) * 0.999 <= row["nex_mean"] <= max(means) * 1.001
        else:
            assert pd.isna(row["nex_mean"])


def test_scanners_are_ranked_and_nothing_is_not_told_apart_from_zero() -> None:
    ranked = ranked_scanners(
        frames(
            {
                "published_opportunities": [
                    unassessable("C"),
                    not_above("B"),
                    opportunity("A"),
                    opportunity("A", protocol_key="k2", is_waived=True),
                ],
                "exam_monthly": [exams(MONTHS[0], "D")],
            }
        )
    )
    assert ranked["scanner"].tolist() == ["A", "B", "C", "D"]
    minutes = ranked["minutes_per_month"].tolist()
    assert minutes[:2] == [39, 0]
    assert pd.isna(minutes[2])
    assert pd.isna(minutes[3])
    assert ranked["protocols"].tolist()[:3] == [2, 1, 1]
    assert ranked["assessable"].tolist()[:3] == [2, 1, 0]


def test_a_scanner_is_called_as_it_was_last() -> None:
    rows = {
        "nex_monthly": [nex(MONTHS[1], site="Old", field_strength_t=3.0)],
        "published_opportunities": [opportunity(site="New")],
    }
    about, site = device(frames(rows), "MR 1")
    assert site == "New"
    assert about.field_strength_t == 3
    assert device(frames(rows), "MR 9") == (Device(None, None, None), None)


@pytest.mark.parametrize(
    ("shown", "scanners"),
    [
        (ABOVE, ["MR 4", "MR 1", "MR 5"]),
        ("assessable", ["MR 4", "MR 1", "MR 2", "MR 5"]),
        ("not_assessable", ["MR 3"]),
        ("all", ["MR 4", "MR 1", "MR 2", "MR 3", "MR 5"]),
    ],
)
def test_opportunities_are_listed_by_minutes_waived_ones_last(
    shown: str, scanners: list[str]
) -> None:
    rows = table(
        "published_opportunities",
        opportunity(),
        not_above(),
        unassessable(),
        opportunity("MR 4", minutes_per_month=50.0),
        opportunity("MR 5", minutes_per_month=99.0, is_waived=True),
    )
    assert shown in SHOWN
    assert listed(rows, shown)["scanner"].tolist() == scanners


def test_levels_leave_out_what_is_not_told() -> None:
    rows = table("published_opportunities", opportunity(usual_averages=None))
    assert levels(rows.iloc[0]).to_dict("list") == {
        "what": ["now", "reference"],
        "averages": [2.0, 1.0],
    }


def test_scanners_are_counted_by_their_averages() -> None:
    rows = table(
        "published_opportunities",
        opportunity(),
        opportunity("MR 4"),
        not_above(),
        unassessable(),
        unassessable("MR 5"),
        unassessable("MR 6", averages=None),
    )
    assert scanners_by_averages(rows).to_dict("split")["data"] == [
        [1.0, "not_above", 1],
        [1.0, "not_assessable", 2],
        [2.0, "above", 2],
    ]


def test_time_won_is_no_success_until_the_images_are_confirmed() -> None:
    row = table("published_verification", unconfirmed()).iloc[0]
    stands = standing(row, SAY)
    assert stands.tone == "warning"
    assert stands.text.startswith("Not confirmed yet")
    assert "too early to decide" in stands.text
    assert "not approved" in stands.text


def test_a_protocol_has_only_its_own_scan_time() -> None:
    times = before_and_after(table("published_verification", verification()).iloc[0])
    assert times["time"].tolist() == ["scan_time"]
    assert times["shift_s"].tolist() == [-58]


def test_three_times_of_exams_stand_side_by_side_once_a_visit() -> None:
    visits = table("published_exam_shifts", visit("MR 2"), visit())
    change = verification(changed_on=dt.date(2025, 12, 9))
    own = visit_of(table("published_verification", change).iloc[0], visits)
    assert own is not None
    assert (own["scanner"], own["n_changes"]) == ("MR 1", 3)
    times = exam_times(own)
    assert times["time"].tolist() == ["scan_time_sum", "exam_span", "gap_time"]
    assert times["shift_s"].isna().tolist() == [True, False, True]
    elsewhere = table("published_verification", verification("MR 4")).iloc[0]
    assert visit_of(elsewhere, visits) is None


def test_promised_and_realised_by_state() -> None:
    rows = table(
        "published_verification",
        verification(),
        verification("MR 4", promised_minutes_per_month=None),
        unconfirmed(),
    )
    found = savings(records(rows))
    assert (found.changes, found.verified, found.with_promise) == (3, 2, 1)
    assert (found.promised, found.realised) == (39, 74)
    assert found.unconfirmed == 1


def test_registered_changes_come_first() -> None:
    rows = newest_first(
        table(
            "published_verification",
            verification("A", evidence="exploratory", changed_on=dt.date(2026, 2, 1)),
            verification("B"),
            verification("C", changed_on=dt.date(2026, 1, 1)),
        )
    )
    assert rows["scanner"].tolist() == ["C", "B", "A"]


def test_what_waits_is_open_seen_and_not_waived_the_most_minutes_first() -> None:
    found = frames(
        {
            "published_findings": [
                drift(share_affected=0.2),
                drift("MR 4", share_affected=0.9),
                finding(minutes_per_month=5.0),
                finding("MR 4"),
                finding("MR 5", finding_state="accepted"),
                finding("MR 6", is_waived=True),
                finding("MR 7", is_seen=False),
            ],
            "published_opportunities": [opportunity("MR 4"), opportunity("MR 2")],
        }
    )
    rows = waiting_rows(found["published_findings"], found["published_opportunities"])
    assert list(zip(rows["scanner"], rows["kind"], strict=True)) == [
        ("MR 4", "opportunity"),
        ("MR 1", "opportunity"),
        ("MR 4", "drift"),
        ("MR 2", "drift"),
    ]
    assert rows["snr_caveat"].tolist()[0] == CAVEAT
    assert rows["snr_change_percent"].isna().tolist() == [False, True, True, True]


def test_a_reading_is_the_number_or_the_term() -> None:
    rows = table(
        "published_findings",
        finding(),
        drift(expected=None, observed=None, expected_term="spair", observed_term="fat_sat"),
        drift("MR 3", expected=None, observed=None),
    )
    shown = with_readings(rows, SAY.texts)
    assert shown["observed"].fillna("-").tolist() == ["2", "fat sat", "-"]
    assert shown["expected"].fillna("-").tolist() == ["1", "spair", "-"]


@pytest.mark.parametrize("key", ["", "a b", "$(reboot)", "a;b", "ключ"])
def test_no_command_is_shown_for_what_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        commands(key)


def test_the_commands_are_those_of_the_command_line() -> None:
    import shlex

    from protocol_assets.cli.findings import findings

    for command in commands("0123abcd").values():
        program, group, verb, *rest = shlex.split(command)
        assert (program, group) == ("protocol-assets", "findings")
        options = {option for one in findings.commands[verb].params for option in one.opts}
        assert rest[0] == "0123abcd"
        assert {word for word in rest if word.startswith("--")} <= options
        required = {one.opts[0] for one in findings.commands[verb].params if one.required}
        assert required - {"key"} <= set(rest)


@pytest.mark.parametrize("name", [name for name in WHOLE if name.startswith("published")])
def test_minutes_and_their_ends_are_in_order(name: str) -> None:
    rows = frames(WHOLE)[name]
    if set(MINUTES) <= set(rows):
        assert (rows[MINUTES[1]].dropna() <= rows[MINUTES[2]].dropna()).all()
