"""The report as one self-contained HTML page: no script, no request to anywhere."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from protocol_assets.deidentify.labels import K_PATIENTS
from protocol_assets.reports.figures import Figures, runs_of_values

__all__ = ["render_page"]

_WIDTH: Final = 680
_HEIGHT: Final = 150
_MARGIN: Final = 34


def render_page(figures: Figures, *, is_demo: bool) -> str:
    """The page of one day.

    Args:
        figures: What it shows.
        is_demo: Whether the page says that its data are simulated.
    """
    template = _environment().get_template("report.html")
    return template.render(
        figures=figures, is_demo=is_demo, chart=_chart(figures), k_patients=K_PATIENTS
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("protocol_assets.reports"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "percent": _percent,
        "day": _day,
        "month": _month,
        "minutes": _minutes,
    }
    return environment


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _minutes(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds / 60:.1f}"


def _day(value: dt.date) -> str:
    return f"{value:%a} {value.day} {value:%b %Y}"


def _month(value: dt.date) -> str:
    return f"{value:%B %Y}"


def _chart(figures: Figures) -> dict[str, object] | None:
    """Geometry of the trend: line runs, ticks, weekend bands; None without two values."""
    values = [value for _, value in figures.trend if value is not None]
    if len(values) < 2:
        return None
    low, high = min(1.0, *values), max(values)
    high = low + max(high - low, 0.2) * 1.1
    step = (_WIDTH - 2 * _MARGIN) / max(len(figures.trend) - 1, 1)

    def x(index: int) -> float:
        return round(_MARGIN + index * step, 1)

    def y(value: float) -> float:
        return round(_HEIGHT - 24 - (value - low) / (high - low) * (_HEIGHT - 44), 1)

    runs = [[(x(index), y(value)) for index, value in run] for run in runs_of_values(figures.trend)]
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "lines": [" ".join(f"{px},{py}" for px, py in run) for run in runs if len(run) > 1],
        "points": [point for run in runs for point in run],
        "gridlines": [(y(value), f"{value:.1f}") for value in _gridlines(low, high)],
        "ticks": [
            (x(index), f"{day.day} {day:%b}")
            for index, (day, _) in enumerate(figures.trend)
            if (len(figures.trend) - 1 - index) % 7 == 0
        ],
        "left": _MARGIN,
        "right": _WIDTH - _MARGIN,
    }


def _gridlines(low: float, high: float) -> list[float]:
    step = next(size for size in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if (high - low) / size <= 5)
    first = int(low / step)
    lines = [round(step * number, 2) for number in range(first, first + 12)]
    return [line for line in lines if low <= line <= high]
