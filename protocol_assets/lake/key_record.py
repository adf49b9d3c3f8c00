"""Which key the lake's pseudonyms were made with: its identifier, which tells nothing of it."""

from __future__ import annotations

from protocol_assets.lake.zones import RESTRICTED_FILE, Lake
from protocol_assets.storage.files import write_bytes

__all__ = ["record_key_id", "recorded_key_id"]


def recorded_key_id(lake: Lake) -> str | None:
    """The key's identifier; None before the first cell."""
    path = lake.key_record
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def record_key_id(lake: Lake, key_id: str) -> None:
    """Remember the key."""
    write_bytes(lake.key_record, f"{key_id}\n".encode("ascii"), mode=RESTRICTED_FILE)
