"""Homes of earlier versions: folders and files that have another name today are renamed."""

from __future__ import annotations

import stat
from pathlib import Path

from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.files import move

__all__ = ["upgrade_home"]


def upgrade_home(lake: Lake) -> list[str]:
    """Rename what an earlier version called otherwise.

    Args:
        lake: The home; one that does not exist yet is left alone.

    Returns:
        One line for each folder or file that was renamed.

    Raises:
        Fault: Both names exist, so that a person has to say which content is right.
    """
    renamed = []
    for old, new in _renamed(lake):
        if not old.exists():
            continue
        was, name = old.relative_to(lake.home), new.relative_to(lake.home)
        if new.exists():
            raise Fault(
                f"{was} is called {name} now, and both exist in {lake.home}; move what you need "
                f"from {was} to {name}, then delete {was}"
            )
        move(old, new, mode=stat.S_IMODE(old.stat().st_mode))
        renamed.append(f"{was} is called {name} now; it was renamed")
    return renamed


def _renamed(lake: Lake) -> tuple[tuple[Path, Path], ...]:
    alerts = lake.local_path(lake.deliveries) / "alerts"
    return (
        (lake.home / "steward", lake.governance),
        (alerts / "cells.json", alerts / "partitions.json"),
    )
