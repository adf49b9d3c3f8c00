"""Number of averages (NEX, NSA): which attribute, and its range over the series."""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.modalities.shared.row import Row, number, positive, tokens
from protocol_assets.modalities.shared.vendor_rules import applicable

__all__ = ["Averages", "averages"]


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages of one series over its images.

    Attributes:
        nex: Most frequent value, as the console shows it. Below 1 on GE, where it stands for
            partial Fourier.
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


def averages(row: Row, vendor: str | None = None) -> Averages:
    """The first attribute of ``data/vendors_averages.csv`` that holds a value. Absent is not 1.

    Args:
        row: The row of ``series``.
        vendor: Manufacturer as a term.
    """
    for rule in applicable("vendors_averages.csv", vendor=vendor):
        column, option = rule["column"], rule["scan_option"]
        nex = positive(row, column)
        if nex is None or (option and option not in tokens(row, "ScanOptions")):
            continue
        distinct = number(row, f"{column}_distinct")
        factor = float(rule["factor"])
        return Averages(
            nex=nex * factor,
            nex_min=_times(positive(row, f"{column}_min"), factor),
            nex_max=_times(positive(row, f"{column}_max"), factor),
            distinct=int(distinct) if distinct is not None and distinct >= 0 else None,
            source=rule["nex_source"],
        )
    return _ABSENT


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
