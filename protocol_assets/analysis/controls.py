"""Which scanner protocols stand beside one that changed: those that never did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pandas as pd

from protocol_assets.analysis.change_points import Changes
from protocol_assets.analysis.frame import SERIES

__all__ = ["Controls"]

Series = tuple[object, ...]


class Controls:
    """Scanner protocols that never changed.

    For the protocol's own time those of the same protocol at any field; for the times of whole
    exams only those of scanners without any change.

    Args:
        frame: From ``prepared``.
        kind: Columns that a control shares with what it is compared with.
        changes: From ``protocol_changes`` over the same days.
        registered: The findings register.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        kind: Sequence[str],
        changes: Changes,
        registered: pd.DataFrame,
    ) -> None:
        watched = changes.series[
            (changes.series["state"] == "watched") & changes.series["set_aside"].isna()
        ]
        moved = pd.concat([changes.changes[SERIES], registered[SERIES]])
        moved_series = set(moved.itertuples(index=False, name=None))
        self._moved_devices = set(moved["device_key"])
        first = frame.drop_duplicates(SERIES)[[*SERIES, *kind]]
        self._kind = {tuple(one[:2]): one[2:] for one in first.itertuples(index=False, name=None)}
        self._still: dict[tuple[object, ...], list[Series]] = {}
        for key in watched[SERIES].itertuples(index=False, name=None):
            if key not in moved_series:
                self._still.setdefault(self._kind[key], []).append(key)

    def still(self, key: Series) -> list[Series]:
        """The series of other scanners that are like one and never changed."""
        return [one for one in self._still.get(self._kind[key], []) if one[0] != key[0]]

    def quiet(self, keys: Iterable[Series]) -> list[list[Series]]:
        """The series like given ones on each scanner without any change, a list per scanner."""
        by_device: dict[object, list[Series]] = defaultdict(list)
        for kind in sorted({self._kind[key] for key in keys}, key=str):
            for one in self._still.get(kind, []):
                if one[0] not in self._moved_devices:
                    by_device[one[0]].append(one)
        return [by_device[device] for device in sorted(by_device, key=str)]
