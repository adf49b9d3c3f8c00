"""What the values of Image Type (0008,0008) say of a role; the rules are a data file."""

from __future__ import annotations

from functools import lru_cache

from protocol_assets.data import read_table

__all__ = ["image_type_terms"]


@lru_cache(maxsize=8192)
def image_type_terms(kind: str, image_type: tuple[str, ...]) -> frozenset[str]:
    """The terms of one kind that the values after ORIGINAL/DERIVED and PRIMARY/SECONDARY name."""
    values = image_type[2:]
    table = read_table("role_image_types.csv")
    return frozenset(r["term"] for r in table if r["kind"] == kind and r["value"] in values)
