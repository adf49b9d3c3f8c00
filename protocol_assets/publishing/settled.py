"""Which days and months are settled: no more data are expected for them.

A published period does not change any more (``publications``), so it must not be published before
it is complete. Every configured PACS counts on its own, because during a backfill the data of one
PACS say nothing about another.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb

from protocol_assets.deidentify.disclosure_limits import disclosure_limit
from protocol_assets.lake.zones import Grid, Lake

__all__ = ["Settled", "read_settled"]

_SETTLING_DAYS: Final = disclosure_limit("settling_days")

Days = Mapping[str, frozenset[dt.date]]
"""Days by name of a PACS."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether a period is settled.

    A PACS is settled for a day when everything that it lists has landed, even if a rule left some
    of it out. It is also settled when the day was tried, and a day of the same PACS at least
    ``settling_days`` later has landed completely: the PACS answers, and the missing data had enough
    time. A day is settled when every configured PACS is. A month is settled when each of its
    configured days is.

    Attributes:
        grid: The partitions of the deployment.
        whole: Days for which no more data are expected.
        tried: Days that landed or failed.
    """

    grid: Grid
    whole: Days
    tried: Days

    def is_day_settled(self, day: dt.date) -> bool:
        """Whether every configured PACS is settled for the day."""
        return all(self._is_settled(name, day) for name in self.grid.pacs)

    def is_month_settled(self, month: dt.date) -> bool:
        """Whether each day of the month is settled.

        Args:
            month: Its first day.
        """
        following = (month + dt.timedelta(days=31)).replace(day=1)
        length = (following - month).days
        days = {month + dt.timedelta(days=n) for n in range(length)}
        asked_for = {day for day in days if self.grid.first <= day <= self.grid.last}
        landed = days & frozenset[dt.date]().union(*self.tried.values())
        return all(map(self.is_day_settled, asked_for | landed))

    def _is_settled(self, pacs: str, day: dt.date) -> bool:
        whole = self.whole.get(pacs, frozenset())
        if day in whole:
            return True
        is_tried = day in self.tried.get(pacs, frozenset())
        return is_tried and (max(whole, default=day) - day).days >= _SETTLING_DAYS


def read_settled(lake: Lake, connection: duckdb.DuckDBPyConnection, grid: Grid) -> Settled:
    """What has landed, from the warehouse; what was tried, from the lake as well.

    Args:
        lake: The lake.
        connection: The warehouse, for reading.
        grid: The partitions of the deployment.
    """
    whole: defaultdict[str, set[dt.date]] = defaultdict(set)
    tried: defaultdict[str, set[dt.date]] = defaultdict(set)
    query = "select study_date, pacs, is_settled from published.completeness_daily"
    for day, name, is_settled in connection.sql(query).fetchall():
        tried[name].add(day)
        if is_settled:
            whole[name].add(day)
    for partition in lake.tried_partitions():
        tried[partition.pacs].add(partition.day)
    days = [{name: frozenset(found) for name, found in one.items()} for one in (whole, tried)]
    return Settled(grid, *days)
