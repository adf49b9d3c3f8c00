"""Which changes are to be verified: those that the hospital registered, and those merely found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.change_points import Changes
from protocol_assets.analysis.frame import SERIES, group_indices
from protocol_assets.analysis.limits import limit

__all__ = ["Claim", "claims"]

_ONE_DAY: Final = pd.Timedelta(days=1)
_BEGINNING: Final = pd.Timestamp("1990-01-01")


@dataclass(frozen=True, slots=True)
class Claim:
    """A change of a scanner protocol whose effect is asked for.

    Attributes:
        key: Device and protocol.
        changed_on: The day registered, or found.
        begun: First day of the level before: the change before, or long ago.
        until: The day that the exams before precede.
        since: First day of the exams after; days in between may belong to either.
        ended: The day after the last day of the level after: the next change, or today's morrow.
        is_registered: Whether the hospital registered the day.
        measure: What the levels are measured in.
        before: Level before, NaN where no change was found.
        after: Level after.
        relapsed_on: Day of the return, NaT where there is none.
        volume_per_month: Frozen at acceptance, NaN where not registered.
        promised_minutes_per_month: Likewise.
        quality_signed_on: Day of the image-quality sign-off, NaT without.
    """

    key: tuple[object, ...]
    changed_on: pd.Timestamp
    begun: pd.Timestamp
    until: pd.Timestamp
    since: pd.Timestamp
    ended: pd.Timestamp
    is_registered: bool
    measure: str | None
    before: float
    after: float
    relapsed_on: Any
    volume_per_month: float
    promised_minutes_per_month: float
    quality_signed_on: Any


def claims(changes: Changes, registered: pd.DataFrame, as_of: pd.Timestamp) -> list[Claim]:
    """The changes to verify, in order of series and day.

    A change found within the matching days of a registered one is that one. A relapse belongs to
    the change it undoes and is no claim of its own.
    """
    found = changes.changes[changes.changes["changed_on"] <= as_of]
    by_series = group_indices(found, SERIES)
    known = registered.assign(changed_on=pd.to_datetime(registered["changed_on"]))
    known = known[known["changed_on"] <= as_of].sort_values([*SERIES, "changed_on"])
    result: list[Claim] = []
    matched: set[object] = set()
    for row in known.to_dict("records"):
        key = tuple(row[name] for name in SERIES)
        own = found.iloc[by_series.get(key, np.array([], dtype=np.intp))]
        match = _match(own, row["changed_on"])
        if match is not None:
            matched.add((key, match["changed_on"]))
        result.append(_registered(key, row, own, match, as_of))
    for row in found[found["kind"] != "relapse"].to_dict("records"):
        key = tuple(row[name] for name in SERIES)
        if (key, row["changed_on"]) not in matched:
            own = found.iloc[by_series[key]]
            result.append(_found(key, row, own, as_of))
    return sorted(result, key=lambda claim: (*map(str, claim.key), claim.since))


def _match(own: pd.DataFrame, day: pd.Timestamp) -> dict[Any, Any] | None:
    near = own[(own["changed_on"] - day).abs() <= pd.Timedelta(days=limit("match_days"))]
    if near.empty:
        return None
    closest = (near["changed_on"] - day).abs().argmin()
    return dict(near.iloc[int(closest)])


def _registered(
    key: tuple[object, ...],
    row: dict[Any, Any],
    own: pd.DataFrame,
    match: dict[Any, Any] | None,
    as_of: pd.Timestamp,
) -> Claim:
    day = row["changed_on"]
    reference = match["changed_on"] if match is not None else day
    earlier = own[own["changed_on"] < min(reference, day)]["changed_on"]
    later = own[own["changed_on"] > max(reference, day)]
    return Claim(
        key=key,
        changed_on=day,
        begun=earlier.max() if len(earlier) else _BEGINNING,
        until=day,
        since=day,
        ended=later["changed_on"].min() if len(later) else as_of + _ONE_DAY,
        is_registered=True,
        measure=None if match is None else match["measure"],
        before=np.nan if match is None else match["before"],
        after=np.nan if match is None else match["after"],
        relapsed_on=pd.NaT if match is None else match["relapsed_on"],
        volume_per_month=_number(row["volume_per_month"]),
        promised_minutes_per_month=_number(row["promised_minutes_per_month"]),
        quality_signed_on=pd.to_datetime(row["quality_signed_on"]),
    )


def _found(
    key: tuple[object, ...], row: dict[Any, Any], own: pd.DataFrame, as_of: pd.Timestamp
) -> Claim:
    earlier = own[own["changed_on"] < row["changed_on"]]["changed_on"]
    later = own[own["changed_on"] > row["changed_on"]]["changed_on"]
    return Claim(
        key=key,
        changed_on=row["changed_on"],
        begun=earlier.max() if len(earlier) else _BEGINNING,
        until=row["changed_from"],
        since=row["changed_to"],
        ended=later.min() if len(later) else as_of + _ONE_DAY,
        is_registered=False,
        measure=row["measure"],
        before=row["before"],
        after=row["after"],
        relapsed_on=row["relapsed_on"],
        volume_per_month=float("nan"),
        promised_minutes_per_month=float("nan"),
        quality_signed_on=pd.NaT,
    )


def _number(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)
