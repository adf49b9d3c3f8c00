"""The tries of each partition and the time of the next one; stored beside the manifest, restricted.

The manifest lists what has landed; this records tries, also of a partition that never landed. A
partition counts as failed from the moment a try begins until its facts are stored, so that a killed
run can be distinguished from one that ended well.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from protocol_assets.lake.zones import Lake, Partition

__all__ = [
    "CLOCK_SLACK",
    "LADDER",
    "RESTLESS",
    "Attempt",
    "begin_attempt",
    "read_attempt",
    "record_listing",
    "record_problem",
    "record_refusal",
    "settle_attempt",
]

LADDER: Final = (
    dt.timedelta(minutes=15),
    dt.timedelta(hours=1),
    dt.timedelta(hours=6),
    dt.timedelta(days=1),
)
"""Waits after the first, second, ... failure in a row; the last repeats."""

RESTLESS: Final = 8
"""After so many tries of a partition in 24 hours, a change waits an hour since the last
try: a PACS whose counts never rest is not asked on every tick."""

CLOCK_SLACK: Final = dt.timedelta(minutes=5)
"""What lies further in the future was written before the clock was set back."""

_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last try and the ones shortly before it.

    Attributes:
        fingerprint: Keyed hash of the listing tried; empty if the day was not listed.
        failures: Tries in a row that did not complete the facts of the partition, the one under way
            included.
        recent: When the last tries began, oldest first: those of 24 hours, at most ``RESTLESS``.
        problem: Kind of the error by which the day could not be listed; empty if it could.
        status: HTTP status of that error.
        refusal: Why the gate refused the landed data; empty if it did not.
        refused_by: Versions of the rules that refused it.
    """

    fingerprint: str
    failures: int
    recent: tuple[dt.datetime, ...]
    problem: str = ""
    status: int | None = None
    refusal: str = ""
    refused_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether the last try completed the partition."""
        return self.failures == 0

    def is_ahead(self, now: dt.datetime) -> bool:
        """Whether the last try is in the future: the clock was set back, so no wait applies."""
        return self.recent[-1] > now + CLOCK_SLACK

    @property
    def next_try(self) -> dt.datetime:
        """When the partition may be tried again."""
        latest = self.recent[-1]
        wait = LADDER[min(self.failures, len(LADDER)) - 1] if self.failures else dt.timedelta()
        return max(latest + wait, self.next_change)

    @property
    def next_change(self) -> dt.datetime:
        """When the partition may be tried again because its listing has changed."""
        is_restless = len(self.recent) >= RESTLESS
        return self.recent[-1] + (LADDER[1] if is_restless else dt.timedelta())


def read_attempt(lake: Lake, partition: Partition) -> Attempt | None:
    """The partition's attempt; None if there was none, or its file cannot be read."""
    text = lake.storage.objects.read(_key(lake, partition))
    if text is None:
        return None
    try:
        content = json.loads(text)
        recent = tuple(map(dt.datetime.fromisoformat, content["recent"]))
        if not recent or any(moment.tzinfo is None for moment in recent):
            return None
        return Attempt(
            str(content["fingerprint"]),
            int(content["failures"]),
            recent,
            str(content.get("problem", "")),
            content.get("status"),
            str(content.get("refusal", "")),
            dict(content.get("refused_by", {})),
        )
    except (ValueError, KeyError, TypeError):
        return None


def begin_attempt(lake: Lake, partition: Partition, now: dt.datetime) -> Attempt | None:
    """Record that a try begins.

    Returns:
        The attempt before it.
    """
    before = read_attempt(lake, partition)
    known = before.recent if before else ()
    recent = tuple(one for one in known if now - _DAY < one <= now + CLOCK_SLACK)
    failures = before.failures + 1 if before else 1
    begun = Attempt("", failures, (*recent, now)[-RESTLESS:])
    if before is not None:  # a refusal stays until the facts are stored
        begun = replace(begun, refusal=before.refusal, refused_by=before.refused_by)
    _write(lake, partition, begun)
    return before


def record_listing(
    lake: Lake, partition: Partition, before: Attempt | None, fingerprint: str
) -> None:
    """Record what the PACS listed; a new listing restarts the retry intervals."""
    current = read_attempt(lake, partition)
    if current is None:
        return
    is_new = before is not None and before.fingerprint not in ("", fingerprint)
    failures = 1 if is_new else current.failures
    _write(lake, partition, replace(current, fingerprint=fingerprint, failures=failures))


def record_problem(lake: Lake, partition: Partition, problem: str, status: int | None) -> None:
    """Record why the day could not be listed."""
    current = read_attempt(lake, partition)
    if current is not None:
        _write(lake, partition, replace(current, problem=problem, status=status))


def record_refusal(
    lake: Lake, partition: Partition, refusal: str, refused_by: Mapping[str, str]
) -> None:
    """Record why the gate refused the landed data, and by which rules; empty once it passes."""
    current = read_attempt(lake, partition)
    if current is not None and (current.refusal, current.refused_by) != (refusal, refused_by):
        _write(lake, partition, replace(current, refusal=refusal, refused_by=dict(refused_by)))


def settle_attempt(lake: Lake, partition: Partition, fingerprint: str | None = None) -> None:
    """Record that the partition is complete and its facts are stored.

    Args:
        lake: The lake.
        partition: The partition.
        fingerprint: Of the listing that has landed. A try of another listing, which another run
            has begun meanwhile, is not settled; None settles whatever was tried.
    """
    current = read_attempt(lake, partition)
    if current is None or fingerprint not in (None, current.fingerprint):
        return
    if not current.is_settled:
        _write(lake, partition, replace(current, failures=0))


def _key(lake: Lake, partition: Partition) -> str:
    return f"{lake.raw(partition)}/attempt.json"


def _write(lake: Lake, partition: Partition, attempt: Attempt) -> None:
    content = asdict(attempt) | {"recent": [moment.isoformat() for moment in attempt.recent]}
    text = json.dumps(content).encode()
    # If the machine crashes now, this try may be forgotten.
    lake.storage.objects.write(_key(lake, partition), text, flush=False)
