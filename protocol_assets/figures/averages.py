"""How many scanners run a protocol at which averages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Place", "ScannersAt", "place_of", "scanners_at"]

Row = Mapping[str, Any]

Place = Literal["above", "not_above", "not_assessable"]
"""Where a scanner protocol is: above its reference, not above it, or without an assessment."""


@dataclass(frozen=True, slots=True)
class ScannersAt:
    """The scanners that run a protocol at the same averages.

    Attributes:
        averages: To a hundredth.
        place: Where these scanners are.
        scanners: How many they are.
    """

    averages: float
    place: Place
    scanners: int


def place_of(opportunity: Row) -> Place:
    """Where a scanner protocol is.

    Args:
        opportunity: Row of ``published_opportunities``.
    """
    if opportunity["has_potential"] is None:
        return "not_assessable"
    return "above" if opportunity["has_potential"] else "not_above"


def scanners_at(opportunities: Iterable[Row]) -> list[ScannersAt]:
    """Scanners by their averages, in order; those whose averages are not known are left out.

    Args:
        opportunities: Rows of ``published_opportunities`` of one protocol.
    """
    counts = Counter(
        (round(row["averages"], 2), place_of(row))
        for row in opportunities
        if row["averages"] is not None
    )
    return [ScannersAt(*key, count) for key, count in sorted(counts.items())]
