"""Number of averages (NEX, NSA): which attribute, and its range over the series."""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.data import read_table
from protocol_assets.vendors.row import Row, number, positive

__all__ = ["Averages", "averages"]


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
    """The first attribute of ``data/vendors_averages.csv`` that tells. Absent is not 1."""
    for rule in read_table("vendors_averages.csv"):
        column = rule["column"]
        nex = positive(row, column)
        if nex is None:
            continue
        distinct = number(row, f"{column}_distinct")
        return Averages(
            nex=nex,
            nex_min=positive(row, f"{column}_min"),
            nex_max=positive(row, f"{column}_max"),
            distinct=int(distinct) if distinct is not None and distinct >= 0 else None,
            source=rule["nex_source"],
        )
    return _ABSENT
