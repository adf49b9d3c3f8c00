"""Number of averages (NEX, NSA) and effective averages."""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.vendors.row import Row, number, positive
from protocol_assets.vendors.sequence import matrix

__all__ = ["Averages", "averages", "effective_averages"]

_SOURCES = (
    ("NumberOfAverages", "number_of_averages"),
    ("PhilipsNumberOfAverages", "philips_private"),
)


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages of one series over its images.

    Attributes:
        nex: Most frequent value. Below 1 on GE, where it stands for partial Fourier.
        nex_min: Smallest value.
        nex_max: Largest value.
        distinct: How many values there are; diffusion may average low b-values more often.
        source: Term of the attribute it was read from.
    """

    nex: float | None = None
    nex_min: float | None = None
    nex_max: float | None = None
    distinct: int | None = None
    source: str | None = None


_ABSENT = Averages()


def averages(row: Row) -> Averages:
    """Number of averages (0018,0083), else Philips (2001,xx88). Absent is not 1."""
    for column, source in _SOURCES:
        nex = positive(row, column)
        if nex is None:
            continue
        distinct = number(row, f"{column}_distinct")
        return Averages(
            nex=nex,
            nex_min=positive(row, f"{column}_min"),
            nex_max=positive(row, f"{column}_max"),
            distinct=int(distinct) if distinct is not None and distinct >= 0 else None,
            source=source,
        )
    return _ABSENT


def effective_averages(
    row: Row,
    vendor: str | None,
    encoding: str | None,
    averages: Averages,
    acceleration_in_plane: float | None,
) -> float | None:
    """Averages times acquired over nominal phase lines, where the header gives both exactly.

    Siemens classic: NEX x phase encoding steps / matrix in phase / parallel imaging factor. The
    steps include oversampling (100 % gives 2) and partial Fourier (6/8 gives .75), not parallel
    imaging. NULL for every other vendor, where NEX varies within the series, and where the factor
    is unknown.
    """
    if vendor != "siemens" or encoding != "classic" or (averages.distinct or 1) > 1:
        return None
    steps = positive(row, "NumberOfPhaseEncodingSteps")
    lines = matrix(row)[1]
    if averages.nex is None or steps is None or lines is None or acceleration_in_plane is None:
        return None
    return round(averages.nex * steps / lines / acceleration_in_plane, 4)
