"""QIDO-RS searches of one PACS that allow for what servers and proxies do not support.

A server may refuse ``includefield``, StudyTime or a range of days, a proxy may pass on one value of
several, and some answer 404 if nothing matches. What has been learnt holds for the life of the
client, so that it is asked once and not for every study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from dicomweb_client import DICOMwebClient

from protocol_assets.sources.dicomweb.attributes import SERIES_UID, SOP_UID
from protocol_assets.sources.dicomweb.body import Row
from protocol_assets.sources.dicomweb.paging import (
    Enumeration,
    Page,
    StudyTimeError,
    enumerate_settled,
)
from protocol_assets.sources.dicomweb.reconcile import SeriesListing
from protocol_assets.sources.dicomweb.request_context import RequestContext
from protocol_assets.sources.dicomweb.rows import listed_series
from protocol_assets.sources.dicomweb.study_pages import NOT_OFFERED, Guard, StudyPages
from protocol_assets.sources.errors import PacsError

__all__ = ["Searches"]

_NO_SUCH_PAGE: Final = (400, 416)
_BROAD_REFUSALS: Final = frozenset({400, 413, 500, 504})
_DAYS_TRIED: Final = 10


class Searches:
    """Searches one PACS.

    Args:
        dicomweb: The client of dicomweb-client.
        context: The settings of a thread's requests.
        rows_a_page: Rows that a page is asked for.
        ask: Runs one request; its errors may be logged.
    """

    def __init__(
        self, dicomweb: DICOMwebClient, context: RequestContext, rows_a_page: int, ask: Guard
    ) -> None:
        self._dicomweb, self._context, self._ask = dicomweb, context, ask
        self._size = rows_a_page
        self._pages = StudyPages(dicomweb, context, ask)
        self._refused: set[str] = set()

    # Studies

    def studies(self, filters: Mapping[str, str], limit: int, offset: int = 0) -> list[Row]:
        """One page of studies; none if the PACS answers 404 and its address is right.

        Raises:
            PacsError: No good answer.
        """
        return self._or_none(lambda: self._pages.page(filters, limit, offset))

    def listing_page(self, filters: Mapping[str, str], limit: int, offset: int) -> Page:
        """One page of a listing; a later page that is refused is empty and marked as doubtful.

        Raises:
            StudyTimeError: StudyTime or a range of days is refused, now or earlier.
            PacsError: No good answer.
        """
        try:
            with self._context.refusals(*(_NO_SUCH_PAGE if offset else ())):
                rows = self._narrowed(filters, limit, offset)
        except PacsError as error:
            if not offset or error.status not in _NO_SUCH_PAGE:
                raise
            return Page([], is_refused=True)
        return Page(rows, self._context.last.warned)

    def _narrowed(self, filters: Mapping[str, str], limit: int, offset: int) -> list[Row]:
        """One page of a listing whose StudyTime or range of days the PACS may refuse.

        Raises:
            StudyTimeError: It refuses them, now or earlier.
            PacsError: No good answer.
        """
        refusable = {name for name in ("StudyTime",) if name in filters}
        refusable |= {"range"} if "-" in filters.get("StudyDate", "") else set()
        if refusable & self._refused:
            raise StudyTimeError
        if not refusable:
            return self.studies(filters, limit, offset)
        try:
            with self._context.refusals(500):
                return self.studies(filters, limit, offset)
        except PacsError as error:
            if offset or error.status not in NOT_OFFERED | {413}:
                raise  # the first page was accepted, so this is another error
        self._refused |= refusable
        raise StudyTimeError

    def broadly(self, today: date, limit: int) -> tuple[dict[str, str], list[Row]]:
        """Any studies: of all days, of the last month, or of one of the last days.

        Some servers refuse broad questions.

        Returns:
            The filters that were accepted, and the rows.

        Raises:
            PacsError: No good answer to any of them.
        """
        month = f"{today - timedelta(31):%Y%m%d}-{today:%Y%m%d}"
        for filters in ({}, {"StudyDate": month}):
            try:
                with self._context.refusals(*_BROAD_REFUSALS):
                    return filters, self._pages.page(filters, limit, 0)
            except PacsError as error:
                is_broad = error.kind in ("timeout", "too_large")
                if error.status not in _BROAD_REFUSALS and not is_broad:
                    raise
        filters, rows = {}, []
        for back in range(1, _DAYS_TRIED + 1):
            filters = {"StudyDate": f"{today - timedelta(back):%Y%m%d}"}
            if rows := self._pages.page(filters, limit, 0):
                break
        return filters, rows

    def _or_none(self, search: Callable[[], list[Row]]) -> list[Row]:
        """The rows; none after a 404 if another search shows that the address is right."""
        try:
            return search()
        except PacsError as error:
            if error.kind != "not_found":
                raise
            missing = error
        if not self._pages.has_answered:
            try:
                self.broadly(datetime.now(UTC).date(), 1)
            except PacsError:
                raise missing from None
        return []

    # Series and instances

    def series(self, study_uid: str) -> SeriesListing:
        """The series of a study.

        Raises:
            PacsError: No good answer.
        """
        found = self._enumerated(
            SERIES_UID, lambda **page: self._dicomweb.search_for_series(study_uid, **page)
        )
        rows = {key: listed_series(row) for key, row in sorted(found.rows.items())}
        return SeriesListing(rows, len(found.rejected))

    def first_series(self, study_uid: str) -> tuple[list[Row], bool]:
        """One page of a study's series, and whether there may be more."""
        rows = self._ask(
            lambda: self._dicomweb.search_for_series(study_uid, limit=self._size, offset=0)
        )
        return rows, len(rows) >= self._size

    def instances(self, study_uid: str, series_uid: str) -> list[str]:
        """The valid SOPInstanceUIDs of a series, sorted.

        Raises:
            PacsError: No good answer.
        """
        found = self._enumerated(
            SOP_UID,
            lambda **page: self._dicomweb.search_for_instances(study_uid, series_uid, **page),
        )
        return sorted(found.rows)

    def _enumerated(self, tag: str, search: Callable[..., list[Row]]) -> Enumeration:
        def ask(filters: Mapping[str, str], limit: int, offset: int) -> Page:
            try:
                rows = self._ask(
                    lambda: search(limit=limit, offset=offset, search_filters=dict(filters))
                )
            except PacsError as error:
                if offset == 0 or error.kind != "not_found":
                    raise
                rows = []  # the page after the last
            return Page(rows)

        return enumerate_settled(ask, {}, self._size, tag)
