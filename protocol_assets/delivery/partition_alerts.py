"""What is worth an alert of runs and partitions, in one line each that identifies nobody."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable
from typing import Final

from protocol_assets.delivery.outbox import Channels, Outbox, Told, keep_standing
from protocol_assets.ingest.attempts import Attempt, read_attempt
from protocol_assets.ingest.completeness import describe_shortfall
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.zones import Lake, Partition

__all__ = ["keep_partitions", "keep_refused", "run_key", "run_line"]

_GRACE: Final = dt.timedelta(minutes=10)
"""How long a failed try of a partition waits for the run to report it."""
_LONGEST: Final = 1000


def keep_partitions(
    lake: Lake,
    entries: Outbox,
    in_flight: Collection[Partition],
    channels: Channels,
    now: dt.datetime,
) -> None:
    """Add the partitions that are incomplete or refused; those that have recovered are over.

    Args:
        lake: The lake.
        entries: What was reported before; changed.
        in_flight: Partitions of runs that wait or work: they are no news yet.
        channels: Where new ones go.
        now: An aware time.
    """
    unsettled = {
        partition: attempt
        for partition in lake.tried_partitions()
        if (attempt := read_attempt(lake, partition)) is not None and not attempt.is_settled
    }
    lines = {
        partition.key: _partition_line(lake, partition, attempt)
        for partition, attempt in unsettled.items()
        if partition.key in entries
        or (partition not in in_flight and attempt.recent[-1] + _GRACE <= now)
    }
    keep_standing(entries, lines, channels)


def keep_refused(entries: Outbox, refused: Iterable[str], line: str, channels: Channels) -> None:
    """Add the partitions that a run refused; one line reports them all.

    Args:
        entries: What was reported before; changed.
        refused: Keys of the partitions.
        line: The line of the run.
        channels: Where it goes.
    """
    new = [partition for partition in refused if partition not in entries]
    for partition in new:
        entries[partition] = Told(line)
    if new:
        entries[new[0]].waits_for = list(channels)


def run_key(job: str, assets: Iterable[str], line: str) -> str:
    """What a failed run is recognised by: its job, its assets and its reason."""
    _, _, reason = line.partition(" failed: ")
    parts = [job, *sorted(assets), reason]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def run_line(run: str, job: str, partitions: str, reasons: Iterable[str]) -> str:
    """One line: which run, over which partitions, and why.

    Args:
        run: Identifier of the run.
        job: Its job.
        partitions: The range of partitions, empty where it has none.
        reasons: Texts that were written to be read; any other may hold a value of a patient.
    """
    texts = ["; ".join(text.splitlines()) for text in reasons]
    what = " | ".join(texts) or "it could not start or its process ended; see its events"
    line = f"run {run[:8]} of {job}{f' ({partitions})' if partitions else ''} failed: {what}"
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _partition_line(lake: Lake, partition: Partition, attempt: Attempt) -> str:
    manifest = read_manifest(lake, partition)
    again = f"; tried again from {attempt.next_try:%Y-%m-%d %H:%M} UTC"
    if attempt.problem:
        status = f" {attempt.status}" if attempt.status else ""
        what = f"could not be listed ({attempt.problem}{status})"
    elif manifest is not None and not manifest.is_complete:
        what = f"is incomplete: {describe_shortfall(manifest)}"
    elif attempt.refusal:
        what = f"was refused: {attempt.refusal}"
    else:
        what = "was refused or its run ended: see the checks of its last run"
    return f"partition {partition.day} of {partition.pacs} {what}{again}"
