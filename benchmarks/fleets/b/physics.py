"""The physics of one scan: its settings, its averaging and the time that it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Scan"]


@dataclass(frozen=True, slots=True)
class Scan:
    """The settings with which a sequence is acquired.

    Attributes:
        family: ``tse``, ``gre``, ``epi``, ``tse3d`` or ``localizer``.
        plane: ``sag``, ``ax`` or ``cor``.
        tr_ms: Repetition time.
        te_ms: Effective echo time.
        ti_ms: Inversion time, 0 where nothing is inverted.
        flip: Flip angle in degrees.
        etl: Echoes of a train.
        lines: Nominal phase encoding lines, without oversampling.
        columns: Points of the readout, also the rows and columns of the image.
        fov_mm: Field of view.
        slices: Slices, or partitions of a 3D slab.
        thickness_mm: Slice thickness.
        packages: Concatenations (Siemens) or packages (Philips), acquired one after the other.
        nex: Averages, at least 1. GE's fractions below 1 are ``partial_fourier`` here.
        oversampling: Phase oversampling, 1.0 for 100 %.
        acceleration: Parallel imaging factor R.
        partial_fourier: Acquired share of k-space.
        bandwidth: Hz a pixel.
        fat: ``none``, ``fs``, ``spair``, ``stir`` or ``dixon``.
        preparation: Share of the time that is spent before the first line.
    """

    family: str
    plane: str
    tr_ms: float
    te_ms: float
    ti_ms: float
    flip: float
    etl: int
    lines: int
    columns: int
    fov_mm: float
    slices: int
    thickness_mm: float
    packages: int
    nex: float
    oversampling: float
    acceleration: float
    partial_fourier: float
    bandwidth: float
    fat: str
    preparation: float

    @property
    def is_3d(self) -> bool:
        """Whether partitions are encoded."""
        return self.family == "tse3d"

    @property
    def averaging(self) -> float:
        """How often each nominal line is sampled."""
        return round(self.nex * (1 + self.oversampling), 4)

    @property
    def oversampled_lines(self) -> int:
        """Lines with oversampling and partial Fourier, without parallel imaging."""
        return round(self.lines * (1 + self.oversampling) * self.partial_fourier)

    @property
    def effective_averages(self) -> float:
        """Averaging as noise and time see it."""
        return round(self.nex * self.oversampled_lines / self.lines / self.acceleration, 4)

    @property
    def shots(self) -> float:
        """Excitations of one package, all averages included."""
        lines = self.oversampled_lines
        if self.family == "localizer":
            return lines * self.nex * self.slices
        if self.family == "epi":
            return 4 * self.nex  # b = 0 and three directions
        if self.is_3d:
            lines *= self.slices
        train = 1 if self.family == "gre" else self.etl
        one = lines / (train * self.acceleration)
        if self.nex == int(self.nex):
            return math.ceil(one - 1e-9) * self.nex
        return math.ceil(one * self.nex - 1e-9)

    @property
    def package_s(self) -> float:
        """Time of one package without preparation."""
        return self.tr_ms * self.shots / 1000

    @property
    def scan_time_s(self) -> float:
        """Time of the whole scan with preparation."""
        return round(self.package_s * self.packages * (1 + self.preparation), 3)
