"""The modalities that the platform knows. A new one is added here, and nowhere else."""

from __future__ import annotations

from functools import cache
from typing import Final

from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.spec import Modality

__all__ = ["MODALITIES", "modality_of"]

MODALITIES: Final[tuple[Modality, ...]] = (MR,)


@cache
def modality_of(data_set: str) -> Modality:
    """Return the modality whose flattened rows are in a data set.

    Args:
        data_set: A data set of the restricted zone, such as ``series``.

    Raises:
        KeyError: No registered modality has it.
    """
    return {one.data_set: one for one in MODALITIES}[data_set]
