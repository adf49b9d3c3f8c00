"""What waits for a decision. It is recorded by a command, never by this page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, choose, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope
from protocol_assets.dashboard.tables.decisions import commands, waiting_rows, with_readings
from protocol_assets.dashboard.tables.fleet import MINUTES, minutes_columns, records
from protocol_assets.dashboard.words import (
    day,
    interval,
    known,
    number,
    plain,
    share,
    told,
)
from protocol_assets.figures.findings import waiting_summary

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where = marts(), scope()
    st.title("Waiting for my decision")
    st.caption(
        "Findings that are open and seen, the most minutes first. This page writes "
        "nothing: a decision is recorded by a command that somebody runs."
    )
    rows = waiting_rows(tables["published_findings"], tables["published_opportunities"])
    rows = with_readings(where.of(rows))
    if rows.empty:
        nothing(
            "Nothing waits for a decision here." if tables.version else "Nothing is published yet."
        )
        return
    rows["choice"] = choices(
        rows.assign(short=rows["finding_key"].str[:8]), "scanner", "protocol", "kind", "short"
    )
    _summary(rows)
    kinds = sorted(rows["kind"].dropna().unique())
    kind = choose("Kind", kinds, "kind", "All kinds")
    seen = rows if kind is None else rows[rows["kind"] == kind].reset_index(drop=True)
    chosen = choose(
        "Finding",
        list(rows["choice"]),
        "finding",
        "Choose one, or a row",
        aliases=dict(zip(rows["finding_key"], rows["choice"], strict=True)),
    )
    names = ("scanner", "protocol", "kind", *MINUTES)
    more = ("parameter", "observed", "expected", "share_affected", "first_day", "last_day")
    columns = (
        shown("published_findings", *names)
        | shown("published_opportunities", "snr_change_percent", "confidence")
        | shown("published_findings", *more, "site")
    )
    table(seen, columns, "Waiting for a decision", chosen=Choice("finding", list(seen["choice"])))
    if chosen is not None:
        _one(rows[rows["choice"] == chosen].iloc[0])


def _summary(rows: pd.DataFrame) -> None:
    found = waiting_summary(records(rows))
    value, low, high = minutes_columns(found.minutes)
    one, two = st.columns(2)
    with one:
        figure(
            "Waiting",
            number(found.findings),
            ", ".join(f"{kind}: {count}" for kind, count in found.kinds.items()),
        )
    with two:
        figure(
            "Minutes a month among them",
            number(value, "min"),
            f"{interval(low, high, 'min')}; told for {found.with_minutes} of {found.findings}",
        )


def _one(row: pd.Series) -> None:
    st.header(plain(f"{row['scanner']}: {row['protocol']}"))
    st.caption(
        plain(
            f"{str(row['kind']).capitalize()}, {told(row['parameter'])}, "
            f"first day {day(row['first_day'])}, last day {day(row['last_day'])}"
        )
    )
    one, two, three, four = st.columns(4)
    with one:
        figure("Seen", told(row["observed"]), told(row["parameter"]))
    with two:
        figure(
            "Expected",
            told(row["expected"]),
            f"exams that depart: {share(row['share_affected'])}",
        )
    if row["kind"] == "opportunity":
        with three:
            low, high = row["minutes_per_month_low"], row["minutes_per_month_high"]
            figure(
                "Minutes a month",
                number(row["minutes_per_month"], "min"),
                f"{interval(low, high, 'min')}; confidence {told(row['confidence'])}; "
                f"averages {known(row['coverage'], 'acquisitions')}",
            )
        with four:
            figure(
                "SNR there",
                number(row["snr_change_percent"], "%"),
                told(row["snr_caveat"]).capitalize(),
            )
    st.subheader("Commands that record a decision")
    for what, command in commands(row["finding_key"]).items():
        st.markdown(f"{what}:")
        st.code(command, language=None, wrap_lines=True)
    st.caption(
        "Words in capitals are to be filled in. It is shown here after the next run of the marts."
    )


if __name__ == "__main__":
    show()
