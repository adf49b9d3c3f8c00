"""Whether a change saved what it promised, and whether image quality held.

Where the hospital registered the date the test is confirmatory; a date that was found in the same
data is exploratory, whatever its p. The levels before and after are stated, not tested.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.change_points import Changes
from protocol_assets.analysis.controls import Controls
from protocol_assets.analysis.effects import (
    EFFECT_COLUMNS,
    Effect,
    Period,
    Times,
    compared,
    control_shifts,
    day_number,
    effect,
    has_enough,
    series_times,
)
from protocol_assets.analysis.frame import SERIES, group_indices
from protocol_assets.analysis.guard import Counts, Guard, counts, exam_events, guard, pooled
from protocol_assets.analysis.levels import read_measure
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.permutation import known_split_p_value, maximum_split_p_value
from protocol_assets.analysis.realised import Realised, realised
from protocol_assets.analysis.registered import Claim, claims
from protocol_assets.analysis.spec import AnalysisSpec, CostModel
from protocol_assets.analysis.statistics import benjamini_hochberg, generator
from protocol_assets.analysis.visits import visits

__all__ = ["STATES", "change_verification"]

STATES: Final = (
    "verified",
    "time won, quality not confirmed",
    "no effect",
    "time lost",
    "relapsed",
    "exploratory",
    "insufficient",
)

_DISAGREEING: Final = "scan time and total minutes disagree"
"""The typical scan time fell and the sum of minutes rose, or the reverse."""

_COLUMNS: Final = (
    "as_of",
    *SERIES,
    "changed_on",
    "visit_on",
    "evidence",
    "state",
    "effect",
    "reason",
    "measure",
    "compared_days",
    "before_from",
    "before_to",
    "after_from",
    "after_to",
    "level_before",
    "level_after",
    "relapsed_on",
    "p_value",
    "q_value",
    *(f"scan_time_{column}" for column in EFFECT_COLUMNS),
    "volume_per_month",
    "volume_source",
    "promised_minutes_per_month",
    "realised_minutes_per_month",
    "realised_minutes",
    "realised_minutes_observed",
    "old_minutes",
    "cut_share",
    "realised_n",
    "realised_coverage",
    "realised_basis",
    "guard_is_held",
    "guard_basis",
    "guard_reason",
    "guard_more_exams",
    "repeat_difference",
    "extra_difference",
    "aborted_difference",
    "quality_signed_on",
)


@dataclass(frozen=True, slots=True)
class _Subject:
    """One change under verification with what belongs to its scanner protocol."""

    claim: Claim
    rows: pd.DataFrame
    times: Times
    compared_days: int
    period: Period
    events: tuple[Counts, Counts]


def change_verification(
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    changes: Changes,
    registered: pd.DataFrame,
    model: CostModel,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per registered change, and per change found that nobody registered.

    Args:
        frame: From ``prepared``; days after ``as_of`` are not read.
        spec: What the analysis needs to know of the modality.
        changes: From ``protocol_changes`` over the same days.
        registered: The findings register: ``device_key``, ``protocol_key``, ``changed_on``,
            ``volume_per_month`` and ``promised_minutes_per_month`` (frozen at acceptance),
            ``quality_signed_on``.
        model: The calibrated cost model.
        as_of: The last day that counts.

    Returns:
        ``evidence`` (``confirmatory`` or ``exploratory``), ``state`` (one of ``STATES``) and
        ``reason``; ``effect``, which never contradicts the sign of the realised minutes;
        ``compared_days`` on either side, more of a protocol too rare to be compared
        otherwise; first and last day that was compared before and after, which other changes and
        days that may belong to either side make fewer; the scan time with shift, interval and the
        shift against unchanged scanners; ``visit_on``, by which ``exam_shifts`` has the times of
        whole exams, once for all changes of the visit; ``p_value`` and ``q_value``
        (Benjamini-Hochberg over all rows); promised and realised minutes at the frozen volume;
        ``cut_share``, realised over old minutes; the guard.
    """
    frame = frame[frame["study_date"] <= as_of].reset_index(drop=True)
    found = claims(changes, registered, as_of)
    if not found:
        return pd.DataFrame(columns=list(_COLUMNS))
    times = series_times(frame)
    subjects = _subjects(found, frame, spec, times, model)
    controls = Controls(frame, spec.controls, changes, registered)
    effects = [_effect(one, controls, times) for one in subjects]
    p_values = np.array(
        [
            _p_value(one) if effect_of.shift else np.nan
            for one, effect_of in zip(subjects, effects, strict=True)
        ]
    )
    q_values = benjamini_hochberg(p_values)
    visit_of = {
        (claim.key, claim.changed_on): visit.first
        for visit in visits(one.claim for one in subjects)
        for claim in visit.claims
    }
    rows = [
        _row(one, *parts, model=model) | {"visit_on": visit_of[one.claim.key, one.claim.changed_on]}
        for one, *parts in zip(
            subjects, effects, p_values, q_values, _guards(subjects), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).assign(as_of=as_of)


def _subjects(
    found: list[Claim],
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    times: dict[tuple[object, ...], Times],
    model: CostModel,
) -> list[_Subject]:
    votes = read_measure(frame, spec.measure, spec.measure.past)
    rows = frame.join(votes[["value", "measure"]])
    by_series = group_indices(rows, SERIES)
    events = exam_events(frame, spec, model)
    events_by_series = group_indices(events, SERIES)
    subjects = []
    for claim in found:
        if claim.key not in by_series:
            continue
        own = events.iloc[events_by_series.get(claim.key, np.array([], dtype=np.intp))]
        of_series = times[claim.key]
        days = limit("verify_days")
        if not has_enough(of_series, _period(claim, days)):
            days = limit("rare_days")
        start, end = _reach(claim, days)
        subjects.append(
            _Subject(
                claim,
                rows.iloc[by_series[claim.key]],
                of_series,
                int(days),
                _period(claim, days),
                (counts(own, start, claim.until), counts(own, claim.since, end)),
            )
        )
    return subjects


def _reach(claim: Claim, days: float) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First day before the change and the day after the last one after it that are compared."""
    reach = pd.Timedelta(days=days)
    return max(claim.begun, claim.until - reach), min(claim.ended, claim.since + reach)


def _period(claim: Claim, days: float) -> Period:
    start, end = _reach(claim, days)
    return Period(*(day_number(day) for day in (start, claim.until, claim.since, end)))


def _effect(
    subject: _Subject, controls: Controls, times: dict[tuple[object, ...], Times]
) -> Effect:
    key, period = subject.claim.key, subject.period
    shifts = control_shifts([times[one] for one in controls.still(key)], period)
    return effect(subject.times, period, shifts, *key, period.since, "scan_time")


def _p_value(subject: _Subject) -> float:
    """One value an exam: of the days around a registered change, or of all between two others."""
    times, period, claim = subject.times, subject.period, subject.claim
    first, last = (
        (period.start, period.end)
        if claim.is_registered
        else (day_number(claim.begun), day_number(claim.ended))
    )
    part = times.between(first, last)
    exams, place = np.unique(times.exams[part], return_inverse=True)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place, minlength=len(exams)))[:-1]
    values = np.array([np.median(one) for one in np.split(times.values[part][order], ends)])
    days = np.array([one[0] for one in np.split(times.days[part][order], ends)], dtype=np.int64)
    in_time = np.argsort(days, kind="stable")
    random = generator("verification", *claim.key, period.since)
    permutations = int(limit("verify_permutations"))
    if claim.is_registered:
        return known_split_p_value(
            values[in_time], days[in_time], period.since, permutations=permutations, random=random
        )
    return maximum_split_p_value(
        values[in_time],
        days[in_time],
        least_n=int(limit("change_least_n")),
        permutations=permutations,
        random=random,
    )


def _guards(subjects: list[_Subject]) -> Iterable[Guard]:
    """The verdicts; what changed on one scanner in one visit stands together."""
    visit = pd.Timedelta(days=limit("together_days"))

    def together(one: _Subject) -> list[tuple[Counts, Counts]]:
        return [
            other.events
            for other in subjects
            if other.claim.key[0] == one.claim.key[0]
            and abs(other.claim.since - one.claim.since) <= visit
        ]

    return [guard(one.events, pooled(together(one))) for one in subjects]


def _row(
    subject: _Subject,
    scan_time: Effect,
    p_value: float,
    q_value: float,
    held: Guard,
    *,
    model: CostModel,
) -> dict[str, Any]:
    claim, rows = subject.claim, subject.rows
    before = rows[(rows["study_date"] >= claim.begun) & (rows["study_date"] < claim.until)]
    after = rows[(rows["study_date"] >= claim.since) & (rows["study_date"] < claim.ended)]
    won = realised(before, after, model)
    tested = _effect_word(scan_time, q_value)
    is_agreed = _is_agreed(tested, won)
    verdict = tested if is_agreed else "no effect"
    state, reason = _state(claim, verdict, held)
    reason = reason if is_agreed else _DISAGREEING
    row: dict[str, Any] = dict(zip(SERIES, claim.key, strict=True))
    row |= {
        "changed_on": claim.since if claim.is_registered else claim.changed_on,
        "evidence": "confirmatory" if claim.is_registered else "exploratory",
        "state": state,
        "effect": verdict,
        "reason": reason,
        "measure": claim.measure,
        "compared_days": subject.compared_days,
        **compared(subject.period),
        "level_before": claim.before,
        "level_after": claim.after,
        "relapsed_on": claim.relapsed_on,
        "p_value": p_value,
        "q_value": q_value,
        "quality_signed_on": claim.quality_signed_on,
        "guard_is_held": held.is_held,
        "guard_basis": held.basis,
        "guard_reason": held.reason,
        "guard_more_exams": held.more_exams,
    }
    row |= {f"{event}_difference": one.value for event, one in held.differences.items()}
    row |= {f"scan_time_{name}": value for name, value in scan_time.columns().items()}
    return row | _minutes(claim, won, is_told=verdict != "insufficient")


def _minutes(claim: Claim, won: Realised, *, is_told: bool) -> dict[str, Any]:
    is_frozen = not np.isnan(claim.volume_per_month)
    volume = claim.volume_per_month if is_frozen else won.volume_per_month
    row: dict[str, Any] = {
        "volume_per_month": volume,
        "volume_source": "frozen" if is_frozen else "before the change",
        "promised_minutes_per_month": claim.promised_minutes_per_month,
        "realised_n": won.n_after,
        "realised_coverage": won.coverage,
        "realised_basis": won.basis,
    }
    if not is_told:
        return row
    return row | {
        "realised_minutes_per_month": won.saving_s * volume / 60,
        "realised_minutes": won.minutes,
        "realised_minutes_observed": won.minutes_observed,
        "old_minutes": won.old_minutes,
        "cut_share": won.minutes_observed / won.old_minutes if won.old_minutes else np.nan,
    }


def _effect_word(scan_time: Effect, q_value: float) -> str:
    interval = scan_time.adjusted or scan_time.shift
    if interval is None or np.isnan(q_value):
        return "insufficient"
    if q_value > limit("verify_q") or interval.low <= 0 <= interval.high:
        return "no effect"
    return "time won" if interval.high < 0 else "time lost"


def _is_agreed(tested: str, won: Realised) -> bool:
    """Whether the sum of minutes has the sign of the tested shift, or is not known.

    The test compares typical exams with those of unchanged scanners; the minutes are a sum over all
    exams. A few very long scans, or other scanners that slowed down, can part the two.
    """
    contradicts = {"time won": won.minutes < 0, "time lost": won.minutes > 0}
    return not contradicts.get(tested, False)


def _state(claim: Claim, verdict: str, held: Guard) -> tuple[str, str | None]:
    """The state and what it rests on. A relapse is a fact that needs no test."""
    if pd.notna(claim.relapsed_on):
        return "relapsed", None
    if verdict == "insufficient":
        return "insufficient", "too few exams before or after"
    if not claim.is_registered:
        return "exploratory", "the date was found in the data that test it"
    if verdict in ("no effect", "time lost"):
        return verdict, None
    if held.is_held and pd.notna(claim.quality_signed_on):
        return "verified", None
    reason = held.reason if not held.is_held else "no image-quality sign-off on record"
    return "time won, quality not confirmed", reason
