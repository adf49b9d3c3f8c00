"""Which scanners may judge which: tiers of peers, from strict to lenient.

A rule that demands the same image leaves most of a mixed fleet without a comparison. So a modality
sorts peers into four tiers (``AnalysisSpec.purposes``): in the first two the image is compared, in
the last two only the purpose of the scan.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.spec import Group, Matrix, Measure
from protocol_assets.analysis.statistics import Floats

__all__ = [
    "LOWEST_TIER",
    "LOW_TIERS",
    "TIERS",
    "are_near",
    "are_same",
    "is_either_unknown",
    "least_peers",
    "peers_of",
]

TIERS: Final = (1, 2, 3, 4)
LOW_TIERS: Final = TIERS[2:]
"""Where nothing of the image is compared: they judge only where no stricter tier can."""
LOWEST_TIER: Final = TIERS[-1]


def least_peers(tier: int) -> int:
    """How many peers a tier needs to judge."""
    return int(limit("least_peers_low" if tier in LOW_TIERS else "least_peers"))


def peers_of(levels: pd.DataFrame, measure: Measure, group: Group, tier: int) -> Matrix:
    """Who judges whom in a tier: like is compared with like.

    A scanner of which only a lower bound of the measure is known is held against the exact values
    of others where enough report them, else against their lower bounds, and in the low tiers only.
    """
    is_exact = (levels["measure"].iloc[group.at] == measure.peers.column).to_numpy()
    judges = group.tiers[tier] & is_exact[None, :] & is_exact[:, None]
    if tier in LOW_TIERS:
        exact_only = group.tiers[tier] & is_exact[None, :]
        is_enough = exact_only.sum(axis=1) >= least_peers(tier)
        others = np.where(is_enough[:, None], exact_only, group.tiers[tier])
        judges = np.where(is_exact[:, None], judges, others)
    return np.asarray(judges, dtype=np.bool)


def are_same(values: pd.Series) -> Matrix:
    """Which pairs of values are equal and known."""
    codes = pd.factorize(values)[0]
    return np.asarray((codes[:, None] == codes[None, :]) & (codes >= 0)[None, :], dtype=np.bool)


def are_near(values: Floats, factor: float) -> Matrix:
    """Which pairs of values differ by no more than a factor; an absent one is near to none."""
    own, other = values[:, None], values[None, :]
    return np.asarray((other <= own * factor) & (own <= other * factor), dtype=np.bool)


def is_either_unknown(values: pd.Series) -> Matrix:
    """In which pairs at least one value is absent."""
    absent = values.isna().to_numpy()
    return np.asarray(absent[:, None] | absent[None, :], dtype=np.bool)
