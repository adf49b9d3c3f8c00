"""Which scanners may judge which: peers in tiers, from the same image to the same purpose.

A rule that demands the same image leaves most of a mixed fleet without a comparison. So there are
four tiers, from strict to lenient:

1. The same image: voxel volume and bandwidth within a quarter, the same fat suppression,
   trajectory, acceleration and partial Fourier.
2. The same purpose at the same acceleration, the averaging of a peer whose image has more signal
   carried over to the scanner's own voxel and bandwidth:
   signal to noise ~ voxel x sqrt(averaging x lines x columns / bandwidth).
3. The same purpose at the same acceleration or one that is not told, with nothing carried over.
4. The same purpose at any acceleration, that of a peer who accelerates less carried over.

In every tier body region, role, contrast phase, field strength, 2D or 3D and reconstruction are the
same. A parameter that only one of the two reports is not a contradiction in tiers 2 to 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.frame import Floats, group_indices
from protocol_assets.analysis.levels import Positions
from protocol_assets.analysis.limits import limit

__all__ = ["PURPOSE", "TIERS", "Group", "Matrix", "judged_as", "purposes"]

Matrix = npt.NDArray[np.bool]

PURPOSE: Final = (
    "anatomy",
    "role",
    "contrast_phase",
    "field_strength_class_t",
    "dimension",
    "reconstruction",
)
"""What scanners have in common that may judge each other, as of ``judged_as``."""

TIERS: Final = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Group:
    """Scanner protocols of one purpose and their relations; [i, j] is what j is to i.

    Attributes:
        at: Their positions in the levels.
        candidates: On another scanner, with a level and a reported reconstruction.
        similar: Candidates that differ in no more than voxel, bandwidth and acceleration.
        tiers: Peers by tier.
        carried: Factor from 1 on that carries the averaging of j over to what i needs, by tier.
        short_of: What keeps candidates out of the first tier, by name.
    """

    at: Positions
    candidates: Matrix
    similar: Matrix
    tiers: dict[int, Matrix]
    carried: dict[int, Floats]
    short_of: dict[str, Matrix]


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

    A reconstruction that is not told is judged as the standard one, which needs the most averages:
    nobody is found above it who would not be above his own as well. It is judged, but judges
    nobody.
    """
    reconstruction = levels["reconstruction"].astype(object)
    return levels.assign(reconstruction=reconstruction.where(reconstruction.notna(), "standard"))


def _group(levels: pd.DataFrame, tells_reconstruction: Matrix, at: Positions) -> Group:
    judges = levels["level"].notna().to_numpy() & tells_reconstruction
    candidates = ~_same(levels["device_key"]) & judges[None, :]
    acceleration = levels["acceleration"].to_numpy()
    fourier = levels["partial_fourier_fraction"].to_numpy()
    trajectory = levels["trajectory"].where(levels["trajectory"].notna(), "cartesian")
    same_path = _same(trajectory)
    same_fat = _same(levels["fat_suppression"])
    rather_same_fat = same_fat | _untold(levels["fat_suppression"])
    same_acceleration = _near(acceleration, 1.0 + 1e-6)
    rather_same_acceleration = same_acceleration | _either_nan(acceleration)
    same_fourier = _near(fourier, limit("fair_fourier")) | _either_nan(fourier)
    acquired = levels["voxel_mm3"].to_numpy()
    both = ~_either_nan(acquired)
    fair = limit("fair_ratio")
    same_voxel = np.where(
        both, _near(acquired, fair), _near(levels["pixel_volume_mm3"].to_numpy(), fair)
    )
    same_bandwidth = _near(levels["bandwidth_hz_per_px"].to_numpy(), fair)
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


def _same(values: pd.Series) -> Matrix:
    """Equal and told."""
    codes = pd.factorize(values)[0]
    return np.asarray((codes[:, None] == codes[None, :]) & (codes >= 0)[None, :], dtype=np.bool)


def _untold(values: pd.Series) -> Matrix:
    """One of the two is not told."""
    absent = values.isna().to_numpy()
    return np.asarray(absent[:, None] | absent[None, :], dtype=np.bool)


def _either_nan(values: Floats) -> Matrix:
    absent = np.isnan(values)
    return np.asarray(absent[:, None] | absent[None, :], dtype=np.bool)


def _near(values: Floats, factor: float) -> Matrix:
    own, other = values[:, None], values[None, :]
    return np.asarray((other <= own * factor) & (own <= other * factor), dtype=np.bool)
