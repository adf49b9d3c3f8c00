"""Verification: whether a change won what it promised, and whether the images stood it."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import Column, columns, shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, chart, choose, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope
from protocol_assets.dashboard.tables.fleet import records
from protocol_assets.dashboard.tables.verification import (
    before_and_after,
    exam_times,
    newest_first,
    standing,
    visit_of,
)
from protocol_assets.dashboard.visits import visits
from protocol_assets.dashboard.words import day, interval, number, plain, share, told, yes
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
    tables, where = marts(), scope()
    st.title("Verification")
    st.caption(
        "Every change with enough patients before and after it. Time won counts as a "
        "success only where the images are known to have stood it."
    )
    found = where.of(tables["published_verification"])
    if found.empty:
        nothing("No change with enough patients before and after it is published.")
        return
    rows = newest_first(found)
    on = rows["changed_on"].dt.strftime("%Y-%m-%d")
    rows["choice"] = choices(rows.assign(on=on), "scanner", "protocol", "on")
    _summary(rows)
    states = sorted(rows["verification_state"].dropna().unique())
    state = choose("Where it stands", states, "state", "All")
    shown_rows = (
        rows if state is None else rows[rows["verification_state"] == state].reset_index(drop=True)
    )
    chosen = choose("Change", list(rows["choice"]), "change", "Choose one, or a row")
    names = ("scanner", "protocol", "changed_on", "verification_state", "effect", "level_before")
    shift = ("level_after", "scan_time_shift_s", "scan_time_shift_low_s", "scan_time_shift_high_s")
    more = ("promised_minutes_per_month", "realised_minutes_per_month", "guard_is_held")
    table(
        shown_rows,
        shown("published_verification", *names, *shift, *more, "quality_signed_on", "site"),
        "Changes",
        chosen=Choice("change", list(shown_rows["choice"])),
    )
    shifts = where.of(tables["published_exam_shifts"])
    if chosen is not None:
        row = rows[rows["choice"] == chosen].iloc[0]
        _one(row)
        _visit(visit_of(row, shifts))
    visits(shifts)


def _summary(rows: pd.DataFrame) -> None:
    found = savings(records(rows))
    one, two, three = st.columns(3)
    with one:
        figure(
            "Verified",
            number(found.verified),
            f"of {found.changes} changes; the others prove nothing yet",
        )
    with two:
        figure(
            "Promised by the verified",
            number(found.promised, "min a month"),
            f"told for {number(found.with_promise)} of them",
        )
    with three:
        figure(
            "Realised by the verified",
            number(found.realised, "min a month"),
            "seconds won by one acquisition x volume",
        )


def _one(row: pd.Series) -> None:
    st.header(plain(f"{row['scanner']}: {row['protocol']}, {day(row['changed_on'])}"))
    stands = standing(row)
    getattr(st, stands.tone)(plain(stands.text), icon=_SIGNS[stands.tone])
    signed_on = row["quality_signed_on"]
    signed = (
        "images not signed off" if pd.isna(signed_on) else f"images signed off {day(signed_on)}"
    )
    one, two, three, four = st.columns(4)
    with one:
        figure(
            "Scan time of one acquisition",
            number(row["scan_time_shift_s"], "s"),
            f"{interval(row['scan_time_shift_low_s'], row['scan_time_shift_high_s'], 's')} (95 %); "
            f"from {number(row['scan_time_median_before_s'])} to "
            f"{number(row['scan_time_median_after_s'], 's')}, medians",
        )
    with two:
        figure(
            "Promised, minutes a month",
            number(row["promised_minutes_per_month"], "min"),
            f"volume {number(row['volume_per_month'])} a month, {told(row['volume_source'])}",
        )
    with three:
        figure(
            "Realised, minutes a month",
            number(row["realised_minutes_per_month"], "min"),
            f"{number(row['realised_minutes'], 'min')} since the change, "
            f"{share(row['cut_share'])} of the time at the old settings",
        )
    with four:
        figure(
            "Quality guard held",
            yes(row["guard_is_held"]),
            f"{told(row['guard_reason'])}; {signed}",
        )
    _times(before_and_after(row), "Before and after")
    st.caption(
        plain(
            f"Averages {number(row['level_before'], digits=2)} before, "
            f"{number(row['level_after'], digits=2)} after: stated, not tested. "
            f"Evidence {told(row['evidence'])}; false discovery rate q = "
            f"{number(row['q_value'], digits=3)}."
        )
    )


def _visit(visit: pd.Series | None) -> None:
    """The exams of the visit that the change belongs to."""
    st.subheader("Exams of the scanner, before and after this visit")
    if visit is None:
        st.caption("No times of whole exams with enough patients are published for this visit.")
        return
    st.caption(
        f"{number(visit['n_changes'])} changes of the scanner from {day(visit['visit_on'])} to "
        f"{day(visit['visit_until'])} moved these times together; none of them alone did."
    )
    _times(exam_times(visit), "Exams before and after the visit")


def _times(times: pd.DataFrame, title: str) -> None:
    if times["shift_s"].notna().any():
        moved = ", ".join(
            f"{one.time} {number(one.shift_s, 's')}"
            for one in times.dropna(subset="shift_s").itertuples()
        )
        chart(charts.shifts(times), f"Change of each time with its 95 % interval: {moved}.")
    spec = columns("published_verification")
    parts = {name: spec[f"scan_time_{name}"] for name in times.columns if name != "time"}
    first = Column("time", "string", "Time", "", "Different times are never mixed")
    table(times, {"time": first, **parts}, title)


if __name__ == "__main__":
    show()
