"""One protocol across the scanners."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, chart, choose, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope, words
from protocol_assets.dashboard.tables.fleet import (
    MINUTES,
    minutes_columns,
    potential_of,
    ranked_protocols,
    values_by,
)
from protocol_assets.dashboard.tables.opportunities import listed, scanners_by_averages
from protocol_assets.dashboard.values import mean_figure
from protocol_assets.dashboard.words import Words
from protocol_assets.figures.monthly import COVERAGE, MEAN, MONTHLY, SETTING

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where, say = marts(), scope(), words()
    st.title(say("page.protocol"))
    opportunities = where.of(tables["published_opportunities"])
    monthly = where.of(tables[MONTHLY])
    names = pd.concat([opportunities["protocol"], monthly["protocol"]]).dropna().unique()
    if not tables.version:
        nothing(say("page.nothing_published"))
        return
    if not len(names):
        nothing(say("page.no_protocol"))
        return
    protocol = choose(
        say("page.protocol"),
        sorted(names, key=str.casefold),
        "protocol",
        say("protocol_page.choose"),
        say,
    )
    if protocol is None:
        _overview(opportunities, say)
        return
    own = listed(opportunities[opportunities["protocol"] == protocol], "all")
    monthly = monthly[monthly["protocol"] == protocol]
    _figures(own, monthly, say)
    _scanners(own, say)
    _months(monthly, say)


def _overview(opportunities: pd.DataFrame, say: Words) -> None:
    """All protocols, the most minutes first."""
    if opportunities.empty:
        return
    rows = ranked_protocols(opportunities)
    columns = shown("published_opportunities", "protocol", *MINUTES) | shown(
        "published_potential_monthly", "opportunities", "assessable"
    )
    table(rows, columns, say, "protocols", chosen=Choice("protocol", list(rows["protocol"])))


def _figures(own: pd.DataFrame, monthly: pd.DataFrame, say: Words) -> None:
    saving = potential_of(own)
    value, low, high = minutes_columns(saving.minutes)
    one, two, three = st.columns(3)
    with one:
        note = say("protocol_page.scanners.note", count=say.number(saving.with_averages))
        figure(say("protocol_page.scanners"), say.number(saving.scanner_protocols), note)
    with two:
        note = say(
            "figure.potential.protocol",
            interval=say.interval(low, high, "min"),
            assessable=say.number(saving.assessable),
            scanners=say.number(saving.scanner_protocols),
        )
        figure(say("figure.potential"), say.number(value, "min"), note)
    with three:
        mean_figure(values_by(monthly, "month_start"), say)


def _scanners(own: pd.DataFrame, say: Words) -> None:
    st.header(say("protocol_page.across"))
    if own.empty:
        nothing(say("protocol_page.across.none"))
        return
    found = scanners_by_averages(own)
    if len(found):
        chart(charts.scanners_at_averages(found, say), say("protocol_page.across.alt"))
    names = ("scanner", "site", "vendor", "model", "averages", "reference_averages", "reference")
    more = ("usual_averages", "n_peers", "scan_time_now_s", *MINUTES, "snr_change_percent")
    rest = ("confidence", "coverage", "assessment_reason")
    st.caption(say("page.choose_row"))
    table(
        own,
        shown("published_opportunities", *names, *more, *rest),
        say,
        "scanners_of_protocol",
        chosen=Choice(
            "opportunity", list(choices(own, "scanner", "protocol")), "views/opportunity.py"
        ),
    )


def _months(monthly: pd.DataFrame, say: Words) -> None:
    st.header(say("fleet_page.months"))
    if monthly.empty:
        nothing(say("page.no_month"))
        return
    by_month = values_by(monthly, "month_start")
    chart(charts.mean_of_months(by_month, say), say("protocol_page.months.alt"))
    rows = monthly.sort_values(["month_start", "scanner"], ascending=[False, True])
    names = ("month_start", "scanner", MEAN, f"{SETTING}_median", f"{SETTING}_mode", COVERAGE)
    more = ("share_above_1", "acquisitions", "scan_time_sum_s", "scan_time_coverage")
    columns = shown(MONTHLY, *names, *more)
    with st.expander(say("page.as_table")):
        table(rows.reset_index(drop=True), columns, say, "months_of_protocol")


if __name__ == "__main__":
    show()
