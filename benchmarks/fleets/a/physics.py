"""Settings of a sequence and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["DWI_DIRECTIONS", "Settings", "with_averaging"]

DWI_DIRECTIONS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a console sets for a sequence, in true values.

    Attributes:
        family: ``tse``, ``ir``, ``gre3d``, ``dwi`` or ``loc``.
        nex: Averages as at the console.
        oversampling: Phase oversampling beside ``nex``; for GE always 0, since the console's
            NEX holds what No Phase Wrap adds.
        no_phase_wrap: GE's No Phase Wrap.
        partial_fourier: Share of the lines that is acquired.
        acceleration: Factor of parallel imaging.
        preparation: True time over the bare time of the formula.
    """

    family: str
    tr: float
    te: float
    ti: float
    etl: int
    columns: int
    lines: int
    slices: int
    thickness: float
    gap: float
    fov: float
    bandwidth: float
    packages: int
    nex: float
    oversampling: float
    no_phase_wrap: bool
    partial_fourier: float
    acceleration: float
    flip: float
    preparation: float

    @property
    def averaging(self) -> float:
        """How often each nominal line is sampled."""
        return self.nex * (1 + self.oversampling)

    @property
    def effective_averages(self) -> float:
        """Acquired lines over nominal lines, times the averages."""
        return self.averaging * self.partial_fourier / self.acceleration

    @property
    def oversampled_lines(self) -> int:
        """Nominal lines with the oversampling, an integer by construction."""
        return round(self.lines * (1 + self.oversampling))

    @property
    def bare_time_s(self) -> float:
        """Time of the acquisition alone (s), without preparation."""
        if self.family == "dwi":
            return self.tr * (1 + DWI_DIRECTIONS * self.nex) / 1000
        if self.family == "loc":
            return self.tr * self.lines * self.slices / 1000
        acquired = self.oversampled_lines * self.partial_fourier / self.acceleration
        if self.family == "gre3d":
            return self.tr * math.ceil(acquired) * self.slices * self.nex / 1000
        shots = math.ceil(round(acquired / self.etl, 6))
        return self.tr * shots * self.nex * self.packages / 1000

    @property
    def scan_time_s(self) -> float:
        """True time (s), with noise scans, dummies and preparation."""
        return self.bare_time_s * self.preparation

    @property
    def voxel_mm3(self) -> float:
        """Acquired voxel (mm3)."""
        return self.fov**2 / (self.columns * self.lines) * self.thickness


def with_averaging(settings: Settings, nex: float, oversampling: float) -> Settings:
    """Return the settings with other averages; the oversampling is rounded to whole lines."""
    lines = round(settings.lines * (1 + oversampling))
    return replace(settings, nex=nex, oversampling=lines / settings.lines - 1)
