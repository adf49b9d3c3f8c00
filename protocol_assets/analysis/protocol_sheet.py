"""A protocol side by side: a scanner and its reference, as one types it into a console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.levels import most_frequent
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.parameters import Parameter
from protocol_assets.analysis.peers import TIERS, peers_of
from protocol_assets.analysis.spec import AnalysisSpec

__all__ = ["protocol_sheet", "reference_devices"]

_COLUMNS: Final = (
    "parameter",
    "label",
    "unit",
    "value",
    "value_share",
    "n",
    "reference",
    "reference_share",
    "reference_n",
    "reference_devices",
    "differs",
)


def reference_devices(
    levels: pd.DataFrame, spec: AnalysisSpec, found: pd.DataFrame, key: tuple[str, str]
) -> list[str]:
    """The peers that judge a protocol on a scanner and run its reference level or less.

    Args:
        levels: From ``current_levels``.
        spec: What the analysis needs to know of the modality.
        found: From ``references`` or ``potential``.
        key: Device and protocol.
    """
    is_own = (levels["device_key"] == key[0]) & (levels["protocol_key"] == key[1])
    judged = found[(found["device_key"] == key[0]) & (found["protocol_key"] == key[1])]
    if not is_own.any() or judged.empty:
        return []
    levels, own = levels.reset_index(drop=True), int(np.flatnonzero(is_own)[0])
    tier = judged["reference_tier"].iloc[0]
    tier = TIERS[0] if np.isnan(tier) else int(tier)
    for group in spec.purposes(levels):
        if own not in group.at:
            continue
        row = int(np.flatnonzero(group.at == own)[0])
        peers = group.at[peers_of(levels, spec.measure, group, tier)[row]]
        at_reference = levels["level"].iloc[peers] <= judged["reference_threshold"].iloc[0]
        return sorted(set(levels["device_key"].iloc[peers][at_reference]))
    return []


def protocol_sheet(
    frame: pd.DataFrame,
    parameters: Sequence[Parameter],
    key: tuple[str, str],
    devices: list[str],
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per tracked parameter.

    Args:
        frame: From ``prepared``.
        parameters: The settings to show, in order.
        key: Device and protocol.
        devices: The scanners that are the reference, for instance from ``reference_devices``, or
            one chosen by hand.
        as_of: The last of the trailing days that are looked at.

    Returns:
        ``value`` (the setting most acquisitions have, None where not reported), the share that has
        it and the ``n`` that report it; the same of the reference; ``differs``: beyond the
        tolerance, None where one side does not report it.

    Raises:
        ValueError: The scanner has no such protocol in the trailing days.
    """
    window = frame[
        (frame["study_date"] <= as_of)
        & (frame["study_date"] > as_of - pd.Timedelta(days=limit("current_days")))
    ]
    same = window[window["protocol_key"] == key[1]]
    own, others = same[same["device_key"] == key[0]], same[same["device_key"].isin(devices)]
    if own.empty:
        raise ValueError(f"no acquisition of {' and '.join(SERIES)} in the trailing days")
    return pd.DataFrame(
        [_row(parameter, own, others) for parameter in parameters], columns=list(_COLUMNS)
    )


def _row(parameter: Parameter, own: pd.DataFrame, others: pd.DataFrame) -> dict[str, Any]:
    value, share, n = _setting(parameter, own[parameter.name])
    reference, reference_share, reference_n = _setting(parameter, others[parameter.name])
    differs: bool | None = None
    if value is not None and reference is not None:
        differs = (
            value != reference
            if parameter.kind == "term"
            else bool(parameter.departs(pd.Series([value]).to_numpy(), reference)[0])
        )
    return {
        "parameter": parameter.name,
        "label": parameter.label,
        "unit": parameter.unit,
        "value": value,
        "value_share": share,
        "n": n,
        "reference": reference,
        "reference_share": reference_share,
        "reference_n": reference_n,
        "reference_devices": others["device_key"].nunique(),
        "differs": differs,
    }


def _setting(parameter: Parameter, values: pd.Series) -> tuple[Any, float | None, int]:
    known = values.dropna()
    if known.empty:
        return None, None, 0
    if parameter.kind == "term":
        term = most_frequent(known)
        return term, float((known == term).mean()), len(known)
    return *parameter.mode(known.to_numpy(dtype=float)), len(known)
