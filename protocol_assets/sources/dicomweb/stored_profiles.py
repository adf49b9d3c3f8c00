"""The measured profiles of the PACS, where the probe puts them and the extractor finds them."""

from __future__ import annotations

import json

from protocol_assets.lake.zones import Lake
from protocol_assets.sources.dicomweb.profile import SiteProfile

__all__ = ["read_profile", "write_profile"]


def read_profile(lake: Lake, pacs: str) -> SiteProfile | None:
    """The measured profile; None if there is none, or it cannot be read."""
    text = lake.storage.objects.read(_key(lake, pacs))
    if text is None:
        return None
    try:
        return SiteProfile.from_json(json.loads(text))
    except (ValueError, TypeError):
        return None


def write_profile(lake: Lake, pacs: str, profile: SiteProfile) -> str:
    """Store a measured profile.

    Returns:
        Its key.
    """
    text = json.dumps(profile.to_json(), indent=1, sort_keys=True)
    lake.storage.objects.write(_key(lake, pacs), text.encode())
    return _key(lake, pacs)


def _key(lake: Lake, pacs: str) -> str:
    return f"{lake.pacs(pacs)}/profile.json"
