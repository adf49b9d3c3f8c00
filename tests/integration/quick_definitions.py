"""The project's definitions with sensors that tick every few seconds."""

from __future__ import annotations

from protocol_assets.settings import schedule

vars(schedule).update(PACS_INTERVAL_S=5, AUTOMATION_INTERVAL_S=5)

from protocol_assets.definitions import defs  # noqa: E402  the intervals are read on import

__all__ = ["defs"]
