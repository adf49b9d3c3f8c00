"""Lands the studies of one partition: keeps or retrieves each of them, and records the result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.study_entries import (
    EntryRecorder,
    begin_entry,
    clear_error,
    land_entry,
    mark_not_online,
)
from protocol_assets.ingest.study_selection import (
    choose_sample,
    has_shrunk,
    is_check_due,
    retrieval_order,
)
from protocol_assets.lake.manifest import Manifest, StudyEntry
from protocol_assets.lake.raw import Stamp, is_whole, read_stamp, write_study
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.reconcile import ListedStudy, content_hash, fingerprint
from protocol_assets.sources.dicomweb.retrieval import Retrieved
from protocol_assets.sources.errors import PacsError

__all__ = ["Progress", "StudiesLanding"]

Progress = Callable[[int, int], None]
"""Called with studies done and studies listed."""


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
        overwritten: Those of them whose content had changed although their counts had not.
        verified_at: When studies that show no change were last compared by content.
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
        self._objects = self.lake.storage.objects
        self._recorder = EntryRecorder(self.now)

    def refuse_to_shrink(self, studies: Sequence[ListedStudy]) -> None:
        """Believe that most of a day was deleted only when two listings say so.

        An index that is being rebuilt, or rights that were taken away, look like deletions, and
        deleted studies are removed from the lake.

        Raises:
            PacsError: kind ``shrunk``.
        """
        if has_shrunk(self._known, map(self._name, studies)):
            raise PacsError(self.partition.pacs, "shrunk")

    def land(self, studies: Sequence[ListedStudy], progress: Progress) -> list[StudyEntry]:
        """Land the studies.

        Returns:
            An entry for each study, also for those that the PACS no longer lists.
        """
        last = self.previous.verified_at if self.previous else ""
        is_due = is_check_due(last, self.now, self.client.endpoint.rate_limits.recheck_days)
        if is_due:
            self._checked = choose_sample([self._name(study) for study in studies], self.now)
        in_turn = sorted(
            studies,
            key=lambda study: retrieval_order(self._known.get(self._name(study)), self.now),
        )
        entries = self._pass(in_turn, progress)
        if self.overwritten and not self.force:
            # Whoever overwrote one study has probably overwritten more.
            known = self._checked | self.fetched
            rest = [study for study in studies if self._name(study) not in known]
            self._checked = {self._name(study) for study in rest}
            entries |= self._pass(rest, lambda _done, _listed: None)
        if self.fetched:
            self._objects.flush(self.lake.raw(self.partition))  # no manifest outlives what it names
        is_verified = is_due and not self._unchecked
        self.verified_at = self._recorder.moment if is_verified or not last else last
        unlisted = self._known.keys() - entries.keys()
        return [*entries.values(), *(self._recorder.mark_gone(self._known[n]) for n in unlisted)]

    def _pass(self, studies: Sequence[ListedStudy], progress: Progress) -> dict[str, StudyEntry]:
        entries = {}
        # The rate limit lets ``workers`` of them send requests; meanwhile, the others write.
        pool = ThreadPoolExecutor(max_workers=2 * self.client.endpoint.workers)
        try:
            for done, entry in enumerate(pool.map(self._study, studies), start=1):
                entries[entry.name] = entry
                progress(done, len(studies))
        except BaseException as error:
            if not isinstance(error, Exception):
                # The run is being stopped: what has landed is kept, and no more requests are sent.
                self.client.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return entries

    def _study(self, listed: ListedStudy) -> StudyEntry:
        """Land one study. Called from the worker threads."""
        name = self._name(listed)
        before = self._known.get(name)
        if before is not None and before.is_purged and not self.force:
            return before
        mark = self.pseudonyms.of("listing", fingerprint(listed))
        stamp = self._stamp(name)
        has_file = self._objects.exists(self._key(name))
        entry = begin_entry(listed, name, before, stamp, has_file)
        kept = stamp if stamp is not None and stamp.fingerprint == mark else None
        unless = ""
        if kept is not None and not self.force and name not in self._checked:
            unless = kept.etag if self._checked else ""
            if not unless:
                return land_entry(entry, kept)
        if self._is_broken:
            return replace(entry, error=entry.error or "not_tried")
        if not listed.is_online and not self.client.endpoint.rate_limits.wake_nearline:
            return land_entry(entry, kept) if kept else mark_not_online(entry)
        try:
            return self._retrieve(listed, entry, mark, kept, unless)
        except OSError:
            # The disk failed: do not fetch studies that could not be kept.
            self._is_broken = True
            raise

    def _stamp(self, name: str) -> Stamp | None:
        """The stamp of a study's file; None if the file does not match it."""
        stamp = read_stamp(self._objects, self._key(name))
        if stamp is None or not is_whole(self._objects, self._key(name), stamp.content_hash):
            return None
        return stamp

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
            return self._recorder.mark_gone(entry)
        is_whole = found is not None and found.outcome.state == "landed"
        if kept is not None and not is_whole and not self.force:
            # It had landed and shows no change: the stored file stays good if a check fails.
            if found is not None or failure is not None:
                self._unchecked.add(entry.name)
            return land_entry(entry, kept)
        if failure is not None:
            return self._recorder.fail(entry, failure)
        if found is None or not is_whole:
            kind = (found and found.outcome.problem) or "incomplete"
            return self._recorder.keep_incomplete(entry, kind)
        lines = found.received.lines
        if self.is_excluded(lines):
            bare = replace(clear_error(entry), study_instance_uid="")
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
        write_study(self._objects, self._key(entry.name), lines, stamp)
        self.fetched.add(entry.name)
        if kept is not None and kept.content_hash != stamp.content_hash:
            self.overwritten.add(entry.name)
        return land_entry(replace(entry, has_data=True), stamp)

    def clean(self, entries: Sequence[StudyEntry]) -> None:
        """Remove files that the manifest does not name: of deleted studies, or of a killed run.

        Call it after the manifest is written, so that a run killed in between loses nothing.
        """
        self._objects.delete_leftovers(self.lake.raw(self.partition))
        named = {self._key(one.name) for one in entries if one.has_data}
        for key in self.lake.studies(self.partition):
            if key not in named:
                self._objects.delete(key, flush=False)

    def _name(self, study: ListedStudy) -> str:
        return self.pseudonyms.of("study", study.study_instance_uid)

    def _key(self, name: str) -> str:
        return self.lake.study(self.partition, name)
