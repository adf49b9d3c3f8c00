"""The fleet: potential saving, mean setting by day and month, scanners ranked."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.marts import Marts
from protocol_assets.dashboard.names import Scope
from protocol_assets.dashboard.parts import Choice, chart, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope, scope_text, words
from protocol_assets.dashboard.tables.decisions import waiting_rows
from protocol_assets.dashboard.tables.fleet import (
    MINUTES,
    minutes_by_month,
    minutes_columns,
    potential_of,
    ranked_scanners,
    records,
    values_by,
)
from protocol_assets.dashboard.values import mean_figure, scan_time_figure
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.figures.monthly import COVERAGE, MEAN, MONTHLY
from protocol_assets.figures.potential import fleet_assessed

__all__ = ["show"]

_CHARTED: Final = 15


def show() -> None:
    """The page."""
    tables, where, say = marts(), scope(), words()
    st.title(say("page.fleet"))
    st.caption(say("fleet_page.lead", scope=plain(scope_text())))
    scanners = where.of(ranked_scanners(tables.tables))
    _figures(tables, where, say)
    _minutes(tables, where, say)
    _days(tables, say)
    _months(tables, where, say)
    _scanners(scanners, say)


def _figures(tables: Marts, where: Scope, say: Words) -> None:
    saving = potential_of(where.of(tables["published_opportunities"]))
    value, low, high = minutes_columns(saving.minutes)
    by_month = values_by(where.of(tables[MONTHLY]), "month_start")
    found = where.of(waiting_rows(tables["published_findings"], tables["published_opportunities"]))
    one, two, three, four = st.columns(4)
    with one:
        note = say(
            "figure.potential.fleet",
            interval=say.interval(low, high, "min"),
            assessable=say.number(saving.assessable),
            protocols=say.number(saving.scanner_protocols),
            share=say.share(fleet_assessed(records(tables["published_opportunities"]))),
        )
        figure(say("figure.potential"), say.number(value, "min"), note)
    with two:
        mean_figure(by_month, say)
    with three:
        scan_time_figure(by_month, say)
    with four:
        note = say("figure.waiting.some") if len(found) else say("figure.waiting.none")
        figure(say("figure.waiting"), say.number(len(found)), note)


def _minutes(tables: Marts, where: Scope, say: Words) -> None:
    st.header(say("fleet_page.potential"))
    by_month = minutes_by_month(where.of(tables["published_potential_monthly"]))
    if by_month.empty:
        nothing(say("fleet_page.potential.none"))
        return
    first, last = say.month(by_month["month"].min()), say.month(by_month["month"].max())
    drawn = charts.minutes_of_months(by_month, say)
    chart(drawn, say("fleet_page.potential.alt", first=first, last=last))
    st.caption(say("fleet_page.potential.note"))
    names = ("month", *MINUTES, "opportunities", "assessable", "protocols")
    columns = shown("published_potential_monthly", *names)
    with st.expander(say("page.as_table")):
        table(by_month, columns, say, "minutes_by_month")


def _days(tables: Marts, say: Words) -> None:
    st.header(say("fleet_page.days"))
    daily = tables["fleet_daily"].sort_values("study_date")
    if daily[MEAN].notna().any():
        chart(charts.mean_by_day(daily, say), say("fleet_page.days.alt"))
        chart(charts.coverage_by_day(daily, say), say("fleet_page.days.known_alt"))
        st.caption(say("fleet_page.days.note"))
        names = ("study_date", "is_suppressed", MEAN, COVERAGE, "share_above_1")
        more = ("effective_averages_mean", "effective_averages_coverage", "acquisitions", "exams")
        newest = daily.iloc[::-1].reset_index(drop=True)
        with st.expander(say("page.as_table")):
            table(newest, shown("fleet_daily", *names, *more), say, "setting_by_day")
    elif len(daily):
        nothing(say("fleet_page.days.withheld"))
    else:
        nothing(say("fleet_page.days.none"))


def _months(tables: Marts, where: Scope, say: Words) -> None:
    st.header(say("fleet_page.months"))
    by_month = values_by(where.of(tables[MONTHLY]), "month_start")
    if by_month.empty:
        nothing(say("fleet_page.months.none"))
        return
    alt = say("fleet_page.months.alt", scope=scope_text())
    chart(charts.mean_of_months(by_month, say), alt)
    names = ("month_start", MEAN, COVERAGE, "share_above_1", "acquisitions")
    with st.expander(say("page.as_table")):
        table(by_month, shown(MONTHLY, *names), say, "setting_by_month")


def _scanners(scanners: pd.DataFrame, say: Words) -> None:
    st.header(say("fleet_page.scanners"))
    if scanners.empty:
        nothing(say("fleet_page.scanners.none"))
        return
    most = scanners[scanners["minutes_per_month"] > 0].head(_CHARTED)
    if len(most):
        alt = say("fleet_page.scanners.alt", count=say.number(len(most)))
        chart(charts.minutes_of_scanners(most, say), alt)
    columns = (
        shown("published_opportunities", "scanner", "site", "vendor", "model")
        | shown(MONTHLY, "field_strength_t")
        | shown("published_potential_monthly", *MINUTES, "opportunities", "assessable", "protocols")
        | shown(MONTHLY, MEAN, COVERAGE, "share_above_1")
    )
    st.caption(say("page.choose_row"))
    rows = Choice("scanner", list(scanners["scanner"]), "views/scanner.py")
    table(scanners, columns, say, "scanners", chosen=rows)


if __name__ == "__main__":
    show()
