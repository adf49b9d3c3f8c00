"""What a protocol is set to on a scanner: the level of its averages, and the image it makes."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.averaging import sampled_lines
from protocol_assets.analysis.frame import SERIES, Floats, eligible, group_indices
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.scan_times import stated_time
from protocol_assets.analysis.statistics import modal_level

__all__ = ["IDENTITY", "current_levels", "most_frequent", "with_averages", "with_averaging"]

IDENTITY: Final = (
    "anatomy",
    "role",
    "contrast_phase",
    "field_strength_class_t",
    "dimension",
    "reconstruction",
    "vendor",
    "model",
    "site",
)
"""What is the same for all acquisitions of a protocol on a scanner."""

_VARIANT: Final = ("fat_suppression", "trajectory")
_IMAGE: Final = (
    "voxel_mm3",
    "pixel_volume_mm3",
    "bandwidth_hz_per_px",
    "phase_oversampling_percent",
    "acceleration",
    "partial_fourier_fraction",
    "matrix_frequency",
    "matrix_phase",
    "sampled_lines",
)
_TIMES: Final = ("stated_time_s", "scan_time_formula_s")


def with_averages(frame: pd.DataFrame) -> pd.DataFrame:
    """The eligible acquisitions with ``averages`` as noise and time see them, and its ``measure``.

    Effective averages, else NEX (see ``_measured``): what compares a scanner with its own past.
    """
    return _measured(frame, "effective_averages", "nex")


def with_averaging(frame: pd.DataFrame) -> pd.DataFrame:
    """The eligible acquisitions with ``averages`` as scanners are compared, and its ``measure``.

    Averaging, else what it is at least (see ``_measured``).
    """
    return _measured(frame, "averaging", "least_averaging")


def _measured(frame: pd.DataFrame, measure: str, otherwise: str) -> pd.DataFrame:
    """The measure where the protocol on the scanner tells it as often as NEX, else another.

    With some slack for a rule that found single acquisitions doubtful. One series is never judged
    by both, for the step from one to the other would look like a change.
    """
    votes = eligible(frame).copy()
    counted = votes.groupby(SERIES)[["nex", measure]].transform("count")
    is_told = (counted[measure] >= 0.8 * counted["nex"]) & (counted[measure] > 0)
    votes["averages"] = votes[measure].where(is_told, votes[otherwise])
    votes["measure"] = np.where(is_told, measure, otherwise)
    return votes


def current_levels(
    frame: pd.DataFrame, as_of: pd.Timestamp, since: pd.Series | None = None
) -> pd.DataFrame:
    """One row per scanner protocol with acquisitions in the trailing days.

    Args:
        frame: From ``prepared``; days after ``as_of`` are not read.
        as_of: The last day that counts.
        since: Day of the last change by scanner protocol (index ``device_key, protocol_key``):
            acquisitions before it are those of another protocol.

    Returns:
        ``device_key``, ``protocol_key``, the ``IDENTITY`` columns; ``level_days``, the trailing
        days that were read: more of a protocol too rare to tell its level otherwise;
        ``n_eligible``, ``n`` (those that tell their averages) and ``coverage``; ``measure``,
        ``level`` (the device's mode), ``share_at_level``, ``is_mixed``; the variant (fat
        suppression, trajectory) most of the acquisitions have, to which ``n`` and the level
        belong, with those ``votes`` as an array; and for those at the level the medians of the
        image's parameters and times.
        ``level`` is NaN below the least n of a level.
    """
    known = frame[frame["study_date"] <= as_of]
    if since is not None and len(since):
        begun = known[SERIES].join(since.rename("since"), on=SERIES)["since"]
        known = known[~(known["study_date"] < begun)]
    current, rare = (_trailing(known, as_of, name) for name in ("current_days", "rare_level_days"))
    levels = _levels(current, limit("current_days"))
    is_few = levels["n"] < limit("least_n")
    few = levels.loc[is_few, SERIES]
    longer = _levels(rare.merge(few, on=SERIES), limit("rare_level_days"))
    return pd.concat([levels[~is_few], longer] if len(longer) else [levels], ignore_index=True)


def _trailing(frame: pd.DataFrame, as_of: pd.Timestamp, days: str) -> pd.DataFrame:
    return frame[frame["study_date"] > as_of - pd.Timedelta(days=limit(days))]


def _levels(window: pd.DataFrame, days: float) -> pd.DataFrame:
    votes = with_averaging(window).reset_index(drop=True)
    votes["stated_time_s"] = stated_time(votes)
    votes["sampled_lines"] = sampled_lines(votes)
    if votes.empty:
        return pd.DataFrame(columns=list(_COLUMNS)).astype(dict.fromkeys(_FLOATS, float))
    variant_of = votes.groupby(list(_VARIANT), dropna=False, sort=True).ngroup()
    variants: Positions = variant_of.to_numpy().astype(np.intp)
    numbers = {name: votes[name].to_numpy(dtype=float) for name in _NUMBERS}
    rows = [
        dict(zip(SERIES, key, strict=True)) | _level(at, variants[at], numbers)
        for key, at in group_indices(votes, SERIES).items()
    ]
    levels = pd.DataFrame(rows).assign(level_days=int(days))
    # A protocol on a scanner has one identity; where a header lacks a part another tells it.
    identity = votes.groupby(SERIES)[[*IDENTITY, "measure"]].first().reset_index()
    variant = votes.loc[levels["example"], [*_VARIANT, "no_phase_wrap"]].reset_index(drop=True)
    levels = levels.join(variant).merge(identity, on=SERIES, how="left")
    return levels[list(_COLUMNS)].astype(dict.fromkeys(_FLOATS, float))


_COLUMNS: Final = (
    *SERIES,
    *IDENTITY,
    "level_days",
    "n_eligible",
    "n",
    "coverage",
    "measure",
    "level",
    "share_at_level",
    "is_mixed",
    "nex_level",
    "votes",
    *_VARIANT,
    "no_phase_wrap",
    *_IMAGE,
    *_TIMES,
)
_FLOATS: Final = (
    "level",
    "share_at_level",
    "coverage",
    "field_strength_class_t",
    "nex_level",
    *_IMAGE,
    *_TIMES,
)
_NUMBERS: Final = ("averages", "nex", *_IMAGE, *_TIMES)

Positions = npt.NDArray[np.intp]


def _level(at: Positions, variants: Positions, numbers: dict[str, Floats]) -> dict[str, object]:
    """Level and image of one series, from the acquisitions of its most frequent variant.

    With and without fat suppression share no level.
    """
    at = at[variants == np.bincount(variants).argmax()]
    averages = numbers["averages"][at]
    is_known = ~np.isnan(averages)
    known, n = averages[is_known], int(is_known.sum())
    row: dict[str, object] = {
        "example": at[0],
        "n_eligible": len(at),
        "n": n,
        "coverage": n / len(at),
        "is_mixed": False,
        "votes": known,
    }
    row |= dict.fromkeys(("level", "share_at_level", "nex_level"), np.nan)
    row |= dict.fromkeys((*_IMAGE, *_TIMES), np.nan)
    if n < limit("level_least_n"):
        return row
    factor = limit("same_level")
    level, share = modal_level(known, factor)
    there = at[is_known][np.abs(np.log(known / level)) <= np.log(factor)]
    nex, counts = np.unique(numbers["nex"][there], return_counts=True)
    return row | {
        "level": level,
        "share_at_level": share,
        "is_mixed": 1 - share > limit("mixed_share"),
        "nex_level": nex[counts.argmax()],
        **{name: _median(numbers[name][there]) for name in (*_IMAGE, *_TIMES)},
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
