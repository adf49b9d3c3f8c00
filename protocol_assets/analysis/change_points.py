"""When the level of a protocol changed on a scanner.

A renamed protocol, an upgrade, a new serial number and another mix of cases are no changes of
protocol: names are not looked at, a scanner keeps its key (``frame``), a step in the header's
meaning shows in no scan time, and a step that no variant of the protocol made is the mix.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.creep import creep
from protocol_assets.analysis.frame import SERIES, group_indices, reported
from protocol_assets.analysis.levels import most_frequent, read_measure
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.permutation import Integers
from protocol_assets.analysis.segments import Boundary, boundaries, splits
from protocol_assets.analysis.spec import AnalysisSpec
from protocol_assets.analysis.statistics import Floats, generator, modal_level
from protocol_assets.analysis.together import Series, Visits, vouched_days

__all__ = ["Changes", "protocol_changes"]

_CHANGE: Final = (
    *SERIES,
    "change_number",
    "changed_on",
    "changed_from",
    "changed_to",
    "measure",
    "before",
    "after",
    "n_before",
    "n_after",
    "segment_from",
    "segment_to",
    "kind",
    "relapsed_on",
    "p_value",
    "is_vouched",
)
_WATCHED: Final = (
    *SERIES,
    "measure",
    "n_eligible",
    "n",
    "coverage",
    "n_exams",
    "first_day",
    "last_day",
    "shortest_seen_days",
    "state",
    "n_changes",
    "set_aside",
)
_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes found, and what was looked at.

    Attributes:
        changes: One row per change: ``change_number`` from 1 within the series; ``changed_on``,
            the middle of the days between the last exam before and the first after;
            ``changed_from`` and ``changed_to``, the interval of days that explain the exams about
            as well; ``before`` and ``after``, levels of ``measure``; ``n_before``, ``n_after``
            exams of the stretches on either side, which reach from ``segment_from`` to
            ``segment_to``; ``kind``: ``decrease``, ``increase`` or ``relapse`` (back to the level
            before the change before); ``relapsed_on`` of a change that did not last; ``p_value``
            of the split under permuted weeks; ``is_vouched`` where other protocols of the scanner
            show the same day.
        series: One row per scanner protocol: ``state`` ``watched`` or ``insufficient`` (too few
            exams to find any change), so that "no change" is not mistaken for "not seen";
            ``shortest_seen_days``: how long a level must have lasted at this volume to be seen,
            so that a short relapse of a rare protocol is not claimed to be absent; ``set_aside``
            names steps that were found and are no change of protocol (``case mix``,
            ``header``).
    """

    changes: pd.DataFrame
    series: pd.DataFrame


def protocol_changes(frame: pd.DataFrame, spec: AnalysisSpec) -> Changes:
    """The changes of the level of every scanner protocol.

    Args:
        frame: From ``prepared``, of the period to search.
        spec: What the analysis needs to know of the modality.
    """
    votes = read_measure(frame, spec.measure, spec.measure.past)
    searched = [
        _searched(key, votes.iloc[rows], spec) for key, rows in group_indices(votes, SERIES).items()
    ]
    alone = [_changes(one, spec, ()) for one in searched]
    visits = vouched_days(
        (one.key, change["changed_on"])
        for one, (found, _) in zip(searched, alone, strict=True)
        for change in found
    )
    answers: list[tuple[list[dict[str, Any]], dict[str, Any]]] = []
    for one, own in zip(searched, alone, strict=True):
        days = _days_of_others(one.key, own[0], visits.get(one.key[0], {}))
        answers.append(_changes(one, spec, days) if days else own)
    dated = [
        "changed_on",
        "changed_from",
        "changed_to",
        "segment_from",
        "segment_to",
        "relapsed_on",
    ]
    types: dict[str, Any] = dict.fromkeys(dated, "datetime64[us]")
    types |= {"before": float, "after": float, "is_vouched": bool}
    return Changes(
        pd.DataFrame(
            [change for found, _ in answers for change in found], columns=list(_CHANGE)
        ).astype(types),
        pd.DataFrame([seen for _, seen in answers], columns=list(_WATCHED)),
    )


@dataclass(frozen=True, slots=True)
class _Searched:
    """One scanner protocol: its exams, what is known of it, and where it may be split."""

    key: Series
    exams: pd.DataFrame
    seen: dict[str, Any]
    splits: dict[int, float]

    @property
    def days(self) -> Integers:
        return self.exams["study_date"].to_numpy().astype("datetime64[D]").astype(np.int64)

    @property
    def values(self) -> Floats:
        return self.exams["value"].to_numpy(dtype=float)


def _searched(key: Series, votes: pd.DataFrame, spec: AnalysisSpec) -> _Searched:
    exams = _exams(reported(votes, "value"), spec)
    seen: dict[str, Any] = dict(zip(SERIES, key, strict=True))
    seen |= {
        "measure": votes["measure"].iloc[0],
        "n_eligible": len(votes),
        "n": int(votes["value"].notna().sum()),
        "coverage": float(votes["value"].notna().mean()),
        "n_exams": len(exams),
        "first_day": votes["study_date"].iloc[0],
        "last_day": votes["study_date"].iloc[-1],
        "shortest_seen_days": _shortest_seen(exams),
        "state": "watched",
        "n_changes": 0,
        "set_aside": None,
    }
    one = _Searched(key, exams, seen, {})
    if len(exams) < 2 * limit("change_least_n"):
        return replace(one, seen=seen | {"state": "insufficient"})
    return replace(one, splits=splits(one.values, one.days, generator("change", *key)))


