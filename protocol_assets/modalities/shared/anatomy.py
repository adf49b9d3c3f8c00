"""Body region of a series: protocol text, then procedure and study text, then the body part."""

from __future__ import annotations

from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.person_names import without_names, without_titled_names
from protocol_assets.modalities.shared.row import Row, text
from protocol_assets.modalities.shared.texts import TextRules
from protocol_assets.modalities.shared.words import words

__all__ = ["anatomy"]

_MULTI = "multi_region"


def anatomy(row: Row, texts: Texts, exam_texts: Texts) -> tuple[str | None, str | None]:
    """The region as a term and what told it; ``multi_region`` where several are named.

    A study may hold several regions, so that the series' own text decides where it names exactly
    one. Where it names none, procedure and study text decide; where it names several, what it
    shares with them. A coded region comes next. Body Part Examined (0018,0015) is absent in a
    third of series and wrong at times: it counts only where nothing else names a region. Last
    come words that only imply one: a short axis is the heart's where nothing names another region,
    and *foster* a fetus and no surname. Names of people are no words of anatomy.

    Args:
        row: The series.
        texts: Texts that speak of the series.
        exam_texts: Texts that speak of its exam.

    Returns:
        Term of the vocabulary ``anatomy`` and of ``anatomy_evidence``; None, None where nothing
        names a region.
    """
    own, study = _terms("named", texts), _terms("named", exam_texts)
    if own or study:
        return _named(own, study)
    coded = _rules().terms(text(row, "AnatomicRegionCodeMeaning") or "")
    if coded:
        return _only(coded), "region_code"
    body_part = _body_part(text(row, "BodyPartExamined") or "")
    if body_part:
        return body_part, "body_part"
    return _implied(texts, exam_texts)


def _implied(texts: Texts, exam_texts: Texts) -> tuple[str | None, str | None]:
    for told_by, said in (("series_text", texts), ("exam_text", exam_texts)):
        implied = _terms("implied", said)
        if implied:
            return _only(implied), told_by
    return None, None


def _terms(kind: str, texts: Texts) -> frozenset[str]:
    """The regions that the texts name beside the names of people."""
    found: frozenset[str] = frozenset()
    for one in texts:
        found |= _rules(kind).terms(without_names(one)) or _rules(kind).terms(
            without_titled_names(one)
        )
    return found


def _named(own: frozenset[str], study: frozenset[str]) -> tuple[str, str]:
    """The region that the texts of the series, else of its exam, name."""
    outweighing = (own | study) & _outweighing()
    if outweighing:
        term = next(iter(outweighing))
        return term, "series_text" if term in own else "exam_text"
    if own and (_only(own) != _MULTI or own == {_MULTI}):
        return _only(own), "series_text"
    shared = own & study if own else study
    return (_only(shared), "exam_text") if shared else (_MULTI, "series_text")


def _only(terms: frozenset[str]) -> str:
    """The one region that the terms name together; ``multi_region`` where there are several."""
    found = set(terms)
    for row in read_table("anatomy_together.csv"):
        if {row["first"], row["second"]} <= found:
            found -= {row["first"], row["second"]}
            found.add(row["together"])
    return next(iter(found)) if len(found) == 1 else _MULTI


@cache
def _outweighing() -> frozenset[str]:
    """Regions that are the whole exam's, whatever else is named beside them."""
    rows = read_table("anatomy_together.csv")
    return frozenset(row["first"] for row in rows if row["second"] == "*")


@lru_cache(maxsize=4096)
def _body_part(value: str) -> str | None:
    coded = _body_parts().get("".join(words(value)))
    if coded is not None:
        return coded
    terms = _rules().terms(value)
    return _only(terms) if terms == {_MULTI} or _only(terms) != _MULTI else None


@cache
def _body_parts() -> dict[str, str]:
    return {row["body_part"]: row["anatomy"] for row in read_table("anatomy_body_parts.csv")}


@cache
def _rules(kind: str = "named") -> TextRules:
    return TextRules("anatomy_text.csv", "anatomy", kind)
