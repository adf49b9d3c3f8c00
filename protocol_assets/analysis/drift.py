"""Protocols that left their target, their own past, or the level comparable scanners run.

Each finding is located: scanner, protocol, parameter, share of the exams. ``Compliance.series``
says what was watched, so that "nothing was found" is not mistaken for "nothing could be seen".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import betabinom

from protocol_assets.analysis.consistency import (
    FINDING,
    located,
    missing_sequences,
    unreported,
    varying,
)
from protocol_assets.analysis.creep import creep
from protocol_assets.analysis.frame import SERIES, group_indices
from protocol_assets.analysis.levels import Positions, current_levels
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.parameters import Parameter
from protocol_assets.analysis.peers import TIERS, peers_of
from protocol_assets.analysis.references import held_percentile
from protocol_assets.analysis.spec import AnalysisSpec
from protocol_assets.analysis.statistics import Floats, benjamini_hochberg
from protocol_assets.analysis.targets import signed_measure, signed_targets

__all__ = ["Compliance", "compliance"]

_SERIES_COLUMNS: Final = (*SERIES, "n_recent", "n_past", "state", "n_parameters", "not_tracked")


@dataclass(frozen=True, slots=True)
class Compliance:
    """What departs, and what was looked at.

    Attributes:
        findings: One row per scanner, protocol, parameter and ``kind``:

            - ``drift``: most recent exams depart from the protocol's own past, or the setting has
              crept in small steps over the year
            - ``departure``: single recent exams do
            - ``off target``: recent exams depart from the signed target
            - ``above comparable``: above a level that two comparable scanners run
            - ``varies within series``: images of one series differ
            - ``not told``: a parameter that every header should report is absent
            - ``sequence missing``: a sequence that belongs to the scanner's exams is absent
            - those of ``spec.further_findings``

            with ``expected`` and ``observed`` (numbers) or ``expected_term`` and
            ``observed_term``, ``n_exams``, ``n_affected``, ``patients_affected``, ``share``,
            ``first_day``, ``last_day`` and ``exam_key``, the latest exam affected; ``p_value`` of
            a drift or departure, ``q_value`` over all that were compared, and ``is_confirmed``:
            enough exams, and no more false ones among all than the limit. What is not confirmed
            is a note on single exams.
        series: One row per scanner protocol with recent acquisitions: ``state`` ``watched`` or
            ``insufficient`` (no past to compare with); ``n_parameters`` compared;
            ``not_tracked``: parameters that no one setting describes, or that are not reported.
    """

    findings: pd.DataFrame
    series: pd.DataFrame


def compliance(
    frame: pd.DataFrame,
    spec: AnalysisSpec,
    targets: pd.DataFrame,
    as_of: pd.Timestamp,
    *,
    since: pd.Series | None = None,
) -> Compliance:
    """Everything that departs in the trailing weeks.

    Args:
        frame: From ``prepared``.
        spec: What the analysis needs to know of the modality.
        targets: The hospital's targets, on any tracked parameter.
        as_of: The last day that counts.
        since: Day of the last registered change by scanner protocol: what was changed on purpose
            has its past from that day on.
    """
    begin = as_of - pd.Timedelta(days=limit("drift_past_days"))
    known = frame[(frame["study_date"] <= as_of) & (frame["study_date"] > begin)]
    known = known[known["repeat_kind"] != "rescan"]
    if since is not None and len(since):
        begun = known[SERIES].join(since.rename("since"), on=SERIES)["since"]
        known = known[~(known["study_date"] < begun)]
    known = known.reset_index(drop=True)
    recent = known["study_date"] > as_of - pd.Timedelta(days=limit("drift_days"))
    tracked = _Tracked(known, spec.parameters())
    findings: list[dict[str, Any]] = []
    watched: list[dict[str, Any]] = []
    for key, at in group_indices(known, SERIES).items():
        is_recent = recent.to_numpy()[at]
        if is_recent.any():
            found, seen = _own_past(
                dict(zip(SERIES, key, strict=True)), tracked, at[~is_recent], at[is_recent]
            )
            findings += found
            watched.append(seen)
    recent_rows = known[recent]
    findings += _off_target(_Tracked(recent_rows, spec.parameters()), spec, targets, as_of)
    levels = current_levels(known, spec, as_of)
    findings += _above_comparable(levels, spec, targets, as_of)
    findings += spec.further_findings(levels)
    findings += varying(recent_rows, spec.measure.ranged)
    findings += unreported(recent_rows, spec.parameters())
    findings += missing_sequences(known, recent)
    table = pd.DataFrame(findings, columns=list(FINDING)).sort_values(
        [*SERIES, "kind", "parameter"], kind="stable", ignore_index=True
    )
    series = pd.DataFrame(watched, columns=list(_SERIES_COLUMNS))
    return Compliance(_confirmed(table, int(series["n_parameters"].sum())), series)


def _confirmed(found: pd.DataFrame, compared: int) -> pd.DataFrame:
    """The findings with ``q_value`` and ``is_confirmed``.

    Args:
        found: Where nothing was found the p-value counts as 1.
        compared: Parameters of scanner protocols that were compared.
    """
    p_values = found["p_value"].to_numpy(dtype=float)
    untouched = max(compared - int((~np.isnan(p_values)).sum()), 0)
    q_values = benjamini_hochberg(np.concatenate([p_values, np.ones(untouched)]))[: len(found)]
    is_enough = found["n_affected"].to_numpy(dtype=float) >= limit("drift_least_n")
    # What stands in one series is a fact, however often; peers and targets have tests of their own.
    is_fact = found["kind"].isin(["varies within series", "above comparable", "acceleration"])
    is_sure = np.isnan(p_values) | (q_values <= limit("drift_q"))
    return found.assign(q_value=q_values, is_confirmed=(is_enough & is_sure) | is_fact)


class _Tracked:
    """The tracked parameters of some acquisitions as numbers; terms as codes."""

    def __init__(self, rows: pd.DataFrame, parameters: tuple[Parameter, ...]) -> None:
        self.rows = rows
        self.parameters = parameters
        self.values: dict[str, Floats] = {}
        self._terms: dict[str, pd.Index[Any]] = {}
        for parameter in parameters:
            column = rows[parameter.name]
            if parameter.kind == "term":
                codes, self._terms[parameter.name] = pd.factorize(column, sort=True)
                self.values[parameter.name] = np.where(codes < 0, np.nan, codes.astype(float))
            else:
                self.values[parameter.name] = column.to_numpy(dtype=float)

    def departures(
        self,
        key: dict[str, Any],
        parameter: Parameter,
        expected: float,
        at: Positions,
        past: Positions | None = None,
    ) -> list[dict[str, Any]]:
        """The finding of those acquisitions at some positions that depart, if any do.

        With a past, ``p_value`` is the chance that as many depart at the rate of the past.
        """
        at = at[~np.isnan(self.values[parameter.name][at])]
        values = self.values[parameter.name][at]
        departs = parameter.departs(values, expected)
        if not departs.any():
            return []
        finding = located(
            key, parameter.name, "departure", self.rows.iloc[at], self.rows.iloc[at[departs]]
        )
        if finding["share"] >= limit("drift_share"):
            finding["kind"] = "drift"
        if past is not None:
            before = self.values[parameter.name][past]
            before = before[~np.isnan(before)]
            departed = int(parameter.departs(before, expected).sum())
            finding["p_value"] = _chance(departed, len(before), int(departs.sum()), len(at))
        observed = parameter.mode(values[departs])[0]
        if parameter.kind == "term":
            terms = self._terms[parameter.name]
            finding["expected_term"] = terms[int(expected)]
            finding["observed_term"] = terms[int(observed)]
        else:
            finding["expected"], finding["observed"] = expected, observed
        return [finding]


def _chance(departed: int, n_past: int, departs: int, n_recent: int) -> float:
    """Chance of as many departures or more among the recent, at the rate of the past.

    Beta-binomial prediction with Jeffreys' prior (Gelman et al., Bayesian Data Analysis, 2.4).
    """
    rate = departed + 0.5, n_past - departed + 0.5
    return float(betabinom.sf(departs - 1, n_recent, *rate))


def _own_past(
    key: dict[str, Any], tracked: _Tracked, past: Positions, recent: Positions
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Recent acquisitions against the setting before; a young protocol against its own mode."""
    seen: dict[str, Any] = {
        **key,
        "n_recent": len(recent),
        "n_past": len(past),
        "state": "insufficient",
        "n_parameters": 0,
        "not_tracked": None,
    }
    baseline = past if len(past) >= limit("least_n") else np.concatenate([past, recent])
    if len(baseline) < limit("least_n"):
        return [], seen
    findings: list[dict[str, Any]] = []
    untracked: list[str] = []
    settings = [one for one in tracked.parameters if not one.is_derived]
    for parameter in settings:
        values = tracked.values[parameter.name][baseline]
        known = values[~np.isnan(values)]
        if len(known) >= limit("least_n"):
            expected, share = parameter.mode(known)
            # Where no one setting has most of the acquisitions the protocol does not fix it.
            if share > 1 - limit("drift_share"):
                found = tracked.departures(key, parameter, expected, recent, baseline)
                found = _crept(key, tracked, parameter, past, recent) or found
                if found and found[0]["kind"] == "drift":
                    found += _beside_the_drift(key, tracked, parameter, expected, recent)
                findings += found
                continue
            if found := _crept(key, tracked, parameter, past, recent):
                findings += found
                continue
        untracked.append(parameter.name)
    # What other parameters add up to can creep though each of them looks settled.
    derived = [one for one in tracked.parameters if one.is_derived]
    crept = (_crept(key, tracked, one, past, recent) for one in derived)
    findings += next((found for found in crept if found), [])
    return findings, seen | {
        "state": "watched",
        "n_parameters": len(settings) - len(untracked),
        "not_tracked": ", ".join(untracked) or None,
    }


