"""Upgrades of earlier homes: folders and files are given their current names."""

from __future__ import annotations

import stat
from pathlib import Path

from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.files import move

__all__ = ["upgrade_home"]


def upgrade_home(lake: Lake) -> list[str]:
    """Rename the folders and files that had other names in an earlier version.

    Args:
        lake: The home; nothing is done if it does not exist yet.

    Returns:
        One line for each folder or file that was renamed.

    Raises:
        Fault: Both names exist, and a person has to decide which content is right.
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
