"""The frame of every page: where to go, what to narrow it to, which version it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from protocol_assets.dashboard.marts import Marts
from protocol_assets.dashboard.names import NO_SITE, Scope
from protocol_assets.dashboard.parts import OPEN_PAGE, choose
from protocol_assets.dashboard.session import deployment, is_newer_published, marts, take_newest
from protocol_assets.dashboard.words import day, plain
from protocol_assets.faults import Fault

_ICON: Final = Path(__file__).with_name("icon.png")
_STYLE: Final = Path(__file__).with_name("style.css")
_PAGES: Final = {
    "fleet": ("Fleet overview", ":material/dashboard:"),
    "scanner": ("Scanner", ":material/radiology:"),
    "protocol": ("Protocol", ":material/list_alt:"),
    "opportunity": ("Opportunities", ":material/timer:"),
    "verification": ("Verification", ":material/compare_arrows:"),
    "decision": ("Waiting for my decision", ":material/inbox:"),
}


def main() -> None:
    """One run of the page that is asked for."""
    # The icon is a file: one of Streamlit's names would be fetched from outside.
    st.set_page_config(page_title="MR protocols", page_icon=_ICON, layout="wide")
    st.html(_STYLE)
    page = st.navigation(
        [
            st.Page(f"views/{name}.py", title=title, icon=icon, default=name == "fleet")
            for name, (title, icon) in _PAGES.items()
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
        _narrow(tables)
        _version(tables)
    page.run()


def _narrow(tables: Marts) -> None:
    frames = [frame for frame in tables.tables.values() if "scanner" in frame]
    pairs = pd.concat([frame[["site", "scanner"]] for frame in frames]).drop_duplicates()
    sites = sorted(pairs["site"].dropna().unique(), key=str.casefold)
    if sites and pairs["site"].isna().any():
        sites.append(NO_SITE)
    site = choose("Site", sites, "site", "All sites")
    scanners = Scope(site=site).of(pairs)["scanner"].unique()
    choose("Scanner", sorted(scanners, key=str.casefold), "scanner", "All scanners")


def _version(tables: Marts) -> None:
    if tables.version is None:
        st.caption("Nothing is published yet.")
    else:
        as_of = tables["published_opportunities"]["as_of"].max()
        days = tables["fleet_daily"]["study_date"].max()
        st.caption(f"As of {day(days if pd.isna(as_of) else as_of)}, version {tables.version}")
    if is_newer_published():
        st.info("A newer version is published.")
        st.button("Show the newer version", on_click=take_newest)
    if deployment().is_demo:
        st.caption("Simulated scanners: this shows the demo, not patients.")


main()
