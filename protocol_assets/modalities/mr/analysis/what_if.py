"""What other averages, oversampling or acceleration would save, and what they cost in noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES, volume_per_month
from protocol_assets.modalities.mr.analysis.settable import is_settable
from protocol_assets.modalities.mr.analysis.time_model import TimeModel

__all__ = ["Setting", "what_if"]

_COLUMNS: Final = (
    *SERIES,
    "n",
    "n_predicted",
    "coverage",
    "volume_per_month",
    "minutes_now",
    "minutes_then",
    "minutes_saved_per_exam",
    "minutes_saved_per_month",
    "minutes_saved_per_month_low",
    "minutes_saved_per_month_high",
    "snr_ratio",
    "snr_is_without_g_factor",
    "time_error_median_pct",
    "time_is_off",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is set; None leaves it as it is.

    Attributes:
        nex: Number of averages.
        oversampling_percent: Phase oversampling; 100 doubles the lines.
        acceleration: Parallel imaging factor in plane.
    """

    nex: float | None = None
    oversampling_percent: float | None = None
    acceleration: float | None = None

    def __post_init__(self) -> None:
        if self.nex is not None and not 0.25 <= self.nex <= 32:
            raise ValueError("nex must be from 0.25 to 32")
        if self.oversampling_percent is not None and not 0 <= self.oversampling_percent <= 200:
            raise ValueError("oversampling_percent must be from 0 to 200")
        if self.acceleration is not None and not 1 <= self.acceleration <= 16:
            raise ValueError("acceleration must be from 1 to 16")
        if (self.nex, self.oversampling_percent, self.acceleration) == (None, None, None):
            raise ValueError("set at least one of nex, oversampling_percent and acceleration")


def what_if(
    frame: pd.DataFrame, chosen: pd.Series, setting: Setting, model: TimeModel, as_of: pd.Timestamp
) -> pd.DataFrame:
    """What a setting would do to the chosen acquisitions, by scanner protocol.

    Args:
        frame: From ``prepared``.
        chosen: True for the acquisitions to look at (a window of days, scanners, protocols).
        setting: What is set.
        model: The calibrated time model.
        as_of: The day up to which months are closed.

    Returns:
        Of each series with chosen acquisitions: ``n``, ``n_predicted`` (those whose parameters are
        reported) and ``coverage``; minutes of one exam now, then, and saved; the same saved a month
        at the volume of the last closed months, with the interval of the model's error;
        ``snr_ratio`` (noise only). Where the acceleration is changed the g-factor is unknown: the
        loss is at least the one shown, and ``snr_is_without_g_factor``. NaN and a ``reason`` where
        nothing can be predicted.
    """
    rows = frame[chosen.reindex(frame.index, fill_value=False)]
    averages, lines, acceleration, reason = _ratios(rows, setting)
    nominal = rows["scan_time_formula_s"]
    now = model.predict(rows, nominal)
    then = model.predict(rows, nominal * averages * _shots(rows, lines, acceleration))
    detail = rows[[*SERIES, "exam_key"]].copy()
    detail["exam_key"] = detail["exam_key"].where(rows["exam_key"].notna(), rows["acquisition_key"])
    both = now["predicted_s"].notna() & then["predicted_s"].notna()
    detail["now"] = now["predicted_s"].where(both)
    detail["then"] = then["predicted_s"].where(both)
    detail["snr"] = np.sqrt(averages * lines / acceleration)
    detail["g_factor"] = acceleration != 1
    detail["low"], detail["high"] = now["error_p95_pct"], now["error_p5_pct"]
    detail["median"], detail["off"] = now["error_median_pct"], now["is_off"]
    is_formula = nominal.isna() & reason.isna()
    detail["reason"] = reason.mask(is_formula, "a parameter of the formula is not reported")
    volume = volume_per_month(frame[frame["study_date"] <= as_of], as_of)
    return pd.DataFrame(
        [
            _row(dict(zip(SERIES, key, strict=True)), part, float(volume.get(key, np.nan)))
            for key, part in detail.groupby(SERIES, sort=True)
        ],
        columns=list(_COLUMNS),
    )


def _ratios(
    rows: pd.DataFrame, setting: Setting
) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """New over old averages, phase lines and acceleration; NaN and a reason where not known."""
    one = pd.Series(1.0, index=rows.index)
    averages, lines, acceleration = one, one, one
    reason = pd.Series([None] * len(rows), index=rows.index, dtype=object)
    if setting.nex is not None:
        averages = setting.nex / rows["nex"]
        reason = reason.mask(averages.isna(), "NEX is not reported")
        is_accepted = is_settable(setting.nex, rows["vendor"])
        averages = averages.where(is_accepted)
        reason = reason.mask(~is_accepted, "the console accepts whole averages only")
    if setting.oversampling_percent is not None:
        now = rows["phase_oversampling_percent"]
        lines = (100 + setting.oversampling_percent) / (100 + now)
        reason = reason.mask(now.isna(), "oversampling is not reported")
    if setting.acceleration is not None:
        acceleration = setting.acceleration / rows["acceleration_in_plane"]
        reason = reason.mask(acceleration.isna(), "acceleration is not reported")
    if setting.oversampling_percent is not None or setting.acceleration is not None:
        # The lines of an echo-planar shot are read in one train: fewer do not shorten the scan.
        is_planar = rows["sequence_family"] == "epi"
        lines, acceleration = lines.mask(is_planar), acceleration.mask(is_planar)
        reason = reason.mask(is_planar, "lines do not set the time of echo-planar imaging")
    return averages, lines, acceleration, reason


def _shots(rows: pd.DataFrame, lines: pd.Series, acceleration: pd.Series) -> pd.Series:
    """New over old number of shots: whole trains in 2D, where the header reports them."""
    ratio = lines / acceleration
    train = rows["echo_train_length"].where(rows["sequence_family"] == "tse", 1.0)
    steps = rows["phase_encoding_steps"]
    now = np.ceil(steps / (train * rows["acceleration_in_plane"]))
    then = np.ceil(steps * lines / (train * rows["acceleration_in_plane"] * acceleration))
    whole = then / now
    in_whole_trains = (rows["dimension"] == "2d") & whole.notna() & ratio.notna()
    return pd.Series(np.where(in_whole_trains, whole, ratio), index=rows.index)


def _row(key: dict[str, object], part: pd.DataFrame, volume: float) -> dict[str, object]:
    known = part[part["now"].notna()]
    row: dict[str, object] = dict.fromkeys(_COLUMNS, np.nan)
    row |= key
    row |= {
        "n": len(part),
        "n_predicted": len(known),
        "coverage": len(known) / len(part),
        "volume_per_month": volume,
        "snr_is_without_g_factor": bool(part["g_factor"].any()),
        "time_is_off": bool(part["off"].any()),
        "reason": None,
    }
    if known.empty:
        return row | {"reason": part["reason"].dropna().iloc[0]}
    saved = (known["now"] - known["then"]).mean() / 60
    a_month = saved * volume
    ends = [a_month / (1 + known[end].mean() / 100) for end in ("low", "high")]
    exams = max(known["exam_key"].nunique(), 1)
    return row | {
        "minutes_now": known["now"].sum() / exams / 60,
        "minutes_then": known["then"].sum() / exams / 60,
        "minutes_saved_per_exam": (known["now"] - known["then"]).sum() / exams / 60,
        "minutes_saved_per_month": a_month,
        "minutes_saved_per_month_low": min(*ends, a_month),
        "minutes_saved_per_month_high": max(*ends, a_month),
        "snr_ratio": known["snr"].median(),
        "time_error_median_pct": known["median"].mean(),
    }
