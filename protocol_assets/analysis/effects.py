"""How much a time moved across a day: on the scanner itself, and against scanners that changed not.

Four times stay apart: of a protocol that changed the scan time of its acquisitions, and of a visit
to a scanner the sum of scan times, the span and the gaps of its exams (``exam_shifts``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES, group_indices
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.permutation import Integers
from protocol_assets.analysis.statistics import CONFIDENCE, Estimate, Floats, generator, shift

__all__ = [
    "EFFECT_COLUMNS",
    "Effect",
    "Period",
    "Times",
    "compared",
    "control_shifts",
    "day_number",
    "effect",
    "has_enough",
    "series_times",
    "times_of",
]

EFFECT_COLUMNS: Final = (
    "n_before",
    "n_after",
    "patients_before",
    "patients_after",
    "median_before_s",
    "median_after_s",
    "shift_s",
    "shift_low_s",
    "shift_high_s",
    "adjusted_s",
    "adjusted_low_s",
    "adjusted_high_s",
    "n_controls",
)
"""What is known of the effect on one time; the columns have the name of the time before it."""

_CONTROL_CONFIDENCE: Final = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


@dataclass(frozen=True, slots=True)
class Period:
    """Days as numbers since 1970: before is [start, until), after is [since, end)."""

    start: int
    until: int
    since: int
    end: int


@dataclass(frozen=True, slots=True)
class Times:
    """One time of a scanner protocol or of exams, absent values left out, in order of days.

    Attributes:
        days: Day of each value.
        exams: Number of the exam each value belongs to.
        values: Seconds.
        patients: Number of the patient each value is of, -1 where nobody knows.
    """

    days: Integers
    exams: Integers
    values: Floats
    patients: Integers

    def between(self, first: int, last: int) -> slice:
        """The positions of the values from one day to before another."""
        low, high = np.searchsorted(self.days, [first, last])
        return slice(int(low), int(high))


@dataclass(frozen=True, slots=True)
class Effect:
    """A shift in seconds with its intervals; None where there is too little.

    Attributes:
        n_before: Exams before.
        n_after: Exams after.
        patients_before: Known patients before.
        patients_after: Known patients after.
        median_before: Seconds.
        median_after: Seconds.
        shift: Hodges-Lehmann shift on the scanner.
        adjusted: The shift less that of the controls (difference in differences).
        n_controls: Scanners behind it.
    """

    n_before: int = 0
    n_after: int = 0
    patients_before: int = 0
    patients_after: int = 0
    median_before: float = float("nan")
    median_after: float = float("nan")
    shift: Estimate | None = None
    adjusted: Estimate | None = None
    n_controls: int = 0

    def columns(self) -> dict[str, float]:
        """The effect by column name; what there is too little for is left out."""
        columns: dict[str, float] = {
            "n_before": self.n_before,
            "n_after": self.n_after,
            "patients_before": self.patients_before,
            "patients_after": self.patients_after,
            "median_before_s": self.median_before,
            "median_after_s": self.median_after,
            "n_controls": self.n_controls,
        }
        for name, estimate in (("shift", self.shift), ("adjusted", self.adjusted)):
            if estimate is not None:
                columns[f"{name}_s"] = estimate.value
                columns[f"{name}_low_s"] = estimate.low
                columns[f"{name}_high_s"] = estimate.high
        return columns


def series_times(frame: pd.DataFrame) -> dict[tuple[object, ...], Times]:
    """The scan times of the acquisitions of every scanner protocol.

    Args:
        frame: From ``prepared``. Rescans and costs that are merely inferred are left out.
    """
    rows = frame[frame["repeat_kind"] != "rescan"].reset_index(drop=True)
    exam = rows["exam_key"].where(rows["exam_key"].notna(), rows["acquisition_key"])
    number = pd.factorize(exam)[0].astype(np.int64)
    patient = pd.factorize(rows["patient_key"])[0].astype(np.int64)
    day = rows["study_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    cost = rows["observed_cost"].to_numpy()
    return {
        key: times_of(day[at], number[at], cost[at], patient[at])
        for key, at in group_indices(rows, SERIES).items()
    }


def times_of(days: Integers, exams: Integers, values: Floats, patients: Integers) -> Times:
    """The known values in order of days."""
    known = ~np.isnan(values)
    order = np.argsort(days[known], kind="stable")
    chosen = np.flatnonzero(known)[order]
    return Times(days[chosen], exams[chosen], values[chosen], patients[chosen])


def has_enough(times: Times, period: Period) -> bool:
    """Whether there are enough exams on either side to compare them."""
    sides = (period.start, period.until), (period.since, period.end)
    exams = [len(np.unique(times.exams[times.between(*side)])) for side in sides]
    return min(exams) >= limit("least_n")


def day_number(day: pd.Timestamp) -> int:
    """A day as a number since 1970."""
    return int(day.to_datetime64().astype("datetime64[D]").astype(np.int64))


def compared(period: Period) -> dict[str, pd.Timestamp]:
    """First and last day of the exams before and after, by column."""
    days = {
        "before_from": period.start,
        "before_to": period.until - 1,
        "after_from": period.since,
        "after_to": period.end - 1,
    }
    return {name: pd.Timestamp(day, unit="D") for name, day in days.items()}


def control_shifts(controls: list[Times], period: Period) -> Floats:
    """The shift of medians of every control that has enough on either side."""
    shifts = []
    least = limit("least_n")
    for times in controls:
        before = times.values[times.between(period.start, period.until)]
        after = times.values[times.between(period.since, period.end)]
        if min(len(before), len(after)) >= least:
            shifts.append(float(np.median(after) - np.median(before)))
    return np.array(shifts)


def effect(times: Times, period: Period, controls: Floats, *names: object) -> Effect:
    """The effect of a change on one time.

    Args:
        times: Of what changed: a scanner protocol, or the exams of a visit.
        period: The days before and after.
        controls: From ``control_shifts``.
        names: Name what changed and the time: the resamples depend on them alone.
    """
    before, after = (
        times.between(period.start, period.until),
        times.between(period.since, period.end),
    )
    clusters = tuple(
        np.unique(times.exams[part], return_inverse=True)[1].astype(np.intp)
        for part in (before, after)
    )
    n_before, n_after = (int(part.max()) + 1 if len(part) else 0 for part in clusters)
    known = [times.patients[part][times.patients[part] >= 0] for part in (before, after)]
    patients_before, patients_after = (len(np.unique(one)) for one in known)
    if min(n_before, n_after) < limit("least_n"):
        return Effect(n_before, n_after, patients_before, patients_after)
    random = generator("effect", *names)
    estimate, drawn = shift(
        times.values[before],
        times.values[after],
        (clusters[0], clusters[1]),
        resamples=int(limit("verify_resamples")),
        random=random,
    )
    return Effect(
        n_before,
        n_after,
        patients_before,
        patients_after,
        float(np.median(times.values[before])),
        float(np.median(times.values[after])),
        estimate,
        _adjusted(estimate, drawn, controls, random),
        len(controls),
    )


def _adjusted(
    estimate: Estimate, drawn: Floats, controls: Floats, random: np.random.Generator
) -> Estimate | None:
    """Difference in differences: whole control scanners are drawn beside the exams."""
    if len(controls) < limit("least_controls"):
        return None
    picked = random.integers(len(controls), size=(len(drawn), len(controls)))
    difference = drawn - np.median(controls[picked], axis=1)
    value = estimate.value - float(np.median(controls))
    low, high = np.quantile(difference, _CONTROL_CONFIDENCE)
    return Estimate(value, float(min(low, value)), float(max(high, value)))
