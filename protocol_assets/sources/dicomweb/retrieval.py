"""Retrieves one study completely: in one answer, by series, or by instance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from protocol_assets.sources.dicomweb.answers import Answer
from protocol_assets.sources.dicomweb.attributes import is_uid
from protocol_assets.sources.dicomweb.body import Row
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.reconcile import (
    Instance,
    ListedStudy,
    ReceivedStudy,
    Reconciliation,
    SeriesListing,
    reconcile,
    reconcile_series,
    reconcile_twice,
)
from protocol_assets.sources.errors import PacsError

__all__ = ["Retrieved", "StudyRetrieval", "StudySource"]

_NOT_OFFERED: Final = frozenset({400, 405, 406, 501})
_ABSENT: Final = ("not_found", "gone")

Batch = list[Instance] | SeriesListing
"""A part of a study: instances, or before them the listing of its series."""


@dataclass(frozen=True)
class Retrieved:
    """A study as it was retrieved.

    Attributes:
        received: Its instances.
        outcome: Whether they are all that the PACS counts.
        etag: ETag of the one answer that it came in, else empty.
    """

    received: ReceivedStudy
    outcome: Reconciliation
    etag: str = ""


class StudySource(Protocol):
    """What a retrieval asks of a PACS; see ``PacsClient``, which raises a ``PacsError``."""

    endpoint: Endpoint

    @property
    def last_answer(self) -> Answer:
        """Properties of this thread's last good answer, besides its rows."""

    def unless(self, etag: str) -> AbstractContextManager[None]:
        """Within, only what no longer has this ``etag`` is asked for."""

    def recount(self, study: ListedStudy) -> ListedStudy:
        """The study as it is listed now."""

    def search_series(self, study_instance_uid: str) -> SeriesListing:
        """The series of a study."""

    def search_instances(self, study_uid: str, series_uid: str) -> list[str]:
        """The valid SOPInstanceUIDs of a series, sorted."""

    def study_metadata(self, study_uid: str, take: Callable[[Row], Any] = ...) -> list[Any]:
        """What ``take`` gives of all instances of a study."""

    def series_metadata(
        self, study_uid: str, series_uid: str, take: Callable[[Row], Any] = ...
    ) -> list[Any]:
        """What ``take`` gives of all instances of a series."""

    def instance_metadata(
        self, study_uid: str, series_uid: str, sop_uid: str, take: Callable[[Row], Any]
    ) -> list[Any]:
        """What ``take`` gives of one instance."""


