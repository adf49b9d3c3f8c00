"""The frame of every page: the navigation, the choice of site and scanner, the version."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from protocol_assets.dashboard.marts import Marts
from protocol_assets.dashboard.names import Scope
from protocol_assets.dashboard.parts import OPEN_PAGE, choose
from protocol_assets.dashboard.session import (
    deployment,
    is_newer_published,
    marts,
    scope,
    take_newest,
    words,
)
from protocol_assets.dashboard.words import Words, plain
from protocol_assets.faults import Fault

_ICON: Final = Path(__file__).with_name("icon.png")
_STYLE: Final = Path(__file__).with_name("style.css")
_PAGES: Final = {
    "fleet": ":material/dashboard:",
    "scanner": ":material/radiology:",
    "protocol": ":material/list_alt:",
    "opportunity": ":material/timer:",
    "verification": ":material/compare_arrows:",
    "decision": ":material/inbox:",
}


def main() -> None:
    """One run of the page that is asked for."""
    say = words()
    # The icon is a file: one of Streamlit's names would be fetched from outside.
    st.set_page_config(page_title=say("page.title"), page_icon=_ICON, layout="wide")
    st.html(_STYLE)
    page = st.navigation(
        [
            st.Page(
                f"views/{name}.py", title=say(f"page.{name}"), icon=icon, default=name == "fleet"
            )
            for name, icon in _PAGES.items()
        ]
    )
    if (target := st.session_state.pop(OPEN_PAGE, None)) is not None:
        st.switch_page(target)
    try:
        tables = marts()
    except Fault as fault:
        st.error(plain(str(fault)))
        return
    with st.sidebar:
        _narrow(tables, say)
        _version(tables, say)
    page.run()


def _narrow(tables: Marts, say: Words) -> None:
    frames = [frame for frame in tables.tables.values() if "scanner" in frame]
    pairs = pd.concat([frame[["site", "scanner"]] for frame in frames]).drop_duplicates()
    sites = sorted(pairs["site"].dropna().unique(), key=str.casefold)
    if sites and pairs["site"].isna().any():
        sites.append(say("side.no_site"))
    choose(say("side.site"), sites, "site", say("side.all_sites"), say)
    scanners = Scope(site=scope().site).of(pairs)["scanner"].unique()
    options = sorted(scanners, key=str.casefold)
    choose(say("side.scanner"), options, "scanner", say("side.all_scanners"), say)


def _version(tables: Marts, say: Words) -> None:
    if tables.version is None:
        st.caption(say("page.nothing_published"))
    else:
        as_of = tables["published_opportunities"]["as_of"].max()
        days = tables["fleet_daily"]["study_date"].max()
        day = say.day(days if pd.isna(as_of) else as_of)
        st.caption(say("page.version", day=day, version=tables.version))
    if is_newer_published():
        st.info(say("page.newer"))
        st.button(say("page.show_newer"), on_click=take_newest)
    if deployment().is_demo:
        st.caption(say("page.demo"))


main()
