"""Whether what the platform calls sure is: intervals of the minutes, and drifts it confirms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.poc_questions import Findings
from protocol_assets.analysis.drift import compliance
from protocol_assets.analysis.frame import SERIES, volume_per_month
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets_simulator.comparison import PLACE, Truth, ratio

__all__ = ["drift_scores", "interval_scores"]

_MONTH_DAYS = 365.25 / 12
_LEAST_AFTER = 3


def interval_scores(known: Findings, truth: Truth, judged: pd.DataFrame) -> dict[str, float]:
    """How often the interval of an opportunity holds the minutes that its change then won.

    True minutes a month: the mean saving of the acquisitions from the change to the relapse, times
    the true volume of the whole period.

    Args:
        known: What the platform knows.
        truth: What is true.
        judged: From ``potential_before_change``.

    Returns:
        ``opportunities``, ``inside`` (share), ``below`` and ``above`` (share of true minutes below
        and above the interval), ``sum_off_pct`` (of all estimates together).
    """
    flagged = judged[judged["has_potential"].eq(True) & judged["changed_on"].notna()]
    scans = truth.series[truth.series["is_counted"] & truth.series["scan_time_s"].notna()]
    last = scans["study_date"].max()
    months = ((last - scans["study_date"].min()).days + 1) / _MONTH_DAYS
    by_place = dict(list(scans.groupby(PLACE)))
    rows = []
    for day, part in flagged[flagged["saving_s"].notna()].groupby("asked_on"):
        before = known.frame[known.frame["study_date"] <= day]
        volumes = volume_per_month(before, pd.Timestamp(str(day)))
        for one in part.to_dict("records"):
            own = by_place[tuple(one[name] for name in PLACE)]
            end = last if pd.isna(one["relapsed_on"]) else one["relapsed_on"]
            is_after = (own["study_date"] >= one["changed_on"]) & (own["study_date"] < end)
            after = own[is_after]
            if len(after) < _LEAST_AFTER:
                continue
            won = (after["old_scan_time_s"] - after["scan_time_s"]).mean() * len(own) / months
            volume = volumes.get(tuple(one[name] for name in SERIES), np.nan)
            estimates = [one[name] * volume for name in ("saving_low_s", "saving_s")]
            rows.append((won, *estimates, one["saving_high_s"] * volume))
    true, low, point, high = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "opportunities": len(rows),
        "inside": float(((true >= low) & (true <= high)).mean()),
        "below": float((true < low).mean()),
        "above": float((true > high).mean()),
        "sum_off_pct": float(100 * (point.sum() / true.sum() - 1)),
    }


def drift_scores(known: Findings, truth: Truth) -> dict[str, float]:
    """Confirmed drifts and departures at the end, and how many of them are where nothing changed.

    Returns:
        ``confirmed``, ``false`` (at places whose settings never changed), ``false_share``;
        ``crept`` places of the truth and ``crept_found``.
    """
    found = compliance(
        known.frame, AVERAGING, known.targets, known.frame["study_date"].max()
    ).findings
    found = found[found["is_confirmed"] & found["kind"].isin(("drift", "departure"))]
    placed = found.merge(known.places[[*SERIES, *PLACE]], on=SERIES, how="left")
    courses = truth.protocols[[*PLACE, "course"]]
    placed = placed.merge(courses, on=PLACE, how="left")
    false = int(placed["course"].isin(("none",)).sum() + placed["course"].isna().sum())
    crept = placed[placed["course"] == "crept"]
    return {
        "confirmed": len(placed),
        "false": false,
        "false_share": ratio(false, len(placed)),
        "crept": int((courses["course"] == "crept").sum()),
        "crept_found": len(crept.drop_duplicates(PLACE)),
    }
