"""Compacts the months for which no more data are expected, and that retention leaves alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocol_assets.faults import Fault, safe_message
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.lake.compaction import Compacted, compact_month, finish_months, open_months
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.reading import read_warehouse
from protocol_assets.lake.zones import Grid, Lake, Partition
from protocol_assets.publishing.settled import Settled, read_settled

__all__ = ["Compaction", "compact_settled"]

_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Compaction:
    """One pass over all months.

    Attributes:
        done: What was compacted, by first day of the month.
        skipped: Why a settled month was not compacted, by first day; the next pass tries again.
    """

    done: Mapping[dt.date, Compacted] = field(default_factory=dict)
    skipped: Mapping[dt.date, str] = field(default_factory=dict)


def compact_settled(lake: Lake, grid: Grid, keep: Retention, now: dt.datetime) -> Compaction:
    """Compact every settled month that is not compacted; a second call changes nothing.

    Nothing is settled before the first warehouse.

    Args:
        lake: The lake.
        grid: The partitions of the deployment.
        keep: The retention.
        now: UTC.
    """
    finish_placements(lake)
    finish_months(lake)
    if not lake.warehouse.exists():
        return Compaction()
    with read_warehouse(lake) as connection:
        settled = read_settled(lake, connection, grid)
    landed = lake.landed_partitions()
    done, skipped = {}, {}
    for month in open_months(lake):
        if not _is_over(month, settled):
            continue
        try:
            of_month = (one for one in landed if one.month == month)
            if _is_kept_alike(lake, of_month, keep, now):
                result = compact_month(lake, month)
                if result.parts:
                    done[month] = result
        except Fault as fault:  # in use, or a part is damaged
            skipped[month] = safe_message(fault)
    return Compaction(done, skipped)


def _is_over(month: dt.date, settled: Settled) -> bool:
    following = (month + dt.timedelta(days=31)).replace(day=1)
    return following - _DAY <= settled.grid.last and settled.is_month_settled(month)


def _is_kept_alike(
    lake: Lake, partitions: Iterable[Partition], keep: Retention, now: dt.datetime
) -> bool:
    """Whether retention has deleted the same of all partitions.

    Otherwise it deletes more in the next nights, and would open the month each time.

    Raises:
        DamagedManifestError: A manifest is damaged.
    """
    manifests = (read_manifest(lake, one) for one in partitions)
    return len({keep.outlived(one, now) for one in manifests if one is not None}) <= 1
