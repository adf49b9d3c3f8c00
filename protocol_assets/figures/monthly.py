"""What was set in a month: the mean of a setting and the scan time, over some protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol_assets.modalities.registry import modality_of

__all__ = [
    "COVERAGE",
    "MEAN",
    "MONTHLY",
    "SETTING",
    "MonthlyValues",
    "monthly_values",
    "protocol_values",
]

Row = Mapping[str, Any]

SETTING: Final = modality_of("series").analysis.measure.setting
"""The setting that the measure is about, in the columns of the published marts."""
MONTHLY: Final = f"{SETTING}_monthly"
"""The mart with its mean by scanner protocol and month."""
MEAN: Final = f"{SETTING}_mean"
COVERAGE: Final = f"{SETTING}_coverage"


@dataclass(frozen=True, slots=True)
class MonthlyValues:
    """One protocol on a scanner, or several protocols together, in one month.

    Attributes:
        protocol: Readable protocol, None for several together.
        mean: Mean of the setting; each counted acquisition that reports it has one vote. None
            where none reports it.
        share_above_1: Share of the same votes above 1.
        coverage: Share of the eligible acquisitions that report the setting, None where none is
            eligible.
        acquisitions: Counted acquisitions.
        scan_time_s: Sum of the known scan times in seconds.
        scan_time_coverage: Share of the counted acquisitions whose scan time is known.
    """

    protocol: str | None
    mean: float | None
    share_above_1: float | None
    coverage: float | None
    acquisitions: int
    scan_time_s: float | None
    scan_time_coverage: float | None


def protocol_values(row: Row) -> MonthlyValues:
    """The values of one row of ``MONTHLY``."""
    return MonthlyValues(
        protocol=row["protocol_label"],
        mean=row[MEAN],
        share_above_1=row["share_above_1"],
        coverage=row[COVERAGE],
        acquisitions=row["acquisitions"],
        scan_time_s=row["scan_time_sum_s"],
        scan_time_coverage=row["scan_time_coverage"],
    )


def monthly_values(rows: Sequence[Row]) -> MonthlyValues | None:
    """The values of several protocols together; None without any.

    A mean weighs each row by its acquisitions that report the setting. Medians and modes cannot be
    combined, so there are none.

    Args:
        rows: Rows of ``MONTHLY``.
    """
    if not rows:
        return None
    votes = f"acquisitions_with_{SETTING}"
    known = [row for row in rows if row[MEAN] is not None and row[votes]]
    timed = [row for row in rows if row["scan_time_sum_s"] is not None]
    acquisitions = sum(row["acquisitions"] or 0 for row in rows)
    eligible = sum(row[f"acquisitions_{SETTING}_eligible"] or 0 for row in rows)
    with_time = sum(row["acquisitions"] * (row["scan_time_coverage"] or 0) for row in timed)
    return MonthlyValues(
        protocol=None,
        mean=_weighted(known, MEAN, votes),
        share_above_1=_weighted(known, "share_above_1", votes),
        coverage=sum(row[votes] for row in known) / eligible if eligible else None,
        acquisitions=acquisitions,
        scan_time_s=sum(row["scan_time_sum_s"] for row in timed) if timed else None,
        scan_time_coverage=with_time / acquisitions if timed and acquisitions else None,
    )


def _weighted(rows: Sequence[Row], name: str, votes: str) -> float | None:
    known = [row for row in rows if row[name] is not None]
    weight = sum(row[votes] for row in known)
    return sum(row[name] * row[votes] for row in known) / weight if weight else None
