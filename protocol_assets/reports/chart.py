"""The shapes of a chart: the places of its marks and labels, for page, PDF and mail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Bar", "Chart", "Dot", "Label", "Scale", "levels"]

_STEPS: Final = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place of the plot."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A value; ``size`` is its radius, 1 being that of a plain point."""

    x: float
    y: float
    text: str
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A column from the lower edge with the interval of its value.

    Attributes:
        x: Left edge.
        width: Width.
        y: Upper edge.
        low: Lower end of the interval, None where it is not known.
        high: Upper end, likewise.
        text: What it says.
    """

    x: float
    width: float
    y: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. Places are percent of the plot's width and height from its upper left corner.

    Attributes:
        alt: What the chart shows, for those who do not see it.
        caption: The line below it.
        gridlines: Levels with their values.
        ticks: The labels along the lower edge.
        has_uprights: Whether a line rises from each tick.
        lines: From x, y to x, y.
        dots: Single values.
        bars: Columns.
    """

    alt: str
    caption: str | None = None
    gridlines: Sequence[Label] = ()
    ticks: Sequence[Label] = ()
    has_uprights: bool = False
    lines: Sequence[tuple[float, float, float, float]] = ()
    dots: Sequence[Dot] = ()
    bars: Sequence[Bar] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to percent of a plot's height (``y``, downwards) or width (``x``)."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Percent from the left edge."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    def y(self, value: float) -> float:
        """Percent from the upper edge."""
        return round(100 * (self.high - value) / (self.high - self.low), 2)


def levels(low: float, high: float, *, most: int) -> list[float]:
    """Round values from ``low`` to ``high``.

    Args:
        low: Where the scale begins.
        high: Where it ends, above ``low``.
        most: About how many there may be.
    """
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(size * one for one in _STEPS if (high - low) / (size * one) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * number, 9) for number in range(first, last + 1)]
