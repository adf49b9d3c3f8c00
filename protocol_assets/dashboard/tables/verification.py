"""What became of a change: where it stands, before and after, promised beside realised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from protocol_assets.dashboard.words import NOT_TOLD, day
from protocol_assets.figures.changes import UNCONFIRMED, VERIFIED

__all__ = [
    "Standing",
    "before_and_after",
    "exam_times",
    "newest_first",
    "standing",
    "visit_of",
]

_OF_PROTOCOL: Final = {"scan_time": "Scan time of the protocol"}
_OF_EXAMS: Final = {
    "scan_time_sum": "Scan time of the exam",
    "exam_span": "Exam span",
    "gap_time": "Between scans",
}
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
    """Where a verification stands, in words.

    Attributes:
        tone: What it looks like: success only where it is verified.
        text: One or two sentences.
    """

    tone: Literal["success", "warning", "error", "info"]
    text: str


def standing(row: pd.Series) -> Standing:
    """Where one change stands."""
    state, reason = row["verification_state"], row["reason"]
    why = f" ({reason})" if pd.notna(reason) else ""
    if state == VERIFIED:
        return Standing("success", f"Verified: time was won, and the images stood it{why}.")
    if state == UNCONFIRMED:
        guard = row["guard_reason"] if pd.notna(row["guard_reason"]) else NOT_TOLD
        signed = "" if pd.notna(row["quality_signed_on"]) else " The images are not signed off."
        return Standing(
            "warning",
            f"Not confirmed: scan time fell, the image quality is not confirmed. "
            f"Quality guard: {guard}.{signed}",
        )
    if state == "relapsed":
        return Standing(
            "error", f"Relapsed on {day(row['relapsed_on'])}: back at the level before."
        )
    if state == "time lost":
        return Standing("error", f"Time was lost{why}.")
    if state == "exploratory":
        effect = row["effect"] if pd.notna(row["effect"]) else f"effect {NOT_TOLD}"
        return Standing(
            "info",
            f"Exploratory: {effect}, but the day was found in the data that test it. "
            "Nobody has registered this change; it proves nothing.",
        )
    return Standing("info", f"{str(state).capitalize()}{why}.")


def newest_first(verification: pd.DataFrame) -> pd.DataFrame:
    """Registered changes before those found, the newest first."""
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


def _times(row: pd.Series, words: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        {"time": text, **{part: row[f"{name}_{part}"] for part in _PARTS}}
        for name, text in words.items()
    ]
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
