"""Which protocol-series are fair peers of which: those that make the same image elsewhere.

All pairs at once, as square matrices in the order of the levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.frame import Floats
from protocol_assets.analysis.levels import IDENTITY
from protocol_assets.analysis.limits import limit

__all__ = ["Pairs", "judged_as", "pairs"]

Matrix = npt.NDArray[np.bool]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Relations of protocol-series; [i, j] is true where j stands in it to i.

    Attributes:
        candidates: The same protocol on another scanner, with a known level and reconstruction.
        fair: Fair peers among all protocols: on another scanner, with a known level, voxel volume
            and bandwidth within a quarter, the same fat suppression, trajectory, contrast phase,
            dimension and reconstruction. What one of them does not tell is not the same. Voxels
            are compared as acquired where both tell it, else as reconstructed. A trajectory that
            is not told is Cartesian: headers name the exception.
        same_model: The same anatomy, role and so on by scanners of one model, at any field.
        same_averaging: The same measure; where that is NEX, lines are acquired alike.
    """

    candidates: Matrix
    fair: Matrix
    same_model: Matrix
    same_averaging: Matrix


def pairs(levels: pd.DataFrame) -> Pairs:
    """The relations of all protocol-series to each other.

    Args:
        levels: From ``current_levels``.
    """
    known = levels["level"].notna() & levels["reconstruction"].notna()
    elsewhere = ~_same(levels["device_key"]) & known.to_numpy()[None, :]
    levels = judged_as(levels)
    protocol = [name for name in IDENTITY if name not in ("vendor", "model", "site")]
    model = [name for name in IDENTITY if name not in ("field_strength_class_t", "site")]
    same_protocol = np.logical_and.reduce([_same(levels[name]) for name in protocol])
    return Pairs(
        candidates=(_same(levels["protocol_key"]) | same_protocol) & elsewhere,
        fair=_same_image(levels) & elsewhere,
        same_model=np.logical_and.reduce([_same(levels[name]) for name in model]) & elsewhere,
        same_averaging=_same_averaging(levels),
    )


def judged_as(levels: pd.DataFrame) -> pd.DataFrame:
    """The levels with the reconstruction that each is judged as.

    One that is not told is judged as the standard one, which needs the most averages: nobody is
    found above it who would not be above his own as well. It is judged, but judges nobody.
    """
    reconstruction = levels["reconstruction"].astype(object)
    return levels.assign(reconstruction=reconstruction.where(reconstruction.notna(), "standard"))


def _same_image(levels: pd.DataFrame) -> Matrix:
    acquired = levels["voxel_mm3"].to_numpy()
    both = ~np.isnan(acquired)[:, None] & ~np.isnan(acquired)[None, :]
    same = np.where(both, _near(acquired), _near(levels["pixel_volume_mm3"].to_numpy()))
    same &= _near(levels["bandwidth_hz_per_px"].to_numpy())
    for column in ("fat_suppression", "contrast_phase", "dimension", "reconstruction"):
        same &= _same(levels[column])
    trajectory = levels["trajectory"]
    same &= _same(trajectory.where(trajectory.notna(), "cartesian"))
    return np.asarray(same, dtype=np.bool)


def _same_averaging(levels: pd.DataFrame) -> Matrix:
    is_effective = (levels["measure"] == "effective_averages").to_numpy()
    oversampling = levels["phase_oversampling_percent"].to_numpy()
    with np.errstate(invalid="ignore"):
        apart = np.abs(oversampling[:, None] - oversampling[None, :])
    untold = np.isnan(oversampling)
    alike = (apart <= limit("fair_oversampling")) | (untold[:, None] & untold[None, :])
    alike &= _same(levels["no_phase_wrap"])
    acceleration = levels["acceleration_in_plane"].to_numpy()
    unknown = np.isnan(acceleration)
    alike &= (acceleration[:, None] == acceleration[None, :]) | (
        unknown[:, None] & unknown[None, :]
    )
    return np.asarray(_same(levels["measure"]) & (is_effective[:, None] | alike), dtype=np.bool)


def _same(values: pd.Series) -> Matrix:
    """Equal and told."""
    codes = pd.factorize(values)[0]
    return np.asarray((codes[:, None] == codes[None, :]) & (codes >= 0)[None, :], dtype=np.bool)


def _near(values: Floats) -> Matrix:
    factor = limit("fair_ratio")
    own, other = values[:, None], values[None, :]
    return np.asarray((other <= own * factor) & (own <= other * factor), dtype=np.bool)
