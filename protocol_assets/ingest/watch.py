"""Watches a PACS: which partitions a tick requests, and where the next tick continues.

A tick lists days, newest first, and compares each listing with the one that was tried last. New
studies, late series, deletions and catching up after an outage are handled alike: a partition that
differs from the last try, or that was never complete and is due again. The module does not know
Dagster.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.attempts import CLOCK_SLACK, Attempt, read_attempt
from protocol_assets.ingest.landing import day_fingerprint, partition_lock
from protocol_assets.ingest.other_modalities import followed_studies
from protocol_assets.lake.manifest import DamagedManifestError, Manifest, read_manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.errors import PacsError
from protocol_assets.storage.locks import LockedError

__all__ = [
    "PartitionRecord",
    "Watch",
    "Watched",
    "Window",
    "consecutive",
    "read_record",
    "state_of",
]

_DAY: Final = dt.timedelta(days=1)
_SLACK: Final = dt.timedelta(minutes=5)
"""A try that is due this soon is made now: ticks do not come to the second."""
_SHORTEST_LISTING_S: Final = 1.0
_CHECKED_DAYS: Final = 30
"""Days back from the newest that are compared by content now and then: raw is kept as long."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days that may be requested.

    Attributes:
        oldest: First day of the grid.
        newest: Last day of the grid: yesterday, or earlier if the grid has an end date.
        lookback_days: Days back from ``newest`` that are listed again for late arrivals.
    """

    oldest: dt.date
    newest: dt.date
    lookback_days: int

    @classmethod
    def at(
        cls, today: dt.date, start: dt.date, end: dt.date | None, lookback_days: int
    ) -> Window | None:
        """The window of a deployment as of ``today``; None before its first day has ended."""
        newest = today - _DAY if end is None else min(end, today - _DAY)
        return cls(start, newest, lookback_days) if newest >= start else None

    @property
    def days(self) -> list[dt.date]:
        """All days, newest first."""
        return [self.newest - n * _DAY for n in range((self.newest - self.oldest).days + 1)]

    @property
    def looked_back_to(self) -> dt.date:
        """The oldest day that is listed again once it has landed."""
        return max(self.oldest, self.newest - (self.lookback_days - 1) * _DAY)


@dataclass(frozen=True, slots=True)
class PartitionRecord:
    """What is recorded of a partition: its last try, and its manifest if it has landed."""

    attempt: Attempt | None
    manifest: Manifest | None

    def is_due(self, now: dt.datetime) -> bool:
        """Whether it was never complete and another try is due."""
        if self.attempt is None:
            return self.manifest is None or not self.manifest.is_complete
        if self.attempt.is_settled:
            return False
        return self.attempt.is_ahead(now) or self.attempt.next_try <= now + _SLACK

    @property
    def is_stored(self) -> bool:
        """Whether it has landed, and no check has refused it since."""
        return self.manifest is not None and not (self.attempt and self.attempt.refusal)

    def may_change(self, now: dt.datetime) -> bool:
        """Whether a change of its listing would start a new try now."""
        if self.attempt is None or self.attempt.is_ahead(now):
            return True
        return self.attempt.next_change <= now + _SLACK

    def is_check_due(self, now: dt.datetime, after: dt.timedelta) -> bool:
        """Whether the last comparison by content of a complete partition is this long ago."""
        if self.manifest is None or not self.manifest.is_complete or not self.may_change(now):
            return False
        if not self.manifest.with_data:  # an empty day, or purged: there is nothing to compare
            return False
        is_settled = self.attempt is None or self.attempt.is_settled
        verified_at = self.manifest.verified_at
        if not is_settled or not verified_at:
            return False
        since = now - dt.datetime.fromisoformat(verified_at)
        return since >= after or since < -CLOCK_SLACK

    def has_changed(self, listed_as: str) -> bool:
        """Whether the PACS lists another state than the one tried last."""
        tried = self.attempt.fingerprint if self.attempt else ""
        if not tried and self.attempt is not None and not self.attempt.is_settled:
            return False  # the day could not be listed; it is tried again when a try is due
        return listed_as != (tried or (self.manifest.fingerprint if self.manifest else ""))


def read_record(lake: Lake, partition: Partition) -> PartitionRecord:
    """The record of one partition; one with a damaged manifest counts as never tried."""
    try:
        return PartitionRecord(read_attempt(lake, partition), read_manifest(lake, partition))
    except DamagedManifestError:
        return PartitionRecord(None, None)


def state_of(record: PartitionRecord, fingerprint: str) -> str:
    """A digest that stays the same until the partition is tried again or its listing changes."""
    tried = record.attempt.recent[-1].isoformat() if record.attempt else ""
    return hashlib.sha256(f"{fingerprint}|{tried}".encode()).hexdigest()[:16]


@dataclass
class Watched:
    """The result of a tick.

    Attributes:
        wanted: Days to land, newest first, each with a digest of its state.
        listed: Days that were listed.
        resume_at: The day at which the next tick continues; None if this one finished.
        trouble: One line for each thing that went wrong.
    """

    wanted: dict[dt.date, str] = field(default_factory=dict)
    listed: int = 0
    resume_at: dt.date | None = None
    trouble: list[str] = field(default_factory=list)


@dataclass
class Watch:
    """One tick over one PACS.

    Attributes:
        client: The PACS, without retries; its budget is the tick's.
        lake: The lake.
        pseudonyms: Key the fingerprints.
        window: The days that may be asked for.
        in_flight: Days that a run will land or is landing.
        most: Most days to request.
        now: The time of day.
        ends_at: When the tick must have ended, on ``clock``.
        clock: Monotonic seconds.
    """

    client: PacsClient
    lake: Lake
    pseudonyms: Pseudonyms
    window: Window
    in_flight: Container[dt.date]
    most: int
    now: dt.datetime
    ends_at: float
    clock: Callable[[], float] = time.monotonic
    _records: dict[dt.date, PartitionRecord] = field(default_factory=dict, init=False)
    _open: dict[dt.date, bool] = field(default_factory=dict, init=False)
    _result: Watched = field(default_factory=Watched, init=False)

    def tick(self, resume_at: dt.date | None) -> Watched:
        """Find the days to land.

        The days of the look-back that have landed are listed and compared: from ``resume_at`` on to
        the oldest, then from the newest on. Days that never landed are requested without a listing
        of their own, once a listing has shown that the PACS answers. If there is nothing else to
        do, one landed day is requested whose comparison by content is due.

        Args:
            resume_at: Where the last tick stopped.
        """
        missing = [day for day in self._missing() if self._is_open(day) and self._due(day)]
        landed = [day for day in self._landed() if self._is_open(day) and self._follows(day)]
        start = sum(resume_at is not None and day > resume_at for day in landed)
        answers = self._list(landed[start:] + landed[:start] or missing[:1])
        wanted = self._result.wanted
        if answers:
            wanted |= {day: state_of(self._records[day], "") for day in missing}
        if answers and not wanted and (day := self._to_check()) is not None:
            wanted[day] = state_of(self._records[day], "check")
        self._result.wanted = dict(sorted(wanted.items(), reverse=True)[: self.most])
        return self._result

    def _list(self, days: Sequence[dt.date]) -> bool:
        """List day after day while the budget lasts; true if the PACS answered."""
        answers = False
        for day, following in zip_longest(days, days[1:]):
            if answers and self._is_over:
                self._result.resume_at = day
                break
            if self._look(day):
                answers = True
                continue
            # A day that ends a tick early, or uses a whole one, must not do so every time.
            self._result.resume_at = day if answers and self._is_over else following
            break
        return answers

    @property
    def _is_over(self) -> bool:
        return self.ends_at - self.clock() < _SHORTEST_LISTING_S

    def _look(self, day: dt.date) -> bool:
        """List one day and compare; False if that failed."""
        record = self._records[day]
        try:
            listing = self.client.list_day(day)
        except PacsError as error:
            if not (self._result.listed and self._is_over):  # else a later tick will notice
                self._result.trouble.append(f"{day}: {error}")
            # It answers; only this day cannot be listed.
            return error.kind in ("capped", "unstable")
        self._result.listed += 1
        followed = followed_studies(listing, record.manifest, self.pseudonyms)
        listed_as = day_fingerprint(followed, self.pseudonyms, listing.rejected)
        if record.has_changed(listed_as) or record.is_due(self.now):
            self._result.wanted[day] = state_of(record, listed_as)
        return True

    def _missing(self) -> Iterator[dt.date]:
        """Days that never landed; those before the look-back wait while a run is in flight."""
        landed = {
            partition.day
            for partition in self.lake.landed_partitions()
            if partition.pacs == self._pacs
        }
        is_busy = any(day in self.in_flight for day in self.window.days)
        for day in self.window.days:
            if day not in landed and not (is_busy and day < self.window.looked_back_to):
                yield day

    def _landed(self) -> Iterator[dt.date]:
        back_to = self.window.looked_back_to
        for day in self.window.days:
            if day >= back_to and self._has_landed(day):
                yield day

    def _to_check(self) -> dt.date | None:
        """The landed day whose comparison by content is due and was longest ago."""
        after = dt.timedelta(days=self.client.endpoint.rate_limits.recheck_days)
        due: list[tuple[str, dt.date]] = []
        for day in self.window.days[:_CHECKED_DAYS]:
            if self._has_landed(day) and self._is_open(day):
                record = self._records[day]
                if record.manifest and record.is_check_due(self.now, after):
                    due.append((record.manifest.verified_at, day))
        return min(due)[1] if due else None

    def _has_landed(self, day: dt.date) -> bool:
        return self.lake.storage.objects.exists(self.lake.manifest(self._partition(day)))

    def _is_open(self, day: dt.date) -> bool:
        """Whether no run works on the partition and its record can be read."""
        if day not in self._open:
            self._open[day] = self._read(day)
        return self._open[day]

    def _read(self, day: dt.date) -> bool:
        if day in self.in_flight:
            return False
        self._records[day] = record = read_record(self.lake, self._partition(day))
        if record.attempt is None or record.attempt.is_settled:
            return True
        try:  # begun and not ended: is it still running, or was it killed?
            with self.lake.storage.locks.exclusive(
                partition_lock(self._partition(day)), wait=False, what="the partition"
            ):
                return True
        except LockedError:
            return False

    def _due(self, day: dt.date) -> bool:
        return self._records[day].is_due(self.now)

    def _follows(self, day: dt.date) -> bool:
        return self._records[day].may_change(self.now)

    @property
    def _pacs(self) -> str:
        return self.client.endpoint.name

    def _partition(self, day: dt.date) -> Partition:
        return Partition(day, self._pacs)


def consecutive(days: Iterable[dt.date], most: int) -> Iterator[tuple[dt.date, dt.date]]:
    """Ranges of adjacent days as (first, last), newest first, at most ``most`` days each."""
    ordered = sorted(days, reverse=True)
    while ordered:
        last = first = ordered.pop(0)
        while ordered and ordered[0] == first - _DAY and (last - first).days + 1 < most:
            first = ordered.pop(0)
        yield first, last
