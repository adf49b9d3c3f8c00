"""What a protocol's averages are judged by: a signed target, else the lower quartile of peers.

A majority vote would call the fleet's habit right, and where most scanners average too often it
would flag the good ones. Hence: the site's signed target; else the 25th percentile of the averaging
among peers of the same field strength, of the strictest tier that has enough of them; else nothing.
The fleet's mode is shown as what is usual and judges nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.frame import SERIES, Floats
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.peers import TIERS, Group, Matrix, judged_as, purposes
from protocol_assets.analysis.statistics import modal_level

__all__ = [
    "TARGET_SCOPE",
    "has_signed_averages",
    "held_percentile",
    "peers_of",
    "references",
    "signed_targets",
    "usual_levels",
]

TARGET_SCOPE: Final = (
    "site",
    "model",
    "vendor",
    "field_strength_class_t",
    "anatomy",
    "role",
    "contrast_phase",
    "fat_suppression",
    "dimension",
    "reconstruction",
)
"""What a target may be scoped by, the closest first: of two that apply the one scoped by the
earlier of these decides."""

_LOWEST_TIER: Final = TIERS[-1]
_LOW_TIERS: Final = TIERS[2:]
"""Where nothing of the image is compared: they judge only where no stricter one can."""


def references(levels: pd.DataFrame, targets: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """The reference of every scanner protocol, in the order of ``levels``.

    Args:
        levels: From ``current_levels``.
        targets: The hospital's targets: ``target``, ``version``, ``parameter``, ``value``,
            ``valid_from``, ``valid_to`` and the ``TARGET_SCOPE``, absent where any value is meant.
        as_of: The day whose targets are in force.

    Returns:
        ``reference`` (``signed_target``, ``same_field`` or ``none``), ``reference_tier`` (of the
        peers, see ``peers``; the last where the averaging is known at least), ``reference_level``,
        ``reference_threshold`` (above it there is potential), ``reference_name`` (target and
        version), ``n_candidates`` (other scanners of the same purpose), ``n_peers`` (those that
        judge), ``n_holders`` (peers at the level), ``short_of`` (what keeps most candidates out of
        the first tier) and ``reference_reason`` where there is no reference; ``peer_levels``, an
        array of what the peers that judge run; ``usual_level`` and ``usual_share`` for show.
    """
    levels = levels.reset_index(drop=True)
    signed = _signed_averages(levels, targets, as_of)
    result = levels[SERIES].join(_judge_by_peers(levels, signed.applies))
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
    _judge_by_targets(result, levels, signed)
    is_judged = result["reference"] != "none"
    result.loc[is_judged, "reference_reason"] = None
    return result.merge(usual_levels(levels), on="protocol_key", how="left")


def signed_targets(
    levels: pd.DataFrame, targets: pd.DataFrame, parameter: str, as_of: pd.Timestamp
) -> pd.DataFrame:
    """The target in force for one parameter of every scanner protocol.

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
                # Before an agent the protocol is the one without.
                wanted = "none" if target[column] == "pre" else target[column]
                applies &= levels[column] == wanted
        found.loc[applies, "value"] = target["value"]
        found.loc[applies, "name"] = f"{target['target']} v{target['version']}"
    return found


def _closeness(target: dict[Any, Any]) -> tuple[bool, ...]:
    return tuple(not pd.isna(target[column]) for column in TARGET_SCOPE)


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


def usual_levels(levels: pd.DataFrame) -> pd.DataFrame:
    """The fleet's mode by protocol, one vote a device: what is usual, never a target."""
    votes = levels[levels["level"].notna() & (levels["measure"] == "averaging")]
    rows = [
        (protocol, *modal_level(group["level"].to_numpy(), limit("same_level")))
        for protocol, group in votes.groupby("protocol_key", sort=True)
    ]
    usual = pd.DataFrame(rows, columns=["protocol_key", "usual_level", "usual_share"])
    return usual.astype({"usual_level": float, "usual_share": float, "protocol_key": object})


def has_signed_averages(
    levels: pd.DataFrame, targets: pd.DataFrame, as_of: pd.Timestamp
) -> npt.NDArray[np.bool]:
    """Which scanner protocols have a signed target of their averages."""
    return _signed_averages(levels, targets, as_of).applies


def peers_of(levels: pd.DataFrame, group: Group, tier: int) -> Matrix:
    """Who judges whom in a tier: like is compared with like.

    A scanner that does not tell its averaging averages at least so often. It is held against the
    averaging of others where enough tell it, else against what theirs is at least, and in the low
    tiers only.
    """
    tells = (levels["measure"].iloc[group.at] == "averaging").to_numpy()
    judges = group.tiers[tier] & tells[None, :] & tells[:, None]
    if tier in _LOW_TIERS:
        by_averaging = group.tiers[tier] & tells[None, :]
        is_enough = by_averaging.sum(axis=1) >= _least_peers(tier)
        others = np.where(is_enough[:, None], by_averaging, group.tiers[tier])
        judges = np.where(tells[:, None], judges, others)
    return np.asarray(judges, dtype=np.bool)