def _crept(
    key: dict[str, Any], tracked: _Tracked, parameter: Parameter, past: Positions, recent: Positions
) -> list[dict[str, Any]]:
    """The finding of a setting that crept in small steps, from the first to the last quarter."""
    if parameter.kind != "relative":
        return []
    values = tracked.values[parameter.name]
    at = np.concatenate([past, recent])
    at = at[~np.isnan(values[at])]
    moved = creep(values[at], parameter.tolerance)
    if moved is None:
        return []
    first, last, p_value = moved
    affected = at[parameter.departs(values[at], first)]
    finding = located(
        key, parameter.name, "drift", tracked.rows.iloc[at], tracked.rows.iloc[affected]
    )
    return [finding | {"expected": first, "observed": last, "p_value": p_value}]


def _beside_the_drift(
    key: dict[str, Any], tracked: _Tracked, parameter: Parameter, old: float, recent: Positions
) -> list[dict[str, Any]]:
    """Exams at neither the old nor the new setting, which the drift would hide."""
    values = tracked.values[parameter.name]
    moved = recent[parameter.departs(values[recent], old)]
    if len(moved) < limit("change_least_n"):
        return []
    setting, share = parameter.mode(values[moved])
    # Where no one setting has most of them there is no new one yet.
    if share <= 1 - limit("drift_share"):
        return []
    return tracked.departures(key, parameter, setting, moved)


