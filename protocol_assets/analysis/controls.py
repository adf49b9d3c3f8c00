"""Which protocol-series stand beside one that changed: those that never did."""

from __future__ import annotations

import pandas as pd

from protocol_assets.analysis.change_points import Changes
from protocol_assets.analysis.effects import Times
from protocol_assets.analysis.frame import SERIES

__all__ = ["Controls"]


class Controls:
    """Protocol-series that never changed.

    For the protocol's own time those of the same protocol at any field; for the times of whole
    exams only those of scanners without any change.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        changes: Changes,
        registered: pd.DataFrame,
        times: dict[tuple[object, ...], dict[str, Times]],
    ) -> None:
        self._times = times
        watched = changes.series[
            (changes.series["state"] == "watched") & changes.series["set_aside"].isna()
        ]
        moved = pd.concat([changes.changes[SERIES], registered[SERIES]])
        moved_series = set(moved.itertuples(index=False, name=None))
        moved_devices = set(moved["device_key"])
        kind = ["anatomy", "role", "contrast_phase", "dimension", "reconstruction"]
        first = frame.drop_duplicates(SERIES)[[*SERIES, *kind]]
        self._kind = {tuple(one[:2]): one[2:] for one in first.itertuples(index=False, name=None)}
        self._still: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
        self._quiet: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
        for key in watched[SERIES].itertuples(index=False, name=None):
            if key in moved_series:
                continue
            self._still.setdefault(self._kind[key], []).append(key)
            if key[0] not in moved_devices:
                self._quiet.setdefault(self._kind[key], []).append(key)

    def of(self, key: tuple[object, ...], metric: str) -> list[Times]:
        """The times of the controls of a protocol-series."""
        pool = self._still if metric == "scan_time" else self._quiet
        return [
            self._times[one][metric] for one in pool.get(self._kind[key], []) if one[0] != key[0]
        ]
