"""Body region of a series: protocol text, then procedure and study text, then the body part."""

from __future__ import annotations

from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.protocols.texts import TextRules
from protocol_assets.protocols.words import words
from protocol_assets.vendors.row import Row, text
from protocol_assets.vendors.texts import Texts

__all__ = ["anatomy"]

_MULTI = "multi_region"


def anatomy(row: Row, texts: Texts, exam_texts: Texts) -> tuple[str | None, str | None]:
    """The region as a term and what told it; ``multi_region`` where several are named.

    A study may hold several regions, so that the series' own text decides where it names exactly
    one. Where it names none, procedure and study text decide; where it names several, what it
    shares with them. A coded region comes next. Body Part Examined (0018,0015) is absent in a
    third of series and wrong at times: it counts only where nothing else names a region.

    Args:
        row: The series.
        texts: Texts that speak of the series.
        exam_texts: Texts that speak of its exam.

    Returns:
        Term of the vocabulary ``anatomy`` and of ``anatomy_evidence``; None, None where nothing
        names a region.
    """
    own = _rules().terms(*texts)
    if len(own) == 1:
        return next(iter(own)), "series_text"
    study = _rules().terms(*exam_texts)
    shared = own & study if own else study
    if shared:
        return _only(shared), "exam_text"
    if own:
        return _MULTI, "series_text"
    coded = _rules().terms(text(row, "AnatomicRegionCodeMeaning") or "")
    if coded:
        return _only(coded), "region_code"
    body_part = _body_part(text(row, "BodyPartExamined") or "")
    return body_part, "body_part" if body_part else None


def _only(terms: frozenset[str]) -> str:
    return next(iter(terms)) if len(terms) == 1 else _MULTI


@lru_cache(maxsize=4096)
def _body_part(value: str) -> str | None:
    coded = _body_parts().get("".join(words(value)))
    if coded is not None:
        return coded
    terms = _rules().terms(value)
    return next(iter(terms)) if len(terms) == 1 else None


@cache
def _body_parts() -> dict[str, str]:
    return {row["body_part"]: row["anatomy"] for row in read_table("anatomy_body_parts.csv")}


@cache
def _rules() -> TextRules:
    return TextRules("anatomy_text.csv", "anatomy")
