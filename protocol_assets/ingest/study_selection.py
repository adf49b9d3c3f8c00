"""Which studies of a day are retrieved, and in which order: pure rules over names and entries."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from protocol_assets.ingest.attempts import CLOCK_SLACK
from protocol_assets.lake.manifest import StudyEntry

__all__ = ["choose_sample", "has_shrunk", "is_check_due", "retrieval_order"]

_SAMPLE_SHARE: Final = 0.1
_SAMPLE_LEAST: Final = 10
_FEW: Final = 10
"""A day with fewer landed studies may lose any number of them at once."""


def has_shrunk(known: Mapping[str, StudyEntry], listed: Iterable[str]) -> bool:
    """Whether the listing lacks more than half of the studies that have data.

    Args:
        known: Entries of the last manifest by name.
        listed: Names of the studies that are listed now.
    """
    had = {name for name, entry in known.items() if entry.has_data}
    left = had & set(listed)
    return len(had) >= _FEW and 2 * len(left) < len(had)


def is_check_due(verified_at: str, now: dt.datetime, recheck_days: float) -> bool:
    """Whether studies that show no change are to be compared by content.

    Args:
        verified_at: When they were last compared; empty if they never were.
        now: When the landing began.
        recheck_days: Days between two comparisons.
    """
    if not verified_at:
        return False
    since = now - dt.datetime.fromisoformat(verified_at)
    # A clock that was set back would otherwise put the comparison off.
    return since >= dt.timedelta(days=recheck_days) or since < -CLOCK_SLACK


def choose_sample(names: Collection[str], day: dt.date) -> set[str]:
    """A tenth of the studies, at least ten: a different tenth each day."""

    def order(name: str) -> bytes:
        return hashlib.sha256(f"{day:%Y-%m-%d}{name}".encode()).digest()

    size = max(_SAMPLE_LEAST, math.ceil(_SAMPLE_SHARE * len(names)))
    return set(sorted(names, key=order)[:size])


def retrieval_order(before: StudyEntry | None, day: dt.date) -> tuple[int, int]:
    """Sort key: failures of earlier days first, those of ``day`` last, by the tries they took."""
    if before is None or not before.is_dead_letter or not before.tries:
        return 1, 0
    is_of_today = before.last_seen[:10] == f"{day:%Y-%m-%d}"
    return (2, before.tries) if is_of_today else (0, before.tries)
