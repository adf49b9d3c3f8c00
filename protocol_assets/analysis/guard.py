"""Whether a faster protocol is repeated, supplemented or broken off more often.

Time that is won by images nobody can read is lost again. An exam counts once: it had an event or
had none, so that exams are independent. Not worse means that the upper end of the interval of the
difference lies within the margin, by the exams of that change or of its scanner. Changes elsewhere
do not stand in for it: harm in one place is not undone by peace in another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.spec import AnalysisSpec, CostModel
from protocol_assets.analysis.statistics import Estimate, rate_difference

__all__ = ["EVENTS", "Counts", "Guard", "exam_events", "guard"]

EVENTS: Final = ("repeat", "extra", "aborted")
"""Rescan of the protocol; more acquisitions than the scanner's exams usually have; an acquisition
of the protocol far shorter, or with far fewer slices, than its own parameters make it."""

_STEP: Final = 10
_MOST_EXAMS: Final = 1000

Counts = dict[str, tuple[int, int]]
"""Events and exams, by event."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The verdict over one change.

    Attributes:
        is_held: All three events are not more frequent, within the margin. None: too few exams to
            decide.
        basis: ``series`` or ``scanner``: whose exams decided.
        reason: What speaks against it or is missing; None where it is held.
        differences: Rate after minus before of the series itself, with its interval.
        more_exams: About how many more exams after the change would decide; None where it is
            decided, or where too few ran before it.
    """

    is_held: bool | None
    basis: str | None
    reason: str | None
    differences: dict[str, Estimate]
    more_exams: int | None = None


def exam_events(frame: pd.DataFrame, spec: AnalysisSpec, model: CostModel) -> pd.DataFrame:
    """One row per scanner protocol and exam: day and the three events.

    Args:
        frame: From ``prepared``.
        spec: What the analysis needs to know of the modality.
        model: Predicts how long an acquisition takes at its own parameters.
    """
    rows = frame[frame["exam_key"].notna()].copy()
    rows["repeat"] = rows["repeat_kind"] == "rescan"
    rows["aborted"] = spec.is_aborted(rows, model)
    events = (
        rows.groupby([*SERIES, "exam_key"], sort=True)
        .agg(
            study_date=("study_date", "min"),
            repeat=("repeat", "max"),
            aborted=("aborted", "max"),
        )
        .reset_index()
    )
    # Stations of a stack and rescans are no sequences of their own.
    plain = rows[rows["repeat_kind"].isna()].groupby("exam_key").size()
    events["sequences"] = events["exam_key"].map(plain).fillna(0)
    usual = events.groupby(SERIES)["sequences"].transform("median")
    events["extra"] = events["sequences"] > usual
    return events.drop(columns="sequences")


def counts(events: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> Counts:
    """Events and exams from one day to before another."""
    part = events[(events["study_date"] >= first) & (events["study_date"] < last)]
    return {event: (int(part[event].sum()), len(part)) for event in EVENTS}


def guard(own: tuple[Counts, Counts], scanner: tuple[Counts, Counts]) -> Guard:
    """The verdict over one change from the exams before and after it.

    Args:
        own: Of the scanner protocol that changed.
        scanner: Of all that changed on its scanner in the same visit. Changes elsewhere say
            nothing of this one.
    """
    differences = _differences(own)
    certain = _differences(own, limit("guard_harm_confidence"))
    worse = [event for event, one in certain.items() if one.low > 0]
    if worse:
        return Guard(False, "series", f"more often: {', '.join(worse)}", differences)
    for basis, counted in (("series", own), ("scanner", scanner)):
        if _is_held(counted):
            return Guard(True, basis, None, differences)
    return Guard(None, None, "cannot tell yet", differences, _more_exams(own))


def _more_exams(own: tuple[Counts, Counts]) -> int | None:
    """About how many more exams after the change would tell, if they go on as those before it.

    None where no number would: too few ran before, or too much has happened since.
    """
    n_after = max(n for _, n in own[1].values())
    for more in range(_STEP, _MOST_EXAMS, _STEP):
        later = {
            event: (events + math.ceil(more * _rate(own[0][event])), n + more)
            for event, (events, n) in own[1].items()
        }
        if _is_held((own[0], later)):
            return more
    return None if n_after else int(limit("guard_least_n"))


def _rate(counted: tuple[int, int]) -> float:
    return counted[0] / counted[1] if counted[1] else 0.0


def _is_held(sides: tuple[Counts, Counts]) -> bool:
    """Enough exams on either side, and no event more frequent beyond the margin."""
    least = min(n for side in sides for _, n in side.values())
    return least >= limit("guard_least_n") and all(
        one.high <= limit("guard_margin") for one in _differences(sides).values()
    )


def pooled(parts: list[tuple[Counts, Counts]]) -> tuple[Counts, Counts]:
    """The counts of several changes together."""
    sides = []
    for side in (0, 1):
        total = {
            event: np.sum([part[side][event] for part in parts], axis=0, dtype=int)
            for event in EVENTS
        }
        sides.append({event: (int(one[0]), int(one[1])) for event, one in total.items()})
    return sides[0], sides[1]


def _differences(
    sides: tuple[Counts, Counts], one_sided: float | None = None
) -> dict[str, Estimate]:
    # One end of a two-sided interval that leaves out as much on either side.
    confidence = 2 * (one_sided or limit("guard_confidence")) - 1
    return {
        event: rate_difference(sides[0][event], sides[1][event], confidence)
        for event in EVENTS
        if sides[0][event][1] and sides[1][event][1]
    }
