"""What is known of the automation: when the daemon was last heard of, and what has ticked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["AutomationState"]


@dataclass(frozen=True, slots=True)
class AutomationState:
    """The automation as of now.

    Attributes:
        heard_at: When the daemon was last heard of; None where it never ran here.
        last_ticks: When each sensor that has ticked did so last.
        stopped: Sensors and schedules that somebody turned off in the UI.
        problem: Why nothing of this is known, in a sentence; empty where it is known.
    """

    heard_at: dt.datetime | None
    last_ticks: Mapping[str, dt.datetime]
    stopped: frozenset[str]
    problem: str = ""
