"""Scan time from parameters, calibrated on what the scanners state.

    scan time = preparation + slope x factor x nominal

``nominal`` is the formula's time (repetition time x repetitions). The slope is one number for a
vendor and role, from pairs of times *within* a protocol on a scanner, so that scanners that
prepare longer do not tilt it. The factor is a whole number of concatenations, or of an acceleration
that the header does not report, of the protocol on the scanner. The preparation is what remains, by
the protocol on the scanner where it has enough times, else by vendor and role, vendor, all: it does
not scale with averages. The error is that of predictions for exams that took no part in the fit.

Source: Theil 1950 and Sen, J Am Stat Assoc 1968;63:1379; weights by distance: Jaeckel, Ann Math
Stat 1972;43:1449.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES, group_indices
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.statistics import Floats, weighted_median

__all__ = ["TimeModel", "fit_time_model"]

_GROUP: Final = ["vendor", "role"]
_FACTORS: Final = (0.25, 1 / 3, 0.5, 1.0, 2.0, 3.0, 4.0)
_FOLDS: Final = 5
# Nominal times this close (log) are one abscissa: a repetition time follows the patient's slices.
_BIN: Final = 0.02

_ERROR: Final = ("error_median_pct", "error_p5_pct", "error_p95_pct", "is_off")

_Fit = dict[tuple[object, ...], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class TimeModel:
    """A fitted model.

    Attributes:
        groups: One row per vendor and role with observed times: ``vendor``, ``role``, ``level``
            the parameters come from (``vendor x role``, ``vendor``, ``all``, ``formula``),
            ``slope``, ``preparation_s``, ``n``, ``n_series``, ``error_median_pct`` (median of the
            absolute error), ``error_p5_pct``, ``error_p95_pct``, ``is_off``.
        series: The same by scanner protocol, with its ``factor``; ``preparation_s`` NaN where the
            series has too few times of its own.
    """

    groups: pd.DataFrame
    series: pd.DataFrame

    def predict(self, rows: pd.DataFrame, nominal_s: pd.Series) -> pd.DataFrame:
        """Predicted seconds of rows at the given nominal times.

        Args:
            rows: With ``device_key``, ``protocol_key``, ``vendor``, ``role``.
            nominal_s: Nominal time of each row; NaN gives NaN. To predict another setting, scale
                the nominal time: preparation does not scale.

        Returns:
            ``predicted_s``, ``slope`` (seconds a nominal second), ``level``, ``error_median_pct``,
            ``error_p5_pct``, ``error_p95_pct`` (of the series, else of its group) and ``is_off``,
            on the index of ``rows``.
        """
        own = rows[SERIES].merge(self.series, on=SERIES, how="left")
        group = _lookup(self.groups, rows)
        # Of a vendor or role never seen: the fit over all, whose error is unknown.
        preparation = own["preparation_s"].fillna(group["preparation_s"])
        factor = own["factor"].fillna(1.0)
        slope = (group["slope"] * factor).to_numpy()
        result = pd.DataFrame(index=rows.index)
        result["predicted_s"] = preparation.to_numpy() + slope * nominal_s.to_numpy(dtype=float)
        result["slope"] = slope
        result["level"] = group["level"].to_numpy()
        for column in ("error_median_pct", "error_p5_pct", "error_p95_pct"):
            result[column] = own[column].fillna(group[column]).to_numpy()
        is_off = own["is_off"].astype(object)
        result["is_off"] = is_off.where(is_off.notna(), group["is_off"]).to_numpy(dtype=bool)
        return result


def fit_time_model(frame: pd.DataFrame) -> TimeModel:
    """Calibrate on the acquisitions that state a time and tell the formula's parameters.

    Args:
        frame: From ``prepared``. Where no acquisition qualifies the model is the bare formula,
            flagged as off.
    """
    observed = _observed(frame)
    slopes, preparations, series = _fit(observed)
    errors = _held_out_errors(observed)
    groups = _described_groups(observed, frame, slopes, preparations, errors)
    return TimeModel(groups, _described_series(series, observed, errors))


def _observed(frame: pd.DataFrame) -> pd.DataFrame:
    stated = (
        frame["scan_time_confidence"].isin(("high", "medium"))
        & (frame["stated_cost"] > 0)
        & (frame["nominal_cost"] > 0)
        & frame["vendor"].notna()
        & frame["role"].notna()
    )
    columns = [*SERIES, *_GROUP, "exam_key", "acquisition_key"]
    rows = frame.loc[stated, columns].reset_index(drop=True)
    rows["observed"] = frame.loc[stated, "scan_time_s"].to_numpy()
    rows["nominal"] = frame.loc[stated, "nominal_cost"].to_numpy()
    return rows


def _fit(rows: pd.DataFrame) -> tuple[_Fit, _Fit, pd.DataFrame]:
    """Slopes (value, number of series behind it), preparations (value, n), and the series."""
    indices = group_indices(rows, [*_GROUP, *SERIES])
    nominal, observed = rows["nominal"].to_numpy(), rows["observed"].to_numpy()
    factors = {key: _factor(nominal[at], observed[at]) for key, at in indices.items()}
    pairs = {
        key: _pair_slopes(nominal[at] * factors[key], observed[at]) for key, at in indices.items()
    }
    slopes = _by_level(
        {key: (s, w, 1.0) for key, (s, w) in pairs.items() if len(s)}, limit("model_least_series")
    )
    remainders = {
        key: float(
            np.median(observed[at] - _closest(slopes, key, 1.0)[0] * factors[key] * nominal[at])
        )
        for key, at in indices.items()
    }
    preparations = _by_level(
        {
            key: (np.array([remainders[key]]), np.ones(1), float(len(at)))
            for key, at in indices.items()
        },
        limit("model_least_n"),
    )
    series = pd.DataFrame(
        [(*key, factors[key], len(at), remainders[key]) for key, at in indices.items()],
        columns=[*_GROUP, *SERIES, "factor", "n", "preparation_s"],
    )
    series["preparation_s"] = series["preparation_s"].where(series["n"] >= limit("least_n"))
    return slopes, preparations, series


def _factor(nominal: Floats, observed: Floats) -> float:
    """Concatenations, or an unreported acceleration, where a whole number explains the ratio."""
    if len(nominal) < limit("least_n") or np.median(nominal) < limit("model_factor_from"):
        return 1.0
    ratio = float(np.median(observed / nominal))
    closest = min(_FACTORS, key=lambda factor: abs(np.log(ratio / factor)))
    return closest if abs(ratio / closest - 1) <= limit("model_factor_tolerance") else 1.0


def _pair_slopes(nominal: Floats, observed: Floats) -> tuple[Floats, Floats]:
    """Slopes between the distinct nominal times of one series, weighted by distance and number."""
    _, place, count = np.unique(
        np.round(np.log(nominal) / _BIN), return_inverse=True, return_counts=True
    )
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(count)[:-1]
    x = np.array([np.median(part) for part in np.split(nominal[order], ends)])
    y = np.array([np.median(part) for part in np.split(observed[order], ends)])
    first, second = np.triu_indices(len(x), k=1)
    distance = x[second] - x[first]
    apart = distance > limit("model_least_spread") * (x[second] + x[first]) / 2
    first, second, distance = first[apart], second[apart], distance[apart]
    return (
        (y[second] - y[first]) / distance,
        distance * np.minimum(count[first], count[second]),
    )


def _by_level(parts: dict[tuple[object, ...], tuple[Floats, Floats, float]], floor: float) -> _Fit:
    """Weighted medians by vendor and role, vendor, and all (the empty key), from the floor on."""
    collected: dict[tuple[object, ...], list[tuple[Floats, Floats, float]]] = {}
    for key, part in parts.items():
        for reach in (2, 1, 0):
            collected.setdefault(key[:reach], []).append(part)
    fitted: _Fit = {}
    for key, found in collected.items():
        amount = sum(part[2] for part in found)
        if amount >= floor:
            values = np.concatenate([part[0] for part in found])
            weights = np.concatenate([part[1] for part in found])
            fitted[key] = weighted_median(values, weights), amount
    return fitted


def _closest(fitted: _Fit, key: tuple[object, ...], otherwise: float) -> tuple[float, str]:
    """The value of the closest level that has one, and the level's name."""
    for level, reach in (("vendor x role", 2), ("vendor", 1), ("all", 0)):
        if key[:reach] in fitted:
            return fitted[key[:reach]][0], level
    return otherwise, "formula"


