"""Where a level exceeds its reference, with what one acquisition would save and lose.

Nothing is recommended here: the saving is shown beside the loss of signal. Volume, minutes a month,
state and rank are calculated from this in SQL (``opportunities``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES, volume_per_month
from protocol_assets.analysis.intervals import saving_interval
from protocol_assets.analysis.levels import current_levels
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.references import references
from protocol_assets.analysis.spec import AnalysisSpec, CostModel

__all__ = ["potential"]

_COLUMNS: Final = (
    "as_of",
    *SERIES,
    "level_days",
    "n_eligible",
    "n",
    "coverage",
    "measure",
    "level",
    "setting_level",
    "share_at_level",
    "is_mixed",
    "reference",
    "reference_tier",
    "reference_name",
    "reference_level",
    "reference_threshold",
    "reference_reason",
    "n_candidates",
    "n_peers",
    "n_holders",
    "short_of",
    "usual_level",
    "usual_share",
    "assessment",
    "assessment_reason",
    "has_potential",
    "what_if_level",
    "what_if_kind",
    "snr_ratio",
    "scan_time_now_s",
    "scan_time_at_target_s",
    "saving_s",
    "saving_low_s",
    "saving_high_s",
    "time_basis",
    "time_level",
    "time_error_median_pct",
    "time_is_off",
)


def potential(
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    targets: pd.DataFrame,
    model: CostModel,
    as_of: pd.Timestamp,
    *,
    since: pd.Series | None = None,
) -> pd.DataFrame:
    """One row per scanner protocol of the trailing days.

    Args:
        frame: From ``prepared``.
        spec: What the analysis needs to know of the modality.
        targets: The hospital's targets (see ``references``).
        model: The calibrated cost model.
        as_of: The last day that counts.
        since: Day of the last change by scanner protocol (see ``current_levels``).

    Returns:
        The level and its reference; ``assessment``: ``assessable``, ``insufficient`` (too few
        acquisitions) or ``not assessable``, with ``assessment_reason``; ``has_potential`` (NULL
        where not assessable). ``what_if_level`` is the reference where that is lower
        (``what_if_kind`` ``reference``), else one step fewer (``one fewer``). For it
        ``snr_ratio`` (noise only: same voxel, coil, reconstruction) and the seconds of one
        acquisition now, then, and saved; ``saving_low_s`` and ``saving_high_s`` times the volume
        are the interval of the minutes (see ``intervals``).
    """
    levels = current_levels(frame, spec, as_of, since)
    found = levels.merge(references(levels, spec, targets, as_of), on=SERIES, how="left")
    found["as_of"] = as_of
    _assess(found, spec)
    spec.set_what_if(found)
    spec.set_costs(found, model)
    volume = volume_per_month(frame[frame["study_date"] <= as_of], as_of)
    _set_intervals(found, spec, volume)
    return found[list(_COLUMNS)].sort_values(SERIES).reset_index(drop=True)


def _assess(found: pd.DataFrame, spec: AnalysisSpec) -> None:
    few = found["n"] < limit("level_least_n")
    reported_by_few = few & (found["n_eligible"] >= limit("level_least_n"))
    reason = found["reference_reason"].astype(object)
    # A lower bound can show that the level is too high, but not that it is not.
    is_open = _is_bound(found, spec) & found[spec.settling].isna()
    is_open &= reason.isna() & ~(found["level"] > found["reference_threshold"])
    reason = reason.mask(is_open, spec.unsettled_reason)
    reason = reason.where(found["coverage"] >= limit("least_coverage"), spec.rare_reason)
    reason = reason.mask(few, "too few acquisitions").mask(reported_by_few, spec.rare_reason)
    found["assessment_reason"] = reason.where(reason.notna(), None)
    assessment = np.where(reason.isna(), "assessable", "not assessable")
    found["assessment"] = np.where(few & ~reported_by_few, "insufficient", assessment)
    exceeds = (found["level"] > found["reference_threshold"]).astype(object)
    found["has_potential"] = exceeds.where(found["assessment"] == "assessable", None)


def _is_bound(found: pd.DataFrame, spec: AnalysisSpec) -> pd.Series:
    """Of which rows only a lower bound of the measure is known."""
    return found["measure"] != spec.measure.peers.column


def _set_intervals(found: pd.DataFrame, spec: AnalysisSpec, volume: pd.Series) -> None:
    """The ends of the interval of what is potential, where its scan time is known."""
    volumes = found[SERIES].join(volume.rename("volume"), on=SERIES)["volume"].fillna(0.0)
    ends = np.full((len(found), 2), np.nan)
    for position in np.flatnonzero((found["saving_s"] > 0) & found["has_potential"].eq(True)):
        row = found.iloc[position]
        has_peers = row["reference"] == "same_field"
        ends[position] = saving_interval(
            f"{row['device_key']}|{row['protocol_key']}",
            own=row["votes"],
            peers=row["peer_levels"] if has_peers else np.empty(0),
            level=row["level"],
            is_least=row["measure"] != spec.measure.peers.column,
            what_if=row["what_if_level"],
            scalable=row["saving_s"]
            / (row["scan_time_now_s"] * (1 - row["what_if_level"] / row["level"])),
            volume=volumes.iloc[position],
            months=limit("volume_months"),
            errors_pct=(row["error_p5_pct"], row["error_p95_pct"]),
        )
    for number, column in enumerate(("saving_low_s", "saving_high_s")):
        found[column] = ends[:, number] * found["saving_s"]
