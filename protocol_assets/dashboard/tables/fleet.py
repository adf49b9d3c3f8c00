"""The fleet: potential saving and NEX by month, scanners ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from protocol_assets.figures.potential import Minutes, Potential, minutes_of_months, potential

__all__ = [
    "MINUTES",
    "device_of",
    "minutes_by_month",
    "minutes_of",
    "nex_by",
    "potential_of",
    "ranked_scanners",
    "records",
]

MINUTES: Final = ("minutes_per_month", "minutes_per_month_low", "minutes_per_month_high")
"""Minutes a month with the ends of their interval."""
_DEVICE: Final = ("site", "vendor", "model", "field_strength_t")


def minutes_by_month(monthly: pd.DataFrame) -> pd.DataFrame:
    """The potential saving by month, summed over the scanners.

    Args:
        monthly: ``published_potential_monthly``.

    Returns:
        ``month``, ``protocols``, ``assessable``, ``opportunities``, the ``MINUTES`` as the report
        has them, and ``coverage``, assessable over protocols.
    """
    counts = ["protocols", "assessable", "opportunities"]
    by_month = monthly.groupby("month")[counts].sum(min_count=1).reset_index()
    minutes = [minutes_of(one) for _, one in minutes_of_months(records(monthly))]
    by_month[list(MINUTES)] = pd.DataFrame(minutes, columns=list(MINUTES), dtype="float64")
    by_month["coverage"] = _ratio(by_month["assessable"], by_month["protocols"])
    return by_month


def potential_of(opportunities: pd.DataFrame) -> Potential:
    """The potential of some scanners or protocols, as the report has it.

    Args:
        opportunities: Rows of ``published_opportunities``.
    """
    return potential(records(opportunities), ())


def minutes_of(minutes: Minutes | None) -> tuple[float | None, float | None, float | None]:
    """Minutes a month and the ends of their interval, as the columns ``MINUTES``."""
    return (None, None, None) if minutes is None else (minutes.value, minutes.low, minutes.high)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table; what is NULL is None."""
    rows = frame.astype("object").where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def nex_by(nex: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """NEX and scan time over the protocols of a group: a mean weighs by acquisitions with NEX.

    Medians and modes do not add up, so that there are none.

    Args:
        nex: ``nex_monthly``.
        keys: The columns of a group.

    Returns:
        The keys, ``nex_mean``, ``share_above_1``, ``nex_coverage``, ``acquisitions``,
        ``scan_time_sum_s``, ``scan_time_coverage``.
    """
    told = nex["nex_mean"].notna()
    votes = nex["acquisitions_with_nex"].astype("float64").where(told)
    timed = nex["scan_time_sum_s"].notna()
    parts = nex[list(keys)].assign(
        votes=votes,
        eligible=nex["acquisitions_nex_eligible"].astype("float64"),
        nex=nex["nex_mean"] * votes,
        above=nex["share_above_1"] * votes,
        above_votes=votes.where(nex["share_above_1"].notna()),
        acquisitions=nex["acquisitions"].astype("float64"),
        timed=(nex["acquisitions"].astype("float64") * nex["scan_time_coverage"]).where(timed),
        scan_time_sum_s=nex["scan_time_sum_s"],
    )
    sums = parts.groupby(list(keys), dropna=False).sum(min_count=1).reset_index()
    return sums[list(keys)].assign(
        nex_mean=_ratio(sums["nex"], sums["votes"]),
        share_above_1=_ratio(sums["above"], sums["above_votes"]),
        nex_coverage=_ratio(sums["votes"], sums["eligible"]),
        acquisitions=sums["acquisitions"].astype("Int64"),
        scan_time_sum_s=sums["scan_time_sum_s"],
        scan_time_coverage=_ratio(sums["timed"], sums["acquisitions"]),
    )


def ranked_scanners(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per scanner, the most minutes first.

    Args:
        tables: ``published_opportunities``, ``nex_monthly`` and ``exam_monthly``.

    Returns:
        Scanner, site and device; the ``MINUTES`` of its live opportunities as the report has
        them; ``opportunities``, ``assessable`` of ``protocols``; NEX and scan time of the fleet's
        last closed month.
    """
    devices = _devices(tables)
    nex = tables["nex_monthly"]
    last = nex[nex["month_start"] == nex["month_start"].max()]
    rows = devices.merge(_potential(tables["published_opportunities"]), on="scanner", how="left")
    rows = rows.merge(nex_by(last, ["scanner"]), on="scanner", how="left")
    return rows.sort_values(
        ["minutes_per_month", "nex_mean", "scanner"], ascending=[False, False, True]
    ).reset_index(drop=True)


def device_of(tables: Mapping[str, pd.DataFrame], scanner: str) -> pd.Series:
    """Site, vendor, model and field strength of a scanner; NULL where nothing tells them."""
    devices = _devices(tables)
    own = devices[devices["scanner"] == scanner]
    return own.iloc[0] if len(own) else pd.Series(index=["scanner", *_DEVICE], dtype="object")


def _devices(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The newest that is told of each scanner."""
    dated = [
        tables["published_opportunities"].assign(
            month_start=tables["published_opportunities"]["as_of"]
        ),
        tables["nex_monthly"],
        tables["exam_monthly"],
    ]
    parts = [part.reindex(columns=["scanner", "month_start", *_DEVICE]) for part in dated]
    return (
        pd.concat([part for part in parts if len(part)] or parts[:1])
        .sort_values("month_start", kind="stable")
        .groupby("scanner", as_index=False)[list(_DEVICE)]
        .last()
    )


def _potential(opportunities: pd.DataFrame) -> pd.DataFrame:
    names = ["scanner", *MINUTES, "opportunities", "assessable", "protocols"]
    rows = [
        (scanner, *minutes_of(one.minutes), len(one.live), one.assessable, one.scanner_protocols)
        for scanner, own in opportunities.groupby("scanner", sort=True)
        for one in (potential_of(own),)
    ]
    types = dict.fromkeys(MINUTES, "float64") | dict.fromkeys(names[-3:], "Int64")
    return pd.DataFrame(rows, columns=names).astype(types | {"scanner": "str"})


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    whole = whole.astype("float64")
    return part.astype("float64") / whole.where(whole > 0)