def _held_out_errors(rows: pd.DataFrame) -> Floats:
    """Signed error in per cent of each observed time, predicted without its exam."""
    fold = pd.util.hash_array(rows["exam_key"].fillna("").to_numpy(dtype=object)) % _FOLDS
    errors = np.full(len(rows), np.nan)
    for one in range(_FOLDS):
        held = fold == one
        if held.all() or not held.any():
            continue
        slopes, preparations, series = _fit(rows[~held].reset_index(drop=True))
        model = TimeModel(
            _parameters(rows[_GROUP].drop_duplicates(), slopes, preparations), _bare(series)
        )
        predicted = model.predict(rows[held], rows.loc[held, "nominal"])["predicted_s"]
        errors[held] = (predicted / rows.loc[held, "observed"] - 1) * 100
    return errors


def _parameters(keys: pd.DataFrame, slopes: _Fit, preparations: _Fit) -> pd.DataFrame:
    """Slope and preparation of every group, the closest level's; the bare formula without any."""
    rows = []
    for key in [*keys.itertuples(index=False, name=None), (None, None)]:
        slope, level = _closest(slopes, key, 1.0)
        preparation, behind = _closest(preparations, key, 0.0)
        # Where no protocol was ever set otherwise the formula's own slope is all there is.
        rows.append((*key, behind if level == "formula" else level, slope, preparation))
    groups = pd.DataFrame(rows, columns=[*_GROUP, "level", "slope", "preparation_s"])
    return groups.assign(
        error_median_pct=np.nan, error_p5_pct=np.nan, error_p95_pct=np.nan, is_off=True
    )


