"""The fleet: potential saving and mean setting by month, scanners ranked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from protocol_assets.figures.findings import departures
from protocol_assets.figures.monthly import COVERAGE, MEAN, MONTHLY, monthly_values
from protocol_assets.figures.potential import Minutes, Potential, months_of, potential
from protocol_assets.figures.scanners import Device, device_of, newest, scanner_rank

__all__ = [
    "MINUTES",
    "device",
    "minutes_by_month",
    "minutes_columns",
    "potential_of",
    "ranked_protocols",
    "ranked_scanners",
    "records",
    "values_by",
]

MINUTES: Final = ("minutes_per_month", "minutes_per_month_low", "minutes_per_month_high")
"""Minutes a month with the ends of their interval."""
_COUNTS: Final = ("opportunities", "assessable", "protocols")
_OF_SCANNERS: Final = ("published_opportunities", MONTHLY, "exam_monthly")
_VALUES: Final = (
    MEAN,
    "share_above_1",
    COVERAGE,
    "acquisitions",
    "scan_time_sum_s",
    "scan_time_coverage",
)


def minutes_by_month(monthly: pd.DataFrame) -> pd.DataFrame:
    """The potential saving by month, over all scanners of a table.

    Args:
        monthly: ``published_potential_monthly``.

    Returns:
        ``month``, the ``MINUTES``, ``opportunities``, ``assessable``, ``protocols``, and
        ``coverage``, assessable over protocols.
    """
    rows = [
        (
            one.month,
            *minutes_columns(one.minutes),
            one.opportunities,
            one.assessable,
            one.protocols,
            one.coverage,
        )
        for one in months_of(records(monthly))
    ]
    frame = pd.DataFrame(rows, columns=["month", *MINUTES, *_COUNTS, "coverage"])
    floats = dict.fromkeys([*MINUTES, "coverage"], "float64")
    return frame.astype({"month": "datetime64[s]"} | floats | dict.fromkeys(_COUNTS, "Int64"))


def potential_of(opportunities: pd.DataFrame) -> Potential:
    """The potential saving of some scanners or protocols.

    Args:
        opportunities: Rows of ``published_opportunities``.
    """
    return potential(records(opportunities), ())


def minutes_columns(minutes: Minutes | None) -> tuple[float | None, float | None, float | None]:
    """Minutes a month and the ends of their interval, as the columns ``MINUTES``."""
    return (None, None, None) if minutes is None else (minutes.value, minutes.low, minutes.high)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table; what is NULL is None."""
    rows = frame.astype("object").where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def values_by(monthly: pd.DataFrame, key: str) -> pd.DataFrame:
    """Mean setting and scan time over the protocols of each group, in the order of the key.

    Args:
        monthly: ``MONTHLY``.
        key: The column of a group.

    Returns:
        The key, the mean and coverage of the setting, ``share_above_1``, ``acquisitions``,
        ``scan_time_sum_s``, ``scan_time_coverage``.
    """
    rows = []
    for value, group in monthly.groupby(key, sort=True):
        one = monthly_values(records(group))
        if one is not None:
            numbers = one.mean, one.share_above_1, one.coverage, one.acquisitions
            rows.append((value, *numbers, one.scan_time_s, one.scan_time_coverage))
    types = dict.fromkeys(_VALUES, "float64") | {
        "acquisitions": "Int64",
        key: str(monthly[key].dtype),
    }
    return pd.DataFrame(rows, columns=[key, *_VALUES]).astype(types)


def ranked_scanners(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per scanner, the most minutes first.

    Args:
        tables: The published tables.

    Returns:
        Scanner, site and device; the ``MINUTES`` of its live opportunities; ``opportunities``,
        ``assessable`` of ``protocols``; setting and scan time of the fleet's last closed month.
    """
    own = {name: _by_scanner(tables[name]) for name in _OF_SCANNERS}
    found = _by_scanner(tables["published_findings"])
    changed = _by_scanner(tables["published_verification"])
    monthly = tables[MONTHLY]
    rows = []
    for scanner in sorted({name for groups in own.values() for name in groups}):
        parts = [row for groups in own.values() for row in groups.get(scanner, ())]
        one = potential(own["published_opportunities"].get(scanner, ()), ())
        remarkable = one.live or changed.get(scanner) or departures(found.get(scanner, ()))
        rows.append(
            {"scanner": scanner, "site": newest(parts, "site")}
            | dataclasses.asdict(device_of(parts))
            | dict(zip(MINUTES, minutes_columns(one.minutes), strict=True))
            | (
                {
                    "opportunities": len(one.live),
                    "assessable": one.assessable,
                    "protocols": one.scanner_protocols,
                }
                if one.scanner_protocols
                else dict.fromkeys(_COUNTS)
            )
            | {"rank": scanner_rank(one, scanner, is_remarkable=bool(remarkable))}
        )
    names = ["scanner", "site", "vendor", "model", "field_strength_t", *MINUTES, *_COUNTS]
    rows.sort(key=lambda row: row["rank"])
    types = dict.fromkeys(["field_strength_t", *MINUTES], "float64") | dict.fromkeys(
        _COUNTS, "Int64"
    )
    texts = dict.fromkeys(("scanner", "site", "vendor", "model"), "str")
    ranked = pd.DataFrame(rows, columns=names).astype(types | texts)
    last = monthly[monthly["month_start"] == monthly["month_start"].max()]
    return ranked.merge(values_by(last, "scanner"), on="scanner", how="left")


def ranked_protocols(opportunities: pd.DataFrame) -> pd.DataFrame:
    """One row per protocol, the most minutes first.

    Args:
        opportunities: ``published_opportunities``.

    Returns:
        ``protocol``, the ``MINUTES`` of its live opportunities, ``opportunities``, ``assessable``.
    """
    rows = [
        (scanner_rank(one, str(protocol), is_remarkable=bool(one.live)), protocol, one)
        for protocol, own in opportunities.groupby("protocol", sort=True)
        for one in (potential_of(own),)
    ]
    rows.sort(key=lambda row: row[0])
    return pd.DataFrame(
        [
            (protocol, *minutes_columns(one.minutes), len(one.live), one.assessable)
            for _, protocol, one in rows
        ],
        columns=["protocol", *MINUTES, "opportunities", "assessable"],
    ).astype(dict.fromkeys(MINUTES, "float64"))


def device(tables: Mapping[str, pd.DataFrame], scanner: str) -> tuple[Device, str | None]:
    """Device and site of a scanner.

    Args:
        tables: The published tables.
        scanner: Its name.
    """
    parts = [
        row
        for name in _OF_SCANNERS
        for row in records(tables[name][tables[name]["scanner"] == scanner])
    ]
    return device_of(parts), newest(parts, "site")


def _by_scanner(frame: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in records(frame):
        groups.setdefault(row["scanner"], []).append(row)
    return groups
