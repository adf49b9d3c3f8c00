"""One scanner: its mean setting, the times of its exams, its protocols, findings and changes."""

from __future__ import annotations

from itertools import chain

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.marts import Marts
from protocol_assets.dashboard.names import Scope, choices
from protocol_assets.dashboard.parts import Choice, chart, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope, words
from protocol_assets.dashboard.tables.decisions import with_readings
from protocol_assets.dashboard.tables.fleet import MINUTES, device, ranked_scanners, values_by
from protocol_assets.dashboard.tables.opportunities import listed
from protocol_assets.dashboard.tables.verification import newest_first
from protocol_assets.dashboard.values import dated, mean_figure
from protocol_assets.dashboard.visits import visits
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.figures.monthly import COVERAGE, MEAN, MONTHLY

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where, say = marts(), scope(), words()
    if where.scanner is None:
        st.title(say("page.scanner"))
        _choose(tables, where, say)
        return
    about, site = device(tables.tables, where.scanner)
    place = say("scope.site", site=site) if site else say("scope.site_unknown")
    st.title(plain(where.scanner))
    st.caption(plain(", ".join(filter(None, (place, say.texts.device(about))))))
    own = Scope(scanner=where.scanner)
    by_month = values_by(own.of(tables[MONTHLY]), "month_start")
    exams = own.of(tables["exam_monthly"]).sort_values("month_start")
    _figures(own.of(ranked_scanners(tables.tables)), by_month, exams, say)
    _months(by_month, exams, say)
    _protocols(own.of(tables["published_opportunities"]), say)
    _findings(own.of(tables["published_findings"]), say)
    _changes(own.of(tables["published_verification"]), say)
    visits(own.of(tables["published_exam_shifts"]))


def _choose(tables: Marts, where: Scope, say: Words) -> None:
    scanners = where.of(ranked_scanners(tables.tables))
    if scanners.empty:
        key = "fleet_page.scanners.none" if tables.version else "page.nothing_published"
        nothing(say(key))
        return
    st.caption(say("scanner_page.choose"))
    names = ("scanner", "site", "vendor", "model")
    columns = shown("published_opportunities", *names) | shown(MONTHLY, "field_strength_t")
    rows = Choice("scanner", list(scanners["scanner"]), "views/scanner.py")
    table(scanners, columns, say, "scanners", chosen=rows)


def _figures(ranked: pd.DataFrame, by_month: pd.DataFrame, exams: pd.DataFrame, say: Words) -> None:
    one, two, three, four = st.columns(4)
    row = ranked.iloc[0] if len(ranked) else pd.Series(index=ranked.columns, dtype="object")
    with one:
        low, high = row["minutes_per_month_low"], row["minutes_per_month_high"]
        note = say(
            "figure.potential.scanner",
            interval=say.interval(low, high, "min"),
            assessable=say.number(row["assessable"]),
            protocols=say.number(row["protocols"]),
        )
        figure(say("figure.potential"), say.number(row["minutes_per_month"], "min"), note)
    with two:
        mean_figure(by_month, say)
    exam = exams.iloc[-1] if len(exams) else pd.Series(index=exams.columns, dtype="object")
    for place, title, name in (
        (three, say("figure.exam_span"), "exam_span"),
        (four, say("figure.exam_scan_time"), "scan_time_sum"),
    ):
        seconds = exam[f"{name}_median_s"]
        known = say.known(exam[f"{name}_coverage"], "eligible_exams")
        with place:
            figure(
                dated(title, exam["month_start"], say),
                say.number(None if pd.isna(seconds) else seconds / 60, "min", 1),
                say("figure.median", known=known),
            )


def _months(by_month: pd.DataFrame, exams: pd.DataFrame, say: Words) -> None:
    left, right = st.columns(2)
    with left:
        st.header(say("fleet_page.months"))
        if by_month.empty:
            nothing(say("page.no_month"))
        else:
            chart(charts.mean_of_months(by_month, say), say("scanner_page.months.alt"))
            names = ("month_start", MEAN, COVERAGE, "share_above_1", "acquisitions")
            with st.expander(say("page.as_table")):
                table(by_month, shown(MONTHLY, *names), say, "setting_by_month")
    with right:
        st.header(say("scanner_page.exams"))
        if exams.empty:
            nothing(say("page.no_month"))
        else:
            chart(charts.exam_times(exams, say), say("scanner_page.exams.alt"))
            times = ("exam_span", "scan_time_sum", "gap_time")
            pairs = [(f"{time}_median_s", f"{time}_coverage") for time in times]
            columns = shown("exam_monthly", "month_start", "exams", *chain.from_iterable(pairs))
            with st.expander(say("page.as_table")):
                table(exams, columns, say, "exams_by_month")


def _protocols(opportunities: pd.DataFrame, say: Words) -> None:
    st.header(say("scanner_page.protocols"))
    if opportunities.empty:
        nothing(say("page.no_protocol"))
        return
    rows = listed(opportunities, "all")
    names = ("protocol", "averages", "reference_averages", "reference", *MINUTES)
    more = ("snr_change_percent", "confidence", "coverage", "assessment_reason", "finding_state")
    st.caption(say("page.choose_row"))
    options = list(choices(rows, "scanner", "protocol"))
    table(
        rows,
        shown("published_opportunities", *names, *more),
        say,
        "protocols",
        chosen=Choice("opportunity", options, "views/opportunity.py"),
    )


def _findings(findings: pd.DataFrame, say: Words) -> None:
    st.header(say("scanner_page.findings"))
    if findings.empty:
        nothing(say("scanner_page.findings.none"))
        return
    rows = findings.sort_values(
        ["is_seen", "last_day", "finding_key"], ascending=[False, False, True]
    )
    names = ("kind", "protocol", "parameter", "finding_state", "is_waived", "is_seen", "observed")
    more = ("expected", "share_affected", "first_day", "last_day")
    table(
        with_readings(rows.reset_index(drop=True), say.texts),
        shown("published_findings", *names, *more),
        say,
        "findings",
    )


def _changes(verification: pd.DataFrame, say: Words) -> None:
    st.header(say("scanner_page.changes"))
    if verification.empty:
        nothing(say("page.no_change"))
        return
    rows = newest_first(verification)
    names = (
        "protocol",
        "changed_on",
        "verification_state",
        "effect",
        "level_before",
        "level_after",
    )
    more = ("scan_time_shift_s", "scan_time_shift_low_s", "scan_time_shift_high_s")
    minutes = ("promised_minutes_per_month", "realised_minutes_per_month", "guard_is_held")
    st.caption(say("page.choose_row"))
    days = rows["changed_on"].dt.strftime("%Y-%m-%d")
    options = list(choices(rows.assign(on=days), "scanner", "protocol", "on"))
    table(
        rows,
        shown("published_verification", *names, *more, *minutes),
        say,
        "changes",
        chosen=Choice("change", options, "views/verification.py"),
    )


if __name__ == "__main__":
    show()
