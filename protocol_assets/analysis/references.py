"""What the level of a protocol is judged by: a signed target, else the lower quartile of peers.

A majority vote would call the fleet's habit right, and where most scanners scan too long it would
flag the good ones. Hence: the site's signed target; else the 25th percentile of the measure among
peers of the strictest tier that has enough of them; else nothing. The fleet's mode is shown as what
is usual and judges nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.peers import LOW_TIERS, LOWEST_TIER, TIERS, least_peers, peers_of
from protocol_assets.analysis.spec import AnalysisSpec, Group, Matrix, Measure
from protocol_assets.analysis.statistics import Floats, modal_level
from protocol_assets.analysis.targets import Signed, signed_measure

__all__ = ["held_percentile", "references", "usual_levels"]


def references(
    levels: pd.DataFrame, spec: AnalysisSpec, targets: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """The reference of every scanner protocol, in the order of ``levels``.

    Args:
        levels: From ``current_levels``.
        spec: What the analysis needs to know of the modality.
        targets: The hospital's targets: ``target``, ``version``, ``parameter``, ``value``,
            ``valid_from``, ``valid_to`` and the ``TARGET_SCOPE``, absent where any value is meant.
        as_of: The day whose targets are in force.

    Returns:
        ``reference`` (``signed_target``, ``same_field`` or ``none``), ``reference_tier`` (of the
        peers, see ``peers``; the last where only a lower bound of the measure is known),
        ``reference_level``, ``reference_threshold`` (above it there is potential),
        ``reference_name`` (target and version), ``n_candidates`` (other scanners of the same
        purpose), ``n_peers`` (those that judge), ``n_holders`` (peers at the level), ``short_of``
        (what keeps most candidates out of the first tier) and ``reference_reason`` where there is
        no reference; ``peer_levels``, an array of the levels of the peers that judge;
        ``usual_level`` and ``usual_share`` for show.
    """
    levels = levels.reset_index(drop=True)
    signed = signed_measure(levels, spec, targets, as_of)
    result = levels[SERIES].join(_judge_by_peers(levels, spec, signed.applies))
    counts = ["n_candidates", "n_peers", "n_holders"]
    result[counts] = result[counts].fillna(0).astype(int)
    for column, otherwise in (
        ("reference", "none"),
        ("reference_reason", None),
        ("short_of", None),
    ):
        words = result[column].astype(object)
        result[column] = words.where(words.notna(), otherwise)
    result["reference_level"] = result["reference_level"].astype(float)
    result["reference_tier"] = result["reference_tier"].astype(float)
    result["reference_threshold"] = result["reference_level"] * limit("peer_tolerance")
    result["reference_name"] = pd.Series(None, index=result.index, dtype=object)
    _judge_by_targets(result, levels, spec, signed)
    is_judged = result["reference"] != "none"
    result.loc[is_judged, "reference_reason"] = None
    return result.merge(usual_levels(levels, spec.measure), on="protocol_key", how="left")


def held_percentile(levels: Floats, *, least_peers: int) -> tuple[float, int] | None:
    """The lower quartile of the peers' levels that at least two of them reach, and how many do.

    The quartile is a level that a peer runs (inverted distribution function), not a value between
    two. Two must run it or less: where one device alone does, the next higher level is taken.

    Returns:
        None where there are fewer peers than needed.
    """
    if len(levels) < least_peers:
        return None
    ordered = np.sort(levels)
    first = max(math.ceil(limit("peer_percentile") * len(ordered)) - 1, 0)
    factor = limit("same_level")
    for level in ordered[first:]:
        holders = int((levels <= level * factor).sum())
        if holders >= limit("least_holders"):
            return float(level), holders
    return None


def usual_levels(levels: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The fleet's mode by protocol, one vote a device: what is usual, never a target."""
    votes = levels[levels["level"].notna() & (levels["measure"] == measure.peers.column)]
    rows = [
        (protocol, *modal_level(group["level"].to_numpy(), limit("same_level")))
        for protocol, group in votes.groupby("protocol_key", sort=True)
    ]
    usual = pd.DataFrame(rows, columns=["protocol_key", "usual_level", "usual_share"])
    return usual.astype({"usual_level": float, "usual_share": float, "protocol_key": object})


def _judge_by_peers(
    levels: pd.DataFrame, spec: AnalysisSpec, is_signed: npt.NDArray[np.bool]
) -> pd.DataFrame:
    """By peers of the strictest tier that has enough.

    Scanners for which a target is signed are a case of their own: no peers of those it leaves out.
    """
    rows: list[dict[str, Any]] = [
        {"reference_reason": _unknown_purpose(row, spec.purpose) or "no level"}
        for row in spec.judged_as(levels).to_dict("records")
    ]
    for group in spec.purposes(levels):
        own_case = ~(is_signed[group.at][None, :] & ~is_signed[group.at][:, None])
        judged = _judged(levels, spec.measure, group, own_case)
        for position, row in zip(group.at, judged, strict=True):
            rows[position] = row
    return pd.DataFrame(rows, index=levels.index, columns=list(_PEER_COLUMNS))


