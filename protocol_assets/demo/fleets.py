"""The fleets of the demo, and which of them a folder holds."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Final

from protocol_assets.faults import Fault
from protocol_assets.storage.files import OPEN_FILE, write_bytes
from protocol_assets_simulator import Fleet

__all__ = ["SMALL_FLEET", "YEAR_FLEET", "first_change", "read_fleet", "write_fleet"]

_IMAGES: Final = 4

YEAR_FLEET: Final = Fleet.lumbar(most_images=_IMAGES)
"""The fleet of the source project: 63 scanners over twelve months, in which protocols change."""
SMALL_FLEET: Final = Fleet()
"""Twelve scanners over five weeks, in which none does."""


def first_change(fleet: Fleet) -> dt.date | None:
    """The first day on which a protocol of the fleet changes; None where none does."""
    days = [one.changed_on for one in fleet.device_protocols if one.changed_on is not None]
    return min(days, default=None)


def write_fleet(folder: Path, fleet: Fleet) -> None:
    """Note which fleet the demo's folder holds, so that its PACS can be served again.

    Args:
        folder: The demo's folder.
        fleet: A fleet of the usual variant.
    """
    content = {
        "seed": fleet.seed,
        "scanners": fleet.number_of_scanners,
        "studies": fleet.number_of_studies,
        "start": fleet.start.isoformat(),
        "end": fleet.end.isoformat(),
        "case_mix": fleet.case_mix,
        "most_images": fleet.most_images,
    }
    write_bytes(_file(folder), json.dumps(content, indent=1).encode(), mode=OPEN_FILE)


def read_fleet(folder: Path) -> Fleet:
    """The fleet of the demo in a folder.

    Raises:
        Fault: The demo was made by an earlier version, or its file is damaged.
    """
    try:
        content: dict[str, Any] = json.loads(_file(folder).read_text(encoding="utf-8"))
        for name in ("start", "end"):
            content[name] = dt.date.fromisoformat(content[name])
        return Fleet(**content)
    except (OSError, ValueError, TypeError, KeyError):
        raise Fault(
            f"the demo in {folder} is not one of this version; delete the folder, then run "
            "the demo again"
        ) from None


def _file(folder: Path) -> Path:
    return folder / "fleet.json"
