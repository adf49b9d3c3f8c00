"""A sequence as one scanner has stored it."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass, field

from benchmarks.fleets.a.catalog import Sequence
from benchmarks.fleets.a.devices import Station
from benchmarks.fleets.a.levels import Stratum
from benchmarks.fleets.a.physics import Settings

__all__ = ["Protocol"]


@dataclass(slots=True)
class Protocol:
    """A sequence as one scanner has stored it.

    Attributes:
        index: Position in the fleet.
        key: Name within the station, unique.
        variant: Empty, ``fast`` or ``slow``.
        names: Series descriptions; the first is the usual one, the last a flip of the contrast.
        chance: How often an examination of the region has the sequence.
        level: Averaging that is right here.
        epochs: Days and the settings that hold from them on.
    """

    index: int
    station: Station
    key: str
    anatomy: str
    sequence: Sequence
    variant: str
    names: tuple[str, ...]
    chance: float
    acceleration: float
    partial_fourier: float
    level: float = 1.0
    targeted: bool = False
    kind: str = "usual"
    course: str = "none"
    changed_on: dt.date | None = None
    relapsed_on: dt.date | None = None
    harmed: bool = False
    epochs: list[tuple[dt.date, Settings]] = field(default_factory=list)

    @property
    def phase(self) -> str:
        """Contrast phase of the protocol; natives say ``none`` whatever comes after them."""
        return "post" if self.sequence.contrast else "none"

    @property
    def three_d(self) -> bool:
        """Whether a volume is excited."""
        return self.sequence.family == "gre3d"

    @property
    def stratum(self) -> Stratum:
        """Where the fair peers are, but for the acceleration."""
        field_t = self.station.model.field_t
        return self.anatomy, self.sequence.role, self.phase, self.three_d, field_t

    @property
    def first(self) -> Settings:
        """Settings of the first day."""
        return self.epochs[0][1]

    def settings_on(self, day: dt.date) -> Settings:
        """Return the settings of a day."""
        return self.epochs[bisect_right(self.epochs, day, key=lambda e: e[0]) - 1][1]
