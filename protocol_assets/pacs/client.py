"""The client of one PACS: list a day, retrieve a study. Everything it raises may be logged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from dicomweb_client import DICOMwebClient

from protocol_assets.pacs import listing
from protocol_assets.pacs.attributes import (
    INSTANCE_COUNT,
    MODALITIES,
    SERIES_COUNT,
    SERIES_UID,
    STUDY_DATE,
    STUDY_UID,
    count,
    is_uid,
    texts,
    uid,
)
from protocol_assets.pacs.endpoint import Endpoint
from protocol_assets.pacs.errors import PacsError
from protocol_assets.pacs.probe import ProbeReport, probe
from protocol_assets.pacs.reconcile import (
    ListedStudy,
    Reconciliation,
    own_instances,
    reconcile,
)
from protocol_assets.pacs.session import TRIES, Answer, GuardedSession

__all__ = ["DayListing", "PacsClient"]

Row = dict[str, Any]
T = TypeVar("T")

SERIES_LEVEL_ABOVE: Final = 500
"""Instances above which a study is fetched series by series, to bound one answer."""
_NOT_OFFERED: Final = frozenset({400, 405, 406, 501})
_ABSENT: Final = ("not_found", "gone")


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
        tries: Most requests for one answer; 1 where a later run asks again anyway.
        budget_s: Longest all requests of this client together may take from now on.
        sleep: Waits so many seconds between tries.
        clock: Monotonic seconds, for the deadline.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        tries: int = TRIES,
        budget_s: float = math.inf,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint = endpoint
        self._session = GuardedSession(
            endpoint, tries=tries, budget_s=budget_s, sleep=sleep, clock=clock
        )
        self._dicomweb = DICOMwebClient(endpoint.url, session=self._session)
        self._dicomweb.set_http_retry_params(retry=False)
        self._includefield: tuple[str, ...] = (SERIES_COUNT, INSTANCE_COUNT, MODALITIES)
        self._offers_study_metadata = True

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

        found = self._proved(lambda: listing.list_day_rows(ask, day, self.endpoint.page_size))
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
            raise PacsError(self.endpoint.name, "capped", None, str(error)) from None

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
            PacsError: No good answer.
        """

        def ask(filters: Mapping[str, str], limit: int, offset: int) -> listing.Page:
            rows = self._ask(
                lambda: self._dicomweb.search_for_series(
                    study_instance_uid, limit=limit, offset=offset, search_filters=dict(filters)
                )
            )
            return listing.Page(rows)

        size = self.endpoint.page_size
        return sorted(self._proved(lambda: listing.enumerate_rows(ask, {}, size, SERIES_UID)).rows)

    # Retrieval

    def retrieve(self, study: ListedStudy) -> Iterator[Row]:
        """The instances of a study as DICOM JSON, each once, none of another study.

        Large studies come series by series, so that one series is held at a time.

        Raises:
            PacsError: kind ``gone`` where the PACS neither gives nor lists it any more (nothing
                else is a sign of a deletion), else what went wrong.
        """
        seen: set[str] = set()
        for batch in self._batches(study):
            for sop_uid, instance in own_instances(study, batch).items():
                if sop_uid not in seen:
                    seen.add(sop_uid)
                    yield instance

    def retrieve_reconciled(self, study: ListedStudy) -> tuple[list[Row], Reconciliation]:
        """The instances of a study, and whether they are all that the PACS counts.

        Where they are not, the counts are asked for again (the study may still be growing), then
        the study is fetched once more.

        Raises:
            PacsError: As ``retrieve``.
        """
        received = [row for batch in self._batches(study) for row in batch]
        outcome = reconcile(study, received)
        if not outcome.agrees:
            study = self._recount(study)
            outcome = reconcile(study, received)
            if outcome.state == "incomplete":
                received = [row for batch in self._batches(study) for row in batch]
                outcome = reconcile(study, received)
        return list(own_instances(study, received).values()), outcome

    def study_metadata(self, study_instance_uid: str) -> list[Row]:
        """All instances of a study in one answer; see ``retrieve``."""
        return self._ask(lambda: self._dicomweb.retrieve_study_metadata(study_instance_uid))

    def series_metadata(self, study_instance_uid: str, series_instance_uid: str) -> list[Row]:
        """All instances of a series in one answer; see ``retrieve``."""
        return self._ask(
            lambda: self._dicomweb.retrieve_series_metadata(study_instance_uid, series_instance_uid)
        )

    def probe(self) -> ProbeReport:
        """What this PACS can do; failures become findings and nothing is raised."""
        return probe(self)

    def _batches(self, study: ListedStudy) -> Iterator[list[Row]]:
        """The study as it comes: whole where that is offered and small enough, else by series."""
        if not is_uid(study.study_instance_uid):
            raise PacsError(self.endpoint.name, "unexpected", None, "an invalid study UID")
        refused: int | None = None
        if self._offers_study_metadata and (study.instances or 0) <= SERIES_LEVEL_ABOVE:
            try:
                whole = self.study_metadata(study.study_instance_uid)
            except PacsError as error:
                if not self._may_come_by_series(study, error):
                    raise
                refused = error.status
            else:
                yield whole
                return
        received = False
        for series_uid in self._series_uids(study):
            batch = self._series_of(study, series_uid)
            received |= bool(batch)
            yield batch
        if not received:
            self._recount(study)
            raise self._withheld(refused)
        if refused in _NOT_OFFERED | {404}:
            self._offers_study_metadata = False

    def _may_come_by_series(self, study: ListedStudy, refusal: PacsError) -> bool:
        """Whether the study is still listed and another way to it may work."""
        if refusal.kind in _ABSENT:
            self._recount(study)
            return True
        return refusal.kind == "too_large" or refusal.status in _NOT_OFFERED

    def _withheld(self, status: int | None) -> PacsError:
        # Not "gone": the caller may delete on that word, and this may be a broken proxy.
        return PacsError(
            self.endpoint.name, "bad_status", status, "it lists a study and does not give it"
        )

    def _series_uids(self, study: ListedStudy) -> list[str]:
        try:
            return self.search_series(study.study_instance_uid)
        except PacsError as error:
            if error.kind not in _ABSENT:
                raise
            status = error.status
        self._recount(study)
        raise self._withheld(status)

    def _series_of(self, study: ListedStudy, series_uid: str) -> list[Row]:
        """A series' instances, none where it was deleted and the study was not."""
        try:
            return self.series_metadata(study.study_instance_uid, series_uid)
        except PacsError as error:
            if error.kind not in _ABSENT:
                raise
        self._recount(study)
        return []

    def _recount(self, study: ListedStudy) -> ListedStudy:
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
    )


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
