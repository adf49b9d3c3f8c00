"""One scanner: its NEX, its exams' times, its protocols and what was found on it."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pandas as pd
import streamlit as st

from protocol_assets.dashboard import charts
from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.marts import Marts
from protocol_assets.dashboard.names import Scope, choices
from protocol_assets.dashboard.parts import Choice, chart, figure, nothing, table
from protocol_assets.dashboard.session import marts, scope
from protocol_assets.dashboard.tables.decisions import with_readings
from protocol_assets.dashboard.tables.fleet import MINUTES, device, ranked_scanners, values_by
from protocol_assets.dashboard.tables.opportunities import listed
from protocol_assets.dashboard.tables.verification import newest_first
from protocol_assets.dashboard.visits import visits
from protocol_assets.dashboard.words import NOT_TOLD, interval, known, month, number, plain
from protocol_assets.figures.scanners import Device

__all__ = ["show"]


def show() -> None:
    """The page."""
    tables, where = marts(), scope()
    if where.scanner is None:
        st.title("Scanner")
        _choose(tables, where)
        return
    st.title(plain(where.scanner))
    st.caption(plain(_described(*device(tables.tables, where.scanner))))
    own = Scope(scanner=where.scanner)
    nex = values_by(own.of(tables["nex_monthly"]), "month_start")
    exams = own.of(tables["exam_monthly"]).sort_values("month_start")
    ranked = own.of(ranked_scanners(tables.tables))
    _figures(ranked, nex, exams)
    _months(nex, exams)
    _protocols(own.of(tables["published_opportunities"]))
    _found(own.of(tables["published_findings"]))
    _changes(own.of(tables["published_verification"]))
    visits(own.of(tables["published_exam_shifts"]))


def _choose(tables: Marts, where: Scope) -> None:
    scanners = where.of(ranked_scanners(tables.tables))
    if scanners.empty:
        nothing("No scanner is published yet.")
        return
    st.caption("Choose a scanner at the side, or a row.")
    names = ("scanner", "site", "vendor", "model")
    columns = shown("published_opportunities", *names) | shown("nex_monthly", "field_strength_t")
    rows = Choice("scanner", list(scanners["scanner"]), "views/scanner.py")
    table(scanners, columns, "Scanners to choose from", chosen=rows)


def _described(about: Device, site: str | None) -> str:
    parts = [
        f"Site {site}" if site else f"site {NOT_TOLD}",
        " ".join(filter(None, (about.vendor, about.model))),
        "" if about.field_strength_t is None else number(about.field_strength_t, "T", 1),
    ]
    return ", ".join(part for part in parts if part)


def _figures(ranked: pd.DataFrame, nex: pd.DataFrame, exams: pd.DataFrame) -> None:
    one, two, three, four = st.columns(4)
    row = ranked.iloc[0] if len(ranked) else pd.Series(index=ranked.columns, dtype="object")
    with one:
        figure(
            "Potential saving each month",
            number(row["minutes_per_month"], "min"),
            f"{interval(row['minutes_per_month_low'], row['minutes_per_month_high'], 'min')}; "
            f"{number(row['assessable'])} of {number(row['protocols'])} protocols assessable",
        )
    last = nex.iloc[-1] if len(nex) else pd.Series(index=nex.columns, dtype="object")
    with two:
        figure(
            _dated("Mean NEX", last["month_start"]),
            number(last["nex_mean"], digits=2),
            known(last["nex_coverage"], "eligible acquisitions"),
        )
    exam = exams.iloc[-1] if len(exams) else pd.Series(index=exams.columns, dtype="object")
    for place, title, name in (
        (three, "Exam span", "exam_span"),
        (four, "Exam scan time", "scan_time_sum"),
    ):
        seconds = exam[f"{name}_median_s"]
        with place:
            figure(
                _dated(title, exam["month_start"]),
                number(None if pd.isna(seconds) else seconds / 60, "min", 1),
                f"median; {known(exam[f'{name}_coverage'], 'eligible exams')}",
            )


def _dated(title: str, when: Any) -> str:
    return title if pd.isna(when) else f"{title}, {month(when)}"


def _months(nex: pd.DataFrame, exams: pd.DataFrame) -> None:
    left, right = st.columns(2)
    with left:
        st.header("NEX by month")
        if nex.empty:
            nothing("No closed month with enough patients is published.")
        else:
            chart(charts.nex_of_months(nex), "Mean NEX of the scanner by closed month.")
            names = ("month_start", "nex_mean", "nex_coverage", "share_above_1", "acquisitions")
            with st.expander("As a table"):
                table(nex, shown("nex_monthly", *names), "NEX of the scanner by month")
    with right:
        st.header("Exams by month")
        if exams.empty:
            nothing("No closed month with enough patients is published.")
        else:
            chart(
                charts.exam_times(exams),
                "Median exam span, scan time and time between scans by closed month.",
            )
            times = ("exam_span", "scan_time_sum", "gap_time")
            pairs = [(f"{time}_median_s", f"{time}_coverage") for time in times]
            shown_names = ("month_start", "exams", *chain.from_iterable(pairs))
            with st.expander("As a table"):
                table(exams, shown("exam_monthly", *shown_names), "Exams of the scanner by month")


def _protocols(opportunities: pd.DataFrame) -> None:
    st.header("Protocols, the most minutes first")
    if opportunities.empty:
        nothing("No protocol with enough patients is published.")
        return
    rows = listed(opportunities, "all")
    names = ("protocol", "averages", "reference_averages", "reference", *MINUTES)
    more = ("snr_change_percent", "confidence", "coverage", "assessment_reason", "finding_state")
    st.caption("A row that is chosen opens the opportunity.")
    table(
        rows,
        shown("published_opportunities", *names, *more),
        "Protocols of the scanner",
        chosen=Choice(
            "opportunity", list(choices(rows, "scanner", "protocol")), "views/opportunity.py"
        ),
    )


def _found(findings: pd.DataFrame) -> None:
    st.header("Findings")
    if findings.empty:
        nothing("Nothing is published that was found on this scanner.")
        return
    rows = findings.sort_values(
        ["is_seen", "last_day", "finding_key"], ascending=[False, False, True]
    )
    names = ("kind", "protocol", "parameter", "finding_state", "is_waived", "is_seen", "observed")
    more = ("expected", "share_affected", "first_day", "last_day")
    table(
        with_readings(rows.reset_index(drop=True)),
        shown("published_findings", *names, *more),
        "Findings of the scanner",
    )


def _changes(verification: pd.DataFrame) -> None:
    st.header("Changes")
    if verification.empty:
        nothing("No change with enough patients before and after it is published.")
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
    st.caption("A row that is chosen opens the change.")
    options = list(
        choices(
            rows.assign(on=rows["changed_on"].dt.strftime("%Y-%m-%d")), "scanner", "protocol", "on"
        )
    )
    table(
        rows,
        shown("published_verification", *names, *more, *minutes),
        "Changes of the scanner",
        chosen=Choice("change", options, "views/verification.py"),
    )


if __name__ == "__main__":
    show()
