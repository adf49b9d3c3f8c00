"""Searches of a probe: whether the PACS answers, how it pages and filters, how it lists a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from protocol_assets.sources.dicomweb.attributes import (
    MODALITIES,
    STUDY_TIME,
    STUDY_UID,
    minute_of_day,
    texts,
    uid,
)
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.listing import time_range
from protocol_assets.sources.dicomweb.probe_evidence import Evidence
from protocol_assets.sources.dicomweb.probe_judgements import (
    DATE_FILTER,
    MODALITY_FILTER,
    TIME_FILTER,
    SearchFilter,
    judge_filter,
    judge_paging,
)
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.dicomweb.roots import find_root
from protocol_assets.sources.errors import PacsError

__all__ = ["SearchProbe"]

Row = dict[str, Any]

_MAY_BE_ANOTHER_ROOT: Final = ("not_found", "not_dicom", "not_json", "bad_status", "redirect")


class SearchProbe:
    """Asks what a PACS can do in searches.

    Args:
        client: The PACS.
        evidence: Gets the findings.
    """

    def __init__(self, client: PacsClient, evidence: Evidence) -> None:
        self._client, self._evidence = client, evidence
        self._size = client.endpoint.rows_a_page
        self._broad: dict[str, str] = {}

    def reach(self) -> list[Row]:
        """Any studies; none if the PACS cannot be reached, refuses or shows nothing."""
        try:
            self._broad, rows = self._client.search_broadly(datetime.now(UTC).date(), self._size)
            self._evidence.is_compressed |= self._client.last_answer.compressed
        except PacsError as error:
            self._explain(error)
            return []
        self._evidence.say("reachable", "ok", "It answers.")
        self._evidence.say("credentials", "ok", "It accepts the configured credentials.")
        if not rows:
            sentence = "It lists no study: check the permissions of this account."
            self._evidence.say("listing", "fail", sentence)
        return rows

    def _explain(self, error: PacsError) -> None:
        """Why the first question had no answer."""
        if error.status is not None:
            self._evidence.say("reachable", "ok", "It answers.")
        else:
            self._evidence.say("reachable", "fail", "It could not be reached.")
        refused = error.kind in ("unauthorized", "forbidden")
        self._evidence.say("credentials" if refused else "listing", "fail", str(error))
        if error.kind in _MAY_BE_ANOTHER_ROOT and (sentence := find_root(self._client)):
            self._evidence.say("url", "fail", sentence)

    def ask_pages(self, rows: Sequence[Row]) -> None:
        """Ask for the page after the first ``rows``."""

        def question() -> None:
            rest = self._search(self._broad, offset=len(rows))
            self._evidence.add(judge_paging(rows, rest, self._size))

        self._evidence.attempt("offset", question)

    def ask_filters(self, sample: Row, of_day: date) -> None:
        """Ask with each filter for ``sample``, a study of ``of_day``."""
        named_day = f"{of_day:%Y%m%d}"
        minute = minute_of_day(sample, STUDY_TIME)
        modality = next(iter(texts(sample, MODALITIES)), None)
        self._ask_filter(sample, DATE_FILTER, {"StudyDate": named_day}, {"StudyDate": "18000101"})
        if minute is not None:
            near, far = (time_range(m, m) for m in (minute, (minute + 720) % 1440))
            hits = {"StudyDate": named_day, "StudyTime": near}
            self._ask_filter(sample, TIME_FILTER, hits, {**hits, "StudyTime": far})
        if modality is not None:
            hits = {"StudyDate": named_day, "ModalitiesInStudy": modality}
            self._ask_filter(sample, MODALITY_FILTER, hits, {**hits, "ModalitiesInStudy": "ZZ"})

    def _ask_filter(
        self, sample: Row, asked: SearchFilter, hits: Mapping[str, str], misses: Mapping[str, str]
    ) -> None:
        """Ask with values that must match ``sample`` and with values that must not."""

        def question() -> None:
            matched, missed = self._search(hits), self._search(misses)
            self._evidence.add(judge_filter(asked, uid(sample, STUDY_UID), matched, missed))

        self._evidence.attempt(asked.item, question)

    def list_day(self, of_day: date) -> ListedStudy | None:
        """A small study of the day, listed by the code that ingestion uses."""
        try:
            listing = self._client.list_day(of_day)
        except PacsError as error:
            self._evidence.say("day listing", "fail", str(error))
            return None
        if listing.rejected:
            self._evidence.say(
                "day listing",
                "fail",
                f"{listing.rejected} rows of a day cannot be used: they have no valid"
                " StudyInstanceUID, or a StudyDate that cannot be read.",
            )
        elif not listing.studies and not listing.others:
            sentence = "It finds no study on a day for which it has one."
            self._evidence.say("day listing", "fail", sentence)
        else:
            self._evidence.say("day listing", "ok", "A day is listed completely.")
        online = [study for study in listing.studies if study.is_online]
        return min(online, key=lambda study: study.instances or 10**9, default=None)

    def _search(self, filters: Mapping[str, str], offset: int = 0) -> list[Row]:
        rows = self._client.search_studies(filters, self._size, offset)
        self._evidence.is_compressed |= self._client.last_answer.compressed
        return rows