_PEER_COLUMNS: Final = (
    "reference",
    "reference_tier",
    "reference_level",
    "reference_reason",
    "n_candidates",
    "n_peers",
    "n_holders",
    "short_of",
    "peer_levels",
)


def _judged(
    levels: pd.DataFrame, measure: Measure, group: Group, own_case: Matrix
) -> Iterator[dict[str, Any]]:
    """What the peers of each scanner protocol of a group say."""
    level = levels["level"].to_numpy()[group.at]
    devices = levels["device_key"].to_numpy()[group.at].astype(str)
    judges = {tier: peers_of(levels, measure, group, tier) & own_case for tier in TIERS}
    for i in range(len(group.at)):
        candidates = group.candidates[i] & own_case[i]
        if np.isnan(level[i]):
            yield {"reference_reason": "no level", "n_candidates": int(candidates.sum())}
            continue
        votes = {
            tier: _votes(
                level * (group.carried[tier][i] if tier in group.carried else 1.0),
                devices,
                judges[tier][i],
            )
            for tier in TIERS
        }
        row = _peer_reference(votes, level[i])
        row["n_candidates"] = len(np.unique(devices[candidates]))
        row["short_of"] = _short_of(group, i, candidates)
        few = row["n_candidates"] < least_peers(LOWEST_TIER)
        if row["reference_reason"] == "too few peers" and few:
            row["reference_reason"] = "too few scanners"
        yield row


def _votes(level: Floats, devices: npt.NDArray[np.str_], judges: Matrix) -> Floats:
    """One vote a device, though it may run a protocol under two keys."""
    at = np.flatnonzero(judges)
    _, first = np.unique(devices[at], return_index=True)
    return level[at[first]]


def _peer_reference(votes: dict[int, Floats], level: float) -> dict[str, Any]:
    """The reference of the strictest tier whose peers run less, else of the strictest there is.

    Few scanners make the same image, and by chance none of them may run the lower level that
    others run at equal signal to noise. A low tier judges only where no stricter one has as many
    peers as a quartile needs.
    """
    found: dict[int, tuple[float, int]] = {}
    for tier, levels in votes.items():
        if tier in LOW_TIERS and any(len(votes[one]) >= limit("least_peers") for one in found):
            break
        held = held_percentile(levels, least_peers=least_peers(tier))
        if held is not None:
            found[tier] = held
    if found:
        above = [n for n, held in found.items() if level > held[0] * limit("peer_tolerance")]
        tier = min(above or found)
        return {
            "reference": "same_field",
            "reference_tier": tier,
            "reference_level": found[tier][0],
            "reference_reason": None,
            "n_peers": len(votes[tier]),
            "n_holders": found[tier][1],
            "peer_levels": votes[tier],
        }
    return {"n_peers": len(votes[LOWEST_TIER]), "reference_reason": "too few peers"}


def _short_of(group: Group, i: int, candidates: Matrix) -> str | None:
    """What keeps most of the candidates out of the first tier; None where nothing does."""
    counts = {
        name: int((lacking[i] & candidates).sum()) for name, lacking in group.short_of.items()
    }
    name = max(counts, key=lambda one: counts[one])
    return name if counts[name] else None


def _judge_by_targets(
    result: pd.DataFrame, levels: pd.DataFrame, spec: AnalysisSpec, signed: Signed
) -> None:
    """A signed target overrules the peers, that on the first of the measure's parameters first.

    Where only a lower bound of the measure is known, the bound is held against the target.
    """
    is_exact = levels["measure"] == spec.measure.peers.column
    values = {name: one["value"] for name, one in signed.by_parameter.items()}
    value = pd.Series(np.nan, index=levels.index)
    name = pd.Series(None, index=levels.index, dtype=object)
    for parameter, carried in spec.carry_targets(levels, values).items():
        applies = value.isna() & carried.notna()
        value = value.where(~applies, carried)
        name = name.where(~applies, signed.by_parameter[parameter]["name"])
    applies = value.notna()
    result.loc[applies, "reference"] = "signed_target"
    result.loc[applies, "reference_tier"] = np.where(is_exact, np.nan, LOWEST_TIER)[applies]
    result.loc[applies, "reference_level"] = value
    result.loc[applies, "reference_threshold"] = value * limit("target_tolerance")
    result.loc[applies, "reference_name"] = name
    beside = pd.Series(signed.applies, index=levels.index) & ~applies
    result.loc[beside, ["reference_level", "reference_threshold", "reference_tier"]] = np.nan
    result.loc[beside, "reference"] = "none"
    result.loc[beside, "reference_reason"] = "the target is on a parameter that is not reported"


def _unknown_purpose(row: dict[Any, Any], purpose: Mapping[str, str]) -> str | None:
    for column, name in purpose.items():
        if pd.isna(row[column]):
            return f"{name} unknown"
    return None
