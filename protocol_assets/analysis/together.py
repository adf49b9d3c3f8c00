"""Days on which several protocols of a scanner changed.

Whoever edits protocols at a console edits several, and an upgrade that loads the old ones undoes
all of them. The other protocols show such a day: one that runs too rarely to date its own
change needs only be compared before and after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import numpy as np

from protocol_assets.analysis.limits import limit

__all__ = ["Change", "Series", "Visits", "vouched_days"]

Series = tuple[object, ...]
"""``device_key`` and ``protocol_key``."""

Change = tuple[Series, np.datetime64]
"""Where a change was found, and its day."""

Visits = dict[np.datetime64, frozenset[Series]]
"""The days of visits to one scanner, and the scanner protocol that changed then."""

_DAY: Final = np.timedelta64(1, "D")


def vouched_days(changes: Iterable[Change]) -> dict[object, Visits]:
    """The days on which protocols of a scanner changed together, and which did.

    Args:
        changes: Those found in each scanner protocol by itself.

    Returns:
        By device the middle of the days of changes that follow each other closely.
    """
    by_device: dict[object, list[tuple[np.datetime64, Series]]] = defaultdict(list)
    for series, day in changes:
        by_device[series[0]].append((day, series))
    return {device: _visits(sorted(found, key=_order)) for device, found in by_device.items()}


def _order(change: tuple[np.datetime64, Series]) -> tuple[np.datetime64, str]:
    return change[0], str(change[1])


def _visits(changes: list[tuple[np.datetime64, Series]]) -> Visits:
    apart = np.diff([day for day, _ in changes]) > limit("together_days") * _DAY
    visits = np.split(np.arange(len(changes)), np.flatnonzero(apart) + 1)
    return {
        changes[visit[len(visit) // 2]][0]: frozenset(changes[one][1] for one in visit)
        for visit in visits
    }
