"""Charts: tables in, Vega-Lite out. Days and months are UTC, so that no browser shifts them."""

from __future__ import annotations

from typing import Final

import altair as alt
import pandas as pd

__all__ = [
    "averages_of_one",
    "coverage_by_day",
    "exam_times",
    "minutes_of_months",
    "minutes_of_scanners",
    "nex_by_day",
    "nex_of_months",
    "scanners_at_averages",
    "shifts",
]

# Each has a contrast of 3 and more on the light and on the dark ground.
_ACCENT: Final = "#2486b0"
_SOFT: Final = "#7f8a98"
_WARM: Final = "#c26a12"
_PALE: Final = 0.55  # an interval is seen in front of its bar
_LABEL_PX: Final = 260
_AXIS_PX: Final = 44
_HEIGHT: Final = 240
_ROW_PX: Final = 26
_MARGIN_PX: Final = 60  # the axis and its title, which Streamlit takes out of the height


def _months(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """A row for every month, so that a line does not run over months that are not there."""
    months = pd.date_range(frame[column].min(), frame[column].max(), freq="MS", unit="s")
    every = frame.set_index(column).reindex(months).rename_axis(column).reset_index()
    return every.assign(label=every[column].dt.strftime("%Y-%m"))


def _month_axis() -> alt.X:
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy")
    return alt.X("label:O", title=None, axis=axis)


def minutes_of_months(by_month: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Minutes that could be won by month, with their interval.

    Args:
        by_month: From ``minutes_by_month``.
    """
    base = alt.Chart(_months(by_month, "month")).encode(x=_month_axis())
    tooltip = [
        alt.Tooltip("label:O", title="Month"),
        alt.Tooltip("minutes_per_month:Q", title="Minutes a month", format=",.0f"),
        alt.Tooltip("minutes_per_month_low:Q", title="at least", format=",.0f"),
        alt.Tooltip("minutes_per_month_high:Q", title="at most", format=",.0f"),
        alt.Tooltip("coverage:Q", title="Protocols assessable", format=".0%"),
    ]
    minutes = alt.Y("minutes_per_month:Q", title="Minutes a month", axis=_axis())
    bars = base.mark_bar(color=_ACCENT, opacity=_PALE, width=_bar(by_month)).encode(
        y=minutes, tooltip=tooltip
    )
    ends = base.mark_rule(color=_SOFT, strokeWidth=2).encode(
        y=alt.Y("minutes_per_month_low:Q"), y2="minutes_per_month_high:Q"
    )
    return alt.layer(bars, ends).properties(height=_HEIGHT)


def _bar(months: pd.DataFrame) -> dict[str, float]:
    """Few months make no broad bars."""
    return {"band": min(0.5, 0.08 * max(len(months), 1))}


def minutes_of_scanners(scanners: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Minutes a month by scanner with their interval, in the order of the rows.

    Args:
        scanners: From ``ranked_scanners``, as many as are to be seen.
    """
    base = alt.Chart(scanners).encode(
        y=alt.Y("scanner:N", sort=None, title=None, axis=alt.Axis(labelLimit=_LABEL_PX))
    )
    bars = base.mark_bar(color=_ACCENT, opacity=_PALE, height={"band": 0.6}).encode(
        x=alt.X("minutes_per_month:Q", title="Minutes a month", axis=alt.Axis(tickCount=8)),
        tooltip=[
            alt.Tooltip("scanner:N", title="Scanner"),
            alt.Tooltip("minutes_per_month:Q", title="Minutes a month", format=",.0f"),
            alt.Tooltip("minutes_per_month_low:Q", title="at least", format=",.0f"),
            alt.Tooltip("minutes_per_month_high:Q", title="at most", format=",.0f"),
        ],
    )
    ends = base.mark_rule(color=_SOFT, strokeWidth=2).encode(
        x="minutes_per_month_low:Q", x2="minutes_per_month_high:Q"
    )
    return alt.layer(bars, ends).properties(height=_ROW_PX * len(scanners) + _MARGIN_PX)


def nex_by_day(fleet: pd.DataFrame) -> alt.Chart:
    """The fleet's mean NEX by day; a withheld day is a gap.

    Args:
        fleet: ``fleet_daily``.
    """
    chart: alt.Chart = (
        alt.Chart(_every_day(fleet))
        .mark_line(color=_ACCENT, point=alt.OverlayMarkDef(size=18, color=_ACCENT))
        .encode(
            x=_day_axis(labels=True),
            y=alt.Y("nex_mean:Q", title="Mean NEX", scale=alt.Scale(zero=False), axis=_axis()),
            tooltip=[
                alt.Tooltip("utcyearmonthdate(study_date):T", title="Day", format="%Y-%m-%d"),
                alt.Tooltip("nex_mean:Q", title="Mean NEX", format=".2f"),
                alt.Tooltip("nex_coverage:Q", title="NEX known", format=".0%"),
                alt.Tooltip("acquisitions:Q", title="Acquisitions"),
            ],
        )
        .properties(height=200)
    )
    return chart


def coverage_by_day(fleet: pd.DataFrame) -> alt.Chart:
    """For how many acquisitions the NEX of a day is known, under ``nex_by_day``."""
    axis = alt.Axis(format=".0%", values=[0, 0.5, 1], minExtent=_AXIS_PX, maxExtent=_AXIS_PX)
    scale = alt.Scale(domain=[0, 1])
    chart: alt.Chart = (
        alt.Chart(_every_day(fleet))
        .mark_bar(color=_SOFT, opacity=_PALE, binSpacing=1)
        .encode(
            x=_day_axis(labels=False),
            y=alt.Y("nex_coverage:Q", title="Known", scale=scale, axis=axis),
        )
        .properties(height=60)
    )
    return chart


def _every_day(fleet: pd.DataFrame) -> pd.DataFrame:
    """A row for every day, so that a line does not run over days that are not there."""
    if fleet.empty:
        return fleet
    days = pd.date_range(fleet["study_date"].min(), fleet["study_date"].max(), unit="s")
    return fleet.set_index("study_date").reindex(days).rename_axis("study_date").reset_index()


def _day_axis(*, labels: bool) -> alt.X:
    axis = alt.Axis(format="%Y-%m-%d", labels=labels, ticks=labels, labelOverlap="greedy")
    return alt.X(
        "utcyearmonthdate(study_date):T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=axis,
        bandPosition=0.5,
    )


def _axis() -> alt.Axis:
    return alt.Axis(minExtent=_AXIS_PX, maxExtent=_AXIS_PX, tickCount=5, format=",.3~r")


def nex_of_months(by_month: pd.DataFrame) -> alt.Chart:
    """Mean NEX by closed month.

    Args:
        by_month: From ``values_by`` with ``month_start``.
    """
    chart: alt.Chart = (
        alt.Chart(_months(by_month, "month_start"))
        .mark_line(color=_ACCENT, point=alt.OverlayMarkDef(size=50, color=_ACCENT))
        .encode(
            x=_month_axis(),
            y=alt.Y("nex_mean:Q", title="Mean NEX", scale=alt.Scale(zero=False), axis=_axis()),
            tooltip=[
                alt.Tooltip("label:O", title="Month"),
                alt.Tooltip("nex_mean:Q", title="Mean NEX", format=".2f"),
                alt.Tooltip("nex_coverage:Q", title="NEX known", format=".0%"),
                alt.Tooltip("acquisitions:Q", title="Acquisitions"),
            ],
        )
        .properties(height=_HEIGHT)
    )
    return chart


def exam_times(exams: pd.DataFrame) -> alt.Chart:
    """The three times of an exam by closed month, side by side.

    Args:
        exams: ``exam_monthly`` of one scanner.
    """
    names = {
        "exam_span_median_s": "Exam span",
        "scan_time_sum_median_s": "Scan time",
        "gap_time_median_s": "Between scans",
    }
    long = _months(exams, "month_start").melt(
        "label", list(names), var_name="column", value_name="seconds"
    )
    long = long.assign(time=long["column"].map(names), minutes=long["seconds"] / 60)
    legend = alt.Legend(orient="top", title=None)
    colors = alt.Scale(domain=list(names.values()), range=[_ACCENT, _WARM, _SOFT])
    chart: alt.Chart = (
        alt.Chart(long)
        .mark_line(point=True)
        .encode(
            x=_month_axis(),
            y=alt.Y("minutes:Q", title="Median, min", axis=_axis()),
            color=alt.Color("time:N", scale=colors, legend=legend),
            shape=alt.Shape("time:N", scale=alt.Scale(domain=list(names.values())), legend=legend),
            tooltip=[
                alt.Tooltip("label:O", title="Month"),
                alt.Tooltip("time:N", title="Time"),
                alt.Tooltip("minutes:Q", title="Median, min", format=".1f"),
            ],
        )
        .properties(height=_HEIGHT)
    )
    return chart


def scanners_at_averages(levels: pd.DataFrame) -> alt.Chart:
    """How many scanners run a protocol at which averages.

    Args:
        levels: From ``scanners_by_averages``.
    """
    stands = ["above", "not_above", "not_assessable"]
    chart: alt.Chart = (
        alt.Chart(levels)
        .mark_bar()
        .encode(
            x=alt.X("averages:O", title="Averages", axis=alt.Axis(labelAngle=0, format="~g")),
            y=alt.Y("scanners:Q", title="Scanners", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "place:N",
                scale=alt.Scale(domain=stands, range=[_WARM, _ACCENT, _SOFT]),
                legend=alt.Legend(orient="top", title=None),
            ),
            tooltip=[
                alt.Tooltip("averages:O", title="Averages", format="~g"),
                alt.Tooltip("place:N", title="Stands"),
                alt.Tooltip("scanners:Q", title="Scanners"),
            ],
        )
        .properties(height=_HEIGHT)
    )
    return chart


def averages_of_one(levels: pd.DataFrame) -> alt.Chart:
    """The averages of one opportunity: now, the reference, what is usual.

    Args:
        levels: From ``levels``.
    """
    kinds = ["now", "reference", "usual"]
    chart: alt.Chart = (
        alt.Chart(levels)
        .mark_point(filled=True, size=160, opacity=1)
        .encode(
            x=alt.X(
                "averages:Q",
                title="Averages",
                scale=alt.Scale(domainMin=0, nice=True),
                axis=alt.Axis(tickCount=6),
            ),
            y=alt.Y("what:N", sort=kinds, title=None),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=kinds, range=[_WARM, _ACCENT, _SOFT]),
                legend=None,
            ),
            tooltip=[alt.Tooltip("what:N"), alt.Tooltip("averages:Q", format=".2f")],
        )
        .properties(height=3 * _ROW_PX + _MARGIN_PX)
    )
    return chart


def shifts(times: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """By how much each time moved, with its 95 % interval; left of zero is time won.

    Args:
        times: From ``before_and_after`` or ``exam_times``.
    """
    told = times.dropna(subset=["shift_s"])
    base = alt.Chart(told).encode(
        y=alt.Y("time:N", sort=list(times["time"]), title=None, axis=alt.Axis(labelLimit=_LABEL_PX))
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=_SOFT, strokeDash=[4, 4])
    points = base.mark_point(filled=True, size=110, color=_ACCENT, opacity=1).encode(
        x=alt.X("shift_s:Q", title="Change, s (left of 0: shorter)"),
        tooltip=[
            alt.Tooltip("time:N", title="Time"),
            alt.Tooltip("shift_s:Q", title="Change (s)", format=".0f"),
            alt.Tooltip("shift_low_s:Q", title="from", format=".0f"),
            alt.Tooltip("shift_high_s:Q", title="to", format=".0f"),
        ],
    )
    ends = base.mark_rule(color=_ACCENT, strokeWidth=3).encode(
        x="shift_low_s:Q", x2="shift_high_s:Q"
    )
    return alt.layer(zero.encode(x="zero:Q"), ends, points).properties(
        height=len(times) * _ROW_PX + _MARGIN_PX
    )
