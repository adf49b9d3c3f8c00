"""Verification: the expected and the actual saving of each change, and the image quality."""

from __future__ import annotations

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import Column, columns, shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, chart, choose, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope, words
from protocol_assets.dashboard.tables.fleet import records
from protocol_assets.dashboard.tables.verification import (
    before_and_after,
    exam_times,
    newest_first,
    standing,
    visit_of,
)
from protocol_assets.dashboard.visits import visits
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.figures.changes import savings

__all__ = ["show"]

_SIGNS: Final = {
    "success": ":material/verified:",
    "warning": ":material/warning:",
    "error": ":material/trending_down:",
    "info": ":material/info:",
}


def show() -> None:
    """The page."""
    tables, where, say = marts(), scope(), words()
    st.title(say("page.verification"))
    st.caption(say("verification_page.lead"))
    found = where.of(tables["published_verification"])
    if found.empty:
        nothing(say("page.no_change") if tables.version else say("page.nothing_published"))
        return
    rows = newest_first(found)
    on = rows["changed_on"].dt.strftime("%Y-%m-%d")
    rows["choice"] = choices(rows.assign(on=on), "scanner", "protocol", "on")
    _summary(rows, say)
    state = choose(
        say("verification_page.state"),
        sorted(rows["verification_state"].dropna().unique()),
        "state",
        say("verification_page.state.all"),
        say,
        shown_as=partial(say.term, "verification"),
    )
    shown_rows = (
        rows if state is None else rows[rows["verification_state"] == state].reset_index(drop=True)
    )
    chosen = choose(
        say("verification_page.change"),
        list(rows["choice"]),
        "change",
        say("page.choose_below"),
        say,
    )
    names = ("scanner", "protocol", "changed_on", "verification_state", "effect", "level_before")
    shift = ("level_after", "scan_time_shift_s", "scan_time_shift_low_s", "scan_time_shift_high_s")
    more = ("promised_minutes_per_month", "realised_minutes_per_month", "guard_is_held")
    table(
        shown_rows,
        shown("published_verification", *names, *shift, *more, "quality_signed_on", "site"),
        say,
        "changes",
        chosen=Choice("change", list(shown_rows["choice"])),
    )
    shifts = where.of(tables["published_exam_shifts"])
    if chosen is not None:
        row = rows[rows["choice"] == chosen].iloc[0]
        _one(row, say)
        _visit(visit_of(row, shifts), say)
    visits(shifts)


def _summary(rows: pd.DataFrame, say: Words) -> None:
    found = savings(records(rows))
    one, two, three = st.columns(3)
    with one:
        note = say("verification_page.verified.note", changes=say.number(found.changes))
        figure(say("verification_page.verified"), say.number(found.verified), note)
    with two:
        note = say("verification_page.promised.note", count=say.number(found.with_promise))
        value = say.number(found.promised, "min_month")
        figure(say("verification_page.promised"), value, note)
    with three:
        note = say("verification_page.realised.note")
        value = say.number(found.realised, "min_month")
        figure(say("verification_page.realised"), value, note)


def _one(row: pd.Series, say: Words) -> None:
    heading = say(
        "verification_page.heading",
        scanner=row["scanner"],
        protocol=row["protocol"],
        day=say.day(row["changed_on"]),
    )
    st.header(plain(heading))
    stands = standing(row, say)
    getattr(st, stands.tone)(plain(stands.text), icon=_SIGNS[stands.tone])
    _numbers(row, say)
    _times(before_and_after(row), "before_after", say)
    evidence = say("verification_page.evidence", evidence=say.term("evidence", row["evidence"]))
    details = say(
        "verification_page.details",
        before=say.number(row["level_before"], digits=2),
        after=say.number(row["level_after"], digits=2),
        evidence=evidence,
        q=say.number(row["q_value"], digits=3),
    )
    st.caption(plain(details))


def _numbers(row: pd.Series, say: Words) -> None:
    one, two, three, four = st.columns(4)
    with one:
        low, high = row["scan_time_shift_low_s"], row["scan_time_shift_high_s"]
        note = say(
            "verification_page.scan_time.note",
            interval=say.interval(low, high, "s"),
            before=say.number(row["scan_time_median_before_s"], "s"),
            after=say.number(row["scan_time_median_after_s"], "s"),
        )
        value = say.number(row["scan_time_shift_s"], "s")
        figure(say("opportunity_page.scan_time"), value, note)
    with two:
        note = say(
            "verification_page.expected.note",
            volume=say.number(row["volume_per_month"]),
            source=say.term("volume", row["volume_source"]),
        )
        value = say.number(row["promised_minutes_per_month"], "min_month")
        figure(say("verification_page.expected"), value, note)
    with three:
        note = say(
            "verification_page.saved.note",
            minutes=say.number(row["realised_minutes"], "min"),
            share=say.share(row["cut_share"]),
        )
        value = say.number(row["realised_minutes_per_month"], "min_month")
        figure(say("verification_page.saved"), value, note)
    with four:
        signed_on, reason = row["quality_signed_on"], row["guard_reason"]
        signed = say("signed.not") if pd.isna(signed_on) else say("signed", day=say.day(signed_on))
        note = say(
            "verification_page.guard.note",
            reason=say("verification_page.guard.no_objection")
            if pd.isna(reason) and pd.notna(row["guard_is_held"]) and row["guard_is_held"]
            else say.term("reason", reason),
            signed=signed,
        )
        figure(say("verification_page.guard"), say.yes(row["guard_is_held"]), note)


def _visit(visit: pd.Series | None, say: Words) -> None:
    """The exams of the visit that the change belongs to."""
    st.subheader(say("verification_page.visit"))
    if visit is None:
        st.caption(say("verification_page.visit.none"))
        return
    note = say(
        "verification_page.visit.note",
        count=say.number(visit["n_changes"]),
        first=say.day(visit["visit_on"]),
        last=say.day(visit["visit_until"]),
    )
    st.caption(note)
    _times(exam_times(visit), "exams_before_after", say)


def _times(times: pd.DataFrame, name: str, say: Words) -> None:
    if times["shift_s"].notna().any():
        moved = ", ".join(
            say(
                "verification_page.times.part",
                time=say.term("time", one.time),
                shift=say.number(one.shift_s, "s"),
            )
            for one in times.dropna(subset="shift_s").itertuples()
        )
        chart(charts.shifts(times, say), say("verification_page.times.alt", times=moved))
    spec = columns("published_verification")
    parts = {name: spec[f"scan_time_{name}"] for name in times.columns if name != "time"}
    table(times, {"time": Column("time", "string", "time"), **parts}, say, name)


if __name__ == "__main__":
    show()
