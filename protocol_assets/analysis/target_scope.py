"""What a target may be scoped by; here without pandas, for the commands that read targets."""

from __future__ import annotations

from typing import Final

__all__ = ["TARGET_SCOPE"]

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
