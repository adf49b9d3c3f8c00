"""Contrast phase: what a series says of itself, then what its exam says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row, text
from protocol_assets.modalities.shared.texts import TextRules
from protocol_assets.modalities.shared.words import words

__all__ = [
    "ContrastEvidence",
    "contrast_evidence",
    "contrast_phases",
    "has_contrast_agent",
    "stated_phase",
]

_WITH_AGENT = frozenset({"post", "both"})


@dataclass(frozen=True, slots=True)
class ContrastEvidence:
    """What one series and its order say of a contrast agent.

    Attributes:
        stated: ``pre``, ``post`` or ``none`` by the series' own header and text; None where it is
            silent or contradicts itself.
        is_ordered: Whether procedure or study text promise an agent.
        is_ruled_out: Whether they say that there is none.
        is_described: Whether there was any text to read.
        start: Start of the series.
        has_agent: Whether the header names an agent.
        role: What the series is for, None where unknown.
    """

    stated: str | None
    is_ordered: bool
    is_ruled_out: bool
    is_described: bool
    start: datetime | None
    has_agent: bool = False
    role: str | None = None


def has_contrast_agent(row: Row) -> bool | None:
    """True where Contrast/Bolus Agent (0018,0010) names one, False where it says none.

    ``off``, ``none`` and ``ohne KM`` say none; so does every value whose words do or only speak of
    agents in general (``contrast_agent_words.csv``). Mere punctuation says nothing, and neither
    does ``UNKNOWN``.
    """
    agent = text(row, "ContrastBolusAgent")
    return None if agent is None else _names_agent(agent)


@lru_cache(maxsize=4096)
def _names_agent(agent: str) -> bool | None:
    found = words(agent)
    if not found:
        return None if agent.isascii() else True
    said = {_said(word) for word in found}
    if "unknown" in said and None not in said:
        return None
    if said <= {"none", "-"}:
        return "none" not in said
    return _rules().terms(agent) != {"none"}


def _said(word: str) -> str | None:
    """``none``, ``unknown``, ``-`` for a word that may stand beside them, None for any other."""
    for row in read_table("contrast_agent_words.csv"):
        stem = row["word"]
        if word == stem or (stem.endswith("*") and word.startswith(stem[:-1])):
            return row["agent"]
    return None


def contrast_evidence(
    row: Row, texts: Texts, exam_texts: Texts, start: datetime | None
) -> ContrastEvidence:
    """Evidence of one series, from its header, its own texts and those of its exam."""
    terms = _rules().terms(*texts)
    has_agent = has_contrast_agent(row) is True
    if has_agent:
        terms |= {"post"}
    of_exam = _rules().terms(*exam_texts)
    return ContrastEvidence(
        stated=next(iter(terms)) if len(terms) == 1 and terms != {"both"} else None,
        is_ordered=bool(of_exam & _WITH_AGENT),
        is_ruled_out=bool(of_exam) and not of_exam & _WITH_AGENT,
        is_described=bool(texts or exam_texts),
        start=start,
        has_agent=has_agent,
    )


def stated_phase(series: ContrastEvidence) -> str | None:
    """The phase of a series by what is said of it and of its exam, without the series beside it.

    In an exam without an agent what is called native has no phase: it is ``none``.
    """
    if series.is_ruled_out and series.stated != "post":
        return "none"
    return series.stated


def contrast_phases(exam: Sequence[ContrastEvidence]) -> list[str | None]:
    """Contrast phase of every series of one exam.

    An agent stays: what starts before the first series after contrast is ``pre``, what starts
    later is ``post``, unless the series says otherwise. Without any word of an agent in the exam
    its series are ``none``; where the order promises an agent and no series shows it, the phase
    stays open. The text of one series that nothing else supports is taken for an error: it decides
    nothing about the other series, and its own phase stays open.
    """
    post = [series for series in exam if series.stated == "post"]
    wrong = post[0] if len(post) == 1 and not _is_borne_out(post[0], exam) else None
    if post and wrong is None:
        first = min((series.start for series in post if series.start is not None), default=None)
        return [_beside_contrast(series, first) for series in exam]
    is_ordered = any(series.is_ordered for series in exam)
    return [
        None
        if series is wrong
        else stated_phase(series) or (None if is_ordered or not series.is_described else "none")
        for series in exam
    ]


def _is_borne_out(claim: ContrastEvidence, exam: Sequence[ContrastEvidence]) -> bool:
    """Whether anything but the text of one series speaks for an agent.

    The header names one, the order promises one, another series is called native, or the same was
    scanned before it.
    """
    if claim.has_agent or claim.role is None or claim.start is None:
        return True
    return any(
        series.is_ordered
        or series.stated == "pre"
        or (series.role == claim.role and series.start is not None and series.start < claim.start)
        for series in exam
    )


def _beside_contrast(series: ContrastEvidence, first: datetime | None) -> str | None:
    if series.stated is not None:
        return "pre" if series.stated == "none" else series.stated
    if series.start is None or first is None:
        return None
    return "pre" if series.start < first else "post"


@cache
def _rules() -> TextRules:
    return TextRules("contrast_text.csv", "contrast")
