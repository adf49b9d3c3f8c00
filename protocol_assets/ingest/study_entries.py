"""What a landing records about one study: pure functions from the last entry to the new one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from protocol_assets.lake.manifest import StudyEntry
from protocol_assets.lake.raw import Stamp
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.errors import PacsError

__all__ = ["EntryRecorder", "begin_entry", "clear_error", "land_entry", "mark_not_online"]


def begin_entry(
    listed: ListedStudy, name: str, before: StudyEntry | None, stamp: Stamp | None, has_file: bool
) -> StudyEntry:
    """What is known of a study before it is retrieved: the last good file, the last error.

    Args:
        listed: The study as the PACS lists it.
        name: Its name in the lake.
        before: Its entry in the last manifest.
        stamp: The description in its file; None if the file does not match it.
        has_file: Whether there is a file.
    """
    has_data = has_file and (stamp is not None or before is not None)
    if before is None:
        entry = StudyEntry(
            name=name,
            study_instance_uid=listed.study_instance_uid,
            state="failed",
            has_data=has_data,
            fingerprint="",
            content_hash="",
            expected=listed.instances,
            instances=0,
            tries=0,
            error="",
        )
    else:
        entry = replace(before, state="failed", has_data=has_data, expected=listed.instances)
        if not before.is_dead_letter:
            entry = clear_error(entry)
    return entry if stamp is None else _stamped(entry, stamp)


def land_entry(entry: StudyEntry, stamp: Stamp) -> StudyEntry:
    """The study has landed with the file that ``stamp`` describes."""
    landed = _stamped(clear_error(entry), stamp)
    return replace(landed, state="landed", expected=stamp.expected)


def mark_not_online(entry: StudyEntry) -> StudyEntry:
    """The PACS would have to fetch the study from an archive first."""
    return replace(clear_error(entry), state="not_online")


def clear_error(entry: StudyEntry) -> StudyEntry:
    """The entry without an error of earlier tries."""
    return replace(entry, tries=0, error="", stage="", status=None, first_seen="", last_seen="")


@dataclass(frozen=True)
class EntryRecorder:
    """Records what went wrong with a study, or that it is gone, at the time of a landing.

    Attributes:
        now: When the landing began.
    """

    now: dt.datetime

    def fail(self, entry: StudyEntry, error: PacsError) -> StudyEntry:
        """The study could not be retrieved."""
        if error.kind == "not_online":
            return mark_not_online(entry)
        if error.kind == "held":  # no request was sent, so this was no try
            return replace(entry, error=entry.error or "held")
        if error.kind == "waiting":
            return replace(entry, error="waiting")
        kind = "waiting" if error.is_put_off else error.kind
        return self._try_failed(entry, kind, "retrieve", error.status)

    def keep_incomplete(self, entry: StudyEntry, kind: str) -> StudyEntry:
        """The study came, but not all of it."""
        return self._try_failed(replace(entry, state="incomplete"), kind, "reconcile", None)

    def mark_gone(self, entry: StudyEntry) -> StudyEntry:
        """The PACS no longer holds the study; the entry keeps the time when that was first seen."""
        since = entry.first_seen if entry.state == "gone" else self.moment
        gone = replace(clear_error(entry), state="gone", has_data=False, instances=0)
        return replace(gone, first_seen=since)

    @property
    def moment(self) -> str:
        """The time as manifests write it."""
        return self.now.isoformat(timespec="seconds")

    def _try_failed(
        self, entry: StudyEntry, kind: str, stage: str, status: int | None
    ) -> StudyEntry:
        return replace(
            entry,
            tries=entry.tries + 1,
            error=kind,
            stage=stage,
            status=status,
            first_seen=entry.first_seen or self.moment,
            last_seen=self.moment,
        )


def _stamped(entry: StudyEntry, stamp: Stamp) -> StudyEntry:
    """The entry with the description in the study's file."""
    return replace(
        entry,
        fingerprint=stamp.fingerprint,
        content_hash=stamp.content_hash,
        instances=stamp.instances,
        rejected=stamp.rejected,
        duplicates=stamp.duplicates,
        foreign=stamp.foreign,
        miscounted=stamp.miscounted,
    )
