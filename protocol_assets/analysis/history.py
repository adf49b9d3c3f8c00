"""The potential saving of each closed month, as of its last day."""

from __future__ import annotations

import pandas as pd

from protocol_assets.analysis.frame import SERIES, volume_per_month
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.potential import potential
from protocol_assets.analysis.spec import AnalysisSpec, CostModel

__all__ = ["last_days", "potential_by_month"]

_COLUMNS = (
    "month",
    "as_of",
    "volume_from",
    *SERIES,
    "level_days",
    "assessment",
    "has_potential",
    "patients",
    "volume_per_month",
    "saving_s",
    "saving_low_s",
    "saving_high_s",
)


def potential_by_month(
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    targets: pd.DataFrame,
    model: CostModel,
    as_of: pd.Timestamp,
    changes: pd.DataFrame,
) -> pd.DataFrame:
    """Potential and volume of every scanner protocol as of the end of each closed month.

    Args:
        frame: From ``prepared``, up to ``as_of``.
        spec: What the analysis needs to know of the modality.
        targets: The hospital's targets (see ``references``).
        model: The calibrated cost model.
        as_of: The last day that counts.
        changes: ``SERIES`` and ``changed_on`` of all changes, found and registered.

    Returns:
        One row per month and scanner protocol of the 90 days before its end: the result of
        ``potential``, ``patients`` (distinct, of these days), ``volume_from`` (first day of the
        months the volume is counted over) and ``volume_per_month``.
    """
    rows = [_as_of(frame, spec, targets, model, end, changes) for end in _month_ends(frame, as_of)]
    if not rows:
        return pd.DataFrame(columns=list(_COLUMNS))
    return pd.concat(rows, ignore_index=True)[list(_COLUMNS)]


def last_days(changes: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Day of the last change by scanner protocol."""
    days = changes[SERIES].assign(changed_on=pd.to_datetime(changes["changed_on"]))
    return days[days["changed_on"] <= as_of].groupby(SERIES)["changed_on"].max()


def _month_ends(frame: pd.DataFrame, as_of: pd.Timestamp) -> list[pd.Timestamp]:
    """The last days of the closed months that the frame has a whole month of."""
    closed = (as_of + pd.Timedelta(days=1)).to_period("M") - 1
    first = (frame["study_date"].min() - pd.Timedelta(days=1)).to_period("M") + 1
    months = pd.period_range(
        max(first, closed - int(limit("history_months")) + 1), closed, freq="M"
    )
    return [month.end_time.normalize() for month in months]


def _as_of(
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    targets: pd.DataFrame,
    model: CostModel,
    end: pd.Timestamp,
    changes: pd.DataFrame,
) -> pd.DataFrame:
    known = frame[frame["study_date"] <= end]
    found = potential(known, spec, targets, model, end, since=last_days(changes, end))
    current = known["study_date"] > end - pd.Timedelta(days=limit("current_days"))
    patients = known[current].groupby(SERIES)["patient_key"].nunique().rename("patients")
    volume = volume_per_month(known, end).rename("volume_per_month")
    month = end.replace(day=1)
    row = found.join(patients, on=SERIES).join(volume, on=SERIES)
    row["month"] = month
    row["volume_from"] = month - pd.DateOffset(months=int(limit("volume_months")) - 1)
    return row
