"""Changes of one scanner that follow each other closely: one visit at its console."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.registered import Claim

__all__ = ["Visit", "visits"]


@dataclass(frozen=True, slots=True)
class Visit:
    """The changes of one scanner in one visit.

    Attributes:
        device: The scanner.
        claims: The changes, the earliest first.
    """

    device: object
    claims: tuple[Claim, ...]

    @property
    def first(self) -> pd.Timestamp:
        """Day of the first change; names the visit."""
        return self.claims[0].changed_on

    @property
    def last(self) -> pd.Timestamp:
        """Day of the last change."""
        return self.claims[-1].changed_on


def visits(found: Iterable[Claim]) -> list[Visit]:
    """The visits, in order of scanner and day.

    A change within the limit (``together_days``) of the one before on its scanner belongs to the
    same visit.
    """
    by_device: dict[object, list[Claim]] = defaultdict(list)
    for claim in found:
        by_device[claim.key[0]].append(claim)
    apart = pd.Timedelta(days=limit("together_days"))
    result = []
    for device in sorted(by_device, key=str):
        ordered = sorted(by_device[device], key=lambda one: (one.changed_on, str(one.key)))
        together = [ordered[0]]
        for claim in ordered[1:]:
            if claim.changed_on - together[-1].changed_on > apart:
                result.append(Visit(device, tuple(together)))
                together = []
            together.append(claim)
        result.append(Visit(device, tuple(together)))
    return result
