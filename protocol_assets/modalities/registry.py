"""The modalities that the platform knows. A new one is added here, and nowhere else."""

from __future__ import annotations

from typing import Final

from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.spec import Modality

__all__ = ["MODALITIES"]

MODALITIES: Final[tuple[Modality, ...]] = (MR,)
