"""What a protocol's averages are judged by: a signed target, else the lower quartile of fair peers.

A majority vote would call the fleet's habit right, and where most scanners average too often it
would flag the good ones. Hence: the site's signed target; else the 25th percentile of the
effective averages among fair peers of the same field strength; else the same among scanners of
the same model; else nothing. The fleet's mode is shown as what is usual and judges nobody.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES, Floats, group_indices
from protocol_assets.analysis.levels import IDENTITY
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.statistics import modal_level

__all__ = [
    "TARGET_SCOPE",
    "comparable_levels",
    "fair_peers",
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
    result = levels[SERIES].join(_judge_by_peers(levels))
    counts = ["n_candidates", "n_peers", "n_holders"]
    result[counts] = result[counts].fillna(0).astype(int)
    for column, otherwise in (("reference", "none"), ("reference_reason", None)):
        words = result[column].astype(object)
        result[column] = words.where(words.notna(), otherwise)
    result["reference_level"] = result["reference_level"].astype(float)
    result["reference_threshold"] = result["reference_level"] * limit("peer_tolerance")
    result["reference_name"] = pd.Series(None, index=result.index, dtype=object)
    _judge_by_targets(result, levels, targets, as_of)
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


def fair_peers(series: pd.Series, others: pd.DataFrame) -> pd.DataFrame:
    """Those of the others that make the same image: comparable in their averages.

    Voxel volume and bandwidth within a quarter, the same fat suppression, trajectory, contrast
    phase, dimension and reconstruction. What one of them does not tell is not the same. Voxels
    are compared as acquired where both tell it, else as reconstructed. A trajectory that is not
    told is Cartesian: headers name the exception.
    """
    acquired = _within(others["voxel_mm3"], series["voxel_mm3"])
    pixel = _within(others["pixel_volume_mm3"], series["pixel_volume_mm3"])
    both = others["voxel_mm3"].notna() & pd.notna(series["voxel_mm3"])
    fair = acquired.where(both, pixel)
    fair &= _within(others["bandwidth_hz_per_px"], series["bandwidth_hz_per_px"])
    for column in ("fat_suppression", "contrast_phase", "dimension", "reconstruction"):
        fair &= (others[column] == series[column]) & others[column].notna()
    own = "cartesian" if pd.isna(series["trajectory"]) else series["trajectory"]
    fair &= others["trajectory"].where(others["trajectory"].notna(), "cartesian") == own
    return others.iloc[np.flatnonzero(fair)]


def comparable_levels(levels: pd.DataFrame, position: Any) -> Floats:
    """The levels of all fair peers of one protocol-series, on the same measure."""
    series = levels.loc[position]
    others = levels[
        (levels["protocol_key"] == series["protocol_key"])
        & (levels["device_key"] != series["device_key"])
        & levels["level"].notna()
    ]
    return _same_averaging(series, fair_peers(series, others))["level"].to_numpy(dtype=float)


def _within(values: pd.Series, own: float) -> pd.Series:
    factor = limit("fair_ratio")
    return (values <= own * factor) & (values >= own / factor)


def _judge_by_peers(levels: pd.DataFrame) -> pd.DataFrame:
    known = levels[levels["level"].notna()]
    by_protocol = group_indices(known, ["protocol_key"])
    model = [name for name in IDENTITY if name not in ("field_strength_class_t", "site")]
    by_model = group_indices(known, model)
    nobody = np.array([], dtype=np.intp)
    rows = []
    for _, series in levels.iterrows():
        reason = _unknown_protocol(series)
        if reason or pd.isna(series["level"]):
            rows.append({"reference_reason": reason or "no level"})
            continue
        same_field = by_protocol[(series["protocol_key"],)]
        same_model = by_model.get(tuple(series[name] for name in model), nobody)
        rows.append(_peer_reference(series, known.iloc[same_field], known.iloc[same_model]))
    return pd.DataFrame(rows, index=levels.index, columns=list(_PEER_COLUMNS))


_PEER_COLUMNS: Final = (
    *("reference", "reference_level", "reference_reason", "n_candidates", "n_peers", "n_holders"),
)


def _peer_reference(
    series: pd.Series, same_field: pd.DataFrame, same_model: pd.DataFrame
) -> dict[str, Any]:
    """The reference that peers give one protocol-series; one vote a device."""
    same_field, same_model = (
        others[others["device_key"] != series["device_key"]].drop_duplicates("device_key")
        for others in (same_field, same_model)
    )
    peers = fair_peers(series, same_field)
    peers = peers[peers["measure"] == "effective_averages"]
    row: dict[str, Any] = {"n_candidates": len(same_field), "n_peers": len(peers)}
    ways = [("same_model", _same_averaging(series, fair_peers(series, same_model)))]
    if series["measure"] == "effective_averages":
        ways.insert(0, ("same_field", peers))
    for way, judges in ways:
        votes = judges["level"].to_numpy(dtype=float)
        held = held_percentile(votes, least_peers=int(limit("least_peers")))
        if held is not None:
            names = ("reference", "reference_level", "n_peers", "n_holders")
            return row | dict(zip(names, (way, held[0], len(votes), held[1]), strict=True))
    most = max(len(judges) for _, judges in ways)
    few = most < limit("least_peers")
    return row | {
        "n_peers": most,
        "reference_reason": "too few fair peers" if few else "no level held by two peers",
    }


def _same_averaging(series: pd.Series, peers: pd.DataFrame) -> pd.DataFrame:
    """Peers of the same model on the same measure; NEX only where lines are acquired alike."""
    peers = peers[peers["measure"] == series["measure"]]
    if series["measure"] == "effective_averages":
        return peers
    oversampling = series["phase_oversampling_percent"]
    apart = (peers["phase_oversampling_percent"] - oversampling).abs()
    alike = (apart <= limit("fair_oversampling")) | (
        peers["phase_oversampling_percent"].isna() & pd.isna(oversampling)
    )
    alike &= peers["no_phase_wrap"] == series["no_phase_wrap"]
    own = series["acceleration_in_plane"]
    alike &= (peers["acceleration_in_plane"] == own) | (
        peers["acceleration_in_plane"].isna() & pd.isna(own)
    )
    return peers.iloc[np.flatnonzero(alike)]


def _judge_by_targets(
    result: pd.DataFrame, levels: pd.DataFrame, targets: pd.DataFrame, as_of: pd.Timestamp
) -> None:
    """A signed target overrules the peers: one on effective averages, else one on NEX.

    A target on NEX is carried over to effective averages at the scanner's own lines. A target on
    effective averages says nothing of a scanner that tells NEX alone: then nobody judges.
    """
    is_effective = levels["measure"] == "effective_averages"
    effective = signed_targets(levels, targets, "effective_averages", as_of)
    nex = signed_targets(levels, targets, "nex", as_of)
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


def _unknown_protocol(row: pd.Series) -> str | None:
    for column in ("anatomy", "role", "reconstruction"):
        if pd.isna(row[column]):
            return f"{column} unknown"
    return None
