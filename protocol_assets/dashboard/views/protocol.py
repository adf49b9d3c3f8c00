"""One protocol across the scanners."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.names import choices
from protocol_assets.dashboard.parts import Choice, chart, choose, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope
from protocol_assets.dashboard.tables.fleet import (
    MINUTES,
    minutes_columns,
    potential_of,
    ranked_protocols,
    values_by,
)
from protocol_assets.dashboard.tables.opportunities import listed, scanners_by_averages
from protocol_assets.dashboard.words import interval, known, month, number

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where = marts(), scope()
    st.title("Protocol")
    opportunities = where.of(tables["published_opportunities"])
    nex = where.of(tables["nex_monthly"])
    names = pd.concat([opportunities["protocol"], nex["protocol"]]).dropna().unique()
    if not len(names):
        nothing("No protocol with enough patients is published.")
        return
    protocol = choose(
        "Protocol", sorted(names, key=str.casefold), "protocol", "Choose one of the protocols"
    )
    if protocol is None:
        _overview(opportunities)
        return
    own = listed(opportunities[opportunities["protocol"] == protocol], "all")
    nex = nex[nex["protocol"] == protocol]
    _figures(own, nex)
    _scanners(own)
    _months(nex)


def _overview(opportunities: pd.DataFrame) -> None:
    """All protocols, the most minutes first."""
    if opportunities.empty:
        return
    sums = ranked_protocols(opportunities)
    columns = shown("published_opportunities", "protocol", *MINUTES) | shown(
        "published_potential_monthly", "opportunities", "assessable"
    )
    table(sums, columns, "Protocols", chosen=Choice("protocol", list(sums["protocol"])))


def _figures(own: pd.DataFrame, nex: pd.DataFrame) -> None:
    saving = potential_of(own)
    value, low, high = minutes_columns(saving.minutes)
    by_month = values_by(nex, "month_start")
    last = by_month.iloc[-1] if len(by_month) else None
    one, two, three = st.columns(3)
    with one:
        figure(
            "Scanners that run it",
            number(saving.scanner_protocols),
            f"averages told by {saving.with_averages} of them",
        )
    with two:
        figure(
            "Potential saving each month",
            number(value, "min"),
            f"{interval(low, high, 'min')}; {saving.assessable} of {saving.scanner_protocols} "
            "scanners assessable",
        )
    with three:
        figure(
            "Mean NEX" + (f", {month(last['month_start'])}" if last is not None else ""),
            number(None if last is None else last["nex_mean"], digits=2),
            known(None if last is None else last["nex_coverage"], "eligible acquisitions"),
        )


def _scanners(own: pd.DataFrame) -> None:
    st.header("Across the scanners")
    if own.empty:
        nothing("No scanner has enough patients with this protocol to be published.")
        return
    levels = scanners_by_averages(own)
    if len(levels):
        chart(
            charts.scanners_at_averages(levels),
            "Number of scanners by the averages they run, split by where they stand.",
        )
    names = ("scanner", "site", "vendor", "model", "averages", "reference_averages", "reference")
    more = ("usual_averages", "n_peers", "scan_time_now_s", *MINUTES, "snr_change_percent")
    rest = ("confidence", "coverage", "assessment_reason")
    st.caption("A row that is chosen opens the opportunity.")
    table(
        own,
        shown("published_opportunities", *names, *more, *rest),
        "Scanners with the protocol",
        chosen=Choice(
            "opportunity", list(choices(own, "scanner", "protocol")), "views/opportunity.py"
        ),
    )


def _months(nex: pd.DataFrame) -> None:
    st.header("NEX by month")
    if nex.empty:
        nothing("No closed month with enough patients is published.")
        return
    by_month = values_by(nex, "month_start")
    chart(charts.nex_of_months(by_month), "Mean NEX of the protocol by closed month.")
    rows = nex.sort_values(["month_start", "scanner"], ascending=[False, True])
    names = ("month_start", "scanner", "nex_mean", "nex_median", "nex_mode", "nex_coverage")
    more = ("share_above_1", "acquisitions", "scan_time_sum_s", "scan_time_coverage")
    with st.expander("As a table, by scanner"):
        table(
            rows.reset_index(drop=True),
            shown("nex_monthly", *names, *more),
            "NEX of the protocol by month and scanner",
        )


if __name__ == "__main__":
    show()
