"""Fat suppression and 2D or 3D: header first, text where the header is silent."""

from __future__ import annotations

from functools import cache

from protocol_assets.modalities.mr.roles.image_types import image_type_terms
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row, text, tokens
from protocol_assets.modalities.shared.texts import TextRules

__all__ = ["dimension_named", "fat_suppression"]

_STATES_FAT_SATURATION = frozenset({"siemens", "ge", "philips"})


def fat_suppression(
    row: Row, texts: Texts, weighting: str | None, vendor: str | None
) -> str | None:
    """``stir``, ``dixon``, ``water_excitation``, ``fat_saturation`` or ``none``.

    ``none`` needs a header that would say otherwise: Spectrally Selected Suppression (0018,9025),
    or Scan Options (0018,0022) of a vendor that lists ``FS`` there, in a header whose sequence
    attributes are there (Scan Options is empty where no option is on).
    """
    if weighting == "stir":
        return "stir"
    named = _rules("fat_suppression").terms(*texts)
    if "dixon" in named or image_type_terms("fat_suppression", tokens(row, "ImageType")):
        return "dixon"
    selected = text(row, "SpectrallySelectedSuppression")
    if selected == "FAT" or "FS" in tokens(row, "ScanOptions"):
        return "fat_saturation"
    for term in ("water_excitation", "fat_saturation"):
        if term in named:
            return term
    states_it = vendor in _STATES_FAT_SATURATION and bool(tokens(row, "ScanningSequence"))
    return "none" if selected == "NONE" or states_it else None


def dimension_named(texts: Texts) -> str | None:
    """``2d`` or ``3d`` where the texts name one, e.g. by a sequence that exists in 3D only."""
    terms = _rules("dimension").terms(*texts)
    return next(iter(terms)) if len(terms) == 1 else None


@cache
def _rules(kind: str) -> TextRules:
    return TextRules("role_text.csv", "term", kind)