def _signed_averages(levels: pd.DataFrame, targets: pd.DataFrame, as_of: pd.Timestamp) -> _Signed:
    judged = judged_as(levels)
    return _Signed(
        *(
            signed_targets(judged, targets, parameter, as_of)
            for parameter in ("averaging", "effective_averages", "nex")
        )
    )


@dataclass(frozen=True, slots=True)
class _Signed:
    """The signed targets by parameter: ``value`` and ``name``."""

    averaging: pd.DataFrame
    effective: pd.DataFrame
    nex: pd.DataFrame

    @property
    def applies(self) -> npt.NDArray[np.bool]:
        """Which scanner protocols have one."""
        told = [one["value"].notna() for one in (self.averaging, self.effective, self.nex)]
        return (told[0] | told[1] | told[2]).to_numpy(dtype=np.bool)


def _judge_by_peers(levels: pd.DataFrame, is_signed: npt.NDArray[np.bool]) -> pd.DataFrame:
    """By peers of the strictest tier that has enough.

    Scanners for which a target is signed are a case of their own: no peers of those it leaves out.
    """
    rows: list[dict[str, Any]] = [
        {"reference_reason": _unknown_purpose(row) or "no level"}
        for row in levels.to_dict("records")
    ]
    for group in purposes(levels):
        own_case = ~(is_signed[group.at][None, :] & ~is_signed[group.at][:, None])
        for position, row in zip(group.at, _judged(levels, group, own_case), strict=True):
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


def _judged(levels: pd.DataFrame, group: Group, own_case: Matrix) -> Iterator[dict[str, Any]]:
    """What the peers of each scanner protocol of a group say."""
    level = levels["level"].to_numpy()[group.at]
    devices = levels["device_key"].to_numpy()[group.at].astype(str)
    judges = {tier: peers_of(levels, group, tier) & own_case for tier in TIERS}
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
        few = row["n_candidates"] < _least_peers(_LOWEST_TIER)
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
        if tier in _LOW_TIERS and any(len(votes[one]) >= limit("least_peers") for one in found):
            break
        held = held_percentile(levels, least_peers=_least_peers(tier))
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
    return {"n_peers": len(votes[_LOWEST_TIER]), "reference_reason": "too few peers"}


def _least_peers(tier: int) -> int:
    return int(limit("least_peers_low" if tier in _LOW_TIERS else "least_peers"))


def _short_of(group: Group, i: int, candidates: Matrix) -> str | None:
    """What keeps most of the candidates out of the first tier; None where nothing does."""
    counts = {
        name: int((lacking[i] & candidates).sum()) for name, lacking in group.short_of.items()
    }
    name = max(counts, key=lambda one: counts[one])
    return name if counts[name] else None


def _judge_by_targets(result: pd.DataFrame, levels: pd.DataFrame, signed: _Signed) -> None:
    """A signed target overrules the peers: one on averaging, else effective averages, else NEX.

    A target on NEX is carried over at the scanner's own oversampling, one on effective averages at
    its own acceleration and partial Fourier. Where the averaging is not told, what it is at least
    is held against the target.
    """
    tells = levels["measure"] == "averaging"
    share = levels["partial_fourier_fraction"].fillna(1.0)
    values = (
        (signed.averaging, signed.averaging["value"]),
        (
            signed.effective,
            (signed.effective["value"] * levels["acceleration"] / share).where(tells),
        ),
        (
            signed.nex,
            signed.nex["value"] * levels["level"] / levels["nex_level"],
        ),
    )
    value = pd.Series(np.nan, index=levels.index)
    name = pd.Series(None, index=levels.index, dtype=object)
    for one, carried in values:
        applies = value.isna() & carried.notna()
        value, name = value.where(~applies, carried), name.where(~applies, one["name"])
    applies = value.notna()
    result.loc[applies, "reference"] = "signed_target"
    result.loc[applies, "reference_tier"] = np.where(tells, np.nan, _LOWEST_TIER)[applies]
    result.loc[applies, "reference_level"] = value
    result.loc[applies, "reference_threshold"] = value * limit("target_tolerance")
    result.loc[applies, "reference_name"] = name
    beside = pd.Series(signed.applies, index=levels.index) & ~applies
    result.loc[beside, ["reference_level", "reference_threshold", "reference_tier"]] = np.nan
    result.loc[beside, "reference"] = "none"
    result.loc[beside, "reference_reason"] = "the target is on a parameter that is not reported"


def _unknown_purpose(row: dict[Any, Any]) -> str | None:
    for column in ("anatomy", "role", "contrast_phase", "field_strength_class_t", "dimension"):
        if pd.isna(row[column]):
            return f"{_NAMES.get(column, column)} unknown"
    return None


_NAMES: Final = {
    "contrast_phase": "contrast phase",
    "field_strength_class_t": "field strength",
    "dimension": "2D or 3D",
}
