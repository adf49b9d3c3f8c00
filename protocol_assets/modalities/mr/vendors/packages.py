"""Packages of slices (concatenations, acquisitions): how often a 2D sequence must run for a stack.

No standard attribute tells them, and two packages take the time of two averages. Siemens writes
them behind the time of one (``TA 03.82*9``, ``scan_time``). Elsewhere, what one slice
takes at least and at most within a repetition bounds them: where all slices fit into one
repetition for certain, a longer scan time is no second package; where they cannot fit, it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from protocol_assets.modalities.mr.vendors.sequence import has_inversion, lines_per_excitation
from protocol_assets.modalities.shared.row import Row, positive

__all__ = [
    "BESIDE_ECHOES_MS",
    "BETWEEN_ECHOES_MS",
    "ONE_PACKAGE",
    "SINGLE",
    "Packages",
    "packages",
]

# A slice takes beside its echoes: pulses and crushers around each echo, then saturation and
# spoiling (ms). Judgement, on the long side.
BETWEEN_ECHOES_MS = 8.0
BESIDE_ECHOES_MS = 20.0
# Below, the inversion of a slice is followed by its own readout; above, other slices come between.
_SHORT_INVERSION = 500.0
# How many times the fewest packages may explain a time. With a tolerance of a fifth it stays below
# twice the fewest.
_MORE_THAN_LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Packages:
    """Fewest packages that the slices need, and the most that would leave no time unused.

    Attributes:
        least: 1 or more.
        most: None where the header does not bound it.
    """

    least: int = 1
    most: int | None = None

    @property
    def is_one(self) -> bool:
        """Whether all slices fit into one repetition for certain."""
        return self.most == 1

    def explain(self, ratio: float, tolerance: float) -> bool:
        """Whether a scan time is a formula's for one package, or for as many as there must be.

        Up to half as many more are believed. Twice as many explain nothing: that would also be the
        time of twice the averages.
        """
        if abs(ratio - 1) <= tolerance:
            return True
        highest = min(self.most or self.least, int(self.least * _MORE_THAN_LEAST))
        lowest = max(self.least, math.ceil(ratio / (1 + tolerance)))
        return lowest <= min(highest, ratio / (1 - tolerance))


ONE_PACKAGE = Packages()
"""At least one package; how many at most is not known."""

SINGLE = Packages(1, 1)
"""One package for certain."""


def packages(row: Row, family: str | None, dimension: str | None) -> Packages:
    """Packages of a 2D series; one, with an open upper bound, where nothing can be said.

    Sources: the sampling window of an echo is 1 / Pixel Bandwidth (0018,0095); the effective echo
    lies within the train, and no echo spacing is longer than the effective echo time. STIR takes
    its inversion time for every slice; with a long inversion time all slices are inverted first and
    read after it, in what is left of the repetition (textbook timing of interleaved inversion
    recovery).
    """
    tr, te = positive(row, "RepetitionTime"), positive(row, "EchoTime")
    slices = positive(row, "ImagePositionPatient_distinct")
    train = lines_per_excitation(row, family)
    is_known = family in ("se", "tse", "gre") and dimension == "2d"
    if not is_known or tr is None or te is None or slices is None or train is None:
        return ONE_PACKAGE
    bandwidth = positive(row, "PixelBandwidth")
    window = 1000 / bandwidth if bandwidth else 0.0
    # A package holds one slice at least, whatever a header says of its echoes.
    least = math.ceil(min(slices * max(te + window / 2, train * window) / tr, slices))
    if not window:
        return Packages(max(least, 1))
    longest = train * min(te, window + BETWEEN_ECHOES_MS) + window / 2 + BESIDE_ECHOES_MS
    if family == "gre":
        longest = (positive(row, "EchoTime_max") or te) + window / 2 + BESIDE_ECHOES_MS
    room, inversion = tr, positive(row, "InversionTime")
    if has_inversion(row) or inversion is not None:
        if inversion is None:
            return Packages(max(least, 1))
        if inversion < _SHORT_INVERSION:
            longest += inversion
        else:
            room = min(inversion, tr - inversion)
    if room <= 0:
        return Packages(max(least, 1))
    most = math.ceil(min(slices * longest / room, slices))
    return Packages(max(least, 1), max(most, least, 1))
