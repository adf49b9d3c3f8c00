"""The table of exam times that the pages of verification and of a scanner share."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from protocol_assets.dashboard.columns import shown
from protocol_assets.dashboard.parts import table
from protocol_assets.dashboard.session import words

__all__ = ["visits"]

_SHIFTS: Final = tuple(
    f"{metric}_shift{end}_s"
    for metric in ("scan_time_sum", "exam_span", "gap_time")
    for end in ("", "_low", "_high")
)


def visits(shifts: pd.DataFrame) -> None:
    """A row per scanner and visit, the newest first; nothing where there is none.

    Args:
        shifts: Rows of ``published_exam_shifts``.
    """
    if shifts.empty:
        return
    say = words()
    st.header(say("visits.heading"))
    st.caption(say("visits.note"))
    rows = shifts.sort_values(["visit_on", "scanner"], ascending=[False, True])
    names = ("scanner", "visit_on", "visit_until", "n_changes", "n_registered")
    table(
        rows.reset_index(drop=True),
        shown("published_exam_shifts", *names, *_SHIFTS, "site"),
        say,
        "visits",
    )
