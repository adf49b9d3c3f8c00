"""The two charts over time: the fleet's mean setting by day, and the potential saving by month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from protocol_assets.figures.potential import Minutes
from protocol_assets.reports.chart import Bar, Chart, Dot, Label, Scale, levels
from protocol_assets.reports.texts import Texts

__all__ = ["minutes_chart", "setting_chart"]

_TICK_DAYS: Final = 7
_GRIDLINES: Final = 5
_LEAST_RANGE: Final = 0.2
_BAR: Final = 0.62
_HEADROOM: Final = 1.08


def setting_chart(
    trend: Sequence[tuple[dt.date, float | None]], texts: Texts, *, patients: int
) -> Chart | None:
    """The line of a fleet's mean setting; no line crosses a day without a value.

    Args:
        trend: Consecutive days with their values.
        texts: The wording.
        patients: Below so many a day is withheld.

    Returns:
        None where fewer than two days have a value.
    """
    known = [value for _, value in trend if value is not None]
    if len(known) < 2:
        return None
    low, high = min(1.0, *known), max(known)
    scale = Scale(low, low + 1.1 * max(high - low, _LEAST_RANGE))
    days = Scale(0, len(trend) - 1)
    return Chart(
        alt=texts(
            "trend.alt",
            first=texts.day(trend[0][0]),
            last=texts.day(trend[-1][0]),
            low=texts.number(min(known)),
            high=texts.number(high),
            end=texts.number(known[-1]),
        ),
        caption=texts("trend", patients=patients),
        gridlines=[
            Label(0, scale.y(value), texts.number(value, 1))
            for value in levels(low, scale.high, most=_GRIDLINES)
        ],
        ticks=[
            Label(days.x(index), 100, texts.tick(trend[index][0]))
            for index in range((len(trend) - 1) % _TICK_DAYS, len(trend), _TICK_DAYS)
        ],
        lines=[
            (days.x(index), scale.y(one), days.x(index + 1), scale.y(other))
            for index, ((_, one), (_, other)) in enumerate(pairwise(trend))
            if one is not None and other is not None
        ],
        dots=[
            Dot(days.x(index), scale.y(value), f"{texts.tick(day)}: {texts.number(value)}")
            for index, (day, value) in enumerate(trend)
            if value is not None
        ],
    )


def minutes_chart(trend: Sequence[tuple[dt.date, Minutes | None]], texts: Texts) -> Chart | None:
    """Columns of the potential saving at the end of each closed month.

    Args:
        trend: Closed months in order.
        texts: The wording.

    Returns:
        None where fewer than two months have a value.
    """
    known = [(month, minutes) for month, minutes in trend if minutes is not None]
    if len(known) < 2:
        return None
    highest = max(minutes.high or minutes.value for _, minutes in known)
    scale = Scale(0, max(_HEADROOM * highest, 1))
    width = 100 / len(trend)
    (first, begin), (last, end) = known[0], known[-1]
    return Chart(
        alt=texts(
            "potential.alt",
            first=texts.month(first),
            last=texts.month(last),
            begin=texts.number(begin.value, 0),
            end=texts.minutes(end.value, end.low, end.high),
        ),
        caption=texts(
            "potential.caption",
            first=texts.month(first),
            last=texts.month(last),
            begin=texts.number(begin.value, 0),
            end=texts.number(end.value, 0),
        ),
        gridlines=[
            Label(0, scale.y(value), texts.number(value, 0))
            for value in levels(0, scale.high, most=4)
            if value == round(value)
        ],
        ticks=[
            Label(round(width * (index + 0.5), 2), 100, texts.short_month(month))
            for index, (month, _) in enumerate(trend)
        ],
        bars=[
            Bar(
                x=round(width * (index + (1 - _BAR) / 2), 2),
                width=round(width * _BAR, 2),
                y=scale.y(one.value),
                low=None if one.low is None else scale.y(max(one.low, 0)),
                high=None if one.high is None else scale.y(one.high),
                text=f"{texts.month(month)}: {texts.minutes(one.value, one.low, one.high)}",
            )
            for index, (month, one) in enumerate(trend)
            if one is not None
        ],
    )
