"""Findings that wait for a decision; a command records it, never this page."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, choose, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope, words
from protocol_assets.dashboard.tables.decisions import commands, waiting_rows, with_readings
from protocol_assets.dashboard.tables.fleet import MINUTES, minutes_columns, records
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.figures.findings import waiting_summary

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where, say = marts(), scope(), words()
    st.title(say("page.decision"))
    st.caption(say("decision_page.lead"))
    rows = waiting_rows(tables["published_findings"], tables["published_opportunities"])
    rows = with_readings(where.of(rows), say.texts)
    if rows.empty:
        nothing(say("decision_page.none") if tables.version else say("page.nothing_published"))
        return
    short = rows["finding_key"].str[:8]
    kinds = rows["kind"].map(partial(say.term, "kind"), na_action="ignore").astype("str")
    rows["choice"] = choices(
        rows.assign(short=short, kind=kinds), "scanner", "protocol", "kind", "short"
    )
    _summary(rows, say)
    kind = choose(
        say("decision_page.kind"),
        sorted(rows["kind"].dropna().unique()),
        "kind",
        say("decision_page.kind.all"),
        say,
        shown_as=partial(say.term, "kind"),
    )
    seen = rows if kind is None else rows[rows["kind"] == kind].reset_index(drop=True)
    chosen = choose(
        say("decision_page.finding"),
        list(rows["choice"]),
        "finding",
        say("page.choose_below"),
        say,
        aliases=dict(zip(rows["finding_key"], rows["choice"], strict=True)),
    )
    names = ("scanner", "protocol", "kind", *MINUTES)
    more = ("parameter", "observed", "expected", "share_affected", "first_day", "last_day")
    columns = (
        shown("published_findings", *names)
        | shown("published_opportunities", "snr_change_percent", "confidence")
        | shown("published_findings", *more, "site")
    )
    table(seen, columns, say, "waiting", chosen=Choice("finding", list(seen["choice"])))
    if chosen is not None:
        _one(rows[rows["choice"] == chosen].iloc[0], say)


def _summary(rows: pd.DataFrame, say: Words) -> None:
    found = waiting_summary(records(rows))
    value, low, high = minutes_columns(found.minutes)
    one, two = st.columns(2)
    with one:
        kinds = (
            say("figure.kinds", kind=say.term("kind", kind), count=say.number(count))
            for kind, count in found.kinds.items()
        )
        figure(say("decision_page.waiting"), say.number(found.findings), ", ".join(kinds))
    with two:
        note = say(
            "figure.waiting_minutes.note",
            interval=say.interval(low, high, "min"),
            known=say.number(found.with_minutes),
            findings=say.number(found.findings),
        )
        figure(say("figure.waiting_minutes"), say.number(value, "min_month"), note)


def _one(row: pd.Series, say: Words) -> None:
    st.header(plain(f"{row['scanner']}: {row['protocol']}"))
    about = say(
        "decision_page.about",
        kind=say.title("kind", row["kind"]),
        parameter=say.term("parameter", row["parameter"]),
        first=say.day(row["first_day"]),
        last=say.day(row["last_day"]),
    )
    st.caption(plain(about))
    one, two, three, four = st.columns(4)
    with one:
        parameter = say.term("parameter", row["parameter"])
        figure(say("decision_page.observed"), say.term("", row["observed"]), parameter)
    with two:
        note = say("decision_page.expected.note", share=say.share(row["share_affected"]))
        figure(say("decision_page.expected"), say.term("", row["expected"]), note)
    if row["kind"] == "opportunity":
        with three:
            low, high = row["minutes_per_month_low"], row["minutes_per_month_high"]
            note = say(
                "decision_page.minutes.note",
                interval=say.interval(low, high, "min"),
                confidence=say.term("confidence", row["confidence"]),
                known=say.known(row["coverage"], "acquisitions"),
            )
            figure(say("figure.potential"), say.number(row["minutes_per_month"], "min"), note)
        with four:
            note = say("snr_caveat") if pd.notna(row["snr_caveat"]) else say.absent
            figure(say("decision_page.snr"), say.change(row["snr_change_percent"]), note)
    st.subheader(say("decision_page.commands"))
    for what, command in commands(row["finding_key"]).items():
        st.markdown(say("decision_page.command", what=say(f"decision_page.{what}")))
        st.code(command, language=None, wrap_lines=True)
    st.caption(say("decision_page.commands.note"))


if __name__ == "__main__":
    show()
