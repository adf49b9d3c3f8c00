"""The trend as a line chart: where its lines, points and labels stand, for page and PDF alike."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from protocol_assets.reports.texts import Texts

__all__ = ["Chart", "Label", "trend_chart"]

_TICK_DAYS: Final = 7
_STEPS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_GRIDLINES: Final = 5
_LEAST_RANGE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place of the plot."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A line chart. Places are percent of the plot's width and height from its upper left corner.

    Attributes:
        alt: What the chart shows, for those who do not see it.
        caption: The line below it.
        gridlines: Levels with their values.
        ticks: Days along the lower edge.
        lines: From x, y to x, y.
        points: The values.
    """

    alt: str
    caption: str
    gridlines: Sequence[Label]
    ticks: Sequence[Label]
    lines: Sequence[tuple[float, float, float, float]]
    points: Sequence[Label]


def trend_chart(
    trend: Sequence[tuple[dt.date, float | None]], texts: Texts, *, patients: int
) -> Chart | None:
    """The chart of a trend; no line crosses a day without a value.

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
    top = low + 1.1 * max(high - low, _LEAST_RANGE)

    def x(index: int) -> float:
        return round(100 * index / (len(trend) - 1), 2)

    def y(value: float) -> float:
        return round(100 * (top - value) / (top - low), 2)

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
        gridlines=[Label(0, y(value), texts.number(value, 1)) for value in _levels(low, top)],
        ticks=[
            Label(x(index), 100, texts.tick(trend[index][0]))
            for index in range((len(trend) - 1) % _TICK_DAYS, len(trend), _TICK_DAYS)
        ],
        lines=[
            (x(index), y(one), x(index + 1), y(other))
            for index, ((_, one), (_, other)) in enumerate(pairwise(trend))
            if one is not None and other is not None
        ],
        points=[
            Label(x(index), y(value), f"{texts.tick(day)}: {texts.number(value)}")
            for index, (day, value) in enumerate(trend)
            if value is not None
        ],
    )


def _levels(low: float, top: float) -> list[float]:
    """Round values from ``low`` to ``top``, a handful at most."""
    step = next((size for size in _STEPS if (top - low) / size <= _GRIDLINES), _STEPS[-1])
    first, last = math.ceil(low / step - 1e-9), math.floor(top / step)
    return [step * number for number in range(first, last + 1)]
