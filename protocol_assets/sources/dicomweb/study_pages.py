"""Pages of studies, with the counts where the PACS can include them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from dicomweb_client import DICOMwebClient

from protocol_assets.sources.dicomweb.attributes import (
    AVAILABILITY,
    INSTANCE_COUNT,
    MODALITIES,
    SERIES_COUNT,
    count,
)
from protocol_assets.sources.dicomweb.body import Row
from protocol_assets.sources.dicomweb.request_context import RequestContext
from protocol_assets.sources.errors import PacsError

__all__ = ["NOT_OFFERED", "Guard", "StudyPages"]

Guard = Callable[[Callable[[], list[Row]]], list[Row]]

NOT_OFFERED: Final = frozenset({400, 405, 406, 500, 501})
"""Statuses by which a server refuses what it does not offer."""

_INCLUDED: Final[tuple[str, ...]] = (SERIES_COUNT, INSTANCE_COUNT, MODALITIES, AVAILABILITY)


class StudyPages:
    """Asks for pages of studies, and learns how the PACS takes ``includefield``.

    What it has learnt holds for the life of the client.

    Args:
        dicomweb: The client of dicomweb-client.
        context: The settings of a thread's requests.
        ask: Runs one request; its errors may be logged.

    Attributes:
        has_answered: Whether the PACS has answered a search for studies.
    """

    def __init__(self, dicomweb: DICOMwebClient, context: RequestContext, ask: Guard) -> None:
        self._dicomweb, self._context, self._ask = dicomweb, context, ask
        self._fields = _INCLUDED
        self._has_tried_joined = False
        self.has_answered = False

    def page(self, filters: Mapping[str, str], limit: int, offset: int) -> list[Row]:
        """One page of studies, without counts if the PACS refuses to include them.

        Raises:
            PacsError: No good answer.
        """
        if not self._fields:
            return self._search((), filters, limit, offset)
        refusals = (500, 501) if not self.has_answered else ()
        try:
            with self._context.refusals(*refusals):
                rows = self._search(self._fields, filters, limit, offset)
        except PacsError as error:
            if error.status != 400 and error.status not in refusals:
                raise
            may_pass = error.status != 400
        else:
            return self._with_counts(rows, filters, limit, offset)
        rows = self._search((), filters, limit, offset)
        if may_pass:  # a temporary error, or the fields? Asking again shows which
            try:
                with self._context.refusals(*refusals):
                    return self._search(self._fields, filters, limit, offset)
            except PacsError as error:
                if error.status not in refusals:
                    raise
        self._fields = ()
        return rows

    def _with_counts(
        self, rows: list[Row], filters: Mapping[str, str], limit: int, offset: int
    ) -> list[Row]:
        """The page again with all fields in one parameter, if no row has the counts.

        A proxy may pass on one value of a repeated parameter; PS3.18 section 8.3.4.3 allows a list,
        which many servers do not take, so that it is the second choice and tried once.
        """
        if not rows or self._has_tried_joined or _has_counts(rows):
            return rows
        self._has_tried_joined = True
        joined = (",".join(_INCLUDED),)
        try:
            with self._context.refusals(500):
                again = self._search(joined, filters, limit, offset)
        except PacsError as error:
            if error.status not in NOT_OFFERED | {404, 413, 414}:
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
        self.has_answered = True
        return rows


def _has_counts(rows: list[Row]) -> bool:
    return any(count(row, INSTANCE_COUNT) is not None for row in rows)
