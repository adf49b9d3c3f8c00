"""The state of the automation: the daemon's last heartbeat and the last ticks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["AutomationState"]


@dataclass(frozen=True, slots=True)
class AutomationState:
    """The automation as of now.

    Attributes:
        heard_at: Time of the daemon's last heartbeat; None if it never ran here.
        last_ticks: Time of the last tick by sensor.
        stopped: Sensors and schedules that were turned off in the UI.
        problem: Why the state is unknown, in a sentence; empty if it is known.
    """

    heard_at: dt.datetime | None
    last_ticks: Mapping[str, dt.datetime]
    stopped: frozenset[str]
    problem: str = ""
