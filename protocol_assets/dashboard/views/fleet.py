"""The fleet: minutes that can be won and NEX by day and month, scanners ranked."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.marts import Marts
from protocol_assets.dashboard.names import Scope
from protocol_assets.dashboard.parts import Choice, chart, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope
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
from protocol_assets.dashboard.words import interval, known, month, number, plain, share
from protocol_assets.figures.potential import fleet_assessed

__all__ = ["show"]

_CHARTED: Final = 15


def show() -> None:
    """The page."""
    tables, where = marts(), scope()
    st.title("Fleet overview")
    st.caption(
        f"{plain(str(where)).capitalize()}. What is published: closed months, "
        "and groups of patients large enough."
    )
    scanners = where.of(ranked_scanners(tables.tables))
    _figures(tables, where)
    _minutes(tables, where)
    _nex(tables, where)
    _scanners(scanners)


def _figures(tables: Marts, where: Scope) -> None:
    saving = potential_of(where.of(tables["published_opportunities"]))
    value, low, high = minutes_columns(saving.minutes)
    by_month = values_by(where.of(tables["nex_monthly"]), "month_start")
    last = by_month.iloc[-1] if len(by_month) else None
    found = where.of(waiting_rows(tables["published_findings"], tables["published_opportunities"]))
    one, two, three, four = st.columns(4)
    with one:
        figure(
            "Potential saving each month",
            number(value, "min"),
            f"{interval(low, high, 'min')}; {number(saving.assessable)} of "
            f"{number(saving.scanner_protocols)} published protocols assessable, about "
            f"{share(fleet_assessed(records(tables['published_opportunities'])))} of all in the "
            "fleet",
        )
    with two:
        figure(
            "Mean NEX" + (f", {month(last['month_start'])}" if last is not None else ""),
            number(None if last is None else last["nex_mean"], digits=2),
            known(None if last is None else last["nex_coverage"], "eligible acquisitions"),
        )
    with three:
        seconds = None if last is None else last["scan_time_sum_s"]
        figure(
            "Scan time" + (f", {month(last['month_start'])}" if last is not None else ""),
            number(None if pd.isna(seconds) else seconds / 3600, "h"),
            known(None if last is None else last["scan_time_coverage"], "acquisitions"),
        )
    with four:
        seen = "findings that are open and seen" if len(found) else "nothing is open"
        figure("Waiting for a decision", number(len(found)), seen)


def _minutes(tables: Marts, where: Scope) -> None:
    st.header("Potential saving by month")
    by_month = minutes_by_month(where.of(tables["published_potential_monthly"]))
    if by_month.empty:
        nothing("No month with a potential is published yet.")
        return
    chart(
        charts.minutes_of_months(by_month),
        f"Minutes a month that could be won, {month(by_month['month'].min())} to "
        f"{month(by_month['month'].max())}, with their interval; the table below says the same.",
    )
    st.caption(
        "As of the last day of each month, above the references of that day; what it costs in "
        "signal stands by each opportunity. The ends of the interval are summed: as wide as if "
        "every error went the same way."
    )
    names = ("month", *MINUTES, "opportunities", "assessable", "protocols")
    with st.expander("As a table"):
        table(by_month, shown("published_potential_monthly", *names), "Minutes by month")


def _nex(tables: Marts, where: Scope) -> None:
    st.header("NEX by day, all scanners")
    daily = tables["fleet_daily"].sort_values("study_date")
    if daily["nex_mean"].notna().any():
        chart(
            charts.nex_by_day(daily),
            "The fleet's mean NEX by day; days with too few patients are gaps.",
        )
        chart(charts.coverage_by_day(daily), "Share of acquisitions whose NEX is known, by day.")
        st.caption(
            "A day with too few patients is withheld and leaves a gap. Days are published "
            "for all scanners together, whatever is chosen at the side."
        )
        names = ("study_date", "is_suppressed", "nex_mean", "nex_coverage", "share_above_1")
        more = ("effective_averages_mean", "effective_averages_coverage", "acquisitions", "exams")
        newest = daily.iloc[::-1].reset_index(drop=True)
        with st.expander("As a table"):
            table(newest, shown("fleet_daily", *names, *more), "NEX by day")
    elif len(daily):
        nothing("Every day is withheld: too few patients were scanned, or none told its NEX.")
    else:
        nothing("No day is published yet.")
    st.header("NEX by month")
    by_month = values_by(where.of(tables["nex_monthly"]), "month_start")
    if by_month.empty:
        nothing("No closed month is published yet.")
        return
    chart(charts.nex_of_months(by_month), f"Mean NEX by closed month, {where}.")
    names = ("month_start", "nex_mean", "nex_coverage", "share_above_1", "acquisitions")
    with st.expander("As a table"):
        table(by_month, shown("nex_monthly", *names), "NEX by month")


def _scanners(scanners: pd.DataFrame) -> None:
    st.header("Scanners, the most minutes first")
    if scanners.empty:
        nothing("No scanner is published yet.")
        return
    most = scanners[scanners["minutes_per_month"] > 0].head(_CHARTED)
    if len(most):
        chart(
            charts.minutes_of_scanners(most),
            f"Minutes a month by scanner with their interval, the first {len(most)}.",
        )
    columns = (
        shown("published_opportunities", "scanner", "site", "vendor", "model")
        | shown("nex_monthly", "field_strength_t")
        | shown("published_potential_monthly", *MINUTES, "opportunities", "assessable", "protocols")
        | shown("nex_monthly", "nex_mean", "nex_coverage", "share_above_1")
    )
    st.caption("A row that is chosen opens the scanner.")
    rows = Choice("scanner", list(scanners["scanner"]), "views/scanner.py")
    table(scanners, columns, "Scanners", chosen=rows)


if __name__ == "__main__":
    show()
