"""The times of the automation, and the names of the sensors and schedules."""

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
"""When marts and report are refreshed in any case: a month may have closed, or a name changed."""
REPORT_DEADLINE_CRON: Final = "0 8 * * *"
"""When the report of the day must be ready."""
REPORT_DEADLINE_WINDOW: Final = dt.timedelta(hours=8)
"""How long before the deadline a report already counts as the report of the day."""

ARRIVALS_CRON: Final = "0 7 * * *"
"""When yesterday must have landed. This is also checked after each run that lands partitions."""

PACS_INTERVAL_S: Final = 15 * 60
"""How often the sensor of a PACS runs."""


def sensor_name(pacs: str) -> str:
    """Return the name of the sensor of a PACS."""
    return "watch_" + re.sub(r"\W", "_", pacs)
