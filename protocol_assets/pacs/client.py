"""The client of one PACS: list a day, retrieve a study. Everything it raises may be logged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from dicomweb_client import DICOMwebClient

from protocol_assets.pacs import listing
from protocol_assets.pacs.answers import Answer
from protocol_assets.pacs.attributes import (
    AVAILABILITY,
    INSTANCE_COUNT,
    MODALITIES,
    SERIES_COUNT,
    SERIES_UID,
    SOP_UID,
    STUDY_DATE,
    STUDY_UID,
    count,
    texts,
    uid,
)
from protocol_assets.pacs.body import Row, whole
from protocol_assets.pacs.courtesy import Courtesy
from protocol_assets.pacs.endpoint import Endpoint
from protocol_assets.pacs.errors import PacsError
from protocol_assets.pacs.reconcile import ListedStudy
from protocol_assets.pacs.retrieval import Retrieved, StudyRetrieval
from protocol_assets.pacs.session import TRIES, Effort, GuardedSession

__all__ = ["DayListing", "PacsClient"]

T = TypeVar("T")

_INCLUDED: Final[tuple[str, ...]] = (SERIES_COUNT, INSTANCE_COUNT, MODALITIES, AVAILABILITY)
_NOT_OFFERED: Final = frozenset({400, 405, 406, 501})


@dataclass(frozen=True)
class DayListing:
    """The studies of one StudyDate.

    Attributes:
        day: StudyDate.
        studies: Those that may hold a wanted modality, by StudyInstanceUID.
        rejected: Rows left out because their StudyInstanceUID is absent or invalid.
        other_modalities: Studies left out because they hold no wanted modality.
        requests: Requests that the listing took.
    """

    day: date
    studies: tuple[ListedStudy, ...]
    rejected: int
    other_modalities: int
    requests: int


class PacsClient:
    """Reads one PACS over QIDO-RS and WADO-RS. A context manager; close it after use.

    May be shared by ``endpoint.workers`` threads.

    Args:
        endpoint: The PACS.
        courtesy: What is kept to in asking it.
        tries: Most requests for one answer; 1 where a later run asks again anyway.
        budget_s: Longest all requests of this client together may take from now on.
        sleep: Waits so many seconds between tries.
        clock: Monotonic seconds, for the deadline.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        courtesy: Courtesy | None = None,
        tries: int = TRIES,
        budget_s: float = math.inf,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint = endpoint
        self._session = GuardedSession(
            endpoint, courtesy=courtesy, tries=tries, budget_s=budget_s, sleep=sleep, clock=clock
        )
        self._dicomweb = DICOMwebClient(endpoint.url, session=self._session)
        self._dicomweb.set_http_retry_params(retry=False)
        self._includefield: tuple[str, ...] = (
            SERIES_COUNT,
            INSTANCE_COUNT,
            MODALITIES,
            AVAILABILITY,
        )
        self._retrieval = StudyRetrieval(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    @property
    def last_answer(self) -> Answer:
        """What is known of this thread's last good answer besides its rows."""
        return self._session.last

    @property
    def effort(self) -> Effort:
        """What has been asked of the PACS so far."""
        return self._session.effort

    def require_leave(self) -> None:
        """Returns where the PACS may be asked now.

        Raises:
            PacsError: kind ``held``.
        """
        if reason := self._session.courtesy.hold():
            raise PacsError(self.endpoint.name, "held", None, reason)

    # Listing

    def list_day(self, day: date) -> DayListing:
        """The studies of ``day``, proved whole as far as the PACS lets itself be proved.

        Filters of the server are taken as hints; StudyDate and modality are compared here again.

        Raises:
            PacsError: kind ``capped`` where the day cannot be proved whole, else what went wrong.
        """
        requests = 0

        def ask(filters: Mapping[str, str], limit: int, offset: int) -> listing.Page:
            nonlocal requests
            try:
                rows = self.search_studies(filters, limit, offset)
            except PacsError as error:
                narrowed = "StudyTime" in filters or "-" in filters.get("StudyDate", "")
                if narrowed and error.status in _NOT_OFFERED | {413}:
                    raise listing.StudyTimeError from None
                raise
            requests += self.last_answer.tries
            return listing.Page(rows, self.last_answer.warned)

        found = self._proved(lambda: listing.list_day_rows(ask, day, self.endpoint.rows_a_page))
        rows = _of_day(list(found.rows.values()), day)
        studies = [_listed(row) for row in rows]
        wanted = [study for study in studies if self._is_wanted(study)]
        return DayListing(
            day=day,
            studies=tuple(sorted(wanted, key=lambda study: study.study_instance_uid)),
            rejected=len(found.rejected),
            other_modalities=len(studies) - len(wanted),
            requests=requests,
        )

    def _proved(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except listing.CappedError as error:
            reason = str(error)
        raise PacsError(self.endpoint.name, "capped", None, reason)

    def _is_wanted(self, study: ListedStudy) -> bool:
        known = set(study.modalities)
        return not known or not known.isdisjoint(self.endpoint.modalities)

    def search_studies(self, filters: Mapping[str, str], limit: int, offset: int = 0) -> list[Row]:
        """One page of QIDO-RS studies, without the counts where the PACS refuses to include them.

        Raises:
            PacsError: No good answer.
        """

        def search(fields: tuple[str, ...]) -> list[Row]:
            return self._ask(
                lambda: self._dicomweb.search_for_studies(
                    limit=limit, offset=offset, fields=fields, search_filters=dict(filters)
                )
            )

        fields = self._includefield
        try:
            return search(fields)
        except PacsError as error:
            if error.status != 400 or not fields:
                raise
        rows = search(())
        self._includefield = ()
        return rows

    def search_series(self, study_instance_uid: str) -> list[str]:
        """The valid SeriesInstanceUIDs of a study, sorted.

        Raises:
            PacsError: No good answer; kind ``not_online`` where one of them would have to be
                woken.
        """
        rows = self._enumerated(
            SERIES_UID,
            lambda **page: self._dicomweb.search_for_series(study_instance_uid, **page),
        )
        woken = self.endpoint.manners.wake_nearline
        if not woken and any(_availability(row) not in ("", "ONLINE") for row in rows.values()):
            raise PacsError(self.endpoint.name, "not_online")
        return sorted(rows)

    def search_instances(self, study_uid: str, series_uid: str) -> list[str]:
        """The valid SOPInstanceUIDs of a series, sorted.

        Raises:
            PacsError: No good answer.
        """
        rows = self._enumerated(
            SOP_UID,
            lambda **page: self._dicomweb.search_for_instances(study_uid, series_uid, **page),
        )
        return sorted(rows)

    def _enumerated(self, tag: str, search: Callable[..., list[Row]]) -> dict[str, Row]:
        def ask(filters: Mapping[str, str], limit: int, offset: int) -> listing.Page:
            rows = self._ask(
                lambda: search(limit=limit, offset=offset, search_filters=dict(filters))
            )
            return listing.Page(rows)

        size = self.endpoint.rows_a_page
        return self._proved(lambda: listing.enumerate_rows(ask, {}, size, tag)).rows

    # Retrieval

    def retrieve(self, study: ListedStudy, *, unless: str = "") -> Retrieved | None:
        """The instances of a study, and whether they are all; see ``StudyRetrieval``."""
        return self._retrieval.retrieve(study, unless=unless)

    def study_metadata(self, study_uid: str, take: Callable[[Row], Any] = whole) -> list[Any]:
        """What ``take`` gives of all instances of a study, in one answer; see ``retrieve``."""
        with self._session.taking(take):
            return self._ask(lambda: self._dicomweb.retrieve_study_metadata(study_uid))

    def series_metadata(
        self, study_uid: str, series_uid: str, take: Callable[[Row], Any] = whole
    ) -> list[Any]:
        """What ``take`` gives of all instances of a series, in one answer; see ``retrieve``."""
        with self._session.taking(take):
            return self._ask(lambda: self._dicomweb.retrieve_series_metadata(study_uid, series_uid))

    def instance_metadata(
        self, study_uid: str, series_uid: str, sop_uid: str, take: Callable[[Row], Any]
    ) -> list[Any]:
        """What ``take`` gives of one instance; none where the answer is empty."""

        def get() -> list[Any]:
            instance = self._dicomweb.retrieve_instance_metadata(study_uid, series_uid, sop_uid)
            return [instance]

        try:
            with self._session.taking(take):
                return self._ask(get)
        except PacsError as error:
            if error.detail != IndexError.__name__:  # dicomweb-client's word for an empty answer
                raise
        return []

    def unless(self, etag: str) -> AbstractContextManager[None]:
        """Within, this thread asks only for what is no longer as ``etag`` names it."""
        return self._session.unless(etag)

    def recount(self, study: ListedStudy) -> ListedStudy:
        """The study as it is listed now; as it was where the PACS does not filter by its UID.

        Raises:
            PacsError: kind ``gone`` where it is no longer listed.
        """
        wanted = study.study_instance_uid
        filters = {"StudyInstanceUID": wanted}
        rows = self.search_studies(filters, limit=2)
        if not rows:
            raise PacsError(self.endpoint.name, "gone")
        return next((_listed(row) for row in rows if uid(row, STUDY_UID) == wanted), study)

    def _ask(self, call: Callable[[], T]) -> T:
        """Runs one request; what it raises carries no trace of library frames and their URLs."""
        failure: PacsError
        try:
            return call()
        except PacsError as error:
            failure = error
        except Exception as error:
            failure = PacsError(self.endpoint.name, "unexpected", None, type(error).__name__)
        failure.__cause__ = failure.__context__ = None
        try:
            raise failure.with_traceback(None)
        finally:
            del failure  # its traceback holds this frame


def _listed(row: Row) -> ListedStudy:
    return ListedStudy(
        study_instance_uid=uid(row, STUDY_UID) or "",
        series=count(row, SERIES_COUNT),
        instances=count(row, INSTANCE_COUNT),
        modalities=tuple(sorted({term.upper() for term in texts(row, MODALITIES)})),
        availability=_availability(row),
    )


def _availability(row: Row) -> str:
    return next(iter(texts(row, AVAILABILITY)), "").upper()


def _of_day(rows: list[Row], day: date) -> list[Row]:
    """The rows of ``day``; those without a date only where no row shows the filter ignored."""
    dates = [next(iter(texts(row, STUDY_DATE)), "").replace(".", "") for row in rows]
    wanted = f"{day:%Y%m%d}"
    heeded = all(told in ("", wanted) for told in dates)
    return [
        row
        for row, told in zip(rows, dates, strict=True)
        if told == wanted or (told == "" and heeded)
    ]
