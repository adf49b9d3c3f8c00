"""How far what was found agrees with what is true: pure functions on tables."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.statistics import modal_level
from protocol_assets_simulator.comparison import PLACE, potential_scores, ratio

__all__ = [
    "change_scores",
    "matched_changes",
    "potential_by",
    "relapse_scores",
    "time_errors",
]

_YEAR_DAYS: Final = 365.25
# A change found further away than this is another one.
_SAME_CHANGE: Final = pd.Timedelta(days=45)


def potential_by(judged: pd.DataFrame, column: str) -> pd.DataFrame:
    """The same by vendor, kind or another column of the truth; one row a value."""
    rows = {str(value): potential_scores(part) for value, part in judged.groupby(column)}
    return pd.DataFrame(rows).T.rename_axis(column)


def matched_changes(
    found: pd.DataFrame, places: pd.DataFrame, protocols: pd.DataFrame
) -> pd.DataFrame:
    """The true changes, each with the change found in any scanner protocol of its place.

    Args:
        found: ``Changes.changes`` of the platform.
        places: From ``simulator.comparison.places``.
        protocols: The truth by protocol of a scanner.

    Returns:
        The rows of ``protocols`` that changed, with ``found_on`` (NaT where none) and ``off_days``.
    """
    located = found[found["kind"] != "relapse"].merge(places[[*SERIES, *PLACE]], on=SERIES)
    true = protocols[protocols["changed_on"].notna()].reset_index(drop=True)
    pairs = true[[*PLACE, "changed_on"]].merge(
        located[[*PLACE, "changed_on"]].rename(columns={"changed_on": "found_on"}), on=PLACE
    )
    pairs["apart"] = (pairs["found_on"] - pairs["changed_on"]).abs()
    near = pairs[pairs["apart"] <= _SAME_CHANGE].sort_values("apart", kind="stable")
    closest = near.drop_duplicates(PLACE)[[*PLACE, "found_on"]]
    matched = true.merge(closest, on=PLACE, how="left")
    matched["off_days"] = (matched["found_on"] - matched["changed_on"]).dt.days.abs()
    return matched


def change_scores(
    found: pd.DataFrame,
    watched: pd.DataFrame,
    places: pd.DataFrame,
    protocols: pd.DataFrame,
    days: int,
) -> dict[str, float]:
    """Date error, changes missed, and false alarms.

    Args:
        found: ``Changes.changes`` of the platform.
        watched: ``Changes.series`` of the platform.
        places: From ``simulator.comparison.places``.
        protocols: The truth by protocol of a scanner.
        days: Length of the period.

    Returns:
        ``true``, ``found``, ``median_off_days``; ``watched`` and ``found_of_watched`` leave out the
        protocols with too few exams; ``false_alarms`` on the ``unchanged`` protocols and
        ``false_alarms_per_100_years``; ``extra``: on protocols that did change, those far from
        their change and their relapse.
    """
    matched = matched_changes(found, places, protocols)
    seen = watched[watched["state"] == "watched"].merge(places[[*SERIES, *PLACE]], on=SERIES)
    is_watched = _is_in(matched, seen)
    located = found.merge(places[[*SERIES, *PLACE]], on=SERIES)
    still = protocols[protocols["changed_on"].isna()]
    alarms = located[_is_in(located, still)]
    unchanged = int(_is_in(still, seen).sum())
    moved = located[[*PLACE, "changed_on"]].merge(
        matched[[*PLACE, "changed_on", "relapsed_on"]], on=PLACE, suffixes=("", "_true")
    )
    away = (moved["changed_on"] - moved["changed_on_true"]).abs() > _SAME_CHANGE
    away &= ~((moved["changed_on"] - moved["relapsed_on"]).abs() <= _SAME_CHANGE)
    per_series = ratio(len(alarms), unchanged)
    return {
        "true": len(matched),
        "found": int(matched["found_on"].notna().sum()),
        "median_off_days": float(matched["off_days"].median()),
        "p90_off_days": float(matched["off_days"].quantile(0.9)),
        "watched": int(is_watched.sum()),
        "found_of_watched": ratio(
            int((is_watched & matched["found_on"].notna()).sum()), int(is_watched.sum())
        ),
        "unchanged": unchanged,
        "false_alarms": len(alarms),
        "false_alarms_per_100_years": 100 * per_series * _YEAR_DAYS / days,
        "extra": int(away.sum()),
    }


def relapse_scores(
    found: pd.DataFrame, told: pd.DataFrame, places: pd.DataFrame, protocols: pd.DataFrame
) -> dict[str, float]:
    """Relapses found by protocol and by scanner.

    A relapse can be seen where a scanner protocol has the least number of exams of a level
    (``change_least_n``) before the change, between it and the relapse and again after that, and
    the headers report another level between them; the others are counted apart.

    Args:
        found: ``Changes.changes`` of the platform.
        told: The acquisitions that tell their averages: ``SERIES``, ``study_date``, ``averages``.
        places: From ``simulator.comparison.places``.
        protocols: The truth by protocol of a scanner.
    """
    true = protocols[protocols["relapsed_on"].notna()].reset_index(drop=True)
    located = found[found["kind"] == "relapse"].merge(places[[*SERIES, *PLACE]], on=SERIES)
    pairs = true[[*PLACE, "relapsed_on"]].merge(located[[*PLACE, "changed_on"]], on=PLACE)
    near = pairs[(pairs["changed_on"] - pairs["relapsed_on"]).abs() <= _SAME_CHANGE]
    is_found = _is_in(true, near)
    can_see = _is_in(true, _with_enough_exams(told, places, true))
    return {
        "true": len(true),
        "found": int(is_found.sum()),
        "visible": int(can_see.sum()),
        "found_of_visible": ratio(int((is_found & can_see).sum()), int(can_see.sum())),
        "scanners": true["station"].nunique(),
        "scanners_found": true.loc[is_found, "station"].nunique(),
        "false": len(located) - int(_is_in(located, true).sum()),
    }


def _with_enough_exams(
    told: pd.DataFrame, places: pd.DataFrame, relapsed: pd.DataFrame
) -> pd.DataFrame:
    """The scanner protocol of relapsed places that show three levels, each in enough exams."""
    rows = told.merge(places[[*SERIES, *PLACE]], on=SERIES).merge(
        relapsed[[*PLACE, "changed_on", "relapsed_on"]], on=PLACE
    )
    day = rows["study_date"]
    rows["stretch"] = (day >= rows["changed_on"]).astype(int) + (day >= rows["relapsed_on"])
    shown = [key for key, part in rows.groupby([*SERIES, *PLACE]) if _shows_relapse(part)]
    return pd.DataFrame(shown, columns=[*SERIES, *PLACE])


def _shows_relapse(rows: pd.DataFrame) -> bool:
    stretches = [rows.loc[rows["stretch"] == one, "value"].to_numpy() for one in range(3)]
    least = limit("change_least_n")
    if min(len(one) for one in stretches) < least:
        return False
    levels = [modal_level(one, limit("same_level")) for one in stretches]
    apart = limit("change_ratio")
    outer, between = (levels[0][0], levels[2][0]), levels[1][0]
    return all(
        share * len(one) >= least for (_, share), one in zip(levels, stretches, strict=True)
    ) and all(max(one / between, between / one) >= apart for one in outer)


def time_errors(acquisitions: pd.DataFrame, by: str) -> pd.DataFrame:
    """Error of the scan time in per cent of the true one, by a column and over all.

    Args:
        acquisitions: With ``scan_time_s`` and ``true_scan_time_s``.
        by: ``vendor`` or ``scan_time_method``.
    """
    error = (acquisitions["scan_time_s"] / acquisitions["true_scan_time_s"] - 1) * 100
    groups = [("all", error), *error.groupby(acquisitions[by])]
    rows: dict[str, dict[str, Any]] = {
        str(name): {
            "n": len(part),
            "known": _share(part.notna()),
            "median_error_pct": float(part.abs().median()),
            "p95_error_pct": float(part.abs().quantile(0.95)),
            "bias_pct": float(part.median()),
        }
        for name, part in groups
    }
    return pd.DataFrame(rows).T.rename_axis(by)


def _is_in(rows: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    keys = set(others[PLACE].itertuples(index=False, name=None))
    held = [key in keys for key in rows[PLACE].itertuples(index=False, name=None)]
    return pd.Series(held, index=rows.index, dtype=bool)


def _share(mask: pd.Series) -> float:
    return float(mask.mean()) if len(mask) else float("nan")
