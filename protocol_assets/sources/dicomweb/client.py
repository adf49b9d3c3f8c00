"""The client of one PACS: list a day, retrieve a study. Everything it raises may be logged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Final, Self

from dicomweb_client import DICOMwebClient

from protocol_assets.sources.dicomweb.answers import Answer
from protocol_assets.sources.dicomweb.asking import ask, prove
from protocol_assets.sources.dicomweb.attributes import MODALITY, STUDY_UID, texts, uid
from protocol_assets.sources.dicomweb.body import Row, whole
from protocol_assets.sources.dicomweb.effort import Effort
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.listing import list_day_rows
from protocol_assets.sources.dicomweb.metadata import MetadataRequests, Take
from protocol_assets.sources.dicomweb.paging import Page
from protocol_assets.sources.dicomweb.reconcile import ListedStudy, SeriesListing
from protocol_assets.sources.dicomweb.retrieval import Retrieved, StudyRetrieval
from protocol_assets.sources.dicomweb.rows import (
    DayListing,
    listed_study,
    merge_all,
    studies_of_day,
)
from protocol_assets.sources.dicomweb.search import Searches
from protocol_assets.sources.dicomweb.session import TRIES, GuardedSession
from protocol_assets.sources.errors import PacsError
from protocol_assets.sources.rate_limit.pacing import RateLimit

__all__ = ["DayListing", "PacsClient"]

_ROWS_OF_ONE_STUDY: Final = 10
_ACCEPT: Final = {"Accept": "application/dicom+json"}


class PacsClient:
    """Reads one PACS over QIDO-RS and WADO-RS. A context manager; close it after use.

    May be shared by ``endpoint.workers`` threads.

    Args:
        endpoint: The PACS.
        rate_limit: When requests may be sent.
        tries: Most requests for one answer; 1 if a later run asks again anyway.
        budget_s: Longest all requests of this client together may take from now on.
        sleep: Waits so many seconds between tries; by default until ``stop`` at the latest.
        clock: Monotonic seconds, for the deadline.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        rate_limit: RateLimit | None = None,
        tries: int = TRIES,
        budget_s: float = math.inf,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint = endpoint
        self._session = GuardedSession(
            endpoint,
            rate_limit=rate_limit,
            tries=tries,
            budget_s=budget_s,
            sleep=sleep,
            clock=clock,
        )
        dicomweb = DICOMwebClient(endpoint.url, session=self._session)
        dicomweb.set_http_retry_params(retry=False)
        context, guard = self._session.context, partial(ask, endpoint.name)
        self._searches = Searches(dicomweb, context, endpoint.rows_a_page, guard)
        self._metadata = MetadataRequests(dicomweb, context, guard)
        self._retrieval = StudyRetrieval(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def stop(self) -> None:
        """Ends the requests and waits of all threads; no more requests are sent."""
        self._session.stop()

    @property
    def last_answer(self) -> Answer:
        """Properties of this thread's last good answer, besides its rows."""
        return self._session.last

    @property
    def effort(self) -> Effort:
        """The requests to the PACS so far."""
        return self._session.effort

    def require_leave(self) -> None:
        """Returns if the PACS may be asked now.

        Raises:
            PacsError: kind ``held``.
        """
        if reason := self._session.rate_limit.hold():
            raise PacsError(self.endpoint.name, "held", None, reason)

    # Listing

    def list_day(self, day: date) -> DayListing:
        """The studies of ``day``, proved complete as far as the PACS allows.

        The server's filters are only hints: StudyDate and modality are checked again here.

        Raises:
            PacsError: kind ``capped`` if the day cannot be proved complete, else what went wrong.
        """
        requests = 0

        def ask_page(filters: Mapping[str, str], limit: int, offset: int) -> Page:
            nonlocal requests
            page = self._searches.listing_page(filters, limit, offset)
            requests += self.last_answer.tries
            return page

        size = self.endpoint.rows_a_page
        found = prove(self.endpoint.name, lambda: list_day_rows(ask_page, day, size))
        of_day = studies_of_day(found.rows.values(), found.rejected, day, self.endpoint.modalities)
        return replace(of_day, requests=requests)

    def search_studies(self, filters: Mapping[str, str], limit: int, offset: int = 0) -> list[Row]:
        """One page of QIDO-RS studies; see ``Searches``.

        Raises:
            PacsError: No good answer.
        """
        return self._searches.studies(filters, limit, offset)

    def search_broadly(self, today: date, limit: int) -> tuple[dict[str, str], list[Row]]:
        """Any studies, and the filters that it took to get them; see ``Searches``.

        Raises:
            PacsError: No good answer.
        """
        return self._searches.broadly(today, limit)

    def answers_at(self, root: str) -> bool:
        """Whether a DICOMweb service lists studies at another URL of this PACS."""
        url = f"{root}/studies?limit=1"
        try:
            with self._session.context.refusals(500, 502, 503, 504):
                ask(self.endpoint.name, lambda: self._session.get(url, headers=_ACCEPT))
        except PacsError:
            return False
        return True

    def studies_by_filter(self, day: date, modality: str) -> frozenset[str]:
        """StudyInstanceUIDs on the first page of what the PACS finds by ModalitiesInStudy.

        This is a hint: if the filter is ignored, it is any page of the day.

        Raises:
            PacsError: No good answer.
        """
        filters = {"StudyDate": f"{day:%Y%m%d}", "ModalitiesInStudy": modality}
        rows = self.search_studies(filters, self.endpoint.rows_a_page)
        return frozenset(found for row in rows if (found := uid(row, STUDY_UID)))

    def search_series(self, study_instance_uid: str) -> SeriesListing:
        """The series of a study.

        Raises:
            PacsError: No good answer.
        """
        return prove(self.endpoint.name, lambda: self._searches.series(study_instance_uid))

    def holds_wanted(self, study: ListedStudy) -> bool | None:
        """Whether one of a study's series is of a wanted modality; None if they do not report it.

        Raises:
            PacsError: No good answer.
        """
        wanted = self.endpoint.modalities
        rows, may_be_more = self._searches.first_series(study.study_instance_uid)
        modalities = [next(iter(texts(row, MODALITY)), "").upper() for row in rows]
        if not may_be_more or not set(modalities).isdisjoint(wanted):
            return _is_wanted(modalities, wanted)
        series = self.search_series(study.study_instance_uid).series.values()
        return _is_wanted([one.modality for one in series], wanted)

    def search_instances(self, study_uid: str, series_uid: str) -> list[str]:
        """The valid SOPInstanceUIDs of a series, sorted.

        Raises:
            PacsError: No good answer.
        """
        return prove(self.endpoint.name, lambda: self._searches.instances(study_uid, series_uid))

    # Retrieval

    def retrieve(self, study: ListedStudy, *, unless: str = "") -> Retrieved | None:
        """The instances of a study, and whether they are all; see ``StudyRetrieval``."""
        return self._retrieval.retrieve(study, unless=unless)

    def study_metadata(self, study_uid: str, take: Take = whole) -> list[Any]:
        """What ``take`` makes of all instances of a study, in one answer; see ``retrieve``."""
        return self._metadata.of_study(study_uid, take)

    def series_metadata(self, study_uid: str, series_uid: str, take: Take = whole) -> list[Any]:
        """What ``take`` makes of all instances of a series, in one answer; see ``retrieve``."""
        return self._metadata.of_series(study_uid, series_uid, take)

    def instance_metadata(
        self, study_uid: str, series_uid: str, sop_uid: str, take: Take
    ) -> list[Any]:
        """What ``take`` makes of one instance; none if the answer is empty."""
        return self._metadata.of_instance(study_uid, series_uid, sop_uid, take)

    def unless(self, etag: str) -> AbstractContextManager[None]:
        """Within, this thread asks only for what no longer has this ``etag``."""
        return self._session.context.unless(etag)

    def recount(self, study: ListedStudy) -> ListedStudy:
        """The study as it is listed now; unchanged if the PACS does not filter by its UID.

        Raises:
            PacsError: kind ``gone`` if it is no longer listed.
        """
        wanted = study.study_instance_uid
        rows = self.search_studies({"StudyInstanceUID": wanted}, limit=_ROWS_OF_ONE_STUDY)
        if not rows:
            raise PacsError(self.endpoint.name, "gone")
        own = [row for row in rows if uid(row, STUDY_UID) == wanted]
        return listed_study(merge_all(own)) if own else study


def _is_wanted(modalities: list[str], wanted: Collection[str]) -> bool | None:
    """Whether one of the modalities is wanted; None if none is and some are not known."""
    if not set(modalities).isdisjoint(wanted):
        return True
    return False if modalities and all(modalities) else None