class StudyRetrieval:
    """Retrieves studies from one source; learns whether it offers study metadata.

    Args:
        source: Asks the PACS.
    """

    def __init__(self, source: StudySource) -> None:
        self._source = source
        self._profile = source.endpoint.profile
        self._offers_study_metadata = self._profile.retrieval == "study"

    def retrieve(self, study: ListedStudy, *, unless: str = "") -> Retrieved | None:
        """The instances of a study, and whether they are all that the PACS counts.

        A study comes in one answer, a large one series by series, a series too large for one answer
        instance by instance, so that one answer is held at a time.

        Where fewer instances come than are counted, the counts are asked for again (the study may
        still be growing), then the study is fetched once more, series by series. Where the listing
        does not count, the counts of the series take its place. See ``reconcile_twice`` for a count
        that is wrong for ever.

        Args:
            study: As it is listed.
            unless: ETag that it bore last.

        Returns:
            None if the PACS says that the study still has the ETag ``unless``.

        Raises:
            PacsError: kind ``gone`` if the PACS neither gives nor lists it any more (nothing
                else is a sign of a deletion), else what went wrong.
        """
        with self._source.unless(unless):
            received, etag = self._receive(self._batches(study), study)
        if unless and self._source.last_answer.unchanged:
            return None
        if not study.is_counted:
            return self._by_counts_of_series(study, received, etag)
        outcome = reconcile(study, received)
        if not outcome.agrees:
            study = self._source.recount(study)
            outcome = reconcile(study, received)
        if outcome.state == "landed":
            return Retrieved(received, outcome, etag)
        again, etag = self._receive_again(study)
        return Retrieved(again, reconcile_twice(study, received, again), etag)

    def _by_counts_of_series(
        self, study: ListedStudy, received: ReceivedStudy, etag: str
    ) -> Retrieved:
        """Decides a study that its listing does not count."""
        series = received.listing or self._listed_series(study)
        if series is None:
            return Retrieved(received, reconcile(study, received), etag)
        outcome = reconcile_series(study, received, series)
        if outcome.state == "landed":
            return Retrieved(received, outcome, etag)
        study = self._source.recount(study)  # or it was deleted
        again, etag = self._receive_again(study)
        return Retrieved(again, reconcile_series(study, again, again.listing or series), etag)

    def _receive_again(self, study: ListedStudy) -> tuple[ReceivedStudy, str]:
        """A second retrieval: by series, for the first answer may have left some out."""
        try:
            return self._receive(self._series_batches(study), study)
        except PacsError as error:
            if error.status not in _NOT_OFFERED | {404}:
                raise
        return self._receive(self._batches(study), study)

    def _listed_series(self, study: ListedStudy) -> SeriesListing | None:
        """The series of a study; None if the PACS does not list them."""
        try:
            listing = self._source.search_series(study.study_instance_uid)
        except PacsError as error:
            if error.kind not in _ABSENT and error.status not in _NOT_OFFERED:
                raise
            return None
        return listing if listing.series or listing.unusable else None

    def _receive(self, batches: Iterator[Batch], study: ListedStudy) -> tuple[ReceivedStudy, str]:
        received = ReceivedStudy(study.study_instance_uid)
        etags = []
        for batch in batches:
            if isinstance(batch, SeriesListing):
                received.listing, received.omitted_series = batch, batch.unusable
            else:
                received.add(batch)
                etags.append(self._source.last_answer.etag)
        return received, etags[0] if len(etags) == 1 else ""

    def _batches(self, study: ListedStudy) -> Iterator[Batch]:
        """The study in one answer if that is offered and it is small enough, else by series."""
        if not is_uid(study.study_instance_uid):
            raise self._error("unexpected", None, "an invalid study UID")
        refused: int | None = None
        is_small = (study.instances or 0) <= self._profile.series_level_above
        if self._offers_study_metadata and is_small:
            try:
                whole = self._source.study_metadata(study.study_instance_uid, Instance.of)
            except PacsError as error:
                if not self._may_come_by_series(study, error):
                    raise
                refused = error.status
            else:
                if whole or self._source.last_answer.unchanged or study.instances == 0:
                    yield whole
                    return
        yield from self._series_batches(study, refused)
        if refused in _NOT_OFFERED | {404}:
            self._offers_study_metadata = False

    def _series_batches(self, study: ListedStudy, refused: int | None = None) -> Iterator[Batch]:
        """The listing of the series, then one series after the other."""
        listing = self._series_listing(study)
        yield listing
        received = False
        for series_uid in listing.series:
            for batch in self._series(study, series_uid):
                received |= bool(batch)
                yield batch
        if not received:
            self._source.recount(study)
            raise self._withheld(refused)

    def _may_come_by_series(self, study: ListedStudy, refusal: PacsError) -> bool:
        """Whether the study is still listed and another way to it may work."""
        if refusal.kind in _ABSENT:
            self._source.recount(study)
            return True
        return refusal.kind == "too_large" or refusal.status in _NOT_OFFERED | {500}

    def _series_listing(self, study: ListedStudy) -> SeriesListing:
        try:
            listing = self._source.search_series(study.study_instance_uid)
        except PacsError as error:
            if error.kind not in _ABSENT:
                raise
            status = error.status
        else:
            is_online = all(one.is_online for one in listing.series.values())
            if not is_online and not self._source.endpoint.rate_limits.wake_nearline:
                raise PacsError(self._source.endpoint.name, "not_online")
            return listing
        self._source.recount(study)
        raise self._withheld(status)

    def _series(self, study: ListedStudy, series_uid: str) -> Iterator[list[Instance]]:
        """A series' instances; none if it was deleted and the study was not."""
        try:
            rows = self._source.series_metadata(study.study_instance_uid, series_uid, Instance.of)
        except PacsError as error:
            if error.kind not in (*_ABSENT, "too_large"):
                raise
            is_too_large = error.kind == "too_large"
        else:
            yield rows
            return
        if is_too_large:
            yield from self._one_by_one(study.study_instance_uid, series_uid)
        else:
            self._source.recount(study)

    def _one_by_one(self, study_uid: str, series_uid: str) -> Iterator[list[Instance]]:
        """The instances of a series that is too large for one answer."""
        for sop_uid in self._sop_uids(study_uid, series_uid):
            try:
                rows = self._source.instance_metadata(study_uid, series_uid, sop_uid, Instance.of)
            except PacsError as error:
                if error.kind not in _ABSENT:
                    raise
                rows = []  # deleted meanwhile: the counts will show it
            yield rows

    def _sop_uids(self, study_uid: str, series_uid: str) -> list[str]:
        try:
            return self._source.search_instances(study_uid, series_uid)
        except PacsError as error:
            if error.kind not in _ABSENT and error.status not in _NOT_OFFERED:
                raise
        raise self._error("too_large", None, "and it lists no instances to ask for one by one")

    def _withheld(self, status: int | None) -> PacsError:
        # Not "gone": the caller may delete on that word, and this may be a broken proxy.
        return self._error("bad_status", status, "it lists a study and does not give it")

    def _error(self, kind: Any, status: int | None, detail: str) -> PacsError:
        return PacsError(self._source.endpoint.name, kind, status, detail)
