"""How long the disk lasts: the size of a study day, and the effect of retention."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.lake.damaged_parts import DamagedPartError
from protocol_assets.lake.months import stored_partitions
from protocol_assets.lake.zones import DATA_SETS, Lake
from protocol_assets.sources.dicomweb.probe import Finding

__all__ = ["Layer", "days_left", "disk_finding", "measured_layers"]

_FACTS: Final = tuple(one for one in DATA_SETS if one.startswith("safe/facts/"))
_HORIZON_DAYS: Final = 3650
_FEW_DAYS: Final = 30
_TOO_FEW_DAYS: Final = 7
_LEAST_FREE: Final = 1 << 30
"""Room for building a second warehouse, and for landing a day."""
_GIB: Final = 1 << 30
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Layer:
    """The size of one kind of data per study day.

    Attributes:
        bytes_per_day: Mean over the stored days.
        kept_days: Number of stored days.
        most_days: Days after which retention deletes the oldest.
    """

    bytes_per_day: float
    kept_days: int
    most_days: int

    def size(self, days_on: int) -> float:
        """Bytes after this many more days."""
        return self.bytes_per_day * min(self.kept_days + days_on, max(self.most_days, 1))


def days_left(layers: list[Layer], free: int) -> int | None:
    """Days until the layers have grown by ``free`` bytes; None if more than ten years."""
    now = sum(layer.size(0) for layer in layers)
    grown = (
        day
        for day in range(1, _HORIZON_DAYS + 1)
        if sum(layer.size(day) for layer in layers) - now > free
    )
    return next(grown, None)


def measured_layers(lake: Lake, keep: Retention) -> list[Layer]:
    """Raw, series, and everything with the lifetime of facts: marts, and Dagster's history."""
    days = {partition.day for partition in lake.landed_partitions()}
    raw = {_day_of(path) for path in (lake.restricted / "raw").rglob("*.zst")}
    series = (lake.restricted / "series", lake.restricted / "labels")
    size = sum(_size(folder) for folder in (lake.safe, lake.publish, lake.dagster_home))
    sizes = (
        (_size(lake.restricted / "raw"), len(raw), keep.raw_days),
        (sum(map(_size, series)), len(days), keep.series_days),
        (size, _days_in(lake), keep.facts_days),
    )
    return [Layer(total / kept, kept, most) for total, kept, most in sizes if kept]


def disk_finding(lake: Lake, keep: Retention) -> Finding:
    """Whether there is enough room, and for how long."""
    free = shutil.disk_usage(_existing(lake.home)).free
    layers = measured_layers(lake, keep)
    left = days_left(layers, free)
    per_day = sum(layer.bytes_per_day for layer in layers)
    taken = f"{free / _GIB:.1f} GiB free, a study day takes {per_day / _MIB:.1f} MiB"
    if free < _LEAST_FREE or (left is not None and left < _TOO_FEW_DAYS):
        return Finding("disk", "fail", f"{taken}; free disk space, or shorten [retention]")
    if not layers:
        return Finding("disk", "ok", f"{free / _GIB:.1f} GiB free")
    if left is None:
        return Finding("disk", "ok", f"{taken}; with this retention enough for years")
    lasts = f"{taken}; enough for {left} days"
    if left < _FEW_DAYS:
        return Finding("disk", "warn", f"{lasts}; free disk space, or shorten [retention]")
    return Finding("disk", "ok", lasts)


def _size(folder: Path) -> int:
    """Bytes on disk below a folder; files that disappear during the walk do not count."""
    return sum(_on_disk(path) for path in _files(folder))


def _files(folder: Path) -> Iterator[str]:
    for directory, _folders, names in os.walk(folder):
        yield from (os.path.join(directory, name) for name in names)  # noqa: PTH118 - one a study


def _on_disk(path: str) -> int:
    try:
        return os.lstat(path).st_blocks * 512
    except FileNotFoundError:
        return 0


def _days_in(lake: Lake) -> int:
    """Days with facts; none while the part of a month is damaged, because its days are unknown."""
    try:
        return len({one.day for one in stored_partitions(lake, _FACTS)})
    except DamagedPartError:
        return 0


def _day_of(path: Path) -> str:
    return path.parent.parent.name


def _existing(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())