def _days_of_others(key: Series, own: list[dict[str, Any]], visits: Visits) -> list[int]:
    """The days that enough other protocols of the scanner vouch for and this one knows not of."""
    near = limit("match_days") * _DAY
    return [
        int(day.astype(np.int64))
        for day, series in visits.items()
        if len(series - {key}) >= limit("together_least")
        and all(abs(change["changed_on"] - day) > near for change in own)
    ]


def _changes(
    one: _Searched, spec: AnalysisSpec, vouched: Collection[int]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The changes of one scanner protocol, and what is known of it."""
    if one.seen["state"] == "insufficient":
        return [], one.seen
    if creep(one.values, limit("change_ratio") - 1) is not None:
        # Many small steps are no sudden change on any day; they are found as drift.
        return [], one.seen | {"set_aside": "creep"}
    random = generator("vouched", *one.key)
    found = boundaries(one.values, one.days, one.splits, vouched, random)
    edges = [0, *(boundary.position for boundary in found), len(one.exams)]
    kept: list[dict[str, Any]] = []
    aside: list[str] = []
    for index, boundary in enumerate(found):
        before = one.exams.iloc[edges[index] : edges[index + 1]]
        after = one.exams.iloc[edges[index + 1] : edges[index + 2]]
        reason = _no_change(before, after, spec)
        if reason:
            aside.append(reason)
            continue
        kept.append(
            {name: one.seen[name] for name in (*SERIES, "measure")}
            | _change(boundary, one.exams, before, after)
        )
    _number(kept)
    return kept, one.seen | {"n_changes": len(kept), "set_aside": ", ".join(aside) or None}


def _shortest_seen(exams: pd.DataFrame) -> float:
    """Days in which as many exams come as a level needs; NaN without a rate."""
    if len(exams) < 2:
        return float("nan")
    days = (exams["study_date"].iloc[-1] - exams["study_date"].iloc[0]).days
    needed = limit("change_least_n") * float(days) / (len(exams) - 1)
    return max(needed, limit("change_least_days"))


def _exams(known: pd.DataFrame, spec: AnalysisSpec) -> pd.DataFrame:
    """One value an exam: its acquisitions of a protocol were set up together."""
    exam = known["exam_key"].where(known["exam_key"].notna(), known["acquisition_key"])
    first = ["study_date", "label_code", "software_code", *spec.case_mix]
    grouped = known.groupby(exam, sort=False)
    exams = grouped[["value"]].median().assign(cost=grouped[spec.measure.cost].median())
    exams[first] = grouped[first].first()
    return exams.sort_values("study_date", kind="stable").reset_index(drop=True)


def _change(
    one: Boundary, exams: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame
) -> dict[str, Any]:
    day = exams["study_date"].to_numpy().astype("datetime64[D]")
    last, first = day[one.position - 1], day[one.position]
    return {
        # The middle, rounded up: the day after, where exams are daily.
        "changed_on": last + (int((first - last) / _DAY) + 1) // 2 * _DAY,
        "changed_from": day[one.first_position - 1] + _DAY,
        "changed_to": day[one.last_position],
        "before": one.before,
        "after": one.after,
        "n_before": len(before),
        "n_after": len(after),
        "segment_from": before["study_date"].iloc[0],
        "segment_to": after["study_date"].iloc[-1],
        "kind": "decrease" if one.after < one.before else "increase",
        "relapsed_on": pd.NaT,
        "p_value": one.p_value,
        "is_vouched": one.is_vouched,
    }


def _number(changes: list[dict[str, Any]]) -> None:
    """Numbers the changes of a series and marks those that undo the one before."""
    for number, change in enumerate(changes, start=1):
        change["change_number"] = number
        if number == 1:
            continue
        previous = changes[number - 2]
        start, middle, end = np.log([previous["before"], previous["after"], change["after"]])
        # Back by more than half of the step.
        if (middle - start) * (middle - end) > 0 and abs(end - middle) > abs(start - middle) / 2:
            change["kind"] = "relapse"
            previous["relapsed_on"] = change["changed_on"]


def _no_change(before: pd.DataFrame, after: pd.DataFrame, spec: AnalysisSpec) -> str | None:
    """Why a step is no change of the protocol; None where it is one."""
    if _is_header(before, after):
        return "header"
    return "case mix" if _is_case_mix(before, after, spec) else None


def _is_header(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Another software reports another number for the same scan: its cost did not change."""
    upgraded = most_frequent(before["software_code"]) != most_frequent(after["software_code"])
    costs = [one["cost"].median() for one in (before, after)]
    if not upgraded or any(pd.isna(costs)):
        return False
    return bool(abs(np.log(costs[1] / costs[0])) <= limit("same_time"))


def _is_case_mix(before: pd.DataFrame, after: pd.DataFrame, spec: AnalysisSpec) -> bool:
    """The variants in use on both sides kept their levels; only their shares moved.

    A variant that is rare on one side was taken up or given up: that is a change of protocol.
    """
    spanning, moved = 0, 0
    kinds = ["label_code", *spec.case_mix]
    old = dict(iter(before.groupby(kinds, dropna=False)["value"]))
    new = dict(iter(after.groupby(kinds, dropna=False)["value"]))
    in_use = limit("change_mix_share")
    for variant in old.keys() & new.keys():
        sides = old[variant], new[variant]
        if len(sides[0]) < in_use * len(before) or len(sides[1]) < in_use * len(after):
            continue
        spanning += len(sides[0]) + len(sides[1])
        levels = [modal_level(side.to_numpy(), limit("same_level"))[0] for side in sides]
        if abs(np.log(levels[1] / levels[0])) >= np.log(limit("change_ratio")):
            moved += len(sides[0]) + len(sides[1])
    whole = len(before) + len(after)
    return spanning > whole / 2 and moved < spanning / 2
