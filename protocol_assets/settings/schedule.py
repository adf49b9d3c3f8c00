"""When things run by themselves, and what the sensors and schedules are called."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

__all__ = [
    "ARRIVALS_CRON",
    "AUTOMATION_INTERVAL_S",
    "AUTOMATION_SENSOR",
    "PACS_INTERVAL_S",
    "PURGE_CRON",
    "PURGE_SCHEDULE",
    "REPORT_CRON",
    "REPORT_DEADLINE_CRON",
    "REPORT_DEADLINE_WINDOW",
    "sensor_name",
]

PURGE_SCHEDULE: Final = "purge_nightly"
PURGE_CRON: Final = "30 3 * * *"

AUTOMATION_SENSOR: Final = "follow_partitions"
AUTOMATION_INTERVAL_S: Final = 120
REPORT_CRON: Final = "0 6 * * *"
"""When marts and report are made whatever happened: a month may have closed, a name changed."""
REPORT_DEADLINE_CRON: Final = "0 8 * * *"
"""When the day's report must be there."""
REPORT_DEADLINE_WINDOW: Final = dt.timedelta(hours=8)
"""How long before its deadline a report counts as the day's."""

ARRIVALS_CRON: Final = "0 7 * * *"
"""When yesterday must have landed; it is also checked after each run that lands partitions."""

PACS_INTERVAL_S: Final = 15 * 60
"""How often the sensor of a PACS asks."""


def sensor_name(pacs: str) -> str:
    """The name of the sensor of a PACS."""
    return "watch_" + re.sub(r"\W", "_", pacs)
