"""Where averages exceed their reference, with what one acquisition would save and cost.

Nothing is recommended here: the seconds stand beside the noise. Volume, minutes a month, state and
rank are made of this in SQL (``opportunities``).
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
from protocol_assets.analysis.settable import next_settable
from protocol_assets.analysis.time_model import TimeModel

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
    "nex_level",
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

_FEWEST_TO_HALVE: Final = 2.0
"""With fewer averages, one fewer would be none, or a partial Fourier acquisition and no average."""


def potential(
    frame: pd.DataFrame,
    targets: pd.DataFrame,
    model: TimeModel,
    as_of: pd.Timestamp,
    *,
    since: pd.Series | None = None,
) -> pd.DataFrame:
    """One row per scanner protocol of the trailing days.

    Args:
        frame: From ``prepared``.
        targets: The hospital's targets (see ``references``).
        model: The calibrated time model.
        as_of: The last day that counts.
        since: Day of the last change by scanner protocol (see ``current_levels``).

    Returns:
        The level and its reference; ``assessment``: ``assessable``, ``insufficient`` (too few
        acquisitions) or ``not assessable``, with ``assessment_reason``; ``has_potential`` (NULL
        where not assessable). ``what_if_level`` is the reference where that is lower
        (``what_if_kind`` ``reference``), else one average fewer (``one fewer``). For it
        ``snr_ratio`` (noise only: same voxel, coil, reconstruction) and the seconds of one
        acquisition now, then, and saved; ``saving_low_s`` and ``saving_high_s`` times the volume
        are the interval of the minutes (see ``intervals``).
    """
    levels = current_levels(frame, as_of, since)
    found = levels.merge(references(levels, targets, as_of), on=SERIES, how="left")
    found["as_of"] = as_of
    _assess(found)
    _set_what_if(found)
    _predict(found, model)
    _set_intervals(found, volume_per_month(frame[frame["study_date"] <= as_of], as_of))
    return found[list(_COLUMNS)].sort_values(SERIES).reset_index(drop=True)


def _assess(found: pd.DataFrame) -> None:
    few = found["n"] < limit("level_least_n")
    told_by_few = few & (found["n_eligible"] >= limit("level_least_n"))
    reason = found["reference_reason"].astype(object)
    # A lower bound can show that the averaging is too high, but not that it is not.
    is_open = (found["measure"] == "least_averaging") & found["sampled_lines"].isna()
    is_open &= reason.isna() & ~(found["level"] > found["reference_threshold"])
    reason = reason.mask(is_open, "oversampling not reported")
    reason = reason.where(found["coverage"] >= limit("least_coverage"), "averages rarely told")
    reason = reason.mask(few, "too few acquisitions").mask(told_by_few, "averages rarely told")
    found["assessment_reason"] = reason.where(reason.notna(), None)
    found["assessment"] = np.where(
        few & ~told_by_few, "insufficient", np.where(reason.isna(), "assessable", "not assessable")
    )
    exceeds = (found["level"] > found["reference_threshold"]).astype(object)
    found["has_potential"] = exceeds.where(found["assessment"] == "assessable", None)


def _set_what_if(found: pd.DataFrame) -> None:
    """The reference, as the console can set it; without one, one average fewer, as a what-if.

    Averages come first, at the scanner's own oversampling; what they cannot give comes from less
    oversampling. Averaging is never proposed below 1: less than every line is partial Fourier.
    """
    one_fewer = (found["nex_level"] - 1).where(found["nex_level"] >= _FEWEST_TO_HALVE)
    has_reference = found["reference_level"].notna()
    added = found["level"] / found["nex_level"]
    wanted = found["reference_level"].clip(lower=1.0)
    slack = limit("same_level")
    by_averages = next_settable(wanted / added / slack, found["vendor"]).clip(lower=1.0)
    takes_averages = by_averages < found["nex_level"]
    level = (by_averages * added).where(takes_averages, wanted)
    level = level.where(has_reference, one_fewer * added)
    kind = pd.Series(np.where(has_reference, "reference", "one fewer"), index=found.index)
    lower = (level > 0) & (level < found["level"])
    found["what_if_level"] = level.where(lower)
    found["what_if_kind"] = kind.astype(object).where(lower, None)
    # Noise falls with the root of the samples acquired.
    found["snr_ratio"] = np.sqrt(found["what_if_level"] / found["level"])


def _predict(found: pd.DataFrame, model: TimeModel) -> None:
    """Seconds now, as the scanner states them, else by the model; then, all but the preparation.

    The formula may lack a parameter of the sequence; what the scanner states lacks none.
    """
    ratio = found["what_if_level"] / found["level"]
    now = model.predict(found, found["scan_time_formula_s"])
    still = model.predict(found, pd.Series(0.0, index=found.index))["predicted_s"].clip(lower=0.0)
    stated = found["stated_time_s"]
    seconds = stated.where(stated.notna(), now["predicted_s"])
    found["scan_time_now_s"] = seconds
    scalable = (seconds - still).clip(lower=0.0)
    found["scan_time_at_target_s"] = scalable * ratio + (seconds - scalable)
    basis = pd.Series(np.where(stated.notna(), "observed", "model"), index=found.index)
    found["time_basis"] = basis.astype(object).where(seconds.notna(), None)
    found["saving_s"] = seconds - found["scan_time_at_target_s"]
    found["error_p5_pct"], found["error_p95_pct"] = now["error_p5_pct"], now["error_p95_pct"]
    found["time_level"] = now["level"]
    found["time_error_median_pct"] = now["error_median_pct"]
    found["time_is_off"] = now["is_off"]


def _set_intervals(found: pd.DataFrame, volume: pd.Series) -> None:
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
            is_least=row["measure"] == "least_averaging",
            what_if=row["what_if_level"],
            scalable=row["saving_s"]
            / (row["scan_time_now_s"] * (1 - row["what_if_level"] / row["level"])),
            volume=volumes.iloc[position],
            months=limit("volume_months"),
            errors_pct=(row["error_p5_pct"], row["error_p95_pct"]),
        )
    for number, column in enumerate(("saving_low_s", "saving_high_s")):
        found[column] = ends[:, number] * found["saving_s"]
