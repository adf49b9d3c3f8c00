"""The limits of disclosure control, from ``disclosure_limits.csv``."""

from __future__ import annotations

from typing import Final

from protocol_assets.data.limits import read_limits

__all__ = ["K_PATIENTS", "disclosure_limit"]


def disclosure_limit(name: str) -> int:
    """One limit by its name in the file."""
    return int(read_limits("disclosure_limits.csv")[name].value)


K_PATIENTS: Final = disclosure_limit("least_patients")
"""Distinct patients behind whatever is published or can be worked out."""
