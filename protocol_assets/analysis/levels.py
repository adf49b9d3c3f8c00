"""What a scanner protocol is set to: the level of its measure, and the image it makes."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.frame import SERIES, eligible, group_indices
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.spec import AnalysisSpec, Measure, Reading
from protocol_assets.analysis.statistics import Floats, modal_level

__all__ = ["current_levels", "most_frequent", "read_measure"]

_COSTS: Final = ("stated_cost", "nominal_cost")
_LEVEL: Final = (
    "level_days",
    "n_eligible",
    "n",
    "coverage",
    "measure",
    "level",
    "share_at_level",
    "is_mixed",
    "setting_level",
    "votes",
)

Positions = npt.NDArray[np.intp]


def read_measure(frame: pd.DataFrame, measure: Measure, reading: Reading) -> pd.DataFrame:
    """The eligible acquisitions with ``value``, and the column it is from as ``measure``.

    The reading's column where the protocol on the scanner reports it about as often as the setting
    itself, else its substitute. The slack allows for a rule that found single acquisitions
    doubtful. One series is never judged by both, for the step from one to the other would look
    like a change.

    Args:
        frame: From ``prepared``.
        measure: Whose setting every acquisition should report.
        reading: How the measure is read: its ``past`` or its ``peers``.
    """
    votes = eligible(frame).copy()
    counted = votes.groupby(SERIES)[sorted({measure.setting, reading.column})].transform("count")
    often = counted[reading.column] >= 0.8 * counted[measure.setting]
    is_reported = often & (counted[reading.column] > 0)
    votes["value"] = votes[reading.column].where(is_reported, votes[reading.otherwise])
    votes["measure"] = np.where(is_reported, reading.column, reading.otherwise)
    return votes


def current_levels(
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    as_of: pd.Timestamp,
    since: pd.Series | None = None,
) -> pd.DataFrame:
    """One row per scanner protocol with acquisitions in the trailing days.

    Args:
        frame: From ``prepared``; days after ``as_of`` are not read.
        spec: What the analysis needs to know of the modality.
        as_of: The last day that counts.
        since: Day of the last change by scanner protocol (index ``device_key, protocol_key``):
            acquisitions before it are those of another protocol.

    Returns:
        ``device_key``, ``protocol_key``, the columns of ``spec.identity``; ``level_days``, the
        trailing days that were read: more of a protocol too rare to show its level otherwise;
        ``n_eligible``, ``n`` (those that report the measure) and ``coverage``; ``measure``,
        ``level`` (the device's mode), ``share_at_level``, ``is_mixed``, ``setting_level`` (the
        setting that goes with the level); the variant most of the acquisitions have, to which
        ``n`` and the level belong, with those ``votes`` as an array; and for those at the level
        the medians of ``spec.image`` and of the costs. ``level`` is NaN below the least n of a
        level.
    """
    known = frame[frame["study_date"] <= as_of]
    if since is not None and len(since):
        begun = known[SERIES].join(since.rename("since"), on=SERIES)["since"]
        known = known[~(known["study_date"] < begun)]
    current, rare = (_trailing(known, as_of, name) for name in ("current_days", "rare_level_days"))
    levels = _levels(current, spec, limit("current_days"))
    is_few = levels["n"] < limit("least_n")
    few = levels.loc[is_few, SERIES]
    longer = _levels(rare.merge(few, on=SERIES), spec, limit("rare_level_days"))
    return pd.concat([levels[~is_few], longer] if len(longer) else [levels], ignore_index=True)


def _trailing(frame: pd.DataFrame, as_of: pd.Timestamp, days: str) -> pd.DataFrame:
    return frame[frame["study_date"] > as_of - pd.Timedelta(days=limit(days))]


def _levels(window: pd.DataFrame, spec: AnalysisSpec, days: float) -> pd.DataFrame:
    votes = read_measure(window, spec.measure, spec.measure.peers).reset_index(drop=True)
    image = (*spec.image, *_COSTS)
    columns = [*SERIES, *spec.identity, *_LEVEL, *spec.variant, *image]
    floats = ("level", "share_at_level", "coverage", "setting_level", *image)
    types = dict.fromkeys((*floats, *(one for one in spec.numbers if one in spec.identity)), float)
    if votes.empty:
        return pd.DataFrame(columns=columns).astype(types)
    variant_of = votes.groupby(list(spec.variant), dropna=False, sort=True).ngroup()
    variants: Positions = variant_of.to_numpy().astype(np.intp)
    numbers = {
        name: votes[name].to_numpy(dtype=float) for name in ("value", spec.measure.setting, *image)
    }
    rows = [
        dict(zip(SERIES, key, strict=True))
        | _level(at, variants[at], numbers, spec.measure.setting, image)
        for key, at in group_indices(votes, SERIES).items()
    ]
    levels = pd.DataFrame(rows).assign(level_days=int(days))
    # A protocol on a scanner has one identity; where a header lacks a part another reports it.
    identity = votes.groupby(SERIES)[[*spec.identity, "measure"]].first().reset_index()
    variant = votes.loc[levels["example"], list(spec.variant)].reset_index(drop=True)
    levels = levels.join(variant).merge(identity, on=SERIES, how="left")
    return levels[columns].astype(types)


def _level(
    at: Positions,
    variants: Positions,
    numbers: dict[str, Floats],
    setting: str,
    image: tuple[str, ...],
) -> dict[str, object]:
    """Level and image of one series, from the acquisitions of its most frequent variant."""
    at = at[variants == np.bincount(variants).argmax()]
    values = numbers["value"][at]
    is_known = ~np.isnan(values)
    known, n = values[is_known], int(is_known.sum())
    row: dict[str, object] = {
        "example": at[0],
        "n_eligible": len(at),
        "n": n,
        "coverage": n / len(at),
        "is_mixed": False,
        "votes": known,
    }
    row |= dict.fromkeys(("level", "share_at_level", "setting_level", *image), np.nan)
    if n < limit("level_least_n"):
        return row
    factor = limit("same_level")
    level, share = modal_level(known, factor)
    there = at[is_known][np.abs(np.log(known / level)) <= np.log(factor)]
    settings, counts = np.unique(numbers[setting][there], return_counts=True)
    return row | {
        "level": level,
        "share_at_level": share,
        "is_mixed": 1 - share > limit("mixed_share"),
        "setting_level": settings[counts.argmax()],
        **{name: _median(numbers[name][there]) for name in image},
    }


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def most_frequent(values: pd.Series) -> object:
    """The most frequent known value, the first in order among equals; None where none is known."""
    counts = values.value_counts()
    if counts.empty:
        return None
    return min(counts[counts == counts.max()].index)
