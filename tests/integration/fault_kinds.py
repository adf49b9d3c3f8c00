"""What a fault of a PACS is, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tests.integration.fault_server import Spoil


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must come of a fault.

    Attributes:
        refused: Kind of the error for which the whole partition is refused; empty where it lands.
        victim: State of the victim; ``absent`` where it is not in the manifest.
        error: Kind of the victim's error.
        rejected: Listed rows that cannot be used.
        others: Studies left out as of another modality.
        same_rows: Whether the victim's series are what they are without the fault.
    """

    refused: str = ""
    victim: str = "landed"
    error: str = ""
    rejected: int = 0
    others: int = 0
    same_rows: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its name in the documentation, how to make it, what must come of it."""

    name: str
    spoil: Spoil
    outcome: Outcome = Outcome()
    options: dict[str, Any] = field(default_factory=dict)


LANDED: Final = Outcome()
DIRTY: Final = Outcome(same_rows=False)
INCOMPLETE: Final = Outcome(victim="incomplete", error="incomplete")
GONE: Final = Outcome(victim="gone")
LEFT_OUT: Final = Outcome(victim="absent", rejected=1)
OTHER: Final = Outcome(victim="absent", others=1)
OTHER_STUDY: Final = Outcome(victim="incomplete", error="other_study")


def dead(error: str) -> Outcome:
    return Outcome(victim="failed", error=error)


def refused(kind: str) -> Outcome:
    return Outcome(refused=kind)
