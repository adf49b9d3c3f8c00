"""The parts that pages are made of: a number with its coverage, a table, a chart, a choice."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from protocol_assets.dashboard.columns import Column
from protocol_assets.dashboard.words import NOT_TOLD, plain, whole_percent
from protocol_assets.plain_text import show_text, spreadsheet_text, write_csv

__all__ = ["OPEN_PAGE", "Choice", "chart", "choose", "csv", "figure", "nothing", "table"]

_ROW_PX: Final = 35
_ROWS_SEEN: Final = 12
_LETTER_PX: Final = 7
_PAD_PX: Final = 20
_WIDEST_PX: Final = 380


OPEN_PAGE: Final = "open page"
"""Where a click in a table leaves the page that it asks for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice that a click on a row makes.

    Attributes:
        key: Key of the choice, as in ``choose``.
        options: The option of each row.
        page: The page that shows it, None where this one does.
    """

    key: str
    options: Sequence[str]
    page: str | None = None


def figure(label: str, value: str, note: str) -> None:
    """A number under its name, and beside it what it rests on."""
    with st.container(border=True, height="stretch"):
        st.metric(label, plain(value))
        st.caption(plain(note))


def nothing(text: str) -> None:
    """Says that there is nothing to show, and why."""
    st.info(text, icon=":material/info:")


def chart(drawn: alt.Chart | alt.LayerChart | alt.FacetChart, words: str) -> None:
    """A chart as wide as its place.

    Args:
        drawn: The chart.
        words: What it shows, for those who do not see it.
    """
    st.altair_chart(drawn, width="stretch", alt=words)


def choose(
    label: str,
    options: Sequence[str],
    key: str,
    placeholder: str,
    aliases: Mapping[str, str] | None = None,
) -> str | None:
    """A choice that stands in the address under its key, and comes back from there.

    Args:
        label: What is chosen.
        options: The texts to choose from.
        key: Name in the address.
        placeholder: What nothing chosen means.
        aliases: Other texts that an address may name an option by.
    """
    asked = st.query_params.get(key)
    if asked and asked not in options:
        if asked in (aliases or {}):
            st.query_params[key] = (aliases or {})[asked]
            st.rerun()
        else:
            st.warning(f"{label} {plain(asked)} is not among those that are shown here.")
    return st.selectbox(
        label,
        options,
        index=None,
        format_func=show_text,
        key=key,
        placeholder=placeholder,
        bind="query-params",
    )


def table(
    frame: pd.DataFrame,
    shown: Mapping[str, Column],
    name: str,
    *,
    chosen: Choice | None = None,
) -> None:
    """A table with its download; NULL reads as not told.

    Args:
        frame: The rows.
        shown: The columns in their order.
        name: What the table holds; names the download, too.
        chosen: Lets a click choose the row.
    """
    key = f"table {name}"
    if chosen is not None and chosen.page is None:
        _mark(key, chosen)
    texts = _as_shown(frame, shown)
    st.dataframe(
        texts,
        hide_index=True,
        column_config={name: _config(one, texts[name]) for name, one in shown.items()},
        key=key,
        on_select=partial(_take, key, chosen) if chosen else "ignore",
        selection_mode="single-row",
        placeholder=NOT_TOLD,
        height=_ROW_PX * (min(max(len(frame), 1), _ROWS_SEEN) + 1) + 2,
        alt=name,
    )
    st.download_button(
        f"CSV: {name}",
        csv(frame[list(shown)]),
        file_name=f"{'_'.join(re.findall('[a-z0-9]+', name.lower()))}.csv",
        mime="text/csv",
        key=f"download {name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _mark(key: str, chosen: Choice) -> None:
    """The marked row is the chosen one, however it was chosen."""
    value = st.session_state.get(chosen.key)
    rows = [chosen.options.index(value)] if value in chosen.options else []
    st.session_state[f"{key} marked"] = rows
    state = st.session_state.get(key)
    if state is None or list(state["selection"]["rows"]) != rows:
        st.session_state[key] = {"selection": {"rows": rows}}


def _take(key: str, chosen: Choice) -> None:
    """Take what was clicked; what comes back of our own marking is no click."""
    rows = list(st.session_state[key]["selection"]["rows"])
    if not rows or rows == st.session_state.get(f"{key} marked"):
        return
    st.session_state[chosen.key] = chosen.options[rows[0]]
    if chosen.page:
        st.session_state[OPEN_PAGE] = chosen.page


def _as_shown(frame: pd.DataFrame, shown: Mapping[str, Column]) -> pd.DataFrame:
    """Shares as percent, truth values as words, texts without formulas.

    Streamlit's own button above a table writes the values of this frame to CSV as they are.
    """
    result = frame[list(shown)].copy()
    for name, column in shown.items():
        if column.format == "percent":
            result[name] = result[name].map(whole_percent, na_action="ignore").astype("Int64")
        elif column.type == "boolean":
            result[name] = result[name].map({True: "yes", False: "no"}).astype("str")
    return _harmless(result)


def _config(column: Column, values: pd.Series) -> Any:
    if column.type == "date":
        days = "YYYY-MM-DD" if column.format == "date" else column.format
        return st.column_config.DateColumn(column.heading, help=column.help, format=days)
    if pd.api.types.is_numeric_dtype(values):
        digits = "%d %%" if column.format == "percent" else column.format or None
        return st.column_config.NumberColumn(column.heading, help=column.help, format=digits)
    # Streamlit measures the first rows only: "time won, quality not confirmed" must not be cut.
    longest = max([len(column.heading), *values.dropna().map(len)])
    width = min(_PAD_PX + _LETTER_PX * longest, _WIDEST_PX)
    return st.column_config.TextColumn(column.heading, help=column.help, width=width)


def csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV that Excel reads as UTF-8; no text in it is taken for a formula.

    Args:
        frame: Rows as they are published: shares from 0 to 1, NULL as nothing.
    """
    days = frame.select_dtypes("datetime").columns
    shown = frame.assign(**{name: frame[name].dt.strftime("%Y-%m-%d") for name in days})
    rows = shown.astype("object").where(shown.notna(), None)
    out = io.StringIO()
    write_csv(out, map(str, shown.columns), rows.itertuples(index=False, name=None))
    return out.getvalue().encode("utf-8-sig")


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with texts that no spreadsheet takes for a formula."""
    texts = frame.select_dtypes(["object", "str", "category"]).columns
    return frame.assign(
        **{
            name: frame[name].map(
                lambda value: spreadsheet_text(value) if isinstance(value, str) else value,
                na_action="ignore",
            )
            for name in texts
        }
    )
