"""Land a partition: list the day, retrieve what is missing or changed, write the manifest."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.attempts import (
    Attempt,
    begin_attempt,
    record_listing,
    record_problem,
)
from protocol_assets.ingest.load_page import write_load_page
from protocol_assets.ingest.other_modalities import ModalityReview
from protocol_assets.ingest.studies import Progress, StudiesLanding
from protocol_assets.ingest.versions import partition_versions
from protocol_assets.lake.manifest import (
    DamagedManifestError,
    Manifest,
    read_manifest,
    write_manifest,
)
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.registry import modality_of
from protocol_assets.sources.dicomweb.client import DayListing, PacsClient
from protocol_assets.sources.dicomweb.reconcile import ListedStudy, fingerprint
from protocol_assets.sources.dicomweb.rows import has_only_companions
from protocol_assets.sources.errors import PacsError

__all__ = ["day_fingerprint", "land_partition", "partition_lock"]


def partition_lock(partition: Partition) -> str:
    """The lock that a run holds while it changes a partition, from reading to writing."""
    return f"raw-{partition.day}-{partition.pacs}"


def land_partition(
    client: PacsClient,
    lake: Lake,
    partition: Partition,
    pseudonyms: Pseudonyms,
    *,
    force: bool = False,
    progress: Progress | None = None,
    is_excluded: Callable[[Sequence[bytes]], bool] = lambda _lines: False,
) -> Manifest:
    """Land one study day of one PACS; wait if another run works on the partition.

    Studies whose file matches the listing of the PACS are kept, even if the run that landed them
    was killed; the others are retrieved one by one. If a study fails, its last good file stays. A
    study that is no longer listed is removed and stays in the manifest as ``gone``. If the last
    comparison by content is long ago, a sample of the unchanged studies is retrieved as well; if
    the content of one of them has changed although its counts have not, all are retrieved.

    Args:
        client: The PACS.
        lake: The lake.
        partition: Study day and PACS.
        pseudonyms: Name the study files.
        force: Retrieve every study, and accept a listing that has shrunk.
        progress: Called after each study.
        is_excluded: Whether the instances of a study are of a patient who must not be processed;
            such a study is not kept.

    Raises:
        PacsError: The PACS must not be asked now, the day cannot be listed, or most of its
            studies are no longer listed; nothing is changed.
    """
    locks, what = lake.storage.locks, f"partition {partition.key}"
    with (
        locks.exclusive(partition_lock(partition), wait=True, what=what),
        # Runs may overlap, and some cross PACS: a PACS answers one of them at a time.
        locks.exclusive(f"pacs-{partition.pacs}", wait=True, what=f"PACS {partition.pacs}"),
    ):
        client.require_leave()
        started, effort = time.monotonic(), client.effort
        now = dt.datetime.now(dt.UTC)
        before = begin_attempt(lake, partition, now)
        previous = _last_manifest(lake, partition)
        listing = _list(client, lake, partition)
        review = ModalityReview(client, pseudonyms, previous, force=force)
        review.review(listing)
        studies = sorted(review.wanted, key=lambda study: study.study_instance_uid)
        listed_as = _fingerprint(listing, studies, pseudonyms)
        record_listing(lake, partition, before, listed_as)
        landing = StudiesLanding(
            client, lake, partition, pseudonyms, previous, now, force=force, is_excluded=is_excluded
        )
        if not force and not _agrees_with(before, listed_as):
            landing.refuse_to_shrink(studies)
        entries = landing.land(studies, progress or (lambda _done, _listed: None))
        spent = client.effort
        manifest = Manifest(
            partition=partition,
            fingerprint=listed_as,
            landed_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            versions=partition_versions(modality_of("series"), pseudonyms),
            studies=tuple(sorted(entries, key=lambda entry: entry.name)),
            rejected=listing.rejected,
            others=tuple(sorted(review.others, key=lambda other: other.name)),
            verified_at=landing.verified_at,
            fetched=len(landing.fetched),
            overwritten=len(landing.overwritten),
            requests=spent.requests - effort.requests,
            retries=spent.retries - effort.retries,
            received=spent.received - effort.received,
            seconds=round(time.monotonic() - started, 3),
        )
        write_manifest(lake, manifest)
        landing.clean(entries)
        write_load_page(lake, client.endpoint, now)
        return manifest


def _last_manifest(lake: Lake, partition: Partition) -> Manifest | None:
    """The last manifest; None if it is damaged, because the files show what has landed."""
    try:
        return read_manifest(lake, partition)
    except DamagedManifestError:
        return None


def _fingerprint(
    listing: DayListing, studies: Sequence[ListedStudy], pseudonyms: Pseudonyms
) -> str:
    """As ``followed_studies`` will see the listing once the manifest is written."""
    landing = {study.study_instance_uid for study in studies}
    followed = [
        *studies,
        *(
            one
            for one in listing.others
            if has_only_companions(one) and one.study_instance_uid not in landing
        ),
    ]
    return day_fingerprint(followed, pseudonyms, listing.rejected)


def day_fingerprint(
    studies: Sequence[ListedStudy], pseudonyms: Pseudonyms, rejected: int = 0
) -> str:
    """Keyed hash of a day's listing.

    It differs when a study comes, goes, changes its counts, or is taken offline or back, and when
    the number of rows that cannot be used changes.
    """
    lines = [
        fingerprint(study) + ("" if study.is_online else f"|{study.availability}")
        for study in studies
    ]
    lines += [f"rejected|{rejected}"] if rejected else []
    return pseudonyms.of("listing", "\n".join(sorted(lines)))


def _list(client: PacsClient, lake: Lake, partition: Partition) -> DayListing:
    try:
        return client.list_day(partition.day)
    except PacsError as error:
        record_problem(lake, partition, error.kind, error.status)
        raise


def _agrees_with(before: Attempt | None, listed_as: str) -> bool:
    """Whether the last try had seen the same listing."""
    return before is not None and before.fingerprint == listed_as
