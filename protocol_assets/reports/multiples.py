"""The small charts of the scanners: one scale for all of them, so that panels can be compared."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from protocol_assets.figures.monthly import MonthlyValues
from protocol_assets.figures.scanners import ScannerFigures
from protocol_assets.reports.chart import Chart, Dot, Label, Scale, levels
from protocol_assets.reports.texts import Texts

__all__ = ["Scales", "common_scales", "setting_dots", "time_line"]

Row = Mapping[str, Any]

_TIME: Final = "scan_time_sum_median_s"
_LARGEST: Final = 1.9
_SMALLEST: Final = 0.55
_SIDE_BY_SIDE: Final = 0.035
"""Dots closer than this part of the axis are stacked."""


@dataclass(frozen=True, slots=True)
class Scales:
    """What all panels share.

    Attributes:
        setting: From 0 to the highest mean setting of a protocol.
        acquisitions: Of the largest protocol.
        minutes: Up to the longest scan time per exam; from 0, unless all are far from it.
    """

    setting: Scale
    acquisitions: int
    minutes: Scale


def common_scales(scanners: Iterable[ScannerFigures]) -> Scales:
    """The scales that hold all that the panels of some scanners show."""
    shown = list(scanners)
    protocols = [row for one in shown for row in one.protocols]
    times = [_minutes_of(row) for one in shown for _, row in one.months]
    highest = max((row.mean for row in protocols if row.mean is not None), default=1.0)
    return Scales(
        setting=Scale(0, max(math.floor(highest) + 1.0, 3.0)),
        acquisitions=max((row.acquisitions for row in protocols), default=1),
        minutes=_minutes([one for one in times if one is not None]),
    )


def _minutes(times: Sequence[float]) -> Scale:
    low, high = min(times, default=0.0), max(times, default=0.0)
    return Scale(0.8 * low if low > high / 3 else 0.0, max(1.08 * high, 1.0))


def setting_dots(
    protocols: Sequence[MonthlyValues], scales: Scales, texts: Texts, *, name: str
) -> Chart | None:
    """The protocols of a scanner over their mean setting, each as large as it has acquisitions.

    Args:
        protocols: Of one month.
        scales: What all panels share.
        texts: The wording.
        name: The scanner.

    Returns:
        None where no setting is known.
    """
    known = sorted(
        ((row.mean, row) for row in protocols if row.mean is not None),
        key=lambda one: (-one[1].acquisitions, one[0]),
    )
    if not known:
        return None
    stacks: defaultdict[int, list[tuple[float, MonthlyValues]]] = defaultdict(list)
    for mean, row in known:
        stacks[round(mean / scales.setting.high / _SIDE_BY_SIDE)].append((mean, row))
    values = [mean for mean, _ in known]
    return Chart(
        alt=texts(
            "panel.setting.alt",
            name=name,
            protocols=len(known),
            low=texts.number(min(values)),
            high=texts.number(max(values)),
        ),
        ticks=[
            Label(scales.setting.x(value), 100, texts.number(value, 0))
            for value in levels(0, scales.setting.high, most=8)
            if value == round(value)
        ],
        has_uprights=True,
        dots=[
            Dot(scales.setting.x(mean), y, _protocol(mean, row, texts), _size(row, scales))
            for stack in stacks.values()
            for (mean, row), y in zip(stack, _stacked(len(stack)), strict=True)
        ],
    )


def time_line(
    months: Sequence[tuple[dt.date, Row | None]], scales: Scales, texts: Texts, *, name: str
) -> Chart | None:
    """The median scan time per exam of a scanner by month; no line crosses a month without one.

    Args:
        months: Closed months with their row of ``exam_monthly``.
        scales: What all panels share.
        texts: The wording.
        name: The scanner.

    Returns:
        None where it is known for no month.
    """
    values = [(month, _minutes_of(row)) for month, row in months]
    known = [(month, value) for month, value in values if value is not None]
    if not known:
        return None
    # A single month is in the middle.
    across = Scale(0, len(months) - 1) if len(months) > 1 else Scale(-1, 1)
    last = len(months) - 1
    (first_month, first_value), (last_month, last_value) = known[0], known[-1]
    return Chart(
        alt=texts(
            "panel.time.alt",
            name=name,
            first=texts.month(first_month),
            last=texts.month(last_month),
            begin=texts.number(first_value, 1),
            end=texts.number(last_value, 1),
        ),
        gridlines=[
            Label(0, scales.minutes.y(value), texts.number(value, 0))
            for value in levels(scales.minutes.low, scales.minutes.high, most=3)
            if value == round(value)
        ],
        ticks=[
            Label(across.x(index), 100, texts.short_month(months[index][0]))
            for index in sorted({0, last})
        ],
        lines=[
            (across.x(index), scales.minutes.y(one), across.x(index + 1), scales.minutes.y(other))
            for index, ((_, one), (_, other)) in enumerate(pairwise(values))
            if one is not None and other is not None
        ],
        dots=[
            Dot(
                across.x(index),
                scales.minutes.y(value),
                f"{texts.month(month)}: {texts.number(value, 1)} {texts('unit.min')}",
                0.6,
            )
            for index, (month, value) in enumerate(values)
            if value is not None
        ],
    )


def _minutes_of(row: Row | None) -> float | None:
    seconds: float | None = None if row is None else row[_TIME]
    return None if seconds is None else seconds / 60


def _protocol(mean: float, row: MonthlyValues, texts: Texts) -> str:
    name = row.protocol or texts("unnamed.protocol")
    return texts(
        "panel.setting.dot",
        protocol=name,
        setting=texts.number(mean),
        acquisitions=texts.number(row.acquisitions, 0),
    )


def _size(row: MonthlyValues, scales: Scales) -> float:
    """The area goes with the acquisitions."""
    share = math.sqrt(row.acquisitions / max(scales.acquisitions, 1))
    return round(max(_LARGEST * share, _SMALLEST), 2)


def _stacked(count: int) -> list[float]:
    """Heights of dots on one another: the first in the middle, the others above and below."""
    step = min(24.0, 84 / count)
    ways = [((number + 1) // 2) * (-1 if number % 2 else 1) for number in range(count)]
    return [round(50 + step * way, 2) for way in ways]
