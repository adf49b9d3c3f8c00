"""QIDO-RS searches of one PACS, with what servers and proxies do to a question.

A server may refuse what is asked for besides (``includefield``, StudyTime, a range of days), pass
on one value of several, or answer 404 where nothing matches. What has been learnt holds for the
life of the client, so that it is asked once and not for every study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from dicomweb_client import DICOMwebClient

from protocol_assets.sources.dicomweb.attributes import (
    AVAILABILITY,
    INSTANCE_COUNT,
    MODALITIES,
    SERIES_COUNT,
    SERIES_UID,
    SOP_UID,
    count,
)
from protocol_assets.sources.dicomweb.body import Row
from protocol_assets.sources.dicomweb.paging import (
    Enumeration,
    Page,
    StudyTimeError,
    enumerate_settled,
)
from protocol_assets.sources.dicomweb.reconcile import SeriesListing
from protocol_assets.sources.dicomweb.rows import listed_series
from protocol_assets.sources.errors import PacsError

if TYPE_CHECKING:
    from protocol_assets.sources.dicomweb.session import GuardedSession

__all__ = ["Searches"]

T = TypeVar("T")
Guard = Callable[[Callable[[], list[Row]]], list[Row]]

_INCLUDED: Final[tuple[str, ...]] = (SERIES_COUNT, INSTANCE_COUNT, MODALITIES, AVAILABILITY)
_NOT_OFFERED: Final = frozenset({400, 405, 406, 500, 501})
_NO_SUCH_PAGE: Final = (400, 416)
_BROAD_REFUSALS: Final = frozenset({400, 413, 500, 504})
_DAYS_TRIED: Final = 10


class Searches:
    """Searches one PACS.

    Args:
        dicomweb: The client below, on ``session``.
        session: Sends the requests.
        ask: Runs one request; what it raises may be logged.
    """

    def __init__(self, dicomweb: DICOMwebClient, session: GuardedSession, ask: Guard) -> None:
        self._dicomweb, self._session, self._ask = dicomweb, session, ask
        self._fields = _INCLUDED
        self._has_answered = False
        self._has_tried_joined = False
        self._refused: set[str] = set()

    @property
    def _size(self) -> int:
        return self._session.endpoint.rows_a_page

    # Studies

    def studies(self, filters: Mapping[str, str], limit: int, offset: int = 0) -> list[Row]:
        """One page of studies; none where the PACS answers 404 and its address is right.

        Raises:
            PacsError: No good answer.
        """
        return self._or_none(lambda: self._page(filters, limit, offset))

    def _page(self, filters: Mapping[str, str], limit: int, offset: int) -> list[Row]:
        """One page, without the counts where the PACS refuses to include them."""
        if not self._fields:
            return self._search((), filters, limit, offset)
        refusals = (500, 501) if not self._has_answered else ()
        try:
            with self._session.refusals(*refusals):
                rows = self._search(self._fields, filters, limit, offset)
        except PacsError as error:
            if error.status != 400 and error.status not in refusals:
                raise
            may_pass = error.status != 400
        else:
            return self._with_counts(rows, filters, limit, offset)
        rows = self._search((), filters, limit, offset)
        if may_pass:  # a passing error, or the fields? The same question again tells them apart
            try:
                with self._session.refusals(*refusals):
                    return self._search(self._fields, filters, limit, offset)
            except PacsError as error:
                if error.status not in refusals:
                    raise
        self._fields = ()
        return rows

    def _with_counts(
        self, rows: list[Row], filters: Mapping[str, str], limit: int, offset: int
    ) -> list[Row]:
        """The page again with all fields in one parameter, where no row has the counts.

        A proxy may pass on one value of a repeated parameter; PS3.18 section 8.3.4.3 allows a list,
        which many servers do not take, so that it is the second choice and tried once.
        """
        if not rows or self._has_tried_joined or _has_counts(rows):
            return rows
        self._has_tried_joined = True
        joined = (",".join(_INCLUDED),)
        try:
            with self._session.refusals(500):
                again = self._search(joined, filters, limit, offset)
        except PacsError as error:
            if error.status not in _NOT_OFFERED | {404, 413, 414}:
                raise
            return rows
        if _has_counts(again):
            self._fields = joined
            return again
        return rows

    def _search(
        self, fields: tuple[str, ...], filters: Mapping[str, str], limit: int, offset: int
    ) -> list[Row]:
        rows = self._ask(
            lambda: self._dicomweb.search_for_studies(
                limit=limit, offset=offset, fields=fields, search_filters=dict(filters)
            )
        )
        self._has_answered = True
        return rows

    def listing_page(self, filters: Mapping[str, str], limit: int, offset: int) -> Page:
        """One page of a listing; a later page that is refused is empty and said to be doubtful.

        Raises:
            StudyTimeError: StudyTime or a range of days is refused, now or earlier.
            PacsError: No good answer.
        """
        try:
            with self._session.refusals(*(_NO_SUCH_PAGE if offset else ())):
                rows = self._narrowed(filters, limit, offset)
        except PacsError as error:
            if not offset or error.status not in _NO_SUCH_PAGE:
                raise
            return Page([], is_refused=True)
        return Page(rows, self._session.last.warned)

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
            with self._session.refusals(500):
                return self.studies(filters, limit, offset)
        except PacsError as error:
            if offset or error.status not in _NOT_OFFERED | {413}:
                raise  # what was taken for the first page is not refused
        self._refused |= refusable
        raise StudyTimeError

    def broadly(self, today: date, limit: int) -> tuple[dict[str, str], list[Row]]:
        """Any studies: of all days, of the last month, or of one of the last days.

        For servers that refuse broad questions.

        Returns:
            The filters that were taken, and the rows.

        Raises:
            PacsError: No good answer to any of them.
        """
        month = f"{today - timedelta(31):%Y%m%d}-{today:%Y%m%d}"
        for filters in ({}, {"StudyDate": month}):
            try:
                with self._session.refusals(*_BROAD_REFUSALS):
                    return filters, self._page(filters, limit, 0)
            except PacsError as error:
                is_broad = error.kind in ("timeout", "too_large")
                if error.status not in _BROAD_REFUSALS and not is_broad:
                    raise
        filters, rows = {}, []
        for back in range(1, _DAYS_TRIED + 1):
            filters = {"StudyDate": f"{today - timedelta(back):%Y%m%d}"}
            if rows := self._page(filters, limit, 0):
                break
        return filters, rows

    def _or_none(self, search: Callable[[], list[Row]]) -> list[Row]:
        """The rows; none after a 404, where another search shows that the address is right."""
        try:
            return search()
        except PacsError as error:
            if error.kind != "not_found":
                raise
            missing = error
        if not self._has_answered:
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


def _has_counts(rows: list[Row]) -> bool:
    return any(count(row, INSTANCE_COUNT) is not None for row in rows)
