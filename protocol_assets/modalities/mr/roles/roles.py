"""Role of a series: plane and weighting, or localizer, with evidence, confidence and conflict.

Physics first, text second: what the header measures outweighs what somebody typed. ``texts`` are
those that speak of the series (``vendors.texts.series_texts``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from protocol_assets.data import read_table
from protocol_assets.modalities.mr.roles.image_types import image_type_terms
from protocol_assets.modalities.mr.roles.weightings import Weighting, weighting
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row, number, numbers, positive, tokens
from protocol_assets.modalities.shared.texts import TextRules

__all__ = ["NO_ROLE", "Role", "found_role"]

_AXES = ("sag", "cor", "ax")
# A slice belongs to the plane whose axis is within 45 degrees of its normal; beyond, it is oblique.
_WITHIN = math.cos(math.radians(45))
# A sequential gradient echo (TR in ms) through several orientations, one image a slice.
_LOCALIZER_TR = 50.0


@dataclass(frozen=True, slots=True)
class Role:
    """What a series is for.

    Attributes:
        role: ``localizer``, or plane and weighting joined; None where one of them is unknown or
            no term of the vocabulary ``role`` (``terms.csv``) names them together.
        plane: ``sag``, ``cor``, ``ax`` or ``obl``.
        weighting: Contrast weighting or technique.
        evidence: ``physics``, ``text`` or ``both``: what decided the role.
        confidence: ``high`` where everything is measured or spelled out, ``low`` where physics and
            text contradict each other, ``medium`` in between; None without a role.
        is_conflict: Whether physics and text contradict each other in plane or weighting; None
            where neither says anything.
    """

    role: str | None
    plane: str | None
    weighting: str | None
    evidence: str | None
    confidence: str | None
    is_conflict: bool | None


NO_ROLE: Final = Role(None, None, None, None, None, None)
"""The role of what is no MR image."""


@dataclass(frozen=True, slots=True)
class _Plane:
    term: str | None
    by_physics: str | None
    by_text: str | None
    is_conflict: bool


def found_role(row: Row, texts: Texts, family: str | None, dimension: str | None) -> Role:
    """The role of a series.

    Args:
        row: The series.
        texts: Texts that speak of the series.
        family: ``vendors.sequence.sequence_family``.
        dimension: ``vendors.sequence.dimension``.
    """
    slices, weight = _found_plane(row, texts), weighting(row, texts, family, dimension)
    measured = _is_localizer(row, family, dimension)
    said = bool(_rules("localizer").terms(*texts))
    # A calibration has no weighting to name; beside one the word speaks of something else.
    said |= weight.by_text is None and bool(_rules("calibration").terms(*texts))
    if measured or said:
        return _localizer(measured, said, slices, weight)
    role = _role(slices.term, weight.term)
    is_conflict = slices.is_conflict or weight.is_conflict
    evidence = _evidence(
        slices.by_physics is not None or weight.by_physics is not None,
        slices.by_text is not None or weight.by_text is not None,
    )
    confidence = "high" if weight.is_sure else "medium"
    return Role(
        role=role,
        plane=slices.term,
        weighting=weight.term,
        evidence=evidence if role else None,
        confidence=("low" if is_conflict else confidence) if role else None,
        is_conflict=is_conflict if evidence else None,
    )


def _localizer(measured: str | None, said: bool, slices: _Plane, weight: Weighting) -> Role:
    # A fast scan in three orientations that bears the name of another series may be either.
    is_conflict = (
        measured == "physics"
        and not said
        and slices.by_text is not None
        and weight.by_text is not None
    )
    confidence = "high" if said or measured == "image_type" else "medium"
    return Role(
        role="localizer",
        plane=slices.term,
        weighting=weight.term,
        evidence=_evidence(measured is not None, said),
        confidence="low" if is_conflict else confidence,
        is_conflict=is_conflict,
    )


def _evidence(has_physics: bool, has_text: bool) -> str | None:
    if has_physics:
        return "both" if has_text else "physics"
    return "text" if has_text else None


def _role(plane: str | None, weight: str | None) -> str | None:
    joined = f"{plane}_{weight}"
    return joined if joined in _roles() else None


def _is_localizer(row: Row, family: str | None, dimension: str | None) -> str | None:
    """``image_type``, or ``physics``: a fast 2D gradient echo in several orientations."""
    if "localizer" in image_type_terms("localizer", tokens(row, "ImageType")):
        return "image_type"
    tr = positive(row, "RepetitionTime")
    orientations = number(row, "ImageOrientationPatient_distinct")
    frames = positive(row, "NumberOfFrames")
    slices = positive(row, "ImagePositionPatient_distinct")
    if tr is None or orientations is None or frames is None or slices is None:
        return None
    is_fast = family == "gre" and dimension == "2d" and tr < _LOCALIZER_TR
    return "physics" if is_fast and orientations >= 3 and frames <= slices else None


def _found_plane(row: Row, texts: Texts) -> _Plane:
    """The plane from Image Orientation (Patient), else from the text."""
    cosines = numbers(row, "ImageOrientationPatient")
    measured = _plane(cosines) if len(cosines) == 6 else None
    said = _plane_named(texts)
    if measured is None:
        return _Plane(said, None, said, False)
    if measured == "obl" and said is not None:
        # Between the axes: the name says which of them the slice was tilted from.
        return _Plane(said, measured, said, False)
    is_conflict = said is not None and said not in (measured, "obl")
    return _Plane(measured, measured, said, is_conflict)


def _plane_named(texts: Texts) -> str | None:
    """The one plane named; ``COR OBL`` is tilted from coronal and belongs there."""
    terms = _rules("plane").terms(*texts)
    axes = terms - {"obl"} or terms
    return next(iter(axes)) if len(axes) == 1 else None


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


@cache
def _roles() -> frozenset[str]:
    return frozenset(row["term"] for row in read_table("terms.csv") if row["vocabulary"] == "role")


@cache
def _rules(kind: str) -> TextRules:
    return TextRules("role_text.csv", "term", kind)
