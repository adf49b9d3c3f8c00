"""Scanners that accelerate less than most of their peers: a finding of its own beside averaging.

Whoever scans without parallel imaging does not average too often; but where most scanners of the
same purpose use it, its minutes may be won. What it costs in noise is at least the root of the
ratio: the g-factor of the coils is not known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.limits import limit
from protocol_assets.modalities.mr.analysis.peers import purposes

__all__ = ["slower_than_peers"]


def slower_than_peers(levels: pd.DataFrame) -> list[dict[str, Any]]:
    """Scanner protocols whose acceleration lies below what half of their peers run at least.

    Args:
        levels: From ``current_levels``, its index from 0 on.

    Returns:
        Findings of the kind ``acceleration``: ``expected`` and ``observed`` factor.
    """
    factor = levels["acceleration"].to_numpy()
    devices = levels["device_key"].to_numpy().astype(str)
    findings = []
    for group in purposes(levels):
        for position, similar in zip(group.at, group.similar, strict=True):
            peers = group.at[similar]
            peers = peers[~np.isnan(factor[peers])]
            _, first = np.unique(devices[peers], return_index=True)
            votes = np.sort(factor[peers[first]])
            if len(votes) < limit("least_peers"):
                continue
            usual = votes[len(votes) // 2]
            if not usual >= factor[position] * limit("acceleration_ratio"):
                continue
            series = levels.iloc[position]
            findings.append(
                {name: series[name] for name in SERIES}
                | {
                    "parameter": "acceleration_in_plane",
                    "kind": "acceleration",
                    "expected": float(usual),
                    "observed": float(factor[position]),
                    "n_exams": series["n_eligible"],
                    "n_affected": series["n_eligible"],
                    "share": 1.0,
                }
            )
    return findings
