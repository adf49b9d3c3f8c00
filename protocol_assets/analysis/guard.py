"""Whether a faster protocol is repeated, supplemented or broken off more often.

Time that is won by images nobody can read is lost again. An exam counts once: it had an event or
had none, so that exams are independent. Not worse means that the upper end of the interval of the
difference lies within the margin; few protocols of one scanner have exams enough for that, so that
those that changed alike stand behind each other, unless their own exams speak against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.statistics import Estimate, rate_difference
from protocol_assets.analysis.time_model import TimeModel

__all__ = ["EVENTS", "Counts", "Guard", "exam_events", "guard"]

EVENTS: Final = ("repeat", "extra", "aborted")
"""Rescan of the protocol; more acquisitions than the scanner's exams usually have; an acquisition
of the protocol far shorter, or with far fewer slices, than its own parameters make it."""

Counts = dict[str, tuple[int, int]]
"""Events and exams, by event."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The verdict over one change.

    Attributes:
        is_held: All three events are not more frequent, within the margin. None: cannot be told.
        basis: ``series``, ``protocol`` or ``all changes``: whose exams told it.
        reason: What speaks against it or is missing; None where it is held.
        differences: Rate after minus before of the series itself, with its interval.
    """

    is_held: bool | None
    basis: str | None
    reason: str | None
    differences: dict[str, Estimate]


def exam_events(frame: pd.DataFrame, model: TimeModel) -> pd.DataFrame:
    """One row per protocol-series and exam: day and the three events.

    Args:
        frame: From ``prepared``.
        model: Tells how long an acquisition takes at its own parameters.
    """
    rows = frame[frame["exam_key"].notna()].copy()
    rows["repeat"] = rows["repeat_kind"] == "rescan"
    rows["aborted"] = _is_aborted(rows, model)
    events = (
        rows.groupby([*SERIES, "exam_key"], sort=True)
        .agg(
            study_date=("study_date", "min"),
            repeat=("repeat", "max"),
            aborted=("aborted", "max"),
            kind=("contrast_phase", "first"),
        )
        .reset_index()
    )
    # Stations of a stack and rescans are no sequences of their own.
    plain = rows[rows["repeat_kind"].isna()].groupby("exam_key").size()
    events["sequences"] = events["exam_key"].map(plain).fillna(0)
    usual = events.groupby(SERIES)["sequences"].transform("median")
    events["extra"] = events["sequences"] > usual
    return events.drop(columns=["sequences", "kind"])


def _is_aborted(rows: pd.DataFrame, model: TimeModel) -> pd.Series:
    share = limit("aborted_share")
    expected = model.predict(rows, rows["scan_time_formula_s"])["predicted_s"]
    stated = rows["scan_time_s"].where(~rows["scan_time_method"].isin(("formula", "next_start")))
    slices = rows.groupby(SERIES)["number_of_slices"].transform("median")
    return (stated < share * expected) | (rows["number_of_slices"] < share * slices)


def counts(events: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> Counts:
    """Events and exams from one day to before another."""
    part = events[(events["study_date"] >= first) & (events["study_date"] < last)]
    return {event: (int(part[event].sum()), len(part)) for event in EVENTS}


def guard(
    own: tuple[Counts, Counts], protocol: tuple[Counts, Counts], everyone: tuple[Counts, Counts]
) -> Guard:
    """The verdict over one change from counts before and after: its own, and those pooled."""
    differences = _differences(own)
    certain = _differences(own, limit("guard_harm_confidence"))
    worse = [event for event, one in certain.items() if one.low > 0]
    if worse:
        return Guard(False, "series", f"more often: {', '.join(worse)}", differences)
    for basis, pooled in (("series", own), ("protocol", protocol), ("all changes", everyone)):
        held = _differences(pooled)
        if len(held) == len(EVENTS) and all(
            one.high <= limit("guard_margin") for one in held.values()
        ):
            return Guard(True, basis, None, differences)
    missing = "exams" if len(differences) == len(EVENTS) else "exams before or after"
    return Guard(None, None, f"too few {missing} to exclude a rise beyond the margin", differences)


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
