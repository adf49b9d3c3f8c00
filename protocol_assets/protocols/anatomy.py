"""Body region of a series: protocol text, then procedure and study text, then the body part."""

from __future__ import annotations

from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.protocols.texts import TextRules, words
from protocol_assets.vendors.row import Row, text
from protocol_assets.vendors.texts import Texts

__all__ = ["anatomy"]

_MULTI = "multi_region"


def anatomy(row: Row, texts: Texts, exam_texts: Texts) -> str | None:
    """The region as a term, ``multi_region`` where the texts name several, None where they do not.

    A study may hold several regions, so that the series' own text decides where it names exactly
    one. Where it names none, procedure and study text decide; where it names several, what it
    shares with them. Body Part Examined (0018,0015) is absent in a third of series and wrong at
    times: it counts only where no text names a region.

    Args:
        row: The series.
        texts: Texts that speak of the series.
        exam_texts: Texts that speak of its exam.
    """
    protocol = _rules().terms(*texts)
    if len(protocol) == 1:
        return next(iter(protocol))
    study = _rules().terms(*exam_texts)
    shared = protocol & study if protocol else study
    if shared or protocol:
        return next(iter(shared)) if len(shared) == 1 else _MULTI
    coded = _rules().terms(text(row, "AnatomicRegionCodeMeaning") or "")
    if coded:
        return next(iter(coded)) if len(coded) == 1 else _MULTI
    body_part = text(row, "BodyPartExamined")
    return None if body_part is None else _body_part(body_part)


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
