"""Minutes that a change won: what the exams after it would have taken, less what they took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.spec import CostModel
from protocol_assets.analysis.statistics import modal_level

__all__ = ["Realised", "realised"]


@dataclass(frozen=True, slots=True)
class Realised:
    """The minutes of one change; NaN where the settings or times are not reported.

    Attributes:
        n_after: Acquisitions after the change.
        coverage: Share of them that state a time.
        minutes: Won by all acquisitions after the change; those without a time count as the mean
            of the others.
        minutes_observed: Won by those with a time: the sum itself.
        old_minutes: What those with a time would have taken at the old settings.
        saving_s: Of one acquisition.
        volume_per_month: Acquisitions a month, before.
        basis: ``model`` or ``observed``: where the old scan time comes from.
    """

    n_after: int
    coverage: float
    minutes: float
    minutes_observed: float
    old_minutes: float
    saving_s: float
    volume_per_month: float
    basis: str | None


def realised(before: pd.DataFrame, after: pd.DataFrame, model: CostModel) -> Realised:
    """Sum over the acquisitions after a change of (time at the old settings - observed).

    The old settings are those of the acquisitions before at the level most of them have: what a
    technologist overrode is no setting. All parameters are the old ones, so that a repetition time
    that changed together with the measure is priced in.

    Args:
        before: Acquisitions of the scanner protocol before the change, with ``value``.
        after: All its acquisitions after it.
        model: The calibrated cost model.
    """
    times = after["observed_cost"].dropna()
    old, basis = _old_time(before, model)
    n, known = len(after), len(times)
    saving = float(old - times.mean()) if known else float("nan")
    days = (before["study_date"].max() - before["study_date"].min()).days + 1 if len(before) else 0
    return Realised(
        n_after=n,
        coverage=known / n if n else float("nan"),
        minutes=saving * n / 60,
        minutes_observed=saving * known / 60,
        old_minutes=old * known / 60 if known else float("nan"),
        saving_s=saving,
        volume_per_month=len(before) / days * 365.25 / 12 if days >= 28 else float("nan"),
        basis=basis if known else None,
    )


def _old_time(before: pd.DataFrame, model: CostModel) -> tuple[float, str | None]:
    known = before[before["value"].notna()]
    if len(known) < limit("least_n"):
        return float("nan"), None
    factor = limit("same_level")
    level, _ = modal_level(known["value"].to_numpy(), factor)
    usual = known[np.abs(np.log(known["value"] / level)) <= np.log(factor)]
    stated = usual["stated_cost"]
    if stated.count() >= limit("least_n"):
        # What the scanner stated at the old settings needs no formula, which may not know them all.
        return _plausible_mean(stated), "observed"
    nominal = _plausible_mean(usual["nominal_cost"])
    first = usual.iloc[[0]][[*SERIES, "vendor", "role"]]
    predicted = model.predict(first, pd.Series([nominal], index=first.index))["predicted_s"].iloc[0]
    if not np.isnan(predicted):
        return float(predicted), "model"
    known = usual["observed_cost"]
    return _plausible_mean(known), "observed"


def _plausible_mean(values: pd.Series) -> float:
    """The mean (a sum is to be predicted) of what lies within half and twice the median."""
    known = values.dropna()
    if known.empty:
        return float("nan")
    median = known.median()
    return float(known[(known >= median / 2) & (known <= median * 2)].mean())
