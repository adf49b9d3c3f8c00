"""Charts: tables in, Vega-Lite out. Days and months are in UTC, so no browser shifts them."""

from __future__ import annotations

from typing import Final

import altair as alt
import pandas as pd

from protocol_assets.dashboard.words import Words
from protocol_assets.figures.monthly import COVERAGE, MEAN

__all__ = [
    "averages_of_one",
    "coverage_by_day",
    "exam_times",
    "mean_by_day",
    "mean_of_months",
    "minutes_of_months",
    "minutes_of_scanners",
    "scanners_at_averages",
    "shifts",
]

# Each has a contrast of 3 and more on the light and on the dark ground.
_ACCENT: Final = "#2486b0"
_SOFT: Final = "#7f8a98"
_WARM: Final = "#c26a12"
_PALE: Final = 0.55  # an interval is seen in front of its bar
_DAY: Final = "utcyearmonthdate(study_date):T"
_LABEL_PX: Final = 260
_AXIS_PX: Final = 44
_HEIGHT: Final = 240
_ROW_PX: Final = 26
_MARGIN_PX: Final = 90  # the axis and its title, which Streamlit takes out of the height


def _months(frame: pd.DataFrame, column: str, say: Words) -> pd.DataFrame:
    """A row for every month, so that no line crosses a month without a row."""
    months = pd.date_range(frame[column].min(), frame[column].max(), freq="MS", unit="s")
    every = frame.set_index(column).reindex(months).rename_axis(column).reset_index()
    return every.assign(label=every[column].map(say.month))


def _month_axis() -> alt.X:
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy")
    return alt.X("label:O", title=None, sort=None, axis=axis)


def minutes_of_months(by_month: pd.DataFrame, say: Words) -> alt.LayerChart | alt.FacetChart:
    """The potential saving by month, with its interval.

    Args:
        by_month: From ``minutes_by_month``.
        say: The wording.
    """
    base = alt.Chart(_months(by_month, "month", say)).encode(x=_month_axis())
    tooltip = [
        alt.Tooltip("label:O", title=say("chart.month")),
        alt.Tooltip("minutes_per_month:Q", title=say("chart.minutes"), format=",.0f"),
        alt.Tooltip("minutes_per_month_low:Q", title=say("chart.low"), format=",.0f"),
        alt.Tooltip("minutes_per_month_high:Q", title=say("chart.high"), format=",.0f"),
        alt.Tooltip("coverage:Q", title=say("chart.assessable"), format=".0%"),
    ]
    minutes = alt.Y("minutes_per_month:Q", title=say("chart.minutes"), axis=_axis())
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


def minutes_of_scanners(scanners: pd.DataFrame, say: Words) -> alt.LayerChart | alt.FacetChart:
    """Minutes a month by scanner with their interval, in the order of the rows.

    Args:
        scanners: From ``ranked_scanners``, as many as are to be seen.
        say: The wording.
    """
    base = alt.Chart(scanners).encode(
        y=alt.Y("scanner:N", sort=None, title=None, axis=alt.Axis(labelLimit=_LABEL_PX))
    )
    bars = base.mark_bar(color=_ACCENT, opacity=_PALE, height={"band": 0.6}).encode(
        x=alt.X("minutes_per_month:Q", title=say("chart.minutes"), axis=alt.Axis(tickCount=8)),
        tooltip=[
            alt.Tooltip("scanner:N", title=say("chart.scanner")),
            alt.Tooltip("minutes_per_month:Q", title=say("chart.minutes"), format=",.0f"),
            alt.Tooltip("minutes_per_month_low:Q", title=say("chart.low"), format=",.0f"),
            alt.Tooltip("minutes_per_month_high:Q", title=say("chart.high"), format=",.0f"),
        ],
    )
    ends = base.mark_rule(color=_SOFT, strokeWidth=2).encode(
        x="minutes_per_month_low:Q", x2="minutes_per_month_high:Q"
    )
    return alt.layer(bars, ends).properties(height=_ROW_PX * len(scanners) + _MARGIN_PX)


