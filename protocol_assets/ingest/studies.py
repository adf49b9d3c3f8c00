"""The studies of one partition: which are kept, which are retrieved, and what comes of each."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.attempts import CLOCK_SLACK
from protocol_assets.lake.manifest import Manifest, StudyEntry
from protocol_assets.lake.raw import Stamp, is_whole, read_stamp, write_study
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.reconcile import ListedStudy, content_hash, fingerprint
from protocol_assets.sources.dicomweb.retrieval import Retrieved
from protocol_assets.sources.errors import PacsError
from protocol_assets.storage.files import PARTIAL_NAME, delete, sync

__all__ = ["Progress", "StudiesLanding", "study_file"]

Progress = Callable[[int, int], None]
"""Called with studies done and studies listed."""

_SAMPLE_SHARE: Final = 0.1
_SAMPLE_LEAST: Final = 10
_FEW: Final = 10
"""Landed studies below which any of them may vanish at once."""

_ENDING: Final = ".ndjson.zst"


def study_file(lake: Lake, partition: Partition, name: str) -> Path:
    """The raw file of one study."""
    return lake.raw(partition) / f"{name}{_ENDING}"


@dataclass
class StudiesLanding:
    """One landing in progress.

    Attributes:
        client: The PACS.
        lake: The lake.
        partition: Study day and PACS.
        pseudonyms: Name the study files.
        previous: The partition's last manifest.
        now: When the landing began.
        force: Retrieve every study.
        is_excluded: Whether the instances of a study are of a patient who must not be processed.
        fetched: Names of the studies retrieved.
        overwritten: Those among them whose content had changed and not their counts.
        verified_at: When what shows no change was last compared by content.
    """

    client: PacsClient
    lake: Lake
    partition: Partition
    pseudonyms: Pseudonyms
    previous: Manifest | None
    now: dt.datetime
    force: bool
    is_excluded: Callable[[Sequence[bytes]], bool] = lambda _lines: False
    fetched: set[str] = field(default_factory=set, init=False)
    overwritten: set[str] = field(default_factory=set, init=False)
    verified_at: str = field(default="", init=False)
    _checked: set[str] = field(default_factory=set, init=False)
    _unchecked: set[str] = field(default_factory=set, init=False)
    _is_broken: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        before = self.previous.studies if self.previous else ()
        self._known = {entry.name: entry for entry in before}
        self._folder = self.lake.raw(self.partition)

    def refuse_to_shrink(self, studies: Sequence[ListedStudy]) -> None:
        """Believe that most of a day was deleted only when two listings say so.

        An index that is being rebuilt or rights that were taken away look like deletions, and what
        is let go is removed from the lake.

        Raises:
            PacsError: kind ``shrunk``.
        """
        had = {name for name, entry in self._known.items() if entry.has_data}
        left = had & {self._name(study) for study in studies}
        if len(had) >= _FEW and 2 * len(left) < len(had):
            raise PacsError(self.partition.pacs, "shrunk")

    def land(self, studies: Sequence[ListedStudy], progress: Progress) -> list[StudyEntry]:
        """Land the studies, and tell what came of each, tombstones included."""
        is_due = self._is_check_due()
        if is_due:
            self._checked = self._sample(studies)
        entries = self._pass(self._in_turn(studies), progress)
        if self.overwritten and not self.force:
            # Whoever overwrote one study did not stop there.
            known = self._checked | self.fetched
            rest = [study for study in studies if self._name(study) not in known]
            self._checked = {self._name(study) for study in rest}
            entries |= self._pass(rest, lambda _done, _listed: None)
        if self.fetched:
            sync(self._folder)  # no manifest outlives what it names
        last = self.previous.verified_at if self.previous else ""
        is_verified = is_due and not self._unchecked
        self.verified_at = self._moment if is_verified or not last else last
        return [*entries.values(), *self._tombstones(entries)]

    def _pass(self, studies: Sequence[ListedStudy], progress: Progress) -> dict[str, StudyEntry]:
        entries = {}
        # The rate_limit lets ``workers`` of them ask at the same time; the others write meanwhile.
        pool = ThreadPoolExecutor(max_workers=2 * self.client.endpoint.workers)
        try:
            for done, entry in enumerate(pool.map(self._study, studies), start=1):
                entries[entry.name] = entry
                progress(done, len(studies))
        except BaseException as error:
            if not isinstance(error, Exception):
                # The run is being stopped: what has landed is kept, and nothing more is asked.
                self.client.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return entries

    # What is retrieved

    def _is_check_due(self) -> bool:
        """Whether what shows no change is to be compared by content."""
        if self.previous is None or not self.previous.verified_at:
            return False
        since = self.now - dt.datetime.fromisoformat(self.previous.verified_at)
        after = dt.timedelta(days=self.client.endpoint.rate_limits.recheck_days)
        return since >= after or since < -CLOCK_SLACK

    def _sample(self, studies: Sequence[ListedStudy]) -> set[str]:
        """A tenth of the studies, ten at least: another tenth each day."""

        def order(name: str) -> bytes:
            return hashlib.sha256(f"{self.now:%Y-%m-%d}{name}".encode()).digest()

        size = max(_SAMPLE_LEAST, math.ceil(_SAMPLE_SHARE * len(studies)))
        return set(sorted(map(self._name, studies), key=order)[:size])

    def _in_turn(self, studies: Sequence[ListedStudy]) -> list[ListedStudy]:
        """Dead letters of earlier days first, those of today last, by the tries they took."""

        def turn(listed: ListedStudy) -> tuple[int, int]:
            before = self._known.get(self._name(listed))
            if before is None or not before.is_dead_letter or not before.tries:
                return 1, 0
            is_of_today = before.last_seen[:10] == f"{self.now:%Y-%m-%d}"
            return (2, before.tries) if is_of_today else (0, before.tries)

        return sorted(studies, key=turn)

    def _study(self, listed: ListedStudy) -> StudyEntry:
        """Land one study and tell what came of it. Called from the worker threads."""
        name = self._name(listed)
        before = self._known.get(name)
        if before is not None and before.is_purged and not self.force:
            return before
        mark = self.pseudonyms.of("listing", fingerprint(listed))
        stamp = self._stamp(name)
        entry = self._begun(listed, name, stamp)
        kept = stamp if stamp is not None and stamp.fingerprint == mark else None
        unless = ""
        if kept is not None and not self.force and name not in self._checked:
            unless = kept.etag if self._checked else ""
            if not unless:
                return self._landed(entry, kept)
        if self._is_broken:
            return replace(entry, error=entry.error or "not_tried")
        if not listed.is_online and not self.client.endpoint.rate_limits.wake_nearline:
            return self._landed(entry, kept) if kept else self._not_online(entry)
        try:
            return self._retrieve(listed, entry, mark, kept, unless)
        except OSError:
            # The disk: nothing more is fetched that could not be kept.
            self._is_broken = True
            raise

    def _stamp(self, name: str) -> Stamp | None:
        """The stamp of a study's file, where the file holds what the stamp says."""
        stamp = read_stamp(self._file(name))
        if stamp is None or not is_whole(self._file(name), stamp.content_hash):
            return None
        return stamp

    def _begun(self, listed: ListedStudy, name: str, stamp: Stamp | None) -> StudyEntry:
        """What is known of a study before it is retrieved: the last good file, the last error."""
        before = self._known.get(name)
        has_file = self._file(name).exists()
        entry = StudyEntry(
            name=name,
            study_instance_uid=listed.study_instance_uid,
            state="failed",
            has_data=has_file and (stamp is not None or before is not None),
            fingerprint="",
            content_hash="",
            expected=listed.instances,
            instances=0,
            tries=0,
            error="",
        )
        if before is not None:
            entry = replace(
                before, state="failed", has_data=entry.has_data, expected=listed.instances
            )
            if not before.is_dead_letter:
                entry = self._without_error(entry)
        if stamp is not None:
            entry = _stamped(entry, stamp)
        return entry

    def _retrieve(
        self, listed: ListedStudy, entry: StudyEntry, mark: str, kept: Stamp | None, unless: str
    ) -> StudyEntry:
        failure: PacsError | None = None
        found: Retrieved | None = None
        try:
            found = self.client.retrieve(listed, unless=unless)
        except PacsError as error:
            failure = error
        if failure is not None and failure.kind == "gone":
            return self._gone(entry)
        is_whole = found is not None and found.outcome.state == "landed"
        if kept is not None and not is_whole and not self.force:
            # It had landed and shows no change: what a check cannot fetch is no loss.
            if found is not None or failure is not None:
                self._unchecked.add(entry.name)
            return self._landed(entry, kept)
        if failure is not None:
            return self._failed(entry, failure)
        if found is None or not is_whole:
            kind = (found and found.outcome.problem) or "incomplete"
            return self._dead(replace(entry, state="incomplete"), kind, "reconcile", None)
        lines = found.received.lines
        if self.is_excluded(lines):
            bare = replace(self._without_error(entry), study_instance_uid="")
            return replace(bare, state="landed", has_data=False)
        stamp = Stamp(
            fingerprint=mark,
            content_hash=content_hash(lines),
            expected=found.outcome.expected,
            instances=found.outcome.received,
            etag=found.etag if self.client.endpoint.profile.etag else "",
            rejected=found.received.rejected,
            duplicates=found.received.duplicates,
            foreign=found.received.foreign,
            miscounted=found.outcome.miscounted,
        )
        write_study(self._file(entry.name), lines, stamp)
        self.fetched.add(entry.name)
        if kept is not None and kept.content_hash != stamp.content_hash:
            self.overwritten.add(entry.name)
        return self._landed(replace(entry, has_data=True), stamp)

    # What came of it

    def _landed(self, entry: StudyEntry, stamp: Stamp) -> StudyEntry:
        landed = _stamped(self._without_error(entry), stamp)
        return replace(landed, state="landed", expected=stamp.expected)

    def _not_online(self, entry: StudyEntry) -> StudyEntry:
        return replace(self._without_error(entry), state="not_online")

    def _failed(self, entry: StudyEntry, error: PacsError) -> StudyEntry:
        if error.kind == "not_online":
            return self._not_online(entry)
        if error.kind == "held":  # it was not asked: no try of the study's
            return replace(entry, error=entry.error or "held")
        if error.kind == "waiting":  # nor was it asked again
            return replace(entry, error="waiting")
        kind = "waiting" if error.is_put_off else error.kind
        return self._dead(entry, kind, "retrieve", error.status)

    def _dead(self, entry: StudyEntry, kind: str, stage: str, status: int | None) -> StudyEntry:
        return replace(
            entry,
            tries=entry.tries + 1,
            error=kind,
            stage=stage,
            status=status,
            first_seen=entry.first_seen or self._moment,
            last_seen=self._moment,
        )

    def _gone(self, entry: StudyEntry) -> StudyEntry:
        since = entry.first_seen if entry.state == "gone" else self._moment
        gone = replace(self._without_error(entry), state="gone", has_data=False, instances=0)
        return replace(gone, first_seen=since)

    @staticmethod
    def _without_error(entry: StudyEntry) -> StudyEntry:
        return replace(entry, tries=0, error="", stage="", status=None, first_seen="", last_seen="")

    def _tombstones(self, listed: Iterable[str]) -> list[StudyEntry]:
        """Studies of the last manifest that the PACS no longer lists."""
        return [self._gone(self._known[name]) for name in self._known.keys() - set(listed)]

    def clean(self, entries: Sequence[StudyEntry]) -> None:
        """Remove files that the manifest does not name: of studies gone, or of a killed run.

        After the manifest is written, so that a run killed between the two loses nothing.
        """
        named = {f"{one.name}{_ENDING}" for one in entries if one.has_data}
        for path in [*self._folder.glob(PARTIAL_NAME), *self._folder.glob(f"*{_ENDING}")]:
            if path.name not in named:
                delete(path, sync_name=False)

    def _name(self, study: ListedStudy) -> str:
        return self.pseudonyms.of("study", study.study_instance_uid)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}{_ENDING}"

    @property
    def _moment(self) -> str:
        return self.now.isoformat(timespec="seconds")


def _stamped(entry: StudyEntry, stamp: Stamp) -> StudyEntry:
    """The entry with what the study's file says of itself."""
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
