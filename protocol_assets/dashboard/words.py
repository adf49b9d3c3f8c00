"""Numbers and names as words: with unit, interval and coverage; what is absent is not told."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from protocol_assets.plain_text import escape_markdown

__all__ = [
    "NOT_TOLD",
    "day",
    "interval",
    "known",
    "month",
    "number",
    "plain",
    "share",
    "told",
    "yes",
]

NOT_TOLD: Final = "not told"
"""Stands where a value is absent."""


def plain(text: str) -> str:
    """A name in Markdown, shown letter by letter."""
    return escape_markdown(text)


def number(value: Any, unit: str = "", digits: int = 0) -> str:
    """A number with its unit."""
    if pd.isna(value):
        return NOT_TOLD
    text = f"{value:,.{digits}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return f"{text} {unit}".rstrip()


def interval(low: Any, high: Any, unit: str = "", digits: int = 0) -> str:
    """An interval, both ends told or none."""
    if pd.isna(low) or pd.isna(high):
        return f"interval {NOT_TOLD}"
    return f"{number(low, digits=digits)} to {number(high, unit, digits)}"


def whole_percent(value: float) -> int:
    """A share as a whole percentage that is 0 or 100 only where the share is 0 or 1."""
    percent = math.floor(100 * value + 0.5)
    if value < 1 and percent >= 100:
        return 99
    return 1 if value > 0 and percent <= 0 else percent


def share(value: Any) -> str:
    """A share from 0 to 1 as a percentage."""
    return NOT_TOLD if pd.isna(value) else f"{whole_percent(value)} %"


def known(value: Any, of: str) -> str:
    """A coverage, to stand beside its number."""
    return f"coverage {NOT_TOLD}" if pd.isna(value) else f"known for {share(value)} of {of}"


def day(value: Any) -> str:
    """A day, ISO 8601."""
    return NOT_TOLD if pd.isna(value) else f"{value:%Y-%m-%d}"


def month(value: Any) -> str:
    """A calendar month, ISO 8601."""
    return NOT_TOLD if pd.isna(value) else f"{value:%Y-%m}"


def told(value: Any) -> str:
    """A term."""
    return NOT_TOLD if pd.isna(value) else str(value)


def yes(value: Any) -> str:
    """A truth value."""
    return NOT_TOLD if pd.isna(value) else "yes" if value else "no"
