"""Which scanners may judge which: peers in tiers, from the same image to the same purpose.

A rule that demands the same image leaves most of a mixed fleet without a comparison. So there are
four tiers, from strict to lenient:

1. The same image: voxel volume and bandwidth within a quarter, the same fat suppression,
   trajectory, acceleration and partial Fourier.
2. The same purpose at the same acceleration, the averaging of a peer whose image has more signal
   carried over to the scanner's own voxel and bandwidth:
   signal to noise ~ voxel x sqrt(averaging x lines x columns / bandwidth).
3. The same purpose at the same acceleration or an unreported one, with nothing carried over.
4. The same purpose at any acceleration, that of a peer who accelerates less carried over.

In every tier body region, role, contrast phase, field strength, 2D or 3D and reconstruction are the
same. A parameter that only one of the two reports is not a contradiction in tiers 2 to 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.frame import group_indices
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.peers import are_near, are_same, is_either_unknown
from protocol_assets.analysis.spec import Group, Matrix
from protocol_assets.analysis.statistics import Floats

__all__ = ["PURPOSE", "judged_as", "purposes"]

Positions = npt.NDArray[np.intp]

PURPOSE: Final = {
    "anatomy": "anatomy",
    "role": "role",
    "contrast_phase": "contrast phase",
    "field_strength_class_t": "field strength",
    "dimension": "2D or 3D",
    "reconstruction": "reconstruction",
}
"""What scanners have in common that may judge each other, as of ``judged_as``, by its name."""


def purposes(levels: pd.DataFrame) -> Iterator[Group]:
    """The groups of scanner protocols whose purpose is known.

    Args:
        levels: From ``current_levels``, its index from 0 on.
    """
    known = judged_as(levels)
    for at in group_indices(known, list(PURPOSE)).values():
        yield _group(known.iloc[at], levels["reconstruction"].iloc[at].notna().to_numpy(), at)


def judged_as(levels: pd.DataFrame) -> pd.DataFrame:
    """The levels with the ``reconstruction`` that each is judged as.

    A reconstruction that is not reported is judged as the standard one, which needs the most
    averages: no scanner is found above it that would not be above its own as well. It is judged,
    but judges none.
    """
    reconstruction = levels["reconstruction"].astype(object)
    return levels.assign(reconstruction=reconstruction.where(reconstruction.notna(), "standard"))


def _group(levels: pd.DataFrame, knows_reconstruction: Matrix, at: Positions) -> Group:
    judges = levels["level"].notna().to_numpy() & knows_reconstruction
    candidates = ~are_same(levels["device_key"]) & judges[None, :]
    acceleration = levels["acceleration"].to_numpy()
    fourier = levels["partial_fourier_fraction"].to_numpy()
    trajectory = levels["trajectory"].where(levels["trajectory"].notna(), "cartesian")
    same_path = are_same(trajectory)
    same_fat = are_same(levels["fat_suppression"])
    rather_same_fat = same_fat | is_either_unknown(levels["fat_suppression"])
    same_acceleration = are_near(acceleration, 1.0 + 1e-6)
    rather_same_acceleration = same_acceleration | is_either_unknown(levels["acceleration"])
    same_fourier = are_near(fourier, limit("fair_fourier")) | is_either_unknown(
        levels["partial_fourier_fraction"]
    )
    acquired = levels["voxel_mm3"].to_numpy()
    both = ~is_either_unknown(levels["voxel_mm3"])
    fair = limit("fair_ratio")
    same_voxel = np.where(
        both, are_near(acquired, fair), are_near(levels["pixel_volume_mm3"].to_numpy(), fair)
    )
    same_bandwidth = are_near(levels["bandwidth_hz_per_px"].to_numpy(), fair)
    by_image = _carried(levels)
    by_lines = np.nan_to_num(acceleration[:, None] / acceleration[None, :], nan=1.0)
    by_lines *= np.nan_to_num(fourier[None, :] / fourier[:, None], nan=1.0)
    alike = candidates & same_path & rather_same_fat
    similar = alike & same_fourier
    image = {
        "voxel": same_voxel,
        "bandwidth": same_bandwidth,
        "acceleration": same_acceleration,
        "fat suppression": same_fat,
        "trajectory": same_path,
        "partial Fourier": same_fourier,
    }
    return Group(
        at=at,
        candidates=candidates,
        similar=similar,
        tiers={
            1: candidates & np.logical_and.reduce(list(image.values())),
            2: similar & same_acceleration & ~np.isnan(by_image),
            3: similar & rather_same_acceleration,
            4: alike,
        },
        carried={2: _from_one(by_image), 4: _from_one(by_lines)},
        short_of={name: candidates & ~same for name, same in image.items()},
    )


def _carried(levels: pd.DataFrame) -> Floats:
    """What the averaging of j is worth in the image of i: signal to noise held."""
    lines = levels["matrix_phase"].to_numpy() * levels["matrix_frequency"].to_numpy()
    worth = levels["voxel_mm3"].to_numpy() ** 2 * lines / levels["bandwidth_hz_per_px"].to_numpy()
    return np.asarray(worth[None, :] / worth[:, None], dtype=np.float64)


def _from_one(factor: Floats) -> Floats:
    """A peer is never taken for less than it runs."""
    return np.maximum(np.nan_to_num(factor, nan=1.0), 1.0)
