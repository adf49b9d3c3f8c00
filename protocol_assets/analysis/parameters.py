"""The settings that are watched in a protocol, and how far each may vary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from protocol_assets.analysis.statistics import Floats
from protocol_assets.data import read_table

__all__ = ["Parameter", "read_parameters"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A tracked parameter.

    Attributes:
        name: Column of the acquisitions.
        label: How it is called on a console.
        unit: Its unit, empty where it has none.
        kind: ``relative`` or ``absolute`` tolerance, or ``term``: the same or another (compared
            as codes).
        tolerance: How far two values of one setting may lie apart.
        is_derived: Whether other tracked parameters make it: its past is theirs.
        is_required: Whether every header should tell it.
    """

    name: str
    label: str
    unit: str
    kind: str
    tolerance: float
    is_derived: bool
    is_required: bool

    def departs(self, values: Floats, expected: float) -> npt.NDArray[np.bool]:
        """Which values lie beyond the tolerance; an absent one does not depart."""
        apart = np.abs(values - expected)
        allowed = self.tolerance * abs(expected) if self.kind == "relative" else self.tolerance
        # Half a unit in the last place is no departure.
        return np.asarray(apart > allowed * (1 + 1e-9), dtype=np.bool)

    def mode(self, values: Floats) -> tuple[float, float]:
        """The setting most of the values have, and the share of those within the tolerance."""
        ordered = np.sort(values)
        ends = (
            ordered * (1 + self.tolerance) if self.kind == "relative" else ordered + self.tolerance
        )
        inside = np.searchsorted(ordered, ends, side="right") - np.arange(len(ordered))
        first = int(inside.argmax())
        window = ordered[first : first + inside[first]]
        exact, counts = np.unique(window, return_counts=True)
        setting = float(exact[counts.argmax()])
        return setting, float(1 - self.departs(values, setting).mean())


@cache
def read_parameters(file: str) -> tuple[Parameter, ...]:
    """The tracked parameters of a data file, in the order of a protocol sheet.

    Args:
        file: Name of a data file such as ``drift_tolerances.csv``.
    """
    return tuple(
        Parameter(
            name=row["parameter"],
            label=row["label"],
            unit=row["unit"],
            kind=row["kind"],
            tolerance=float(row["tolerance"] or 0),
            is_derived=row["is_derived"] == "yes",
            is_required=row["is_required"] == "yes",
        )
        for row in read_table(file)
    )