def _bare(series: pd.DataFrame) -> pd.DataFrame:
    return series[[*SERIES, "factor", "n", "preparation_s"]].assign(
        error_median_pct=np.nan, error_p5_pct=np.nan, error_p95_pct=np.nan, is_off=None
    )


def _described_groups(
    rows: pd.DataFrame, frame: pd.DataFrame, slopes: _Fit, preparations: _Fit, errors: Floats
) -> pd.DataFrame:
    keys = frame[_GROUP].drop_duplicates().sort_values(_GROUP, na_position="last")
    groups = _parameters(keys[keys.notna().all(axis=1)], slopes, preparations)
    indices = group_indices(rows, _GROUP)
    described = []
    for key in groups[_GROUP].itertuples(index=False, name=None):
        at = indices.get(key, np.array([], dtype=np.intp))
        n_series = len(rows.iloc[at][SERIES].drop_duplicates())
        described.append({"n": len(at), "n_series": n_series, **_error(errors[at])})
    return groups.drop(columns=[*_ERROR]).join(
        pd.DataFrame(described, columns=["n", "n_series", *_ERROR])
    )


def _described_series(series: pd.DataFrame, rows: pd.DataFrame, errors: Floats) -> pd.DataFrame:
    indices = group_indices(rows, [*_GROUP, *SERIES])
    found = [
        _error(errors[indices[key]], floor=limit("least_n"))
        for key in series[[*_GROUP, *SERIES]].itertuples(index=False, name=None)
    ]
    described = series.join(pd.DataFrame(found, columns=[*_ERROR], index=series.index))
    # A device of two vendors' headers: the larger part stands for it.
    described = described.sort_values("n", ascending=False, kind="stable").drop_duplicates(SERIES)
    is_known = described["n"] >= limit("least_n")
    described["is_off"] = described["is_off"].astype(object).where(is_known, None)
    return described[[*SERIES, "factor", "n", "preparation_s", *_ERROR]].sort_values(SERIES)


def _error(errors: Floats, floor: float | None = None) -> dict[str, object]:
    """Median of the absolute error and the range of the signed one; unknown where too few."""
    known = errors[~np.isnan(errors)]
    if len(known) < (limit("model_least_n") if floor is None else floor):
        return dict(zip(_ERROR, (np.nan, np.nan, np.nan, True), strict=True))
    median = float(np.median(np.abs(known)))
    low, high = np.quantile(known, [0.05, 0.95])
    return dict(
        zip(_ERROR, (median, float(low), float(high), median > limit("model_off")), strict=True)
    )


def _lookup(groups: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    found = rows[_GROUP].merge(groups[groups["vendor"].notna()], on=_GROUP, how="left")
    anyone = groups[groups["vendor"].isna()].iloc[0]
    unseen = found["level"].isna()
    for column in ("level", "slope", "preparation_s"):
        found.loc[unseen, column] = anyone[column]
    found["is_off"] = found["is_off"].astype(object).where(~unseen, True)
    return found
