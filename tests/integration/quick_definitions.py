"""The platform as Dagster loads it, with ticks every 5 s instead of every 15 minutes."""

from __future__ import annotations

from protocol_assets.defs import automation
from protocol_assets.defs.ingest import sensors

for module in (sensors, automation):
    vars(module)["INTERVAL_S"] = 5

from protocol_assets.definitions import defs  # noqa: E402  the intervals are read on import

__all__ = ["defs"]
