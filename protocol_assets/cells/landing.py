"""Landing a cell: list the day, retrieve what is missing or changed, write the manifest last."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from protocol_assets.cells.attempts import begin_attempt, record_listing
from protocol_assets.cells.versions import cell_versions
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.lake.locks import exclusive
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest, write_manifest
from protocol_assets.lake.raw import write_study
from protocol_assets.lake.zones import Cell, Lake
from protocol_assets.pacs.client import PacsClient
from protocol_assets.pacs.errors import PacsError
from protocol_assets.pacs.reconcile import ListedStudy, content_hash, fingerprint

__all__ = ["cell_lock", "day_fingerprint", "land_cell", "study_file"]

Progress = Callable[[int, int], None]
"""Called with studies done and studies listed."""

# After as many failures in a row the PACS is taken as down: the rest is left for the next run.
_FAILURES_IN_A_ROW: Final = 3
_NOT_TRIED: Final = "not_tried"


def study_file(lake: Lake, cell: Cell, name: str) -> Path:
    """The raw file of one study."""
    return lake.raw(cell) / f"{name}.ndjson.zst"


def cell_lock(lake: Lake, cell: Cell) -> Path:
    """Held while a cell lands."""
    return lake.lock(f"raw-{cell.day}-{cell.pacs}")


def land_cell(
    client: PacsClient,
    lake: Lake,
    cell: Cell,
    pseudonyms: Pseudonyms,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Manifest:
    """Land one study day of one PACS.

    Studies whose listing is unchanged since they landed are kept; the others are retrieved, each
    on its own. A study that fails leaves its last good file. A study no longer listed is removed
    and stays in the manifest as ``gone``.

    Args:
        client: The PACS.
        lake: The lake.
        cell: Study day and PACS.
        pseudonyms: Name the study files.
        force: Retrieve every study.
        progress: Told after each study.

    Raises:
        PacsError: The day cannot be listed; nothing is changed.
        LockedError: Another run works on the cell.
    """
    with (
        exclusive(cell_lock(lake, cell), wait=False, what=f"cell {cell.key}"),
        # Runs may overlap, and some cross PACS: a PACS answers one of them at a time.
        exclusive(lake.lock(f"pacs-{cell.pacs}"), wait=True, what=f"PACS {cell.pacs}"),
    ):
        started = time.monotonic()
        before = begin_attempt(lake, cell, dt.datetime.now(dt.UTC))
        previous = read_manifest(lake, cell)
        known = {entry.name: entry for entry in previous.studies} if previous else {}
        listing = client.list_day(cell.day)
        listed_as = day_fingerprint(listing.studies, pseudonyms)
        record_listing(lake, cell, before, listed_as)
        landing = _Landing(client, lake, cell, pseudonyms, known, force=force)
        entries = []
        with ThreadPoolExecutor(max_workers=client.endpoint.workers) as pool:
            for entry in pool.map(landing.study, landing.in_turn(listing.studies)):
                entries.append(entry)
                if progress is not None:
                    progress(len(entries), len(listing.studies))
        entries.extend(landing.tombstones({entry.name for entry in entries}))
        manifest = Manifest(
            cell=cell,
            fingerprint=listed_as,
            landed_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            versions=cell_versions(pseudonyms),
            studies=tuple(sorted(entries, key=lambda entry: entry.name)),
            rejected=listing.rejected,
            fetched=landing.fetched,
            seconds=round(time.monotonic() - started, 3),
        )
        write_manifest(lake, manifest)
        return manifest


def day_fingerprint(studies: Sequence[ListedStudy], pseudonyms: Pseudonyms) -> str:
    """Keyed hash of a day's listing: it differs when a study comes, goes or changes its counts."""
    return pseudonyms.of("listing", "\n".join(sorted(map(fingerprint, studies))))


@dataclass
class _Landing:
    """One landing in progress; ``study`` is called from the worker threads."""

    client: PacsClient
    lake: Lake
    cell: Cell
    pseudonyms: Pseudonyms
    known: dict[str, StudyEntry]
    force: bool
    fetched: int = 0
    failures_in_a_row: int = field(default=0, init=False)

    def in_turn(self, studies: Sequence[ListedStudy]) -> list[ListedStudy]:
        """The studies that failed most often last, so that they never hold up the others."""

        def tries(listed: ListedStudy) -> int:
            before = self.known.get(self.pseudonyms.of("study", listed.study_instance_uid))
            return before.tries if before else 0

        return sorted(studies, key=tries)

    def study(self, listed: ListedStudy) -> StudyEntry:
        """Land one study and tell what came of it."""
        name = self.pseudonyms.of("study", listed.study_instance_uid)
        mark = self.pseudonyms.of("listing", fingerprint(listed))
        before = self.known.get(name)
        has_data = study_file(self.lake, self.cell, name).exists()
        if (
            before is not None
            and before.state == "landed"
            and before.fingerprint == mark
            and has_data
            and not self.force
        ):
            return before
        entry = StudyEntry(
            name=name,
            study_instance_uid=listed.study_instance_uid,
            state="failed",
            has_data=has_data and before is not None,
            fingerprint=before.fingerprint if before else "",
            content_hash=before.content_hash if before else "",
            expected=listed.instances,
            instances=before.instances if before else 0,
            tries=(before.tries if before else 0) + 1,
            error=_NOT_TRIED,
        )
        if self.failures_in_a_row >= _FAILURES_IN_A_ROW:
            return replace(entry, tries=entry.tries - 1)
        return self._retrieve(listed, entry, mark)

    def _retrieve(self, listed: ListedStudy, entry: StudyEntry, mark: str) -> StudyEntry:
        kind = ""
        try:
            instances, outcome = self.client.retrieve_reconciled(listed)
        except PacsError as error:
            kind = error.kind
        if kind == "gone":
            self.failures_in_a_row = 0
            study_file(self.lake, self.cell, entry.name).unlink(missing_ok=True)
            return replace(entry, state="gone", has_data=False, instances=0, error="")
        if kind:
            self.failures_in_a_row += 1
            return replace(entry, error=kind)
        self.failures_in_a_row = 0
        if outcome.state != "landed":
            return replace(entry, state="incomplete", expected=outcome.expected, error="incomplete")
        write_study(study_file(self.lake, self.cell, entry.name), instances)
        self.fetched += 1
        return replace(
            entry,
            state="landed",
            has_data=True,
            fingerprint=mark,
            content_hash=content_hash(instances),
            expected=outcome.expected,
            instances=outcome.received,
            tries=0,
            error="",
        )

    def tombstones(self, listed: set[str]) -> list[StudyEntry]:
        """Studies of the last manifest that the PACS no longer lists; their files go."""
        gone = []
        for name, entry in self.known.items():
            if name not in listed:
                study_file(self.lake, self.cell, name).unlink(missing_ok=True)
                gone.append(replace(entry, state="gone", has_data=False, instances=0, error=""))
        return gone
