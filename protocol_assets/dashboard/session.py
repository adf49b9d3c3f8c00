"""What one reader looks at: a version of the published tables, a site and a scanner."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from protocol_assets.app.deployment import Deployment
from protocol_assets.dashboard.marts import Marts, newest_version, read_marts
from protocol_assets.dashboard.names import NO_SITE, Scope
from protocol_assets.dashboard.words import Words
from protocol_assets.reports.texts import Texts
from protocol_assets.settings import Settings

__all__ = [
    "deployment",
    "is_newer_published",
    "marts",
    "scope",
    "scope_text",
    "take_newest",
    "words",
]

_KEPT_VERSIONS: Final = 3
_TAKEN: Final = "version_taken"


@st.cache_resource(show_spinner=False)
def deployment() -> Deployment:
    """The deployment, read once; it is only read, so that its home stays as it is."""
    return Deployment(Settings.load())


@st.cache_resource(max_entries=_KEPT_VERSIONS, show_spinner=False)
def _read(directory: Path, language: str) -> Marts:
    """The tables of a version, shared by all who look at it: a version never changes."""
    return read_marts(directory, Texts(language)("name.withheld"))


def words() -> Words:
    """The texts in the language of the deployment."""
    return Words(Texts(deployment().settings.language))


def marts() -> Marts:
    """The tables of the version that this reader took, the newest where that is gone.

    Raises:
        Fault: A file cannot be read.
    """
    if _TAKEN not in st.session_state:
        take_newest()
    directory: Path | None = st.session_state[_TAKEN]
    if directory is None:
        return read_marts(None, words()("name.withheld"))
    try:
        with st.spinner(words()("page.loading")):
            return _read(directory, words().texts.language)
    except FileNotFoundError:
        take_newest()
        return marts()


def take_newest() -> None:
    """Look at what is published now; the link is followed here and nowhere else."""
    st.session_state[_TAKEN] = newest_version(deployment().lake)


def is_newer_published() -> bool:
    """Whether another version has been published since."""
    taken: Path | None = st.session_state[_TAKEN]
    return newest_version(deployment().lake) != taken


def scope() -> Scope:
    """What the reader narrowed the fleet to, by the choices in the sidebar."""
    site = st.session_state.get("site")
    site = NO_SITE if site == words()("side.no_site") else site
    return Scope(site, st.session_state.get("scanner"))


def scope_text() -> str:
    """The scope in words."""
    say, where = words(), scope()
    if where.scanner is not None:
        return where.scanner
    if where.site is None:
        return say("scope.all")
    return say("scope.no_site") if where.site == NO_SITE else say("scope.site", site=where.site)
