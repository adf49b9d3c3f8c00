"""Opportunities: the minutes beside their effect on the signal, without a recommendation."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, chart, choose, figure, nothing, spell_out, table
from protocol_assets.dashboard.session import marts, scope, words
from protocol_assets.dashboard.tables.fleet import MINUTES, records
from protocol_assets.dashboard.tables.opportunities import ABOVE, SHOWN, levels, listed
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.figures.potential import minutes_of

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where, say = marts(), scope(), words()
    st.title(say("page.opportunity"))
    st.caption(say("opportunity_page.lead"))
    found = where.of(tables["published_opportunities"])
    if found.empty:
        key = "page.no_protocol" if tables.version else "page.nothing_published"
        nothing(say(key))
        return
    options = choices(listed(found, "all"), "scanner", "protocol")
    everything = listed(found, "all").assign(choice=options)
    spell_out("show", {name: say(f"show.{name}") for name in SHOWN})
    asked = st.segmented_control(
        say("opportunity_page.show"),
        SHOWN,
        default=ABOVE,
        format_func=lambda name: say(f"show.{name}"),
        key="show",
        bind="query-params",
        required=True,
    )
    rows = listed(everything, asked or ABOVE)
    chosen = choose(
        say("opportunity_page.choose"),
        list(everything["choice"]),
        "opportunity",
        say("page.choose_below"),
        say,
    )
    if rows.empty:
        nothing(say("opportunity_page.none"))
    else:
        names = ("scanner", "protocol", *MINUTES, "snr_change_percent", "averages")
        more = ("reference_averages", "reference", "confidence", "coverage", "finding_state")
        rest = ("is_waived", "assessment_reason", "site")
        table(
            rows,
            shown("published_opportunities", *names, *more, *rest),
            say,
            "opportunities",
            chosen=Choice("opportunity", list(rows["choice"])),
        )
    if chosen is not None:
        _one(everything[everything["choice"] == chosen].iloc[0], say)


def _one(row: pd.Series, say: Words) -> None:
    st.header(plain(f"{row['scanner']}: {row['protocol']}"))
    if row["assessment_state"] != "assessable":
        st.info(plain(_not_assessed(row, say)))
    _minutes_and_signal(row, say)
    _rest(row, say)
    averages = levels(row)
    if len(averages):
        parts = (
            say(
                "opportunity_page.chart.part",
                what=say(f"averages.{one.what}"),
                averages=say.number(one.averages, digits=2),
            )
            for one in averages.itertuples()
        )
        alt = say("opportunity_page.chart.alt", averages=", ".join(parts))
        chart(charts.averages_of_one(averages, say), alt)


def _not_assessed(row: pd.Series, say: Words) -> str:
    reason = row["assessment_reason"]
    parts = [
        say(
            "opportunity_page.not_assessed",
            state=say.title("assessment", row["assessment_state"]),
            reason=say.term("reason", reason),
        )
    ]
    if say.texts.has(f"remedy.{reason}"):
        parts.append(say(f"remedy.{reason}"))
    if pd.notna(row["short_of"]):
        differing = ", ".join(say.term("parameter", one) for one in row["short_of"].split(", "))
        parts.append(say("opportunity_page.differs", parameters=differing))
    return " ".join(parts)


def _minutes_and_signal(row: pd.Series, say: Words) -> None:
    one, two, three, four = st.columns(4)
    with one:
        note = say(
            "opportunity_page.averages.note",
            measure=say.term("parameter", row["measure"]),
            known=say.known(row["coverage"], "acquisitions"),
        )
        figure(say("opportunity_page.averages"), say.number(row["averages"], digits=2), note)
    with two:
        kind = say.term("reference.kind", row["reference"])
        name = f" {row['reference_name']}" if pd.notna(row["reference_name"]) else ""
        note = say(
            "opportunity_page.reference.note",
            reference=f"{kind}{name}",
            peers=say.number(row["n_peers"]),
            usual=say.number(row["usual_averages"], digits=2),
        )
        value = say.number(row["reference_averages"], digits=2)
        figure(say("opportunity_page.reference"), value, note)
    with three:
        figure(
            say("figure.potential"),
            say.number(minutes_of(records(row.to_frame().T)[0]), "min"),
            say.interval(row["minutes_per_month_low"], row["minutes_per_month_high"], "min"),
        )
    with four:
        averages = say.number(row["what_if_averages"], digits=2)
        figure(
            say("opportunity_page.snr", averages=averages),
            say.change(row["snr_change_percent"]),
            say("snr_caveat") if pd.notna(row["snr_caveat"]) else say.absent,
        )


def _rest(row: pd.Series, say: Words) -> None:
    one, two, three, four = st.columns(4)
    off = row["time_is_off"]
    with one:
        basis = say.term("basis", row["time_basis"])
        figure(
            say("opportunity_page.confidence"),
            say.term("confidence", row["confidence"]),
            say("opportunity_page.confidence.off")
            if pd.notna(off) and off
            else say("opportunity_page.confidence.note", basis=basis),
        )
    with two:
        note = say(
            "opportunity_page.scan_time.note",
            time=say.number(row["scan_time_what_if_s"], "s"),
            setting=say.term("what_if", row["what_if_kind"]),
        )
        value = say.number(row["scan_time_now_s"], "s")
        figure(say("opportunity_page.scan_time"), value, note)
    with three:
        note = say("opportunity_page.volume.note")
        figure(say("opportunity_page.volume"), say.number(row["volume_per_month"]), note)
    with four:
        note = say(
            "opportunity_page.finding.note",
            waived=say.yes(row["is_waived"]),
            promised=say.number(row["promised_minutes_per_month"], "min_month"),
        )
        state = row["finding_state"]
        none = say("opportunity_page.finding.none")
        shown_state = none if pd.isna(state) else say.term("finding", state)
        figure(say("opportunity_page.finding"), shown_state, note)


if __name__ == "__main__":
    show()
