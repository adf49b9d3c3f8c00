"""What a protocol's averages are judged by: a signed target, else the lower quartile of fair peers.

A majority vote would call the fleet's habit right, and where most scanners average too often it
would flag the good ones. Hence: the site's signed target; else the 25th percentile of the
effective averages among fair peers of the same field strength; else the same among scanners of
the same model; else nothing. The fleet's mode is shown as what is usual and judges nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.frame import SERIES, Floats
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.peers import Matrix, judged_as, pairs
from protocol_assets.analysis.statistics import modal_level

__all__ = [
    "TARGET_SCOPE",
    "has_signed_averages",
    "held_percentile",
    "references",
    "signed_targets",
    "usual_levels",
]

TARGET_SCOPE: Final = (
    *("site", "model", "vendor", "field_strength_class_t", "anatomy", "role", "contrast_phase"),
    *("fat_suppression", "dimension", "reconstruction"),
)
"""What a target may be scoped by, the closest first: of two that apply the one scoped by the
earlier of these decides."""


def references(levels: pd.DataFrame, targets: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """The reference of every protocol-series, in the order of ``levels``.

    Args:
        levels: From ``current_levels``.
        targets: The steward's targets: ``target``, ``version``, ``parameter``, ``value``,
            ``valid_from``, ``valid_to`` and the ``TARGET_SCOPE``, absent where any value is meant.
        as_of: The day whose targets are in force.

    Returns:
        ``reference`` (``signed_target``, ``same_field``, ``same_model`` or ``none``),
        ``reference_level``, ``reference_threshold`` (above it there is potential),
        ``reference_name`` (target and version), ``n_candidates`` (other devices with the
        protocol), ``n_peers`` (fair ones among them), ``n_holders`` (peers at the level) and
        ``reference_reason`` where there is none; ``usual_level`` and ``usual_share`` for show.
    """
    signed = _signed_averages(levels, targets, as_of)
    result = levels[SERIES].join(_judge_by_peers(levels, signed.applies))
    counts = ["n_candidates", "n_peers", "n_holders"]
    result[counts] = result[counts].fillna(0).astype(int)
    for column, otherwise in (("reference", "none"), ("reference_reason", None)):
        words = result[column].astype(object)
        result[column] = words.where(words.notna(), otherwise)
    result["reference_level"] = result["reference_level"].astype(float)
    result["reference_threshold"] = result["reference_level"] * limit("peer_tolerance")
    result["reference_name"] = pd.Series(None, index=result.index, dtype=object)
    _judge_by_targets(result, levels, signed)
    is_judged = result["reference"] != "none"
    result.loc[is_judged, "reference_reason"] = None
    return result.merge(usual_levels(levels), on="protocol_key", how="left")


def signed_targets(
    levels: pd.DataFrame, targets: pd.DataFrame, parameter: str, as_of: pd.Timestamp
) -> pd.DataFrame:
    """The target in force for one parameter of every protocol-series.

    Returns:
        ``value`` and ``name``, absent where no target applies; indexed as ``levels``.
    """
    found = pd.DataFrame({"value": np.nan, "name": None}, index=levels.index)
    found["name"] = found["name"].astype(object)
    if targets.empty:
        return found
    valid_from = pd.to_datetime(targets["valid_from"])
    valid_to = pd.to_datetime(targets["valid_to"])
    in_force = targets[
        (targets["parameter"] == parameter)
        & (valid_from <= as_of)
        & (valid_to.isna() | (valid_to >= as_of))
    ]
    # The closest last, so that it has the last word.
    for target in sorted(in_force.to_dict("records"), key=_closeness):
        applies = pd.Series(True, index=levels.index)
        for column in TARGET_SCOPE:
            if not pd.isna(target[column]):
                applies &= levels[column] == target[column]
        found.loc[applies, "value"] = target["value"]
        found.loc[applies, "name"] = f"{target['target']} v{target['version']}"
    return found


def _closeness(target: dict[Any, Any]) -> tuple[bool, ...]:
    return tuple(not pd.isna(target[column]) for column in TARGET_SCOPE)


def held_percentile(levels: Floats, *, least_peers: int) -> tuple[float, int] | None:
    """The lower quartile of the peers' levels that at least two of them hold, and how many do.

    The quartile is a level that a peer runs (inverted distribution function), not a value between
    two. Where one device alone holds it the next higher level is taken.

    Returns:
        None where there are fewer peers than needed, or no level is held by two.
    """
    if len(levels) < least_peers:
        return None
    ordered = np.sort(levels)
    first = max(math.ceil(limit("peer_percentile") * len(ordered)) - 1, 0)
    factor = limit("same_level")
    for level in ordered[first:]:
        holders = int(((levels <= level * factor) & (levels >= level / factor)).sum())
        if holders >= limit("least_holders"):
            return float(level), holders
    return None


def usual_levels(levels: pd.DataFrame) -> pd.DataFrame:
    """The fleet's mode by protocol, one vote a device: what is usual, never a target."""
    votes = levels[levels["level"].notna() & (levels["measure"] == "effective_averages")]
    rows = [
        (protocol, *modal_level(group["level"].to_numpy(), limit("same_level")))
        for protocol, group in votes.groupby("protocol_key", sort=True)
    ]
    usual = pd.DataFrame(rows, columns=["protocol_key", "usual_level", "usual_share"])
    return usual.astype({"usual_level": float, "usual_share": float, "protocol_key": object})


