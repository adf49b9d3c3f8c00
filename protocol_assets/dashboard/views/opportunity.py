"""Opportunities: the minutes beside what they cost in signal; what to do is not said."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, chart, choose, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope
from protocol_assets.dashboard.tables.fleet import MINUTES, records
from protocol_assets.dashboard.tables.opportunities import (
    ABOVE,
    SHOWN,
    levels,
    listed,
    remedies,
)
from protocol_assets.dashboard.words import interval, known, number, plain, told, yes
from protocol_assets.figures.potential import minutes_of

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where = marts(), scope()
    st.title("Opportunities")
    st.caption(
        "Scanner by protocol, the last closed months. Minutes above a reference stand "
        "beside what they cost in signal: whether the images stand it, a radiologist decides."
    )
    found = where.of(tables["published_opportunities"])
    if found.empty:
        nothing("No protocol with enough patients is published.")
        return
    options = choices(listed(found, "all"), "scanner", "protocol")
    everything = listed(found, "all").assign(choice=options)
    asked = st.segmented_control(
        "Show", SHOWN, default=ABOVE, key="show", bind="query-params", required=True
    )
    rows = listed(everything, asked or ABOVE)
    chosen = choose(
        "Opportunity", list(everything["choice"]), "opportunity", "Choose one, or a row"
    )
    if rows.empty:
        nothing(f"Nothing is {asked}." if asked != "all" else "Nothing is published.")
    else:
        names = ("scanner", "protocol", *MINUTES, "snr_change_percent", "averages")
        more = ("reference_averages", "reference", "confidence", "coverage", "finding_state")
        rest = ("is_waived", "assessment_reason", "site")
        table(
            rows,
            shown("published_opportunities", *names, *more, *rest),
            "Opportunities",
            chosen=Choice("opportunity", list(rows["choice"])),
        )
    if chosen is not None:
        _one(everything[everything["choice"] == chosen].iloc[0])


def _one(row: pd.Series) -> None:
    st.header(plain(f"{row['scanner']}: {row['protocol']}"))
    if row["assessment_state"] != "assessable":
        words = f"{str(row['assessment_state']).capitalize()}: {told(row['assessment_reason'])}."
        remedy = remedies().get(row["assessment_reason"])
        st.info(plain(" ".join(part for part in (words, remedy, _short_of(row)) if part)))
    _minutes_and_signal(row)
    _rest(row)
    averages = levels(row)
    if len(averages):
        words = ", ".join(f"{one.what} {one.averages:.2f}" for one in averages.itertuples())
        chart(charts.averages_of_one(averages), f"Averages: {words}.")


def _short_of(row: pd.Series) -> str | None:
    if pd.isna(row["short_of"]):
        return None
    return f"Most scanners of the same purpose differ in: {row['short_of']}."


def _minutes_and_signal(row: pd.Series) -> None:
    one, two, three, four = st.columns(4)
    with one:
        figure(
            "Averages now",
            number(row["averages"], digits=2),
            f"{told(row['measure'])}; {known(row['coverage'], 'acquisitions')}",
        )
    with two:
        name = f" {row['reference_name']}" if pd.notna(row["reference_name"]) else ""
        figure(
            "Reference",
            number(row["reference_averages"], digits=2),
            f"{told(row['reference'])}{name}; {number(row['n_peers'])} fair peers; "
            f"usual {number(row['usual_averages'], digits=2)}",
        )
    with three:
        figure(
            "Potential saving each month",
            _minutes(row),
            interval(row["minutes_per_month_low"], row["minutes_per_month_high"], "min"),
        )
    with four:
        figure(
            f"SNR at {number(row['what_if_averages'], digits=2)} averages",
            number(row["snr_change_percent"], "%"),
            told(row["snr_caveat"]).capitalize(),
        )


def _minutes(row: pd.Series) -> str:
    """Nothing above the reference is no minutes; what cannot be assessed is not told."""
    return number(minutes_of(records(row.to_frame().T)[0]), "min")


def _rest(row: pd.Series) -> None:
    one, two, three, four = st.columns(4)
    off = row["time_is_off"]
    with one:
        figure(
            "Confidence",
            told(row["confidence"]),
            "the time model does not describe these scans"
            if pd.notna(off) and off
            else f"time from {told(row['time_basis'])}",
        )
    with two:
        figure(
            "Scan time of one acquisition",
            number(row["scan_time_now_s"], "s"),
            f"{number(row['scan_time_what_if_s'], 's')} at what-if averages, "
            f"{told(row['what_if_kind'])}",
        )
    with three:
        figure(
            "Acquisitions a month",
            number(row["volume_per_month"]),
            "mean of the last closed months",
        )
    with four:
        promised = number(row["promised_minutes_per_month"], "min a month")
        state = row["finding_state"]
        figure(
            "Finding",
            "none" if pd.isna(state) else str(state),
            f"waived: {yes(row['is_waived'])}; promised {promised}",
        )


if __name__ == "__main__":
    show()
