"""By how much a time moved: the shift with its interval, and against what it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocol_assets.reports.texts import Texts

__all__ = ["Shift", "interval_text", "shift_of", "value_text"]


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift in seconds.

    Attributes:
        value: The shift.
        low: Lower end of its 95 % interval, None where it is not reported.
        high: Upper end, likewise.
        against: ``adjusted`` (unchanged scanners) or ``shift`` (the scanner alone).
    """

    value: float
    low: float | None
    high: float | None
    against: str


def shift_of(row: Mapping[str, Any], metric: str) -> Shift | None:
    """The shift of a time against unchanged scanners, else of the scanner alone; None without one.

    Args:
        row: Of ``published_verification`` or ``published_exam_shifts``.
        metric: Name of the time, with which its columns begin.
    """
    for against in ("adjusted", "shift"):
        name = f"{metric}_{against}"
        if row[f"{name}_s"] is not None:
            return Shift(row[f"{name}_s"], row[f"{name}_low_s"], row[f"{name}_high_s"], against)
    return None


def value_text(shift: Shift, texts: Texts) -> str:
    """The shift with its sign and unit."""
    return f"{texts.signed(shift.value)}\u00a0{texts('unit.s')}"


def interval_text(shift: Shift, texts: Texts) -> str:
    """The interval with its unit, and against what the shift is measured."""
    ends = texts("interval.not_told")
    if shift.low is not None and shift.high is not None:
        interval = texts.interval(texts.signed(shift.low), texts.signed(shift.high))
        ends = f"{interval}\u00a0{texts('unit.s')}"
    return f"{ends}; {texts(f'shift.{shift.against}')}"
