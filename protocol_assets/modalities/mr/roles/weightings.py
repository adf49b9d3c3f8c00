"""Contrast weighting of a series: by what the header measures, and by what its texts say.

The physics is DICOM's and the field's: inversion recovery first, gradient echoes, then repetition
and echo time. The texts are rule files: ``role_text.csv`` says what words mean,
``role_weightings_together.csv`` what they mean together, ``role_agreements.csv`` where a text says
more or less than the physics without contradicting it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from protocol_assets.data import read_table
from protocol_assets.modalities.mr.roles.image_types import image_type_terms
from protocol_assets.modalities.mr.vendors.sequence import has_inversion
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row, number, positive, text, tokens
from protocol_assets.modalities.shared.texts import TextRules

__all__ = ["Weighting", "weighting"]

_DIFFUSION_SEQUENCE = re.compile(r"\bep_?b\d", re.IGNORECASE)
# Echo times in ms: a gradient echo is T2* weighted from the one and T1 weighted below the other.
_T2_STAR_TE, _T1_TE = 10.0, 7.0
# Inversion times in ms that null fat, at 0.2 to 3 T.
_STIR_TI = (75.0, 260.0)
# Shortest inversion time in ms that nulls fluid (Canon 3D FLAIR: 1500) and echo time that shows it,
# and the repetition time in ms beyond which a text that says FLAIR is believed where the header
# leaves the inversion time out.
_FLAIR_TI, _FLAIR_TE, _FLAIR_TR = 1400.0, 50.0, 6000.0
# Echo time in ms below which an inversion recovery is T1 weighted, and the repetition times in ms
# of a T1 FLAIR at 1.5 and 3 T: without the inversion they would be those of a proton density.
_T1_FLAIR_TE, _T1_FLAIR_TR = 50.0, (1200.0, 3500.0)


@dataclass(frozen=True, slots=True)
class Weighting:
    """A weighting and where it comes from.

    Attributes:
        term: The weighting; None where neither physics nor text tell one.
        by_physics: What the header measures.
        by_text: What the texts say.
        is_conflict: Whether they contradict each other; the physics decides.
        is_sure: Whether it was measured or spelled out, not implied by a sequence's name.
    """

    term: str | None
    by_physics: str | None
    by_text: str | None
    is_conflict: bool
    is_sure: bool


def weighting(row: Row, texts: Texts, family: str | None, dimension: str | None) -> Weighting:
    """Contrast weighting by physics, else by text.

    Order: diffusion, inversion recovery, gradient echo, then repetition and echo time. The special
    cases come before the general ones, which they would satisfy too (a FLAIR has the TR and TE of a
    T2). STIR needs an inversion recovery sequence: SPAIR has an inversion time as well.

    Args:
        row: The series.
        texts: Texts that speak of the series.
        family: ``vendors.sequence.sequence_family``.
        dimension: ``vendors.sequence.dimension``.
    """
    said, is_spelled_out = _by_text(texts)
    measured = _by_physics(row, family, dimension)
    if measured is None:
        # Where the header tells times that decide nothing, a word alone is not the whole story.
        is_open = positive(row, "RepetitionTime") is not None
        return Weighting(said, None, said, False, is_spelled_out and not is_open)
    if said is None or said == measured:
        is_sure = said is not None or family != "gre"
        return Weighting(measured, measured, said, False, is_sure)
    if said == "stir" and _may_be_stir(row, family):
        return Weighting("stir", "stir", said, False, False)
    if said in ("flair", "t1_flair") and _may_be_flair(said, row, family):
        return Weighting(said, measured, said, False, False)
    agreed = _agreements().get((measured, said))
    if agreed is not None:
        return Weighting(agreed, measured, said, False, True)
    return Weighting(measured, measured, said, is_spelled_out, not is_spelled_out)


def _by_physics(row: Row, family: str | None, dimension: str | None) -> str | None:
    if _is_diffusion(row, family):
        return "dwi"
    imaged = image_type_terms("weighting", tokens(row, "ImageType"))
    if len(imaged) == 1:
        return next(iter(imaged))
    tr, te = positive(row, "RepetitionTime"), positive(row, "EchoTime")
    ti = positive(row, "InversionTime")
    if te is None or tr is None:
        return None
    if ti is not None:
        inverted = _inverted(ti, te, family, dimension, has_inversion(row))
        if inverted is not None:
            return inverted
    elif has_inversion(row):
        return None
    is_gradient = _is_gradient_epi(row) if family == "epi" else family == "gre"
    if is_gradient is None:
        return None
    return _gradient_echo(row, te) if is_gradient else _spin_echo(tr, te)


def _is_diffusion(row: Row, family: str | None) -> bool:
    if positive(row, "DiffusionBValue_max") is not None:
        return True
    if "dwi" in image_type_terms("weighting", tokens(row, "ImageType")):
        return True
    if family != "epi":
        return False
    sequence = text(row, "SequenceName") or text(row, "PulseSequenceName") or ""
    return bool(_DIFFUSION_SEQUENCE.search(sequence))


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
    if family != "gre" and ti >= _FLAIR_TI and te >= _FLAIR_TE:
        return "flair"
    if not has_inversion:
        return None
    if 500 <= ti <= 1200 and te < _T1_FLAIR_TE:
        # MPRAGE and its kin: a prepared 3D gradient echo, by its short echo time where GE says RM.
        is_prepared = family == "gre" or (dimension == "3d" and te < 6)
        return "t1" if is_prepared else "t1_flair"
    return "stir" if _STIR_TI[0] <= ti <= _STIR_TI[1] and family != "gre" else None


def _may_be_stir(row: Row, family: str | None) -> bool:
    """Whether the header leaves open that an inversion time is that of a STIR."""
    ti = positive(row, "InversionTime")
    return ti is not None and _STIR_TI[0] <= ti <= _STIR_TI[1] and family != "gre"


def _may_be_flair(said: str, row: Row, family: str | None) -> bool:
    """Whether the times leave open that fluid is nulled by an inversion that is not stated."""
    tr, te = positive(row, "RepetitionTime"), positive(row, "EchoTime")
    if number(row, "InversionTime") is not None or tr is None or family == "gre":
        return False
    if said == "flair":
        return tr > _FLAIR_TR
    shortest, longest = _T1_FLAIR_TR
    return shortest <= tr <= longest and te is not None and te < _T1_FLAIR_TE


def _gradient_echo(row: Row, te: float) -> str | None:
    variant = tokens(row, "SequenceVariant")
    if te >= _T2_STAR_TE:
        return "t2_star"
    if text(row, "AngioFlag") == "Y":
        return "mra"
    # A balanced steady state is neither; the text may tell.
    if te >= _T1_TE or ("SS" in variant and "SP" not in variant):
        return None
    return "t1"


def _spin_echo(tr: float, te: float) -> str | None:
    if tr < 1200 and te < 30:
        return "t1"
    if tr > 2000 and te > 60:
        return "t2"
    if tr > 1500 and te < 50:
        return "pd"
    return None


def _by_text(texts: Texts) -> tuple[str | None, bool]:
    """The weighting that the texts give, and whether they spell it out."""
    spelled_out = _together(_rules("weighting").terms(*texts))
    if spelled_out:
        return (next(iter(spelled_out)) if len(spelled_out) == 1 else None), True
    implied = _together(_rules("sequence").terms(*texts))
    return (next(iter(implied)) if len(implied) == 1 else None), False


def _together(terms: frozenset[str]) -> frozenset[str]:
    """What words for weighting mean together, pair by pair in the order of the table."""
    found = set(terms)
    for row in read_table("role_weightings_together.csv"):
        first, second, together = row["first"], row["second"], row["together"]
        if first not in found:
            continue
        if second == "*":
            return frozenset({together})
        if second == "" or second in found:
            found -= {first, second}
            found |= {together} if together else set()
    return frozenset(found)


@cache
def _agreements() -> dict[tuple[str, str], str]:
    rows = read_table("role_agreements.csv")
    return {(row["physics"], row["text"]): row["weighting"] for row in rows}


@cache
def _rules(kind: str) -> TextRules:
    return TextRules("role_text.csv", "term", kind)
