"""The parts that pages are made of: a number with its coverage, a table, a chart, a choice."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from protocol_assets.dashboard.columns import Column
from protocol_assets.dashboard.session import words
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.plain_text import show_text, spreadsheet_text, write_csv

__all__ = [
    "OPEN_PAGE",
    "Choice",
    "chart",
    "choose",
    "csv",
    "figure",
    "nothing",
    "spell_out",
    "table",
]

_ROW_PX: Final = 35
_ROWS_SEEN: Final = 12
_LETTER_PX: Final = 7
_PAD_PX: Final = 20
_WIDEST_PX: Final = 380


OPEN_PAGE: Final = "open_page"
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


def chart(drawn: alt.Chart | alt.LayerChart | alt.FacetChart, alternative: str) -> None:
    """A chart as wide as its place.

    Args:
        drawn: The chart.
        alternative: A sentence that says what it shows, for readers who cannot see it.
    """
    drawn = drawn.configure(locale=words().texts.chart_locale())
    st.altair_chart(drawn, width="stretch", alt=alternative)


def choose(
    label: str,
    options: Sequence[str],
    key: str,
    placeholder: str,
    say: Words,
    *,
    aliases: Mapping[str, str] | None = None,
    shown_as: Callable[[str], str] = show_text,
) -> str | None:
    """A choice that is part of the address under its key, so that a link can make it.

    Args:
        label: What is chosen.
        options: The texts to choose from.
        key: Name in the address.
        placeholder: What nothing chosen means.
        say: The wording.
        aliases: Other texts that an address may name an option by.
        shown_as: How an option is shown.
    """
    named = dict(aliases or {}) | {option: option for option in options}
    asked = spell_out(key, {name: shown_as(option) for name, option in named.items()})
    if asked is not None:
        st.warning(say("page.not_among", label=label, asked=plain(asked)))
    return st.selectbox(
        label,
        options,
        index=None,
        format_func=shown_as,
        key=key,
        placeholder=placeholder,
        bind="query-params",
    )


def spell_out(key: str, names: Mapping[str, str]) -> str | None:
    """Let an address name an option by its code, in any language.

    Args:
        key: Name in the address.
        names: The text of each option, by whatever may name it.

    Returns:
        What the address asks for, where it names no option.
    """
    asked = st.query_params.get(key)
    if not asked or asked in names.values():
        return None
    if asked in names:
        st.query_params[key] = names[asked]
        st.rerun()
    return asked


def table(
    frame: pd.DataFrame,
    shown: Mapping[str, Column],
    say: Words,
    name: str,
    *,
    chosen: Choice | None = None,
) -> None:
    """A table with its download.

    Args:
        frame: The rows.
        shown: The columns in their order.
        say: The wording.
        name: What the table holds: ``table.<name>`` in the texts, and the name of the download.
        chosen: Lets a click choose the row.
    """
    key = f"table_{name}"
    if chosen is not None and chosen.page is None:
        _mark(key, chosen)
    values = _values(frame, shown, say)
    st.dataframe(
        values.style.format(
            {column: partial(_text, one, say) for column, one in shown.items()},
            na_rep=say.absent,
        ),
        hide_index=True,
        column_config={column: _config(one, values[column], say) for column, one in shown.items()},
        key=key,
        on_select=partial(_take, key, chosen) if chosen else "ignore",
        selection_mode="single-row",
        placeholder=say.absent,
        height=_ROW_PX * (min(max(len(frame), 1), _ROWS_SEEN) + 1) + 2,
        alt=say(f"table.{name}"),
    )
    st.download_button(
        say("page.csv", name=say(f"table.{name}")),
        csv(frame[list(shown)]),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"download_{name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _mark(key: str, chosen: Choice) -> None:
    """The marked row is the chosen one, however it was chosen."""
    value = st.session_state.get(chosen.key)
    rows = [chosen.options.index(value)] if value in chosen.options else []
    st.session_state[f"{key}_marked"] = rows
    state = st.session_state.get(key)
    if state is None or list(state["selection"]["rows"]) != rows:
        st.session_state[key] = {"selection": {"rows": rows}}


def _take(key: str, chosen: Choice) -> None:
    """Take what was clicked; what comes back of our own marking is no click."""
    rows = list(st.session_state[key]["selection"]["rows"])
    if not rows or rows == st.session_state.get(f"{key}_marked"):
        return
    st.session_state[chosen.key] = chosen.options[rows[0]]
    if chosen.page:
        st.session_state[OPEN_PAGE] = chosen.page


def _values(frame: pd.DataFrame, shown: Mapping[str, Column], say: Words) -> pd.DataFrame:
    """Values of the tables in words, and texts without formulas; numbers and days as they are.

    Streamlit's own button above a table writes the values of this frame to CSV as they are.
    """
    result = frame[list(shown)].copy()
    for name, column in shown.items():
        if column.type == "boolean":
            result[name] = result[name].map(say.yes, na_action="ignore").astype("str")
        elif column.type == "string" and column.format:
            terms = partial(say.term, column.format)
            result[name] = result[name].map(terms, na_action="ignore").astype("str")
    return _harmless(result)


def _text(column: Column, say: Words, value: Any) -> str:
    if column.type == "date":
        return say.month(value) if column.format == "month" else say.day(value)
    if column.format == "percent":
        return say.share(value)
    if column.format == "change":
        return say.change(value)
    return say.number(value, digits=int(column.format)) if column.format.isdigit() else str(value)


def _config(column: Column, values: pd.Series, say: Words) -> Any:
    heading, help_text = say(f"field.{column.name}"), say(f"field.{column.name}.help")
    if column.type == "date" or pd.api.types.is_numeric_dtype(values):
        return st.column_config.Column(heading, help=help_text)
    # Streamlit measures the first rows only, and the longest value must not be cut.
    longest = max([len(heading), *values.dropna().map(len)])
    width = min(_PAD_PX + _LETTER_PX * longest, _WIDEST_PX)
    return st.column_config.TextColumn(heading, help=help_text, width=width)


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