def _off_target(
    tracked: _Tracked, spec: AnalysisSpec, targets: pd.DataFrame, as_of: pd.Timestamp
) -> list[dict[str, Any]]:
    recent = tracked.rows
    if targets.empty or recent.empty:
        return []
    scope = list(dict.fromkeys((*SERIES, *spec.identity, *spec.variant)))
    series = recent.drop_duplicates(SERIES)[scope].reset_index(drop=True)
    groups = group_indices(recent, SERIES)
    has_vote = recent["is_eligible"].to_numpy()
    findings: list[dict[str, Any]] = []
    for parameter in tracked.parameters:
        found = signed_targets(series, targets, parameter.name, as_of)
        for position in np.flatnonzero(found["value"].notna()):
            key = {name: series[name].iloc[position] for name in SERIES}
            at = groups[tuple(key.values())]
            if parameter.name in spec.measure.parameters:
                at = at[has_vote[at]]
            expected = float(found["value"].iloc[position])
            findings += [
                one | {"kind": "off target"}
                for one in tracked.departures(key, parameter, expected, at)
            ]
    return findings


def _above_comparable(
    levels: pd.DataFrame, spec: AnalysisSpec, targets: pd.DataFrame, as_of: pd.Timestamp
) -> list[dict[str, Any]]:
    """Levels above one that two comparable scanners run, in fleets too small for a quartile.

    One-sided, so that it cannot invert: where two of three scanners run the higher level, no lower
    one is run by two, and the third is below, not above. A signed target takes precedence.
    """
    level = levels["level"].to_numpy()
    is_signed = signed_measure(levels, spec, targets, as_of).applies
    findings: list[dict[str, Any]] = []
    for group in spec.purposes(levels):
        comparable = peers_of(levels, spec.measure, group, TIERS[0])
        for position, peers in zip(group.at, comparable, strict=True):
            series = levels.iloc[position]
            if is_signed[position] or series["is_mixed"]:
                continue
            held = held_percentile(level[group.at[peers]], least_peers=int(limit("least_holders")))
            if held is None or not level[position] > held[0] * limit("peer_tolerance"):
                continue
            findings.append(
                {name: series[name] for name in SERIES}
                | {
                    "parameter": series["measure"],
                    "kind": "above comparable",
                    "expected": held[0],
                    "observed": level[position],
                    "n_exams": series["n"],
                    "n_affected": round(series["n"] * series["share_at_level"]),
                    "share": series["share_at_level"],
                }
            )
    return findings
