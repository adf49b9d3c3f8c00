"""What one reader looks at: the version taken on opening the page, narrowed to site and scanner."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from protocol_assets.app.deployment import Deployment
from protocol_assets.dashboard.marts import Marts, newest_version, read_marts
from protocol_assets.dashboard.names import Scope
from protocol_assets.settings import Settings

__all__ = ["deployment", "is_newer_published", "marts", "scope", "take_newest"]

_KEPT_VERSIONS: Final = 3
_TAKEN: Final = "version taken"


@st.cache_resource(show_spinner=False)
def deployment() -> Deployment:
    """The deployment, read once; it is only read, so that its home stays as it is."""
    return Deployment(Settings.load())


@st.cache_resource(max_entries=_KEPT_VERSIONS, show_spinner="Reading what is published")
def _read(directory: Path) -> Marts:
    """The tables of a version, shared by all who look at it: a version never changes."""
    return read_marts(directory)


def marts() -> Marts:
    """The tables of the version that this reader took, the newest where that is gone.

    Raises:
        Fault: A file cannot be read.
    """
    if _TAKEN not in st.session_state:
        take_newest()
    directory: Path | None = st.session_state[_TAKEN]
    if directory is None:
        return read_marts(None)
    try:
        return _read(directory)
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
    return Scope(st.session_state.get("site"), st.session_state.get("scanner"))