def mean_by_day(fleet: pd.DataFrame, say: Words) -> alt.Chart:
    """The fleet's mean by day; a withheld day is a gap.

    Args:
        fleet: ``fleet_daily``.
        say: The wording.
    """
    chart: alt.Chart = (
        alt.Chart(_every_day(fleet))
        .mark_line(color=_ACCENT, point=alt.OverlayMarkDef(size=18, color=_ACCENT))
        .encode(
            x=_day_axis(labels=True),
            y=_mean(say),
            tooltip=[
                alt.Tooltip(_DAY, title=say("chart.day"), format="%x"),
                alt.Tooltip(f"{MEAN}:Q", title=say("chart.mean"), format=".2f"),
                alt.Tooltip(f"{COVERAGE}:Q", title=say("chart.known"), format=".0%"),
                alt.Tooltip("acquisitions:Q", title=say("chart.acquisitions")),
            ],
        )
        .properties(height=200)
    )
    return chart


def coverage_by_day(fleet: pd.DataFrame, say: Words) -> alt.Chart:
    """The share of acquisitions with a known value by day, under ``mean_by_day``."""
    axis = alt.Axis(format=".0%", values=[0, 0.5, 1], minExtent=_AXIS_PX, maxExtent=_AXIS_PX)
    scale = alt.Scale(domain=[0, 1])
    chart: alt.Chart = (
        alt.Chart(_every_day(fleet))
        .mark_bar(color=_SOFT, opacity=_PALE, binSpacing=1)
        .encode(
            x=_day_axis(labels=False),
            y=alt.Y(f"{COVERAGE}:Q", title=say("chart.known_short"), scale=scale, axis=axis),
        )
        .properties(height=100)
    )
    return chart


def _every_day(fleet: pd.DataFrame) -> pd.DataFrame:
    """A row for every day, so that no line crosses a day without a row."""
    if fleet.empty:
        return fleet
    days = pd.date_range(fleet["study_date"].min(), fleet["study_date"].max(), unit="s")
    return fleet.set_index("study_date").reindex(days).rename_axis("study_date").reset_index()


def _day_axis(*, labels: bool) -> alt.X:
    axis = alt.Axis(format="%x", labels=labels, ticks=labels, labelOverlap="greedy")
    return alt.X(
        _DAY,
        title=None,
        scale=alt.Scale(type="utc"),
        axis=axis,
        bandPosition=0.5,
    )


def _mean(say: Words) -> alt.Y:
    scale = alt.Scale(zero=False)
    return alt.Y(f"{MEAN}:Q", title=say("chart.mean"), scale=scale, axis=_axis())


def _axis() -> alt.Axis:
    return alt.Axis(minExtent=_AXIS_PX, maxExtent=_AXIS_PX, tickCount=5, format=",.3~r")


def mean_of_months(by_month: pd.DataFrame, say: Words) -> alt.Chart:
    """The mean by closed month.

    Args:
        by_month: From ``values_by`` with ``month_start``.
        say: The wording.
    """
    chart: alt.Chart = (
        alt.Chart(_months(by_month, "month_start", say))
        .mark_line(color=_ACCENT, point=alt.OverlayMarkDef(size=50, color=_ACCENT))
        .encode(
            x=_month_axis(),
            y=_mean(say),
            tooltip=[
                alt.Tooltip("label:O", title=say("chart.month")),
                alt.Tooltip(f"{MEAN}:Q", title=say("chart.mean"), format=".2f"),
                alt.Tooltip(f"{COVERAGE}:Q", title=say("chart.known"), format=".0%"),
                alt.Tooltip("acquisitions:Q", title=say("chart.acquisitions")),
            ],
        )
        .properties(height=_HEIGHT)
    )
    return chart


