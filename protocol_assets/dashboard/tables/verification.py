"""The result of a change: its state in words, and the times before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from protocol_assets.dashboard.words import Words
from protocol_assets.figures.changes import UNCONFIRMED, VERIFIED

__all__ = [
    "Standing",
    "before_and_after",
    "exam_times",
    "newest_first",
    "standing",
    "visit_of",
]

_OF_PROTOCOL: Final = ("scan_time",)
_OF_EXAMS: Final = ("scan_time_sum", "exam_span", "gap_time")
_PARTS: Final = (
    "median_before_s",
    "median_after_s",
    "shift_s",
    "shift_low_s",
    "shift_high_s",
    "adjusted_s",
    "adjusted_low_s",
    "adjusted_high_s",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The result of a verification, in words.

    Attributes:
        tone: How it is coloured: success only if the change is verified.
        text: One or two sentences.
    """

    tone: Literal["success", "warning", "error", "info"]
    text: str


def standing(row: pd.Series, say: Words) -> Standing:
    """The result of one change in words.

    Args:
        row: Of ``published_verification``.
        say: The wording.
    """
    state = row["verification_state"]
    if state == UNCONFIRMED:
        text = say("standing.unconfirmed", guard=say.term("reason", row["guard_reason"]))
        is_signed = pd.notna(row["quality_signed_on"])
        return Standing("warning", text if is_signed else say("standing.unsigned", text=text))
    if state == "relapsed":
        return Standing("error", say("standing.relapsed", day=say.day(row["relapsed_on"])))
    if state == "exploratory":
        known = pd.notna(row["effect"])
        effect = say.term("effect", row["effect"]) if known else say("standing.effect_unknown")
        return Standing("info", say("standing.exploratory", effect=effect))
    if state == VERIFIED:
        return Standing("success", _with_reason(say("standing.verified"), row, say))
    if state == "time lost":
        return Standing("error", _with_reason(say("standing.lost"), row, say))
    text = say("standing.other", state=say.title("verification", state))
    return Standing("info", _with_reason(text, row, say))


def _with_reason(text: str, row: pd.Series, say: Words) -> str:
    if pd.isna(row["reason"]):
        return text
    return say("standing.reason", text=text, reason=say.term("reason", row["reason"]))


def newest_first(verification: pd.DataFrame) -> pd.DataFrame:
    """Registered changes before those found in the data; the newest first."""
    return verification.sort_values(
        ["evidence", "changed_on", "scanner", "protocol"], ascending=[True, False, True, True]
    ).reset_index(drop=True)


def before_and_after(row: pd.Series) -> pd.DataFrame:
    """The scan time of the protocol that changed.

    Args:
        row: Of ``published_verification``.

    Returns:
        ``time`` and, in seconds, medians before and after, the shift and the shift against
        unchanged scanners, each with its 95 % interval.
    """
    return _times(row, _OF_PROTOCOL)


def exam_times(visit: pd.Series) -> pd.DataFrame:
    """The three times of the exams of one visit, which are never mixed.

    Args:
        visit: Of ``published_exam_shifts``.

    Returns:
        As ``before_and_after``.
    """
    return _times(visit, _OF_EXAMS)


def _times(row: pd.Series, names: Sequence[str]) -> pd.DataFrame:
    rows = [{"time": name, **{part: row[f"{name}_{part}"] for part in _PARTS}} for name in names]
    return pd.DataFrame(rows).astype(dict.fromkeys(_PARTS, "float64"))


def visit_of(row: pd.Series, visits: pd.DataFrame) -> pd.Series | None:
    """The visit that a change belongs to; None where it is not published.

    Args:
        row: Of ``published_verification``.
        visits: ``published_exam_shifts``.
    """
    own = visits[
        (visits["scanner_label"] == row["scanner_label"]) & (visits["visit_on"] == row["visit_on"])
    ]
    return None if own.empty else own.iloc[0]
