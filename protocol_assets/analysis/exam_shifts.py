"""How much the times of whole exams moved, once per scanner and visit.

Several protocols change in one visit, and an exam holds several of them. Whatever happened to the
sum of scan times, the span and the gaps is the work of all these changes together, so that it is
stated of the visit and not beside each protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
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
    times_of,
)
from protocol_assets.analysis.frame import SERIES, group_indices
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.registered import claims
from protocol_assets.analysis.spec import AnalysisSpec
from protocol_assets.analysis.visits import Visit, visits

__all__ = ["EXAM_METRICS", "exam_shifts"]

EXAM_METRICS: Final = ("scan_time_sum", "exam_span", "gap_time")
"""The times of an exam, by the names of the result's columns; ``fct_exam`` has them with _s."""

_COLUMNS: Final = (
    "as_of",
    "device_key",
    "visit_on",
    "visit_until",
    "n_changes",
    "n_registered",
    "compared_days",
    "before_from",
    "before_to",
    "after_from",
    "after_to",
    *(f"{metric}_{column}" for metric in EXAM_METRICS for column in EFFECT_COLUMNS),
)


def exam_shifts(
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    changes: Changes,
    exams: pd.DataFrame,
    registered: pd.DataFrame,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per scanner and visit: the times of its exams before and after it.

    The exams are those that hold any protocol that changed in the visit, each once. They are
    compared over as many days as the changes themselves, from the change before to the next one on
    the scanner at most.

    Args:
        frame: From ``prepared``; days after ``as_of`` are not read.
        spec: What the analysis needs to know of the modality.
        changes: From ``protocol_changes`` over the same days.
        exams: ``fct_exam``: ``exam_key``, ``scan_time_sum_s``, ``exam_span_s``, ``gap_time_s``,
            ``is_quarantined``.
        registered: The findings register, as for ``change_verification``.
        as_of: The last day that counts.

    Returns:
        ``visit_on`` and ``visit_until`` (days of its first and last change), how many changes it
        had and how many of them were registered, the days that were compared, and for each time
        exams, patients, medians, the shift with its interval and the shift against scanners
        without any change.
    """
    frame = frame[frame["study_date"] <= as_of].reset_index(drop=True)
    known = set(frame[SERIES].itertuples(index=False, name=None))
    found = [claim for claim in claims(changes, registered, as_of) if claim.key in known]
    if not found:
        return pd.DataFrame(columns=list(_COLUMNS))
    times = _ExamTimes(frame, exams)
    controls = Controls(frame, spec.controls, changes, registered)
    relapses = changes.changes[changes.changes["kind"] == "relapse"]
    all_visits = visits(found)
    rows = []
    for visit in all_visits:
        others = [one for one in all_visits if one.device == visit.device and one is not visit]
        back = relapses.loc[relapses["device_key"] == visit.device, "changed_on"]
        rows.append(_row(visit, [*_days(others), *back], times, controls))
    return pd.DataFrame(rows, columns=list(_COLUMNS)).assign(as_of=as_of)


def _days(others: Iterable[Visit]) -> list[pd.Timestamp]:
    return [claim.changed_on for visit in others for claim in visit.claims]


def _row(
    visit: Visit, other_days: Sequence[pd.Timestamp], times: _ExamTimes, controls: Controls
) -> dict[str, Any]:
    keys = {claim.key for claim in visit.claims}
    own = times.of(keys)
    days = limit("verify_days")
    if not has_enough(own["scan_time_sum"], _period(visit, other_days, days)):
        days = limit("rare_days")
    period = _period(visit, other_days, days)
    of_controls = [times.of(series) for series in controls.quiet(keys)]
    row: dict[str, Any] = {
        "device_key": visit.device,
        "visit_on": visit.first,
        "visit_until": visit.last,
        "n_changes": len(visit.claims),
        "n_registered": sum(claim.is_registered for claim in visit.claims),
        "compared_days": int(days),
        **compared(period),
    }
    for metric in EXAM_METRICS:
        one: Effect = effect(
            own[metric],
            period,
            control_shifts([control[metric] for control in of_controls], period),
            visit.device,
            day_number(visit.first),
            metric,
        )
        row |= {f"{metric}_{name}": value for name, value in one.columns().items()}
    return row


def _period(visit: Visit, other_days: Sequence[pd.Timestamp], days: float) -> Period:
    """The days before the first and after the last change, as far as no other change is near."""
    reach = pd.Timedelta(days=days)
    until = min(claim.until for claim in visit.claims)
    since = max(claim.since for claim in visit.claims)
    begun = [claim.begun for claim in visit.claims if claim.begun <= until]
    ended = [claim.ended for claim in visit.claims if claim.ended > since]
    begun += [day for day in other_days if day < visit.first and day <= until]
    ended += [day for day in other_days if day > visit.last and day > since]
    start = max([until - reach, *begun])
    end = min([since + reach, *ended])
    return Period(day_number(start), day_number(until), day_number(since), day_number(end))


class _ExamTimes:
    """The times of the exams that hold given scanner protocols, each exam once.

    Args:
        frame: From ``prepared``.
        exams: ``fct_exam``; quarantined exams have no credible times.
    """

    def __init__(self, frame: pd.DataFrame, exams: pd.DataFrame) -> None:
        rows = frame[frame["exam_key"].notna()].reset_index(drop=True)
        wanted = ["exam_key", *(f"{metric}_s" for metric in EXAM_METRICS)]
        credible = exams.loc[~exams["is_quarantined"].fillna(False).astype(bool), wanted]
        rows = rows.merge(credible.drop_duplicates("exam_key"), on="exam_key", how="left")
        self._at = group_indices(rows, SERIES)
        self._exam = pd.factorize(rows["exam_key"])[0].astype(np.int64)
        self._patient = pd.factorize(rows["patient_key"])[0].astype(np.int64)
        self._day = rows["study_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        self._values = {
            metric: pd.to_numeric(rows[f"{metric}_s"]).to_numpy(dtype=float)
            for metric in EXAM_METRICS
        }

    def of(self, series: Iterable[tuple[object, ...]]) -> dict[str, Times]:
        """The times by metric."""
        found = [self._at[key] for key in series if key in self._at]
        at: npt.NDArray[np.intp] = (
            np.sort(np.concatenate(found)) if found else np.array([], dtype=np.intp)
        )
        _, first = np.unique(self._exam[at], return_index=True)
        once = at[np.sort(first)]
        return {
            metric: times_of(self._day[once], self._exam[once], values[once], self._patient[once])
            for metric, values in self._values.items()
        }
