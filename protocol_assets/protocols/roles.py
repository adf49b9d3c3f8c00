"""Role of a series: plane and weighting, or localizer; fat suppression.

Physics first, text second: what the header measures outweighs what somebody typed. ``texts`` are
those that speak of the series (``vendors.texts.series_texts``).
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.protocols.texts import TextRules
from protocol_assets.vendors.row import Row, number, numbers, positive, text, tokens
from protocol_assets.vendors.sequence import has_inversion
from protocol_assets.vendors.texts import Texts

__all__ = ["fat_suppression", "is_localizer", "plane", "role", "weighting"]

_AXES = ("sag", "cor", "ax")
# A slice belongs to the plane whose axis is within 45 degrees of its normal; beyond, it is oblique.
_WITHIN = math.cos(math.radians(45))
# A sequential gradient echo (TR in ms) through several orientations, one image a slice.
_LOCALIZER_TR = 50.0
_DIFFUSION_SEQUENCE = re.compile(r"\bep_?b\d", re.IGNORECASE)
# Echo time (ms) from which a gradient echo is T2* weighted.
_T2_STAR_TE = 10.0
_STATES_FAT_SATURATION = frozenset({"siemens", "ge", "philips"})
# How two words for weighting read together.
_TOGETHER = {
    frozenset({"t1", "flair"}): "t1_flair",
    frozenset({"t1", "t1_flair"}): "t1_flair",
    frozenset({"t2", "flair"}): "flair",
    frozenset({"t2", "stir"}): "stir",
    frozenset({"t1", "stir"}): "stir",
    frozenset({"t2", "t2_star"}): "t2_star",
}


def role(localizer: bool, plane: str | None, weighting: str | None) -> str | None:
    """``localizer``, or plane and weighting joined; None where one of them is unknown."""
    if localizer:
        return "localizer"
    return None if plane is None or weighting is None else f"{plane}_{weighting}"


def is_localizer(row: Row, texts: Texts, family: str | None, dimension: str | None) -> bool:
    """By Image Type, by text, or by physics: a fast 2D gradient echo in several orientations."""
    if "localizer" in _image_type_terms("localizer", tokens(row, "ImageType")):
        return True
    if _rules("localizer").terms(*texts):
        return True
    tr = positive(row, "RepetitionTime")
    orientations = number(row, "ImageOrientationPatient_distinct")
    frames = positive(row, "NumberOfFrames")
    slices = positive(row, "ImagePositionPatient_distinct")
    if tr is None or orientations is None or frames is None or slices is None:
        return False
    is_fast = family == "gre" and dimension == "2d" and tr < _LOCALIZER_TR
    return is_fast and orientations >= 3 and frames <= slices


def plane(row: Row, texts: Texts) -> str | None:
    """``sag``, ``cor``, ``ax`` or ``obl`` from Image Orientation (Patient), else from the text."""
    cosines = numbers(row, "ImageOrientationPatient")
    if len(cosines) == 6:
        found = _plane(cosines)
        if found is not None:
            return found
    terms = _rules("plane").terms(*texts)
    return next(iter(terms)) if len(terms) == 1 else None


def weighting(row: Row, texts: Texts, family: str | None, dimension: str | None) -> str | None:
    """Contrast weighting by physics, else by text.

    Order: diffusion, inversion recovery, gradient echo, then repetition and echo time. The special
    cases come before the general ones, which they would satisfy too (a FLAIR has the TR and TE of a
    T2). STIR needs an inversion recovery sequence: SPAIR has an inversion time as well.
    """
    if _is_diffusion(row, family):
        return "dwi"
    physics = _by_physics(row, family, dimension)
    return physics if physics is not None else _by_text(texts)


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
    if "dixon" in named or _image_type_terms("fat_suppression", tokens(row, "ImageType")):
        return "dixon"
    selected = text(row, "SpectrallySelectedSuppression")
    if selected == "FAT" or "FS" in tokens(row, "ScanOptions"):
        return "fat_saturation"
    for term in ("water_excitation", "fat_saturation"):
        if term in named:
            return term
    states_it = vendor in _STATES_FAT_SATURATION and bool(tokens(row, "ScanningSequence"))
    return "none" if selected == "NONE" or states_it else None


def _is_diffusion(row: Row, family: str | None) -> bool:
    if positive(row, "DiffusionBValue_max") is not None:
        return True
    if "dwi" in _image_type_terms("weighting", tokens(row, "ImageType")):
        return True
    if family != "epi":
        return False
    sequence = text(row, "SequenceName") or text(row, "PulseSequenceName") or ""
    return bool(_DIFFUSION_SEQUENCE.search(sequence))


def _by_physics(row: Row, family: str | None, dimension: str | None) -> str | None:
    tr, te = positive(row, "RepetitionTime"), positive(row, "EchoTime")
    ti = positive(row, "InversionTime")
    if te is None or tr is None:
        return None
    if ti is not None:
        inverted = _inverted(ti, te, family, dimension, has_inversion(row))
        if inverted is not None:
            return inverted
    is_gradient = _is_gradient_epi(row) if family == "epi" else family == "gre"
    if is_gradient is None:
        return None
    return _gradient_echo(row, te) if is_gradient else _spin_echo(tr, te)


def _is_gradient_epi(row: Row) -> bool | None:
    """Whether an EPI is a gradient echo; Siemens says so in the sequence name only (``epfid``)."""
    name = (text(row, "SequenceName") or text(row, "PulseSequenceName") or "").lower()
    scanning = tokens(row, "ScanningSequence")
    if "GR" in scanning or "fid" in name:
        return True
    if "SE" in scanning or "se2d" in name:
        return False
    return True if text(row, "EchoPulseSequence") == "GRADIENT" else None


def _inverted(
    ti: float, te: float, family: str | None, dimension: str | None, has_inversion: bool
) -> str | None:
    if family != "gre" and ti > 1500:
        return "flair"
    if not has_inversion:
        return None
    if 500 <= ti <= 1200 and te < 50:
        # MPRAGE and its kin: a prepared 3D gradient echo, by its short echo time where GE says RM.
        is_prepared = family == "gre" or (dimension == "3d" and te < 6)
        return "t1" if is_prepared else "t1_flair"
    return "stir" if 75 <= ti <= 260 and family != "gre" else None


def _gradient_echo(row: Row, te: float) -> str | None:
    if te >= _T2_STAR_TE:
        return "t2_star"
    variant = tokens(row, "SequenceVariant")
    # A balanced steady state is neither; the text may tell.
    return None if "SS" in variant and "SP" not in variant else "t1"


def _spin_echo(tr: float, te: float) -> str | None:
    if tr < 1200 and te < 30:
        return "t1"
    if tr > 2000 and te > 60:
        return "t2"
    if tr > 1500 and te < 50:
        return "pd"
    return None


def _by_text(texts: Texts) -> str | None:
    terms = _rules("weighting").terms(*texts)
    if "dwi" in terms:
        return "dwi"
    return next(iter(terms)) if len(terms) == 1 else _TOGETHER.get(terms)


@lru_cache(maxsize=65536)
def _plane(cosines: tuple[float, ...]) -> str | None:
    rx, ry, rz, cx, cy, cz = cosines
    normal = (ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx)
    length = math.sqrt(sum(component * component for component in normal))
    # Both direction cosines have length 1 and stand at right angles.
    if not 0.9 < length < 1.1:
        return None
    share, axis = max((abs(c) / length, axis) for c, axis in zip(normal, _AXES, strict=True))
    return axis if share >= _WITHIN else "obl"


@lru_cache(maxsize=8192)
def _image_type_terms(kind: str, image_type: tuple[str, ...]) -> frozenset[str]:
    # The first two values are ORIGINAL/DERIVED and PRIMARY/SECONDARY.
    values = image_type[2:]
    table = read_table("role_image_types.csv")
    return frozenset(r["term"] for r in table if r["kind"] == kind and r["value"] in values)


@cache
def _rules(kind: str) -> TextRules:
    return TextRules("role_text.csv", "term", kind)
