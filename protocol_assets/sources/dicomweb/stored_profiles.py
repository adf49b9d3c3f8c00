"""The measured profiles of the PACS, where the probe puts them and the extractor finds them."""

from __future__ import annotations

import json
from pathlib import Path

from protocol_assets.lake.zones import RESTRICTED_FILE, Lake
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.storage.files import write_bytes

__all__ = ["read_profile", "write_profile"]


def read_profile(lake: Lake, pacs: str) -> SiteProfile | None:
    """The measured profile; None where there is none, or it cannot be read."""
    try:
        return SiteProfile.from_json(json.loads(_path(lake, pacs).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_profile(lake: Lake, pacs: str, profile: SiteProfile) -> Path:
    """Keep a measured profile.

    Returns:
        Where it is stored.
    """
    text = json.dumps(profile.to_json(), indent=1, sort_keys=True)
    write_bytes(_path(lake, pacs), text.encode(), mode=RESTRICTED_FILE)
    return _path(lake, pacs)


def _path(lake: Lake, pacs: str) -> Path:
    return lake.pacs(pacs) / "profile.json"