def exam_times(exams: pd.DataFrame, say: Words) -> alt.Chart:
    """The three times of an exam by closed month, side by side.

    Args:
        exams: ``exam_monthly`` of one scanner.
        say: The wording.
    """
    names = {
        f"{name}_median_s": say(f"time.{name}")
        for name in ("exam_span", "scan_time_sum", "gap_time")
    }
    long = _months(exams, "month_start", say).melt(
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
            y=alt.Y("minutes:Q", title=say("chart.median_minutes"), axis=_axis()),
            color=alt.Color("time:N", scale=colors, legend=legend),
            shape=alt.Shape("time:N", scale=alt.Scale(domain=list(names.values())), legend=legend),
            tooltip=[
                alt.Tooltip("label:O", title=say("chart.month")),
                alt.Tooltip("time:N", title=say("chart.time")),
                alt.Tooltip("minutes:Q", title=say("chart.median_minutes"), format=".1f"),
            ],
        )
        .properties(height=_HEIGHT)
    )
    return chart


def scanners_at_averages(found: pd.DataFrame, say: Words) -> alt.Chart:
    """How many scanners run a protocol at which averages.

    Args:
        found: From ``scanners_by_averages``.
        say: The wording.
    """
    places = [say(f"place.{one}") for one in ("above", "not_above", "not_assessable")]
    shown = found.assign(place=[say(f"place.{one}") for one in found["place"]])
    chart: alt.Chart = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=alt.X(
                "averages:O", title=say("chart.averages"), axis=alt.Axis(labelAngle=0, format="~g")
            ),
            y=alt.Y("scanners:Q", title=say("chart.scanners"), axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "place:N",
                scale=alt.Scale(domain=places, range=[_WARM, _ACCENT, _SOFT]),
                legend=alt.Legend(orient="top", title=None),
            ),
            tooltip=[
                alt.Tooltip("averages:O", title=say("chart.averages"), format="~g"),
                alt.Tooltip("place:N", title=say("chart.place")),
                alt.Tooltip("scanners:Q", title=say("chart.scanners")),
            ],
        )
        .properties(height=_HEIGHT)
    )
    return chart


def averages_of_one(levels: pd.DataFrame, say: Words) -> alt.Chart:
    """The averages of one opportunity: now, the reference, what is usual.

    Args:
        levels: From ``levels``.
        say: The wording.
    """
    kinds = [say(f"averages.{one}") for one in ("now", "reference", "usual")]
    shown = levels.assign(what=[say(f"averages.{one}") for one in levels["what"]])
    chart: alt.Chart = (
        alt.Chart(shown)
        .mark_point(filled=True, size=160, opacity=1)
        .encode(
            x=alt.X(
                "averages:Q",
                title=say("chart.averages"),
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


def shifts(times: pd.DataFrame, say: Words) -> alt.LayerChart | alt.FacetChart:
    """The change of each time, with its 95 % interval; left of zero is shorter.

    Args:
        times: From ``before_and_after`` or ``exam_times``.
        say: The wording.
    """
    times = times.assign(time=[say.term("time", one) for one in times["time"]])
    known = times.dropna(subset=["shift_s"])
    base = alt.Chart(known).encode(
        y=alt.Y("time:N", sort=list(times["time"]), title=None, axis=alt.Axis(labelLimit=_LABEL_PX))
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=_SOFT, strokeDash=[4, 4])
    points = base.mark_point(filled=True, size=110, color=_ACCENT, opacity=1).encode(
        x=alt.X("shift_s:Q", title=say("chart.shift")),
        tooltip=[
            alt.Tooltip("time:N", title=say("chart.time")),
            alt.Tooltip("shift_s:Q", title=say("chart.shift"), format=".0f"),
            alt.Tooltip("shift_low_s:Q", title=say("chart.from"), format=".0f"),
            alt.Tooltip("shift_high_s:Q", title=say("chart.to"), format=".0f"),
        ],
    )
    ends = base.mark_rule(color=_ACCENT, strokeWidth=3).encode(
        x="shift_low_s:Q", x2="shift_high_s:Q"
    )
    return alt.layer(zero.encode(x="zero:Q"), ends, points).properties(
        height=len(times) * _ROW_PX + _MARGIN_PX
    )