def has_signed_averages(
    levels: pd.DataFrame, targets: pd.DataFrame, as_of: pd.Timestamp
) -> npt.NDArray[np.bool]:
    """Which protocol-series have a signed target of their averages."""
    return _signed_averages(levels, targets, as_of).applies


def _signed_averages(levels: pd.DataFrame, targets: pd.DataFrame, as_of: pd.Timestamp) -> _Signed:
    judged = judged_as(levels)
    return _Signed(
        signed_targets(judged, targets, "effective_averages", as_of),
        signed_targets(judged, targets, "nex", as_of),
    )


@dataclass(frozen=True, slots=True)
class _Signed:
    """The signed targets on effective averages and on NEX: ``value`` and ``name``."""

    effective: pd.DataFrame
    nex: pd.DataFrame

    @property
    def applies(self) -> npt.NDArray[np.bool]:
        """Which protocol-series have one."""
        return (self.effective["value"].notna() | self.nex["value"].notna()).to_numpy()


def _judge_by_peers(levels: pd.DataFrame, is_signed: npt.NDArray[np.bool]) -> pd.DataFrame:
    """By fair peers.

    Scanners for which a target is signed are a case of their own: no peers of those it leaves out.
    """
    related = pairs(levels)
    level = levels["level"].to_numpy()
    devices = levels["device_key"].to_numpy()
    is_effective = (levels["measure"] == "effective_averages").to_numpy()
    all_fair = related.fair & ~(is_signed[None, :] & ~is_signed[:, None])
    rows: list[dict[str, Any]] = []
    for position, series in enumerate(levels.to_dict("records")):
        reason = _unknown_protocol(series)
        if reason or np.isnan(level[position]):
            rows.append({"reference_reason": reason or "no level"})
            continue
        fair = all_fair[position]
        judges = {"same_model": fair & related.same_model[position]}
        judges["same_model"] &= related.same_averaging[position]
        if is_effective[position]:
            same_field = fair & related.candidates[position] & is_effective
            judges = {"same_field": same_field} | judges
        votes = {way: _votes(level, devices, judge) for way, judge in judges.items()}
        rows.append(
            {"n_candidates": int(related.candidates[position].sum())} | _peer_reference(votes)
        )
    return pd.DataFrame(rows, index=levels.index, columns=list(_PEER_COLUMNS))


_PEER_COLUMNS: Final = (
    *("reference", "reference_level", "reference_reason", "n_candidates", "n_peers", "n_holders"),
)


def _votes(level: Floats, devices: npt.NDArray[np.object_], judges: Matrix) -> Floats:
    """One vote a device, though it may run a protocol under two keys."""
    at = np.flatnonzero(judges)
    _, first = np.unique(devices[at].astype(str), return_index=True)
    return level[at[first]]


def _peer_reference(votes: dict[str, Floats]) -> dict[str, Any]:
    """The reference of the first way that gives one."""
    for way, levels in votes.items():
        held = held_percentile(levels, least_peers=int(limit("least_peers")))
        if held is not None:
            names = ("reference", "reference_level", "n_peers", "n_holders")
            return dict(zip(names, (way, held[0], len(levels), held[1]), strict=True))
    most = max(len(levels) for levels in votes.values())
    few = most < limit("least_peers")
    return {
        "n_peers": most,
        "reference_reason": "too few fair peers" if few else "no level held by two peers",
    }


def _judge_by_targets(result: pd.DataFrame, levels: pd.DataFrame, signed: _Signed) -> None:
    """A signed target overrules the peers: one on effective averages, else one on NEX.

    A target on NEX is carried over to effective averages at the scanner's own lines. A target on
    effective averages says nothing of a scanner that tells NEX alone: then nobody judges.
    """
    is_effective = levels["measure"] == "effective_averages"
    effective, nex = signed.effective, signed.nex
    value = nex["value"].where(~is_effective, nex["value"] * levels["level"] / levels["nex_level"])
    takes_effective = is_effective & effective["value"].notna()
    value = effective["value"].where(takes_effective, value)
    applies = value.notna()
    result.loc[applies, "reference"] = "signed_target"
    result.loc[applies, "reference_level"] = value
    result.loc[applies, "reference_threshold"] = value * limit("target_tolerance")
    result.loc[applies, "reference_name"] = effective["name"].where(takes_effective, nex["name"])
    beside = ~is_effective & effective["value"].notna() & ~applies
    result.loc[beside, ["reference_level", "reference_threshold"]] = np.nan
    result.loc[beside, "reference"] = "none"
    result.loc[beside, "reference_reason"] = "the target is on effective averages, not told here"


def _unknown_protocol(row: dict[Any, Any]) -> str | None:
    for column in ("anatomy", "role"):
        if pd.isna(row[column]):
            return f"{column} unknown"
    return None
